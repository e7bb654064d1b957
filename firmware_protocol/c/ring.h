/* The event ring (SPEC 5.10) and the request log (SPEC 5.9): what happened, and what became of what was asked. */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stdint.h>

#include "register_map.h"

struct event {
    uint16_t sequence;
    uint16_t argument;
    uint16_t age; /* in 10 ms, stays at 0xFFFF */
    uint8_t kind;
};

struct event_ring {
    struct event entry[RING_ENTRIES];
    uint16_t head;
};

struct log_entry {
    uint64_t request_id; /* 0 = never used */
    uint16_t target;
    uint8_t outcome;
    uint8_t cause;
};

struct request_log {
    struct log_entry entry[LOG_ENTRIES]; /* newest first */
};

void ring_start(struct event_ring *ring);
void ring_note(struct event_ring *ring, uint8_t kind, uint16_t argument);
/* Let all entries grow older by so many steps of 10 ms. */
void ring_age(struct event_ring *ring, uint32_t steps);

void log_start(struct request_log *log);
/* Entry of this request, NULL when it never arrived or is forgotten. */
struct log_entry *log_find(struct request_log *log, uint64_t request_id);
void log_add(struct request_log *log, uint64_t request_id, uint16_t target, uint8_t outcome);
void log_settle(struct request_log *log, uint64_t request_id, uint8_t outcome, uint8_t cause);

#endif
