#include "inputs.h"

#include "interlocks.h"
#include "motion.h"
#include "rails.h"

static uint16_t all_aisles(const struct controller *c)
{
    return (uint16_t)(BIT(c->plan->aisles) - 1u);
}

/* One event per bit that rose or fell; 0 = such a change is no event. */
static void note_bits(struct controller *c, uint32_t before, uint32_t now, uint8_t risen, uint8_t fallen)
{
    uint8_t bit;

    for (bit = 0; bit < 32u; bit++) {
        const bool was = (before >> bit & 1u) != 0u;
        const bool is = (now >> bit & 1u) != 0u;
        const uint8_t kind = is ? risen : fallen;

        if (was != is && kind != EVENT_NONE)
            ring_note(&c->ring, kind, (uint16_t)(bit + 1u));
    }
}

static void note_flag(struct controller *c, bool before, bool now, uint8_t risen, uint8_t fallen)
{
    if (before != now && (now ? risen : fallen) != EVENT_NONE)
        ring_note(&c->ring, now ? risen : fallen, 0);
}

static void note_switch(struct controller *c, bool before, bool now, uint8_t kind)
{
    if (before != now)
        ring_note(&c->ring, kind, now ? 1u : 0u);
}

static void note_doors(struct controller *c, uint16_t before, uint16_t now)
{
    uint8_t bit;

    for (bit = 0; bit < 16u; bit++) {
        const uint32_t is = (uint32_t)now >> bit & 1u;

        if (((uint32_t)before >> bit & 1u) != is)
            ring_note(&c->ring, EVENT_DOOR, (uint16_t)((uint32_t)bit << 8 | is));
    }
}

static void note_buttons(struct controller *c, uint16_t before, uint16_t now)
{
    uint8_t bit;

    for (bit = 0; bit < 16u; bit++) {
        const uint32_t is = (uint32_t)now >> bit & 1u;

        if (((uint32_t)before >> bit & 1u) == is)
            continue;
        ring_note(&c->ring, EVENT_BUTTON, (uint16_t)((bit + 1u) << 8 | is));
        /* Somebody at the bank wakes it; waking moves nothing. */
        if (is != 0u && c->state == STATE_ASLEEP)
            state_enter(c, STATE_WAKING);
    }
}

static void note_sensors(struct controller *c, const struct hal_inputs *was)
{
    const struct hal_inputs *now = &c->inputs;

    note_bits(c, was->occupied, now->occupied, EVENT_OCCUPIED, EVENT_CLEARED);
    note_bits(c, was->beams_broken, now->beams_broken, EVENT_BEAM_BROKEN, EVENT_BEAM_RESTORED);
    note_bits(c, was->edges_pressed, now->edges_pressed, EVENT_EDGE_TRIPPED, EVENT_EDGE_RESTORED);
    note_bits(c, was->sweeps_pressed, now->sweeps_pressed, EVENT_SWEEP_TRIPPED, EVENT_SWEEP_RESTORED);
    note_bits(c, was->overloads, now->overloads, EVENT_OVERLOAD, EVENT_NONE);
    note_bits(c, was->in_aisle_locks, now->in_aisle_locks, EVENT_LOCK_SET, EVENT_LOCK_RELEASED);
    note_flag(c, was->estop_open, now->estop_open, EVENT_ESTOP_OPENED, EVENT_ESTOP_CLOSED);
    note_flag(c, was->stop_pressed, now->stop_pressed, EVENT_STOP_PRESSED, EVENT_NONE);
    note_switch(c, was->fire, now->fire, EVENT_FIRE);
    note_switch(c, was->smoke, now->smoke, EVENT_SMOKE);
    note_switch(c, was->water, now->water, EVENT_WATER);
    note_flag(c, was->supply_lost, now->supply_lost, EVENT_POWER_FAILED, EVENT_POWER_RETURNED);
    note_doors(c, was->doors_open, now->doors_open);
    note_switch(c, was->maintenance_key, now->maintenance_key, EVENT_MAINTENANCE);
    note_buttons(c, was->buttons, now->buttons);
    if (now->edges_pressed != 0u)
        c->trips |= TRIP_EDGE;
    if (now->sweeps_pressed != 0u)
        c->trips |= TRIP_SWEEP;
}

static void end_by(struct controller *c, uint8_t outcome, uint8_t cause)
{
    if (c->state == STATE_MOVING || c->state == STATE_SETTLING)
        motion_brake(c, outcome, cause);
    else
        state_finish(c, outcome, cause, c->state == STATE_SELECTED ? STATE_IDLE : c->state);
}

/* Where columns stand, and who stands between them, is unknown until proven again. */
static void watch_position(struct controller *c, const struct hal_inputs *was)
{
    const struct hal_inputs *now = &c->inputs;
    const bool loses = now->turned_by_hand != 0u || (now->clutch_released && !was->clutch_released);

    note_bits(c, 0, now->turned_by_hand, EVENT_HANDLE, EVENT_NONE);
    if (loses) {
        if (!c->position_lost)
            ring_note(&c->ring, EVENT_POSITION_LOST, 0);
        c->position_lost = true;
        c->occupancy_unknown = all_aisles(c);
        end_by(c, OUTCOME_FAILED, CAUSE_LOCAL_CONTROL);
    } else if (c->position_lost && now->homings != was->homings && !now->clutch_released) {
        c->position_lost = false;
        c->occupancy_unknown = 0;
        ring_note(&c->ring, EVENT_HOMED, 0);
        if (c->state == STATE_UNKNOWN)
            state_rest(c, STATE_IDLE);
    }
}

static void watch_faults(struct controller *c)
{
    const uint32_t now = c->inputs.faults | (c->inputs.overloads != 0u ? FAULT_OVERLOAD : 0u);
    const uint16_t fresh = (uint16_t)(now & (uint16_t)~c->faults);
    uint8_t bit;

    if (fresh == 0u)
        return;
    for (bit = 0; bit < 16u; bit++)
        if (((uint32_t)fresh >> bit & 1u) != 0u)
            ring_note(&c->ring, EVENT_FAULT_SET, bit);
    c->faults = (uint16_t)(c->faults | fresh);
    end_by(c, OUTCOME_FAILED, CAUSE_FAULT);
}

static void watch_reset(struct controller *c, const struct hal_inputs *was)
{
    if (!c->inputs.reset_pressed || was->reset_pressed)
        return;
    ring_note(&c->ring, EVENT_TRIP_RESET, 0);
    if (c->inputs.edges_pressed == 0u && c->inputs.sweeps_pressed == 0u && c->inputs.beams_broken == 0u)
        c->trips = 0;
    c->faults = c->inputs.faults;
    if (c->state == STATE_FAULT)
        state_rest(c, STATE_STOPPED);
}

/* Panel and key void a selection (SPEC 5.11); what they do to a motion, the interlocks say. */
static void watch_local_control(struct controller *c)
{
    const struct hal_inputs *in = &c->inputs;

    if (c->state == STATE_SELECTED && (in->local_panel || in->clutch_released || in->maintenance_key))
        state_finish(c, OUTCOME_DESELECTED, CAUSE_LOCAL_CONTROL, STATE_IDLE);
}

/* The bank's own button opens an aisle by the same interlocks and without a lease (SPEC 5.11). */
static void watch_open_button(struct controller *c, const struct hal_inputs *was)
{
    const uint8_t aisle = c->inputs.open_button;
    const bool free = c->state == STATE_IDLE || c->state == STATE_STOPPED || c->state == STATE_SELECTED;
    uint16_t targets[MAX_COLUMNS];
    uint8_t i;

    if (aisle == 0u || aisle == was->open_button || aisle > c->plan->aisles || !free)
        return;
    rails_aim(c->plan, c->inputs.position_mm, OPERATION_OPEN, aisle, targets);
    if (interlocks_against(c, rails_narrowing(c->plan, c->inputs.position_mm, targets)) != 0u)
        return;
    if (c->state == STATE_SELECTED)
        state_finish(c, OUTCOME_DESELECTED, CAUSE_LOCAL_CONTROL, STATE_IDLE);
    for (i = 0; i < MAX_COLUMNS; i++)
        c->targets[i] = targets[i];
    c->task.target = (uint16_t)(OPERATION_OPEN << 8 | aisle);
    ring_note(&c->ring, EVENT_LOCAL_MOTION, c->task.target);
    motion_start(c);
}

/* The controller's own act (SPEC 5.15), once, when the input comes: in doubt columns stay. */
static void watch_fire(struct controller *c, const struct hal_inputs *was)
{
    const bool rests = c->state == STATE_ASLEEP || c->state == STATE_IDLE || c->state == STATE_STOPPED ||
                       c->state == STATE_SELECTED;
    uint16_t targets[MAX_COLUMNS];
    uint16_t narrowing;
    uint8_t i;

    if (!c->plan->fire_parks || !c->inputs.fire || was->fire || !rests || c->position_lost)
        return;
    rails_aim(c->plan, c->inputs.position_mm, OPERATION_PARK, 0, targets);
    narrowing = rails_narrowing(c->plan, c->inputs.position_mm, targets);
    if ((interlocks_against(c, narrowing) & (uint16_t)~REASON_FIRE) != 0u || (narrowing & c->occupancy_unknown) != 0u)
        return;
    if (c->state == STATE_SELECTED)
        state_finish(c, OUTCOME_DESELECTED, CAUSE_LOCAL_CONTROL, STATE_IDLE);
    for (i = 0; i < MAX_COLUMNS; i++)
        c->targets[i] = targets[i];
    c->task.target = OPERATION_PARK << 8;
    c->task.fire = true;
    ring_note(&c->ring, EVENT_LOCAL_MOTION, (uint16_t)c->task.target);
    motion_start(c);
}

void inputs_start(struct controller *c)
{
    hal_read_inputs(&c->inputs);
    c->faults = c->inputs.faults;
    c->trips = (uint8_t)((c->inputs.edges_pressed != 0u ? TRIP_EDGE : 0u) |
                         (c->inputs.sweeps_pressed != 0u ? TRIP_SWEEP : 0u));
    c->position_lost = c->inputs.homings == 0u || c->inputs.clutch_released || c->inputs.turned_by_hand != 0u;
    c->occupancy_unknown = c->position_lost ? all_aisles(c) : (uint16_t)0u;
}

void inputs_poll(struct controller *c)
{
    const struct hal_inputs was = c->inputs;

    hal_read_inputs(&c->inputs);
    note_sensors(c, &was);
    if (c->inputs.stop_pressed && !was.stop_pressed)
        motion_stop(c, CAUSE_STOP_LOCAL);
    watch_position(c, &was);
    watch_faults(c);
    watch_reset(c, &was);
    watch_local_control(c);
    watch_open_button(c, &was);
    watch_fire(c, &was);
}
