#include "state.h"

#include <string.h>

void state_enter(struct controller *c, uint8_t state)
{
    c->state = state;
    c->since_ms = c->now_ms;
    hal_warn(state == STATE_WARNING || state == STATE_MOVING);
}

void state_rest(struct controller *c, uint8_t wanted)
{
    if (c->position_lost)
        wanted = STATE_UNKNOWN;
    else if (c->faults != 0u)
        wanted = STATE_FAULT;
    state_enter(c, wanted);
}

void state_finish(struct controller *c, uint8_t outcome, uint8_t cause, uint8_t wanted)
{
    if (!c->task.ending)
        log_settle(&c->log, c->task.request_id, outcome, cause);
    if (state_is_active(c))
        ring_note(&c->ring, EVENT_MOTION_ENDED, (uint16_t)(cause << 8 | state_aisle(c)));
    memset(&c->task, 0, sizeof c->task);
    state_rest(c, wanted);
}
