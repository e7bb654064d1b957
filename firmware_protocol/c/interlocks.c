#include "interlocks.h"

static bool is_tripped(const struct controller *c)
{
    const struct hal_inputs *in = &c->inputs;

    return in->estop_open || in->stop_pressed || in->edges_pressed != 0u || in->sweeps_pressed != 0u ||
           in->beams_broken != 0u || c->trips != 0u;
}

uint16_t interlocks_against(const struct controller *c, uint16_t narrowing)
{
    const struct hal_inputs *in = &c->inputs;
    uint32_t reasons = 0;

    if ((narrowing & in->occupied) != 0u)
        reasons |= REASON_OCCUPIED;
    if ((narrowing & (in->in_aisle_locks | c->gateway_locks)) != 0u)
        reasons |= REASON_LOCKED;
    if (is_tripped(c))
        reasons |= REASON_LOCAL;
    if (c->faults != 0u || in->supply_lost)
        reasons |= REASON_FAULT;
    if (c->position_lost)
        reasons |= REASON_POSITION_UNKNOWN;
    if (in->local_panel || in->clutch_released || in->maintenance_key)
        reasons |= REASON_LOCAL_CONTROL;
    if (in->fire || in->smoke)
        reasons |= REASON_FIRE;
    return (uint16_t)reasons;
}

uint16_t interlocks_of_state(const struct controller *c)
{
    switch (c->state) {
    case STATE_ASLEEP:
    case STATE_WAKING:
        return REASON_NOT_AWAKE;
    case STATE_SELECTED:
        return REASON_SELECTED_ELSEWHERE;
    case STATE_WARNING:
    case STATE_MOVING:
    case STATE_SETTLING:
        return REASON_BUSY;
    default:
        return REASON_NONE;
    }
}

static uint8_t name_trip(const struct controller *c)
{
    if (c->inputs.estop_open)
        return CAUSE_ESTOP;
    if (c->inputs.edges_pressed != 0u || c->inputs.sweeps_pressed != 0u || (c->trips & (TRIP_EDGE | TRIP_SWEEP)) != 0u)
        return CAUSE_EDGE;
    if (c->inputs.beams_broken != 0u || (c->trips & TRIP_BEAM) != 0u)
        return CAUSE_BEAM;
    return CAUSE_STOP_LOCAL;
}

uint8_t interlocks_cause(const struct controller *c, uint16_t reasons)
{
    if ((reasons & REASON_LOCAL) != 0u)
        return name_trip(c);
    if ((reasons & REASON_FIRE) != 0u)
        return CAUSE_FIRE;
    if (c->inputs.supply_lost)
        return CAUSE_POWER;
    if ((reasons & (REASON_LOCAL_CONTROL | REASON_POSITION_UNKNOWN)) != 0u)
        return CAUSE_LOCAL_CONTROL;
    if ((reasons & REASON_OCCUPIED) != 0u)
        return CAUSE_OCCUPANCY;
    if ((reasons & REASON_LOCKED) != 0u)
        return CAUSE_LOCK;
    return CAUSE_FAULT;
}
