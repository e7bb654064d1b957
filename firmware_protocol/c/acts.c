#include "acts.h"

#include <stddef.h>

#include "registers.h"
#include "selection.h"

static uint16_t wake(struct controller *c)
{
    if (c->state == STATE_ASLEEP)
        state_enter(c, STATE_WAKING);
    return 0;
}

/* As after the bank's own idle time; only a bank at rest falls asleep, one that never sleeps can't. */
static uint16_t fall_asleep(struct controller *c)
{
    switch (c->state) {
    case STATE_ASLEEP:
        return 0;
    case STATE_IDLE:
    case STATE_STOPPED:
        ring_note(&c->ring, EVENT_ASLEEP, 0);
        state_enter(c, STATE_ASLEEP);
        return 0;
    case STATE_FAULT:
        return REASON_FAULT;
    case STATE_UNKNOWN:
        return REASON_POSITION_UNKNOWN;
    default:
        return REASON_BUSY;
    }
}

/* Aisle 0 means all of them. */
static uint16_t chosen(const struct controller *c, uint8_t aisle)
{
    return (uint16_t)(aisle == 0u ? BIT(c->plan->aisles) - 1u : BIT(aisle - 1u));
}

static uint16_t lock(struct controller *c, uint8_t aisle)
{
    c->gateway_locks = (uint16_t)(c->gateway_locks | chosen(c, aisle));
    return 0;
}

/* Releases only what LOCK over the wire has set; a lock set from inside is released at the aisle. */
static uint16_t unlock(struct controller *c, uint8_t aisle)
{
    if ((c->inputs.in_aisle_locks & chosen(c, aisle)) != 0u)
        return REASON_LOCAL;
    c->gateway_locks = (uint16_t)(c->gateway_locks & ~chosen(c, aisle));
    return 0;
}

static uint16_t light(struct controller *c, uint8_t aisle, bool on)
{
    const uint16_t lamps = chosen(c, aisle);

    c->lights = (uint16_t)(on ? c->lights | lamps : c->lights & ~lamps);
    hal_light_aisles(c->lights);
    return 0;
}

/* Faults whose cause is gone; never a trip of edge, beam or emergency stop. */
static uint16_t clear_fault(struct controller *c)
{
    uint8_t bit;

    if (c->trips != 0u || c->inputs.estop_open)
        return REASON_LOCAL;
    if (c->inputs.faults != 0u || c->inputs.overloads != 0u || c->inputs.supply_lost)
        return REASON_FAULT;
    for (bit = 0; bit < 16u; bit++)
        if (((uint32_t)c->faults >> bit & 1u) != 0u)
            ring_note(&c->ring, EVENT_FAULT_CLEARED, bit);
    c->faults = 0;
    if (c->state == STATE_FAULT)
        state_rest(c, STATE_STOPPED);
    return 0;
}

static uint16_t carry_out(struct controller *c, uint8_t operation, uint8_t aisle)
{
    const bool takes_aisle = operation >= OPERATION_LOCK && operation <= OPERATION_LIGHT_OFF;

    if (operation == OPERATION_SLEEP && c->plan->sleep_after_ms == 0u)
        return REASON_NOT_SUPPORTED;
    if (operation >= OPERATION_LOCK && aisle > (takes_aisle ? c->plan->aisles : 0u))
        return REASON_NO_SUCH_TARGET;
    switch (operation) {
    case OPERATION_WAKE:
        return wake(c);
    case OPERATION_SLEEP:
        return fall_asleep(c);
    case OPERATION_LOCK:
        return lock(c, aisle);
    case OPERATION_UNLOCK:
        return unlock(c, aisle);
    case OPERATION_LIGHT_ON:
        return light(c, aisle, true);
    case OPERATION_LIGHT_OFF:
        return light(c, aisle, false);
    case OPERATION_CLEAR_FAULT:
        return clear_fault(c);
    default:
        return REASON_NOT_SUPPORTED;
    }
}

uint8_t acts_act(struct controller *c, const uint16_t *words)
{
    const uint64_t request_id = get_u64(words);
    const uint16_t target = words[4];
    uint16_t reasons = REASON_ID_USED;

    if (!selection_is_target(target) || request_id == 0u)
        return EXCEPTION_VALUE;
    if (log_find(&c->log, request_id) == NULL) {
        reasons = carry_out(c, (uint8_t)(target >> 8), (uint8_t)(target & 0xFFu));
        log_add(&c->log, request_id, target, reasons == 0u ? OUTCOME_DONE : OUTCOME_REFUSED);
    }
    c->act_answer[0] = target;
    c->act_answer[1] = reasons;
    return 0;
}

uint8_t acts_indicate(struct controller *c, const uint16_t *words)
{
    if (words[0] > MAX_AISLES || words[1] >> 12 > FACE_B)
        return EXCEPTION_VALUE;
    c->shown_aisle = (uint8_t)words[0];
    c->shown_place = words[0] != 0u ? words[1] : (uint16_t)0u;
    hal_show_place(c->shown_aisle, c->shown_place);
    return 0;
}

void acts_poll(struct controller *c)
{
    const uint32_t sleep_ms = c->plan->sleep_after_ms;
    const bool rests = c->state == STATE_IDLE || c->state == STATE_STOPPED;

    if (c->state == STATE_WAKING && state_is_over(c, c->since_ms, c->plan->wake_ms)) {
        ring_note(&c->ring, EVENT_AWAKE, 0);
        state_rest(c, STATE_IDLE);
    } else if (rests && sleep_ms != 0u && state_is_over(c, c->since_ms, sleep_ms)) {
        (void)fall_asleep(c);
    }
}
