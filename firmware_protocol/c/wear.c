#include "wear.h"

#include <string.h>

#define UNKNOWN 0xFFFFu

void wear_start(struct controller *c)
{
    memset(c->current_ma, 0xFF, sizeof c->current_ma);
    memset(c->opening, 0xFF, sizeof c->opening);
}

void wear_begin(struct controller *c)
{
    c->moved_at_ms = c->now_ms;
    c->journey = 0;
    memset(c->current_sum, 0, sizeof c->current_sum);
    memset(c->current_samples, 0, sizeof c->current_samples);
}

void wear_watch(struct controller *c)
{
    uint8_t i;

    for (i = 0; i < c->plan->columns; i++) {
        const uint32_t bit = BIT(i);
        const uint16_t now_ma = c->inputs.current_ma[i];

        if ((c->driving & bit) == 0u || (c->inputs.turning & bit) == 0u)
            continue;
        if ((c->journey & bit) == 0u)
            (void)hal_count_journeys((uint8_t)(i + 1u), 1u);
        c->journey |= bit;
        if (now_ma != UNKNOWN && c->current_samples[i] < 0xFFFFu) {
            c->current_sum[i] += now_ma;
            c->current_samples[i]++;
        }
    }
}

void wear_end(struct controller *c)
{
    const uint32_t took = (c->now_ms - c->moved_at_ms) / 10u;
    uint8_t i;

    for (i = 0; i < c->plan->columns; i++)
        if (c->current_samples[i] != 0u)
            c->current_ma[i] = (uint16_t)(c->current_sum[i] / c->current_samples[i]);
    if (state_operation(c) == OPERATION_OPEN)
        c->opening[state_aisle(c) - 1u] = took < UNKNOWN ? (uint16_t)took : (uint16_t)(UNKNOWN - 1u);
}
