#include "drives.h"

#include "rails.h"

#define CONTACT_NEAR_MM 5 /* and one for each column: contacts close a little early, and that adds up */

static int32_t way_of(const struct controller *c, uint8_t index)
{
    return (int32_t)c->targets[index] - (int32_t)c->inputs.position_mm[index];
}

static int sign_of(int32_t way)
{
    if (way > NEAR_MM)
        return 1;
    return way < -NEAR_MM ? -1 : 0;
}

/* Columns that go right start from the right, columns that go left from the left: the one in front makes room. */
void drives_stagger(struct controller *c)
{
    const uint8_t columns = c->plan->columns;
    uint8_t rank = 0;
    uint8_t i;

    for (i = 0; i < columns; i++) {
        rank = sign_of(way_of(c, i)) < 0 ? (uint8_t)(rank + 1u) : (uint8_t)0u;
        c->start_after_ms[i] = (uint16_t)(rank > 1u ? (rank - 1u) * c->plan->stagger_ms : 0u);
    }
    rank = 0;
    for (i = columns; i > 0u; i--) {
        const bool right = sign_of(way_of(c, (uint8_t)(i - 1u))) > 0;

        rank = right ? (uint8_t)(rank + 1u) : (uint8_t)0u;
        if (right)
            c->start_after_ms[i - 1u] = (uint16_t)((rank - 1u) * c->plan->stagger_ms);
    }
}

static bool has_arrived(const struct controller *c, uint8_t index)
{
    const int32_t way = way_of(c, index);
    const uint8_t contacts = c->inputs.contacts[index];
    const int32_t near = CONTACT_NEAR_MM + c->plan->columns;

    if (way == 0)
        return true;
    if (way > 0)
        return way <= near && (contacts & CONTACT_RIGHT) != 0u;
    return way >= -near && (contacts & CONTACT_LEFT) != 0u;
}

void drives_set(struct controller *c, uint8_t index, int way, bool creep)
{
    const uint32_t bit = BIT(index);

    if (way == 0 || (c->driving & bit) == 0u || (c->inputs.turning & bit) != 0u)
        c->pushed_since_ms[index] = c->now_ms;
    if (way == 0)
        c->driving &= ~bit;
    else
        c->driving |= bit;
    hal_drive((uint8_t)(index + 1u), way, creep);
}

static bool is_near(const struct controller *c, uint8_t index)
{
    const int32_t left = way_of(c, index);

    return (left < 0 ? -left : left) <= (int32_t)c->plan->creep_mm;
}

bool drives_follow(struct controller *c)
{
    bool arrived = true;
    uint8_t i;

    for (i = 0; i < c->plan->columns; i++) {
        int way = 0;

        if (!c->plan->column[i].fixed && !has_arrived(c, i)) {
            arrived = false;
            if (state_is_over(c, c->since_ms, c->start_after_ms[i]))
                way = way_of(c, i) > 0 ? 1 : -1;
        }
        drives_set(c, i, way, is_near(c, i));
    }
    return arrived && c->inputs.turning == 0u;
}

uint32_t drives_stuck(const struct controller *c)
{
    uint32_t stuck = 0;
    uint8_t i;

    for (i = 0; i < c->plan->columns; i++) {
        const uint32_t bit = BIT(i);

        if ((c->driving & bit) != 0u && (c->inputs.turning & bit) == 0u &&
            state_is_over(c, c->pushed_since_ms[i], JAM_AFTER_MS))
            stuck |= bit;
    }
    return stuck;
}

void drives_off(struct controller *c)
{
    uint8_t i;

    for (i = 0; i < c->plan->columns; i++)
        drives_set(c, i, 0, false);
}
