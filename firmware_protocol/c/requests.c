#include "requests.h"

#include <string.h>

#include "acts.h"
#include "crc.h"
#include "identification.h"
#include "motion.h"
#include "registers.h"
#include "selection.h"

#define READ_MOST 125u
#define WRITE_MOST 121u
#define BROADCAST 0u

typedef uint8_t (*writer)(struct controller *c, const uint16_t *words);

/* A span of registers as asked for in a request. */
struct span {
    uint16_t address;
    uint16_t count;
};

static uint16_t word_at(const uint8_t *octets)
{
    return (uint16_t)((uint32_t)octets[0] << 8 | octets[1]);
}

static void send(struct controller *c, uint8_t port, uint16_t count)
{
    const uint16_t crc = crc16(c->answer, count);

    c->answer[count] = (uint8_t)(crc & 0xFFu);
    c->answer[count + 1u] = (uint8_t)(crc >> 8);
    hal_write(port, c->answer, (uint16_t)(count + 2u));
}

static uint16_t refuse(struct controller *c, uint8_t function, uint8_t code)
{
    c->answer[1] = (uint8_t)(function | EXCEPTION_BIT);
    c->answer[2] = code;
    return 3u;
}

static uint8_t write_stop(struct controller *c, const uint16_t *words)
{
    c->stop_reason = words[0];
    motion_stop(c, CAUSE_STOP_WIRE);
    return 0;
}

static writer find_writer(uint16_t address)
{
    switch (address) {
    case SELECT_AT:
        return selection_select;
    case OPERATE_AT:
        return selection_operate;
    case ACT_AT:
        return acts_act;
    case LEASE_AT:
        return selection_renew;
    case STOP_AT:
        return write_stop;
    case DESELECT_AT:
        return selection_deselect;
    case INDICATOR_AT:
        return acts_indicate;
    default:
        return NULL;
    }
}

/* Carry a write out: 0 or an exception code. A block is written whole or not at all. */
static uint8_t write_span(struct controller *c, struct span span, const uint8_t *octets)
{
    const struct register_block *block = registers_find(span.address, span.count, 'w');
    uint16_t words[OPERATE_COUNT];
    writer write;
    uint16_t i;

    if (block == NULL)
        return EXCEPTION_ADDRESS;
    if (block->address != span.address || block->count != span.count || span.count > OPERATE_COUNT)
        return EXCEPTION_VALUE;
    for (i = 0; i < span.count; i++)
        words[i] = word_at(octets + (size_t)i * 2u);
    write = find_writer(span.address);
    return write != NULL ? write(c, words) : (uint8_t)EXCEPTION_ADDRESS;
}

static uint8_t check_read(struct span span)
{
    if (span.count < 1u || span.count > READ_MOST)
        return EXCEPTION_VALUE;
    return registers_find(span.address, span.count, 'r') != NULL ? (uint8_t)0u : (uint8_t)EXCEPTION_ADDRESS;
}

/* Put a readable span into the answer; checked before. */
static uint16_t read_span(struct controller *c, struct span span)
{
    const struct register_block *block = registers_find(span.address, span.count, 'r');
    uint16_t i;

    registers_show(c, block);
    c->answer[2] = (uint8_t)(span.count * 2u);
    for (i = 0; i < span.count; i++) {
        const uint16_t word = c->image[span.address - block->address + i];

        c->answer[3u + 2u * i] = (uint8_t)(word >> 8);
        c->answer[4u + 2u * i] = (uint8_t)(word & 0xFFu);
    }
    return (uint16_t)(3u + 2u * span.count);
}

static struct span span_at(const uint8_t *octets)
{
    struct span span;

    span.address = word_at(octets);
    span.count = word_at(octets + 2);
    return span;
}

static uint16_t take_read(struct controller *c, const struct frame *request)
{
    const struct span span = span_at(request->body);
    const uint8_t code = check_read(span);

    return code != 0u ? refuse(c, request->function, code) : read_span(c, span);
}

static uint16_t take_write_one(struct controller *c, const struct frame *request)
{
    const struct span span = {word_at(request->body), 1u};
    const uint8_t code = write_span(c, span, request->body + 2);

    if (code != 0u)
        return refuse(c, request->function, code);
    memcpy(c->answer + 2, request->body, 4u);
    return 6u;
}

static uint16_t take_write_many(struct controller *c, const struct frame *request)
{
    const struct span span = span_at(request->body);
    const uint8_t code = write_span(c, span, request->body + 5);

    if (code != 0u)
        return refuse(c, request->function, code);
    memcpy(c->answer + 2, request->body, 4u);
    return 6u;
}

/* The span to be read is checked first: what can't be answered is not carried out. */
static uint16_t take_read_write(struct controller *c, const struct frame *request)
{
    const struct span wanted = span_at(request->body);
    const struct span written = span_at(request->body + 4);
    uint8_t code = check_read(wanted);

    if (written.count > WRITE_MOST)
        code = EXCEPTION_VALUE;
    if (code == 0u)
        code = write_span(c, written, request->body + 9);
    return code != 0u ? refuse(c, request->function, code) : read_span(c, wanted);
}

static uint16_t take_identification(struct controller *c, const struct frame *request)
{
    const uint8_t code = identification_show(c, request->body);

    return code != 0u ? refuse(c, request->function, code) : identification_count(c);
}

static bool is_write(uint8_t function)
{
    return function == FUNCTION_WRITE_ONE || function == FUNCTION_WRITE_MANY || function == FUNCTION_READ_WRITE;
}

static uint16_t dispatch(struct controller *c, uint8_t port, const struct frame *request)
{
    if (port == PORT_SERVICE && is_write(request->function))
        return refuse(c, request->function, EXCEPTION_FUNCTION);
    switch (request->function) {
    case FUNCTION_READ:
    case FUNCTION_READ_INPUT:
        return take_read(c, request);
    case FUNCTION_WRITE_ONE:
        return take_write_one(c, request);
    case FUNCTION_WRITE_MANY:
        return take_write_many(c, request);
    case FUNCTION_READ_WRITE:
        return take_read_write(c, request);
    case FUNCTION_DEVICE_ID:
        return take_identification(c, request);
    default:
        return refuse(c, request->function, EXCEPTION_FUNCTION);
    }
}

/* Of what is said to everybody, STOP alone is heeded. */
static void take_broadcast(struct controller *c, uint8_t port, const struct frame *request)
{
    const bool one = request->function == FUNCTION_WRITE_ONE;
    const bool many = request->function == FUNCTION_WRITE_MANY && word_at(request->body + 2) == 1u;
    uint16_t reason;

    if (port == PORT_SERVICE || !(one || many) || word_at(request->body) != STOP_AT)
        return;
    reason = word_at(request->body + (one ? 2 : 5));
    (void)write_stop(c, &reason);
}

void requests_take(struct controller *c, uint8_t port, const struct frame *request)
{
    if (request->unit == BROADCAST) {
        take_broadcast(c, port, request);
    } else if (request->unit == c->unit) {
        c->answer[0] = request->unit;
        c->answer[1] = request->function;
        send(c, port, dispatch(c, port, request));
    }
}
