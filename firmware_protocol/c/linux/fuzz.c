/* Noise at the controller's ear: random bytes, damaged frames, whole frames with random insides, and OPERATE frames that
 * are right but for one bit. `fuzz SEED ROUNDS` ends with 1 if any of it ever switched a drive on; memory is watched by
 * the sanitizers it is built with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crc.h"
#include "../words.h"
#include "demo_bank.h"
#include "host.h"
#include "steel.h"

static uint64_t chance;
static unsigned long answers;

void hal_write(uint8_t port, const uint8_t *octets, uint16_t count)
{
    (void)port;
    answers++;
    if (count < 5u || count > FRAME_MOST || crc16(octets, count) != 0u)
        abort();
}

static uint32_t draw(uint32_t below)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (uint32_t)(chance >> 16) % below;
}

static uint16_t close_frame(uint8_t *octets, uint16_t count)
{
    const uint16_t crc = crc16(octets, count);

    octets[count] = (uint8_t)(crc & 0xFFu);
    octets[count + 1u] = (uint8_t)(crc >> 8);
    return (uint16_t)(count + 2u);
}

static uint8_t any_octet(void)
{
    return (uint8_t)draw(256);
}

static void put_word(uint8_t *octets, uint32_t word)
{
    octets[0] = (uint8_t)(word >> 8 & 0xFFu);
    octets[1] = (uint8_t)(word & 0xFFu);
}

static uint16_t any_address(void)
{
    const struct register_block *block = &register_blocks[draw(BLOCKS)];

    return draw(4) == 0u ? (uint16_t)draw(0x10000u) : (uint16_t)(block->address + draw(2));
}

static uint16_t make_noise(uint8_t *octets)
{
    const uint16_t count = (uint16_t)draw(300);

    for (uint16_t i = 0; i < count; i++)
        octets[i] = any_octet();
    return count;
}

/* A frame whose lengths agree and whose CRC is good, with anything inside. */
static uint16_t make_frame(uint8_t *octets)
{
    static const uint8_t functions[] = {3, 4, 6, 16, 23, 43, 1, 5, 8, 0x83};
    const uint16_t registers = (uint16_t)(1u + draw(draw(8) == 0u ? 120u : 8u));
    uint16_t count = 6;

    octets[0] = draw(8) == 0u ? any_octet() : draw(4) == 0u ? (uint8_t)0u : (uint8_t)17u;
    octets[1] = functions[draw(sizeof functions)];
    for (uint16_t i = 2; i < FRAME_MOST; i++)
        octets[i] = any_octet();
    put_word(octets + 2, any_address());
    if (octets[1] == 3u || octets[1] == 4u) {
        put_word(octets + 4, draw(140));
    } else if (octets[1] == 16u) {
        put_word(octets + 4, registers);
        octets[6] = (uint8_t)(registers * 2u);
        count = (uint16_t)(7u + registers * 2u);
    } else if (octets[1] == 23u) {
        put_word(octets + 4, draw(140));
        put_word(octets + 6, any_address());
        put_word(octets + 8, registers);
        octets[10] = (uint8_t)(registers * 2u);
        count = (uint16_t)(11u + registers * 2u);
    } else if (octets[1] == 43u) {
        octets[2] = draw(8) == 0u ? any_octet() : (uint8_t)14u;
        octets[3] = (uint8_t)draw(6);
        count = 5;
    }
    return close_frame(octets, count);
}

static uint16_t write_block(uint8_t *octets, uint16_t read_at, uint16_t read_count, uint16_t at, uint16_t count)
{
    octets[0] = 17;
    octets[1] = 23;
    put_word(octets + 2, read_at);
    put_word(octets + 4, read_count);
    put_word(octets + 6, at);
    put_word(octets + 8, count);
    octets[10] = (uint8_t)(count * 2u);
    return (uint16_t)(11u + count * 2u);
}

static void select_really(uint32_t id)
{
    uint8_t octets[FRAME_MOST] = {0};
    const uint16_t count = write_block(octets, SELECT_ANSWER_AT, SELECT_ANSWER_COUNT, SELECT_AT, SELECT_COUNT);

    put_word(octets + 15, id >> 16);
    put_word(octets + 17, id);
    put_word(octets + 19, OPERATION_OPEN << 8 | (1u + draw(10)));
    host_hear(PORT_BUS, octets, close_frame(octets, count), true);
}

/* The OPERATE that would start motion, spoiled: one bit with a CRC that fits, or up to three bits under the old CRC. */
static uint16_t make_spoiled_operate(uint8_t *octets, uint32_t id)
{
    const struct controller *c = &host.controller;
    const uint16_t count = write_block(octets, OPERATE_ANSWER_AT, OPERATE_ANSWER_COUNT, OPERATE_AT, OPERATE_COUNT);

    memset(octets + 11, 0, 16);
    put_word(octets + 15, id >> 16);
    put_word(octets + 17, id);
    put_word(octets + 19, c->select_answer[2]);
    put_word(octets + 21, c->select_answer[3]);
    put_word(octets + 23, c->select_answer[0]);
    put_word(octets + 25, c->select_answer[9]);
    if (draw(2) == 0u) {
        octets[11u + draw(16)] ^= (uint8_t)(1u << draw(8));
        return close_frame(octets, count);
    }
    (void)close_frame(octets, count);
    for (uint32_t flips = 1u + draw(3), at = draw(60); flips > 0u; flips--, at += 1u + draw(60))
        octets[at / 8u] ^= (uint8_t)(1u << at % 8u);
    return (uint16_t)(count + 2u);
}

static void hear_in_pieces(const uint8_t *octets, uint16_t count)
{
    uint16_t at = 0;

    while (at < count) {
        uint16_t piece = (uint16_t)(1u + draw(draw(2) == 0u ? 8u : 300u));

        if (piece > count - at)
            piece = (uint16_t)(count - at);
        host_hear(draw(16) == 0u ? PORT_SERVICE : PORT_BUS, octets + at, piece, draw(8) == 0u);
        at = (uint16_t)(at + piece);
    }
}

static void play_round(uint32_t id)
{
    uint8_t octets[512];
    uint16_t count;

    switch (draw(4)) {
    case 0:
        count = make_noise(octets);
        break;
    case 1:
        select_really(id);
        count = make_spoiled_operate(octets, id);
        break;
    default:
        count = make_frame(octets);
        if (draw(3) == 0u)
            octets[draw(count)] ^= (uint8_t)(1u << draw(8));
        break;
    }
    hear_in_pieces(octets, count);
    if (draw(4) == 0u)
        host_hear(PORT_BUS, octets, 0, true);
    if (draw(8) == 0u)
        host_run(draw(40));
    if (draw(64) == 0u)
        host_run(2000); /* a selection dies */
}

int main(int argc, char **argv)
{
    const unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;

    chance = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 0x9E3779B97F4A7C15u | 1u;
    host.unit = 17;
    demo_bank_lay_out(&host.plan, 10, 800, 80);
    steel_place(&host.plan, chance);
    host_power_on();
    host.controller.state = STATE_IDLE; /* awake, so that everything could happen */
    for (unsigned long round = 1; round <= rounds && steel.starts == 0; round++)
        play_round((uint32_t)(0x10000u + round));
    printf("rounds=%lu answers=%lu starts=%lu\n", rounds, answers, steel.starts);
    return steel.starts == 0 ? 0 : 1;
}
