#include "motion.h"

#include "drives.h"
#include "homing.h"
#include "interlocks.h"
#include "rails.h"
#include "wear.h"

uint16_t motion_narrowing(const struct controller *c)
{
    if (c->position_lost)
        return homing_narrowing(c->plan);
    return rails_narrowing(c->plan, c->inputs.position_mm, c->targets);
}

uint16_t motion_reasons(const struct controller *c)
{
    uint32_t reasons = interlocks_against(c, motion_narrowing(c));

    if (state_operation(c) == OPERATION_HOME)
        reasons &= ~REASON_POSITION_UNKNOWN;
    /* The fire input doesn't forbid the parking that it asked for. */
    if (c->task.fire)
        reasons &= ~REASON_FIRE;
    return (uint16_t)reasons;
}

/* Indicator and lamp of an opening. */
static void show(struct controller *c)
{
    if (state_operation(c) != OPERATION_OPEN)
        return;
    c->shown_aisle = state_aisle(c);
    c->shown_place = c->task.place;
    c->lights = (uint16_t)(c->lights | BIT(c->shown_aisle - 1u));
    hal_show_place(c->shown_aisle, c->shown_place);
    hal_light_aisles(c->lights);
}

/* What has arrived: homing proves positions, parking puts out the lights and lets the bank sleep. */
static void complete(struct controller *c)
{
    const bool parks = state_operation(c) == OPERATION_PARK;

    if (state_operation(c) == OPERATION_HOME) {
        hal_take_home();
        c->position_lost = false;
        c->occupancy_unknown = 0;
        ring_note(&c->ring, EVENT_HOMED, 0);
        hal_read_inputs(&c->inputs);
    }
    c->lights = parks ? (uint16_t)0u : (uint16_t)(c->lights & rails_open_aisles(c->plan, c->inputs.position_mm));
    hal_light_aisles(c->lights);
    if (parks) {
        c->shown_aisle = 0;
        c->shown_place = 0;
        hal_show_place(0, 0);
    }
    state_finish(c, OUTCOME_DONE, CAUSE_ARRIVED, parks ? state_sleeping(c) : STATE_IDLE);
    if (c->state == STATE_ASLEEP)
        ring_note(&c->ring, EVENT_ASLEEP, 0);
}

void motion_start(struct controller *c)
{
    c->whole_way_mm = rails_way_left(c->plan, c->inputs.position_mm, c->targets);
    if (c->whole_way_mm != 0u || c->position_lost) {
        state_enter(c, STATE_WARNING);
        return;
    }
    show(c);
    complete(c);
}

static void set_off(struct controller *c)
{
    show(c);
    drives_stagger(c);
    wear_begin(c);
    state_enter(c, STATE_MOVING);
}

void motion_brake(struct controller *c, uint8_t outcome, uint8_t cause)
{
    drives_off(c);
    if (c->task.ending)
        return;
    log_settle(&c->log, c->task.request_id, outcome, cause);
    c->task.ending = true;
    c->task.leased = false;
    c->task.cause = cause;
}

void motion_stop(struct controller *c, uint8_t cause)
{
    if (c->state == STATE_SELECTED || c->state == STATE_WARNING)
        state_finish(c, OUTCOME_STOPPED, cause, STATE_STOPPED);
    else if (c->state == STATE_MOVING || c->state == STATE_SETTLING)
        motion_brake(c, OUTCOME_STOPPED, cause);
}

/* A lapsed lease is remembered by its token: no renewal revives it. */
static bool lease_lapses(struct controller *c)
{
    if (!c->task.leased || !state_is_over(c, c->task.lease_from_ms, LEASE_MS))
        return false;
    c->lapsed_token = c->task.token;
    if (c->state == STATE_WARNING)
        state_finish(c, OUTCOME_LAPSED, CAUSE_LEASE, STATE_STOPPED);
    else
        motion_brake(c, OUTCOME_LAPSED, CAUSE_LEASE);
    return true;
}

static void fail(struct controller *c, uint16_t fault, uint16_t bit, uint8_t cause)
{
    c->faults = (uint16_t)(c->faults | fault);
    ring_note(&c->ring, EVENT_FAULT_SET, bit);
    motion_brake(c, OUTCOME_FAILED, cause);
}

static uint8_t outcome_of(uint16_t reasons)
{
    return (reasons & (REASON_FAULT | REASON_POSITION_UNKNOWN)) != 0u ? OUTCOME_FAILED : OUTCOME_STOPPED;
}

static void poll_warning(struct controller *c)
{
    const uint16_t reasons = motion_reasons(c);

    if (reasons != 0u)
        state_finish(c, outcome_of(reasons), interlocks_cause(c, reasons), STATE_STOPPED);
    else if (state_is_over(c, c->since_ms, c->plan->warning_ms))
        set_off(c);
}

static void poll_standstill(struct controller *c)
{
    if (c->inputs.turning == 0u)
        state_finish(c, OUTCOME_NONE, c->task.cause, STATE_STOPPED);
}

static void note_overloads(struct controller *c, uint32_t columns)
{
    uint8_t bit;

    for (bit = 0; bit < c->plan->columns; bit++)
        if ((columns >> bit & 1u) != 0u)
            ring_note(&c->ring, EVENT_OVERLOAD, (uint16_t)(bit + 1u));
}

static void poll_moving(struct controller *c)
{
    const uint16_t reasons = motion_reasons(c);

    if (c->task.ending) {
        poll_standstill(c);
    } else if (reasons != 0u) {
        if (interlocks_cause(c, reasons) == CAUSE_BEAM)
            c->trips |= TRIP_BEAM;
        motion_brake(c, outcome_of(reasons), interlocks_cause(c, reasons));
    } else if (state_is_over(c, c->since_ms, c->plan->travel_ms + c->plan->travel_ms / 5u)) {
        fail(c, FAULT_TRAVEL_TIME, 5u, CAUSE_TRAVEL_TIME);
    } else if (drives_stuck(c) != 0u) {
        note_overloads(c, drives_stuck(c));
        fail(c, FAULT_JAM, 1u, CAUSE_FAULT);
    } else if (c->position_lost ? homing_follow(c) : drives_follow(c)) {
        state_enter(c, STATE_SETTLING);
    } else {
        wear_watch(c);
    }
}

bool motion_contacts_agree(const struct controller *c)
{
    uint8_t aisle;

    for (aisle = 1; aisle < c->plan->columns; aisle++) {
        const bool closed = rails_width(c->plan, c->targets, aisle) == 0u;

        if (closed && ((c->inputs.contacts[aisle - 1u] & CONTACT_RIGHT) == 0u ||
                       (c->inputs.contacts[aisle] & CONTACT_LEFT) == 0u))
            return false;
    }
    return true;
}

static void poll_settling(struct controller *c)
{
    if (c->task.ending) {
        poll_standstill(c);
    } else if (state_is_over(c, c->since_ms, c->plan->settle_ms)) {
        wear_end(c);
        if (motion_contacts_agree(c))
            complete(c);
        else
            fail(c, FAULT_CONTACT_MISMATCH, 3u, CAUSE_FAULT);
    }
}

void motion_poll(struct controller *c)
{
    if (!state_is_active(c) || lease_lapses(c))
        return;
    if (c->state == STATE_WARNING)
        poll_warning(c);
    else if (c->state == STATE_MOVING)
        poll_moving(c);
    else
        poll_settling(c);
}
