#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../crc.h"
#include "demo_bank.h"
#include "steel.h"

#define POLL_MS 5u
#define WORDS_MOST 256

struct host host;

void host_power_on(void)
{
    controller_start(&host.controller, &host.plan, host.unit);
    host.powered = true;
}

void host_run(uint32_t ms)
{
    if (ms == 0u && host.powered)
        controller_poll(&host.controller);
    for (uint32_t done = 1; done <= ms; done++) {
        steel_step();
        if (host.powered && (done % POLL_MS == 0u || done == ms))
            controller_poll(&host.controller);
    }
}

void host_hear(uint8_t port, const uint8_t *octets, uint16_t count, bool silence)
{
    if (host.powered)
        controller_hear(&host.controller, port, octets, count, silence);
}

/* ---- words of the control lines ---- */

struct order {
    const char *word;
    int arguments;
    bool (*obey)(const long *number);
};

static bool set_bit16(uint16_t *mask, long number, long on)
{
    if (number < 1 || number > 16)
        return false;
    *mask = (uint16_t)(on != 0 ? *mask | BIT(number - 1) : *mask & ~BIT(number - 1));
    return true;
}

static bool see(const long *n)
{
    return set_bit16(&steel.inputs.occupied, n[0], n[1]);
}

static bool beam(const long *n)
{
    return set_bit16(&steel.inputs.beams_broken, n[0], n[1]);
}

static bool lock(const long *n)
{
    return set_bit16(&steel.inputs.in_aisle_locks, n[0], n[1]);
}

static bool button(const long *n)
{
    return set_bit16(&steel.inputs.buttons, n[0], n[1]);
}

static bool fault(const long *n)
{
    return set_bit16(&steel.inputs.faults, n[0] + 1, n[1]);
}

static bool is_column(long number)
{
    return number >= 1 && number <= host.plan.columns;
}

static bool edge(const long *n)
{
    if (!is_column(n[0]))
        return false;
    steel.inputs.edges_pressed =
        n[1] != 0 ? steel.inputs.edges_pressed | BIT(n[0] - 1) : steel.inputs.edges_pressed & ~BIT(n[0] - 1);
    return true;
}

static bool sweep(const long *n)
{
    if (!is_column(n[0]))
        return false;
    steel.inputs.sweeps_pressed =
        n[1] != 0 ? steel.inputs.sweeps_pressed | BIT(n[0] - 1) : steel.inputs.sweeps_pressed & ~BIT(n[0] - 1);
    return true;
}

static bool overload(const long *n)
{
    if (!is_column(n[0]))
        return false;
    steel.inputs.overloads = n[1] != 0 ? steel.inputs.overloads | BIT(n[0] - 1) : steel.inputs.overloads & ~BIT(n[0] - 1);
    return true;
}

static bool door(const long *n)
{
    return set_bit16(&steel.inputs.doors_open, n[0] + 1, n[1]);
}

static bool jam(const long *n)
{
    if (!is_column(n[0]))
        return false;
    steel.column[n[0] - 1].jammed = n[1] != 0;
    return true;
}

static bool handle(const long *n)
{
    if (!is_column(n[0]))
        return false;
    steel_shove((uint8_t)n[0], (double)n[1]);
    return true;
}

static bool estop(const long *n)
{
    steel.inputs.estop_open = n[0] != 0;
    return true;
}

static bool stop_button(const long *n)
{
    steel.inputs.stop_pressed = n[0] != 0;
    return true;
}

static bool fire(const long *n)
{
    steel.inputs.fire = n[0] != 0;
    return true;
}

static bool smoke(const long *n)
{
    steel.inputs.smoke = n[0] != 0;
    return true;
}

static bool water(const long *n)
{
    steel.inputs.water = n[0] != 0;
    return true;
}

static bool supply(const long *n)
{
    steel.inputs.supply_lost = n[0] == 0;
    return true;
}

static bool let_fire_park(const long *n)
{
    host.plan.fire_parks = n[0] != 0;
    return true;
}

static bool panel(const long *n)
{
    steel.inputs.local_panel = n[0] != 0;
    return true;
}

static bool clutch(const long *n)
{
    steel.inputs.clutch_released = n[0] != 0;
    return true;
}

static bool key(const long *n)
{
    steel.inputs.maintenance_key = n[0] != 0;
    return true;
}

static bool reset(const long *n)
{
    steel.inputs.reset_pressed = n[0] != 0;
    return true;
}

static bool open_by_button(const long *n)
{
    steel.inputs.open_button = (uint8_t)n[0];
    return true;
}

static bool deafen(const long *n)
{
    steel.deaf_contacts = n[0] != 0;
    return true;
}

static bool home(const long *n)
{
    (void)n;
    steel.inputs.homings++;
    return true;
}

static bool power(const long *n)
{
    if (n[0] != 0 && !host.powered) {
        host_power_on();
    } else if (n[0] == 0) {
        steel_cut_power();
        host.powered = false;
    }
    return true;
}

static bool split(const long *n)
{
    if (n[0] < 3 || n[0] > host.plan.columns || n[1] < 1 || n[1] >= n[0] - 1)
        return false;
    demo_bank_split(&host.plan, (uint8_t)n[0], (uint8_t)n[1]);
    steel_place(&host.plan, 77);
    host_power_on();
    return true;
}

static bool set_sleep(const long *n)
{
    host.plan.sleep_after_ms = (uint32_t)n[0];
    return true;
}

static bool set_unit(const long *n)
{
    host.controller.unit = (uint8_t)n[0];
    return n[0] >= 1 && n[0] <= 247;
}

static bool run(const long *n)
{
    if (n[0] < 0)
        return false;
    host_run((uint32_t)n[0]);
    return true;
}

static const struct order orders[] = {
    {"see", 2, see},         {"beam", 2, beam},   {"lock", 2, lock},     {"button", 2, button},
    {"fault", 2, fault},     {"edge", 2, edge},   {"jam", 2, jam},       {"handle", 2, handle},
    {"estop", 1, estop},     {"fire", 1, fire},   {"panel", 1, panel},   {"clutch", 1, clutch},
    {"key", 1, key},         {"reset", 1, reset}, {"power", 1, power},   {"open", 1, open_by_button},
    {"stop", 1, stop_button}, {"home", 0, home},  {"run", 1, run},       {"sleep", 1, set_sleep},
    {"split", 2, split},
    {"sweep", 2, sweep},     {"overload", 2, overload}, {"door", 2, door},  {"smoke", 1, smoke},
    {"water", 1, water},     {"supply", 1, supply}, {"fireparks", 1, let_fire_park},
    {"deafen", 1, deafen},   {"unit", 1, set_unit},
};

static uint16_t read_hex(const char *text, uint8_t *octets, size_t most)
{
    size_t count = 0;

    while (text != NULL && text[0] != '\0' && text[1] != '\0' && count < most) {
        const char pair[3] = {text[0], text[1], '\0'};

        octets[count++] = (uint8_t)strtoul(pair, NULL, 16);
        text += 2;
    }
    return (uint16_t)count;
}

/* Geometry as numbers in the order of SPEC 3.4, counts first; answers its hash. */
static uint32_t hash_geometry(const long *n)
{
    struct bank_plan plan;

    memset(&plan, 0, sizeof plan);
    plan.columns = (uint8_t)n[0];
    plan.aisles = (uint8_t)n[1];
    plan.segments = (uint8_t)n[2];
    plan.sections = (uint8_t)n[3];
    plan.tiers = (uint8_t)n[4];
    plan.passable_gap_mm = (uint16_t)n[5];
    n += 6;
    for (int i = 0; i < plan.columns && i < (int)MAX_COLUMNS; i++, n += 3)
        plan.column[i] = (struct bank_column){(uint8_t)n[0], (n[1] & 1) != 0, (uint8_t)(n[1] & 6), (uint16_t)n[2]};
    for (int i = 0; i < plan.aisles && i < (int)MAX_AISLES; i++, n += 3)
        plan.aisle[i] = (struct bank_aisle){(uint8_t)n[0], (uint8_t)n[1], (uint8_t)n[2]};
    for (int i = 0; i < plan.segments && i < (int)MAX_SEGMENTS; i++, n += 6)
        plan.segment[i] = (struct bank_segment){(uint8_t)n[0], (uint8_t)n[1], (uint8_t)n[2], (uint8_t)n[3],
                                                (uint8_t)n[4], (uint16_t)n[5], 0};
    return bank_hash(&plan);
}

static int read_numbers(long *number)
{
    int count = 0;

    for (char *word = strtok(NULL, " "); word != NULL && count < WORDS_MOST; word = strtok(NULL, " "))
        number[count++] = strtol(word, NULL, 10);
    return count;
}

static void tell_truth(char *answer, size_t room)
{
    snprintf(answer, room, "state=%u starts=%lu travelled_um=%.0f driving=%u standing=%u", host.controller.state,
             steel.starts, steel.travelled_mm * 1000.0, (unsigned)(host.controller.driving != 0u),
             (unsigned)(host.controller.inputs.turning == 0u));
}

static void obey_order(const char *word, char *answer, size_t room)
{
    long number[WORDS_MOST] = {0};
    const int count = read_numbers(number);

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(word, orders[i].word) == 0 && count == orders[i].arguments) {
            snprintf(answer, room, "%s", orders[i].obey(number) ? "ok" : "no");
            return;
        }
    }
    if (strcmp(word, "geometry") == 0 && count >= 6)
        snprintf(answer, room, "%lu", (unsigned long)hash_geometry(number));
    else
        snprintf(answer, room, "no");
}

void host_obey(char *line, char *answer, size_t room)
{
    static uint8_t octets[2048];
    const char *word = strtok(line, " ");

    answer[0] = '\0';
    if (word == NULL) {
        snprintf(answer, room, "no");
    } else if (strcmp(word, "hear") == 0 || strcmp(word, "piece") == 0 || strcmp(word, "look") == 0) {
        const uint16_t count = read_hex(strtok(NULL, " "), octets, sizeof octets);

        host_hear(word[0] == 'l' ? PORT_SERVICE : PORT_BUS, octets, count, word[0] != 'p');
    } else if (strcmp(word, "crc") == 0) {
        const uint16_t count = read_hex(strtok(NULL, " "), octets, sizeof octets);

        snprintf(answer, room, "%u", crc16(octets, count));
    } else if (strcmp(word, "truth") == 0) {
        tell_truth(answer, room);
    } else {
        obey_order(word, answer, room);
    }
}
