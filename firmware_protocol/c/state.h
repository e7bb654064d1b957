/* Everything the controller knows, and the two ways to change its state. One bank, one structure, no heap. */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "bank.h"
#include "frame.h"
#include "hal.h"
#include "register_map.h"
#include "ring.h"

#define PORTS 2u
#define PORT_BUS 0u
#define PORT_SERVICE 1u
#define SELECTION_MS 2000u
#define LEASE_MS 500u
#define SEQUENCE_AGE_MS 500u
#define SEQUENCE_STEP_MS 10u
#define JAM_AFTER_MS 400u
#define TRIP_EDGE 1u
#define TRIP_BEAM 2u
#define TRIP_SWEEP 4u

/* The one request the bank is busy with; one of the bank's own panel has no id, token or lease. */
struct task {
    uint64_t request_id;
    uint32_t token;
    uint32_t lease_from_ms;
    uint16_t target; /* operation << 8 | aisle, 0 = nothing selected or under way */
    uint16_t place;
    uint16_t counter;
    bool leased;
    bool ending; /* drives are off for good; nothing revives it */
    bool fire;   /* the controller's own parking because of the fire input */
    uint8_t cause;
};

struct controller {
    const struct bank_plan *plan;
    uint8_t unit;
    uint32_t geometry_hash;
    uint32_t boot_id;
    uint32_t now_ms;
    uint32_t sequence_at_ms;
    uint16_t sequence;
    uint8_t state;
    uint32_t since_ms; /* when this state began */
    struct hal_inputs inputs;
    struct task task;
    uint32_t lapsed_token;
    uint16_t targets[MAX_COLUMNS];
    uint32_t pushed_since_ms[MAX_COLUMNS];
    uint16_t start_after_ms[MAX_COLUMNS];
    uint32_t driving; /* columns whose drive is on */
    uint32_t whole_way_mm;
    uint8_t trips; /* latched until reset at the bank */
    uint16_t faults;
    bool position_lost;
    uint16_t occupancy_unknown;
    uint16_t gateway_locks;
    uint16_t lights;
    uint8_t shown_aisle;
    uint16_t shown_place;
    uint8_t lease_refusal;
    uint16_t stop_reason;
    uint32_t moved_at_ms;            /* when the present motion set off */
    uint32_t journey;                /* columns that have turned in it */
    uint32_t current_sum[MAX_COLUMNS];
    uint16_t current_samples[MAX_COLUMNS];
    uint16_t current_ma[MAX_COLUMNS]; /* mean of the last journey */
    uint16_t opening[MAX_AISLES];     /* time of the last opening in 10 ms */
    struct event_ring ring;
    struct request_log log;
    uint16_t select_answer[SELECT_ANSWER_COUNT];
    uint16_t operate_answer[OPERATE_ANSWER_COUNT];
    uint16_t act_answer[ACT_ANSWER_COUNT];
    struct frame_reader reader[PORTS];
    uint16_t image[LARGEST_BLOCK]; /* of the block being read */
    uint8_t answer[FRAME_MOST];
};

/* Whether so many milliseconds have passed since then, across the clock's wrap. */
static inline bool state_is_over(const struct controller *c, uint32_t since_ms, uint32_t duration_ms)
{
    return c->now_ms - since_ms >= duration_ms;
}

static inline bool state_is_active(const struct controller *c)
{
    return c->state == STATE_WARNING || c->state == STATE_MOVING || c->state == STATE_SETTLING;
}

static inline uint8_t state_operation(const struct controller *c)
{
    return (uint8_t)(c->task.target >> 8);
}

static inline uint8_t state_aisle(const struct controller *c)
{
    return (uint8_t)(c->task.target & 0xFFu);
}

/* State of a bank that may sleep and has nothing to do. */
static inline uint8_t state_sleeping(const struct controller *c)
{
    return c->plan->sleep_after_ms != 0u ? STATE_ASLEEP : STATE_IDLE;
}

void state_enter(struct controller *c, uint8_t state);

/* Come to rest: in `wanted`, or in FAULT or UNKNOWN if that is how things are. */
void state_rest(struct controller *c, uint8_t wanted);

/* Close the book on the task: outcome to the log, MOTION_ENDED if it had begun, everything off, state of rest. */
void state_finish(struct controller *c, uint8_t outcome, uint8_t cause, uint8_t wanted);

#endif
