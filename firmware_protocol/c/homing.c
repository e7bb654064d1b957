#include "homing.h"

#include "drives.h"

static const struct bank_segment *segment_left_of(const struct bank_plan *plan, uint8_t column)
{
    uint8_t i;

    for (i = 0; i < plan->segments; i++)
        if (plan->segment[i].first_aisle < column && column - 1u <= plan->segment[i].last_aisle)
            return &plan->segment[i];
    return &plan->segment[0];
}

/* Columns left of the home gap are pushed left, the others right; fixed ones stay. */
static int way_home(const struct bank_plan *plan, uint8_t column)
{
    if (plan->column[column - 1u].fixed)
        return 0;
    return column <= segment_left_of(plan, column)->home_aisle ? -1 : 1;
}

uint16_t homing_narrowing(const struct bank_plan *plan)
{
    uint32_t narrowing = BIT(plan->aisles) - 1u;
    uint8_t i;

    for (i = 0; i < plan->segments; i++)
        narrowing &= ~BIT(plan->segment[i].home_aisle - 1u);
    return (uint16_t)narrowing;
}

bool homing_follow(struct controller *c)
{
    bool arrived = true;
    uint8_t column;

    for (column = 1; column <= c->plan->columns; column++) {
        const int way = way_home(c->plan, column);
        const uint8_t wanted = way < 0 ? CONTACT_LEFT : CONTACT_RIGHT;
        const bool touches = (c->inputs.contacts[column - 1u] & wanted) != 0u;

        arrived = arrived && (way == 0 || touches);
        drives_set(c, (uint8_t)(column - 1u), touches ? 0 : way, false);
    }
    return arrived && c->inputs.turning == 0u;
}

void homing_aim(const struct bank_plan *plan, uint16_t *targets)
{
    uint32_t x_mm = 0;
    uint8_t i;
    uint8_t s;

    for (i = 0; i < plan->columns; i++) {
        targets[i] = (uint16_t)x_mm;
        x_mm += plan->column[i].width_mm;
        for (s = 0; s < plan->segments; s++)
            if (plan->segment[s].home_aisle == i + 1u)
                x_mm += plan->segment[s].free_width_mm;
    }
}
