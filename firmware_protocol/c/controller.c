#include "controller.h"

#include <string.h>

#include "acts.h"
#include "drives.h"
#include "inputs.h"
#include "motion.h"
#include "requests.h"
#include "selection.h"
#include "wear.h"

void controller_start(struct controller *c, const struct bank_plan *plan, uint8_t unit)
{
    uint8_t port;

    memset(c, 0, sizeof *c);
    c->plan = plan;
    c->unit = unit;
    c->geometry_hash = bank_hash(plan);
    c->boot_id = hal_random();
    if (c->boot_id == 0u)
        c->boot_id = 1u;
    c->now_ms = hal_clock_ms();
    c->sequence_at_ms = c->now_ms;
    c->sequence = 1u;
    for (port = 0; port < PORTS; port++)
        frame_reader_start(&c->reader[port]);
    inputs_start(c);
    drives_off(c);
    ring_note(&c->ring, EVENT_POWER_ON, 0);
    wear_start(c);
    state_rest(c, state_sleeping(c));
}

/* The sequence counts steps of the clock, not the clock itself: so it doesn't jump where the clock wraps. */
static void count_sequence(struct controller *c)
{
    const uint32_t steps = (c->now_ms - c->sequence_at_ms) / SEQUENCE_STEP_MS;

    c->sequence_at_ms += steps * SEQUENCE_STEP_MS;
    c->sequence = (uint16_t)(c->sequence + steps);
    ring_age(&c->ring, steps);
}

void controller_poll(struct controller *c)
{
    c->now_ms = hal_clock_ms();
    count_sequence(c);
    inputs_poll(c);
    selection_poll(c);
    motion_poll(c);
    acts_poll(c);
}

struct hearing {
    struct controller *controller;
    uint8_t port;
};

static void take(void *owner, const struct frame *request)
{
    const struct hearing *hearing = owner;

    /* Deadlines that have passed come first: a request a moment too late finds them past. */
    controller_poll(hearing->controller);
    requests_take(hearing->controller, hearing->port, request);
}

void controller_hear(struct controller *c, uint8_t port, const uint8_t *octets, uint16_t count, bool silence)
{
    struct hearing hearing;

    hearing.controller = c;
    hearing.port = port;
    frame_feed(&c->reader[port], octets, count, silence, take, &hearing);
}
