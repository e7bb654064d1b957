#include "ring.h"

#include <stddef.h>
#include <string.h>

void ring_start(struct event_ring *ring)
{
    memset(ring, 0, sizeof *ring);
}

void ring_note(struct event_ring *ring, uint8_t kind, uint16_t argument)
{
    struct event *entry;

    ring->head = (uint16_t)(ring->head + 1u);
    entry = &ring->entry[ring->head % RING_ENTRIES];
    entry->sequence = ring->head;
    entry->kind = kind;
    entry->argument = argument;
    entry->age = 0;
}

void ring_age(struct event_ring *ring, uint32_t steps)
{
    uint8_t i;

    for (i = 0; i < RING_ENTRIES; i++) {
        struct event *entry = &ring->entry[i];

        if (entry->kind != EVENT_NONE)
            entry->age = steps > 0xFFFFu - entry->age ? (uint16_t)0xFFFFu : (uint16_t)(entry->age + steps);
    }
}

void log_start(struct request_log *log)
{
    memset(log, 0, sizeof *log);
}

struct log_entry *log_find(struct request_log *log, uint64_t request_id)
{
    uint8_t i;

    for (i = 0; i < LOG_ENTRIES; i++)
        if (request_id != 0u && log->entry[i].request_id == request_id)
            return &log->entry[i];
    return NULL;
}

void log_add(struct request_log *log, uint64_t request_id, uint16_t target, uint8_t outcome)
{
    memmove(&log->entry[1], &log->entry[0], sizeof log->entry - sizeof log->entry[0]);
    log->entry[0].request_id = request_id;
    log->entry[0].target = target;
    log->entry[0].outcome = outcome;
    log->entry[0].cause = CAUSE_NONE;
}

void log_settle(struct request_log *log, uint64_t request_id, uint8_t outcome, uint8_t cause)
{
    struct log_entry *entry = log_find(log, request_id);

    if (entry != NULL) {
        entry->outcome = outcome;
        entry->cause = cause;
    }
}
