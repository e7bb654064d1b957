#include "selection.h"

#include <stddef.h>

#include "homing.h"
#include "interlocks.h"
#include "motion.h"
#include "rails.h"
#include "registers.h"

#define SEQUENCE_AGE_STEPS (SEQUENCE_AGE_MS / SEQUENCE_STEP_MS)

bool selection_is_target(uint16_t target)
{
    static const uint16_t numbers[] = OPERATION_NUMBERS;
    uint8_t i;

    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i] == target >> 8)
            return (target & 0xFFu) <= MAX_AISLES;
    return false;
}

static bool is_supported(uint8_t operation)
{
    return operation >= OPERATION_OPEN && operation <= OPERATION_HOME;
}

/* Face A of an aisle belongs to the column at its right, face B to the one at its left. */
static bool has_place(const struct bank_plan *plan, uint8_t aisle, uint16_t place)
{
    const uint8_t face = (uint8_t)(place >> 12);
    const uint8_t column = face == FACE_B ? aisle : (uint8_t)(aisle + 1u);
    const uint8_t flag = face == FACE_B ? FACES_B : FACES_A;

    if (face != FACE_NONE && (column > plan->columns || (plan->column[column - 1u].faces & flag) == 0u))
        return false;
    return (place >> 6 & 63u) <= plan->sections && (place & 63u) <= plan->tiers;
}

/* Where columns would stand, and which aisles the way there narrows. */
static uint16_t aim(struct controller *c, uint16_t target, uint16_t *targets)
{
    if (target >> 8 == OPERATION_HOME)
        homing_aim(c->plan, targets);
    else
        rails_aim(c->plan, c->inputs.position_mm, (uint8_t)(target >> 8), (uint8_t)(target & 0xFFu), targets);
    if (c->position_lost)
        return homing_narrowing(c->plan);
    return rails_narrowing(c->plan, c->inputs.position_mm, targets);
}

static bool exists(const struct bank_plan *plan, uint16_t target, uint16_t place)
{
    const uint8_t aisle = (uint8_t)(target & 0xFFu);

    if (target >> 8 != OPERATION_OPEN)
        return aisle == 0u;
    return aisle >= 1u && aisle <= plan->aisles && has_place(plan, aisle, place);
}

/* Every reason that applies; where there is no such target, only those that need none. */
static uint16_t find_reasons(struct controller *c, uint64_t request_id, uint16_t target, uint16_t place)
{
    uint32_t reasons = interlocks_of_state(c);
    uint16_t narrowing = 0;

    if (log_find(&c->log, request_id) != NULL)
        reasons |= REASON_ID_USED;
    if (!is_supported((uint8_t)(target >> 8))) {
        reasons |= REASON_NOT_SUPPORTED;
    } else if (!exists(c->plan, target, place)) {
        reasons |= REASON_NO_SUCH_TARGET;
    } else {
        uint16_t targets[MAX_COLUMNS];

        narrowing = aim(c, target, targets);
    }
    reasons |= interlocks_against(c, narrowing);
    return (uint16_t)(target >> 8 == OPERATION_HOME ? reasons & ~REASON_POSITION_UNKNOWN : reasons);
}

static void hold(struct controller *c, uint64_t request_id, uint16_t target, uint16_t place)
{
    uint32_t token = hal_random();

    c->task.request_id = request_id;
    c->task.target = target;
    c->task.place = place;
    c->task.token = token != 0u ? token : 1u;
    state_enter(c, STATE_SELECTED);
}

static void answer_select(struct controller *c, uint16_t target, uint16_t reasons)
{
    uint16_t *to = c->select_answer;

    to[0] = target;
    to[1] = reasons;
    put_u32(to + 2, reasons == 0u ? c->task.token : 0u);
    to[4] = c->sequence;
    to[5] = c->inputs.occupied;
    put_pairs(to + 6, c->inputs.contacts, c->plan->columns);
    to[9] = c->ring.head;
}

uint8_t selection_select(struct controller *c, const uint16_t *words)
{
    const uint64_t request_id = get_u64(words);
    const uint16_t target = words[4];
    const uint16_t place = words[5];
    uint16_t reasons;

    if (!selection_is_target(target) || place >> 12 > FACE_B || request_id == 0u)
        return EXCEPTION_VALUE;
    reasons = find_reasons(c, request_id, target, place);
    if ((reasons & REASON_ID_USED) == 0u)
        log_add(&c->log, request_id, target, reasons == 0u ? OUTCOME_SELECTED : OUTCOME_REFUSED);
    if (reasons == 0u)
        hold(c, request_id, target, place);
    answer_select(c, target, reasons);
    return 0;
}

static uint16_t check_operate(struct controller *c, const uint16_t *words)
{
    const uint64_t request_id = get_u64(words);
    const uint32_t token = get_u32(words + 4);
    uint32_t reasons = motion_reasons(c);

    if (token != c->task.token || request_id != c->task.request_id)
        reasons |= REASON_NOT_SELECTED;
    if (words[6] != c->task.target)
        reasons |= REASON_OTHER_TARGET;
    if (words[7] != c->ring.head)
        reasons |= REASON_RING_MOVED;
    return (uint16_t)reasons;
}

static uint16_t operate(struct controller *c, const uint16_t *words)
{
    uint16_t reasons;

    if (c->state != STATE_SELECTED)
        return REASON_NOT_SELECTED;
    (void)aim(c, c->task.target, c->targets);
    reasons = check_operate(c, words);
    if (reasons != 0u) {
        state_finish(c, OUTCOME_REFUSED, CAUSE_NONE, STATE_IDLE);
        return reasons;
    }
    c->task.leased = true;
    c->task.lease_from_ms = c->now_ms;
    log_settle(&c->log, c->task.request_id, OUTCOME_ACCEPTED, CAUSE_NONE);
    motion_start(c);
    return 0;
}

uint8_t selection_operate(struct controller *c, const uint16_t *words)
{
    if (!selection_is_target(words[6]) || get_u64(words) == 0u)
        return EXCEPTION_VALUE;
    c->operate_answer[0] = words[6];
    c->operate_answer[1] = operate(c, words);
    return 0;
}

uint8_t selection_deselect(struct controller *c, const uint16_t *words)
{
    if (c->state != STATE_SELECTED)
        return 0;
    if (words[0] != 0u && words[0] != (c->task.token & 0xFFFFu))
        return EXCEPTION_VALUE;
    state_finish(c, OUTCOME_DESELECTED, CAUSE_NONE, STATE_IDLE);
    return 0;
}

static uint8_t refuse_lease(const struct controller *c, const uint16_t *words)
{
    const uint32_t token = get_u32(words);
    const uint16_t newer = (uint16_t)(words[2] - c->task.counter);
    const uint16_t age = (uint16_t)(c->sequence - words[3]);

    if (token != 0u && token == c->lapsed_token)
        return LEASE_REFUSED_LAPSED;
    if (!state_is_active(c) || !c->task.leased)
        return LEASE_REFUSED_NO_MOTION;
    if (token != c->task.token)
        return LEASE_REFUSED_WRONG_TOKEN;
    if (newer == 0u || newer >= 0x8000u)
        return LEASE_REFUSED_COUNTER;
    /* A sequence of the future looks very old: 16 bits turn once in eleven minutes. */
    return age > SEQUENCE_AGE_STEPS ? LEASE_REFUSED_SEQUENCE_OLD : LEASE_REFUSED_NONE;
}

uint8_t selection_renew(struct controller *c, const uint16_t *words)
{
    const uint8_t refusal = refuse_lease(c, words);

    if (refusal != LEASE_REFUSED_NONE) {
        c->lease_refusal = refusal;
        return EXCEPTION_VALUE;
    }
    c->task.counter = words[2];
    c->task.lease_from_ms = c->now_ms;
    return 0;
}

void selection_poll(struct controller *c)
{
    if (c->state == STATE_SELECTED && state_is_over(c, c->since_ms, SELECTION_MS))
        state_finish(c, OUTCOME_EXPIRED, CAUSE_NONE, STATE_IDLE);
}
