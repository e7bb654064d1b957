#include "rails.h"

#include <string.h>

static uint16_t rail_end(const struct bank_plan *plan)
{
    uint32_t end = 0;
    uint8_t i;

    for (i = 0; i < plan->columns; i++)
        end += plan->column[i].width_mm;
    for (i = 0; i < plan->segments; i++)
        end += plan->segment[i].free_width_mm;
    return (uint16_t)end;
}

uint16_t rails_width(const struct bank_plan *plan, const uint16_t *positions, uint8_t aisle)
{
    const uint8_t left = (uint8_t)(aisle - 1u);
    const int32_t end = aisle < plan->columns ? positions[aisle] : rail_end(plan);
    const int32_t width = end - positions[left] - plan->column[left].width_mm;

    return width > 0 ? (uint16_t)width : (uint16_t)0u;
}

uint16_t rails_open_aisles(const struct bank_plan *plan, const uint16_t *positions)
{
    uint32_t open = 0;
    uint8_t aisle;

    for (aisle = 1; aisle <= plan->aisles; aisle++)
        if (rails_width(plan, positions, aisle) >= plan->passable_gap_mm)
            open |= BIT(aisle - 1u);
    return (uint16_t)open;
}

/* The aisle that stays open beside the chosen ones: the widest, of equals the farthest. */
static uint8_t pick_widest(const struct bank_plan *plan, const struct bank_segment *segment,
                           const uint16_t *positions, uint8_t wanted, uint32_t kept)
{
    uint8_t best = 0;
    int32_t best_rank = -1;
    uint8_t aisle;

    for (aisle = segment->first_aisle; aisle <= segment->last_aisle; aisle++) {
        const int32_t distance = aisle > wanted ? aisle - wanted : wanted - aisle;
        const int32_t rank = (int32_t)rails_width(plan, positions, aisle) * (int32_t)MAX_COLUMNS + distance;

        if ((kept >> (aisle - 1u) & 1u) == 0u && rank > best_rank) {
            best_rank = rank;
            best = aisle;
        }
    }
    return best;
}

static uint32_t keep_open(const struct bank_plan *plan, const struct bank_segment *segment,
                          const uint16_t *positions, uint8_t wanted)
{
    uint32_t kept = BIT(wanted - 1u);
    uint8_t more;

    for (more = 1; more < segment->free_aisles; more++) {
        const uint8_t aisle = pick_widest(plan, segment, positions, wanted, kept);

        if (aisle != 0u)
            kept |= BIT(aisle - 1u);
    }
    return kept;
}

/* Put the columns of a segment side by side from its left stop on, with these gaps between them. */
static void lay_out(const struct bank_plan *plan, const struct bank_segment *segment, const uint16_t *gaps,
                    uint16_t *targets)
{
    uint8_t aisle;

    for (aisle = segment->first_aisle; aisle <= segment->last_aisle; aisle++) {
        const uint8_t left = (uint8_t)(aisle - 1u);

        if (aisle < plan->columns && !plan->column[aisle].fixed)
            targets[aisle] = (uint16_t)(targets[left] + plan->column[left].width_mm + gaps[left]);
    }
}

static void open_in(const struct bank_plan *plan, const struct bank_segment *segment, const uint16_t *positions,
                    uint8_t aisle, uint16_t *targets)
{
    const uint32_t kept = keep_open(plan, segment, positions, aisle);
    const uint16_t wide = (uint16_t)(segment->free_width_mm / segment->free_aisles);
    uint16_t gaps[MAX_AISLES] = {0};
    uint8_t i;

    for (i = 0; i < plan->aisles; i++)
        gaps[i] = (kept >> i & 1u) != 0u ? wide : (uint16_t)0u;
    lay_out(plan, segment, gaps, targets);
}

static void spread_in(const struct bank_plan *plan, const struct bank_segment *segment, uint16_t *targets)
{
    const uint8_t aisles = (uint8_t)(segment->last_aisle - segment->first_aisle + 1u);
    uint16_t gaps[MAX_AISLES] = {0};
    uint8_t i;

    for (i = 0; i < plan->aisles; i++)
        gaps[i] = (uint16_t)(segment->free_width_mm / aisles);
    lay_out(plan, segment, gaps, targets);
}

void rails_aim(const struct bank_plan *plan, const uint16_t *positions, uint8_t operation, uint8_t aisle,
               uint16_t *targets)
{
    uint8_t i;

    memcpy(targets, positions, sizeof targets[0] * MAX_COLUMNS);
    for (i = 0; i < plan->segments; i++) {
        const struct bank_segment *segment = &plan->segment[i];

        if (operation == OPERATION_VENTILATE)
            spread_in(plan, segment, targets);
        else if (operation == OPERATION_CLOSE_ALL || operation == OPERATION_PARK)
            open_in(plan, segment, positions, segment->home_aisle, targets);
        else if (segment->first_aisle <= aisle && aisle <= segment->last_aisle)
            open_in(plan, segment, positions, aisle, targets);
    }
}

uint16_t rails_narrowing(const struct bank_plan *plan, const uint16_t *positions, const uint16_t *targets)
{
    uint32_t narrowing = 0;
    uint8_t aisle;

    for (aisle = 1; aisle <= plan->aisles; aisle++) {
        const int32_t now = rails_width(plan, positions, aisle);
        const int32_t then = rails_width(plan, targets, aisle);

        if (then < now - NEAR_MM)
            narrowing |= BIT(aisle - 1u);
    }
    return (uint16_t)narrowing;
}

uint32_t rails_way_left(const struct bank_plan *plan, const uint16_t *positions, const uint16_t *targets)
{
    uint32_t left = 0;
    uint8_t i;

    for (i = 0; i < plan->columns; i++) {
        const int32_t way = (int32_t)targets[i] - (int32_t)positions[i];

        if (way > NEAR_MM || way < -NEAR_MM)
            left += (uint32_t)(way > 0 ? way : -way);
    }
    return left;
}
