/* Where columns stand and would stand: widths, targets, which aisles a journey narrows. Pure sums, no state. */
#ifndef RAILS_H
#define RAILS_H

#include <stdbool.h>
#include <stdint.h>

#include "bank.h"

#define NEAR_MM 1 /* positions are whole millimetres */

/* Width of aisle 1..N at these positions. */
uint16_t rails_width(const struct bank_plan *plan, const uint16_t *positions, uint8_t aisle);

/* Aisles at least `passable_gap_mm` wide. */
uint16_t rails_open_aisles(const struct bank_plan *plan, const uint16_t *positions);

/* Where every column stands once the operation is done; `aisle` only for OPEN. */
void rails_aim(const struct bank_plan *plan, const uint16_t *positions, uint8_t operation, uint8_t aisle,
               uint16_t *targets);

/* Aisles that the way to these targets takes width from. */
uint16_t rails_narrowing(const struct bank_plan *plan, const uint16_t *positions, const uint16_t *targets);

/* Millimetres that all columns together have yet to go. */
uint32_t rails_way_left(const struct bank_plan *plan, const uint16_t *positions, const uint16_t *targets);

#endif
