/* Homing over the wire (SPEC 5.12): columns are pushed together until their contacts prove where they stand. */
#ifndef HOMING_H
#define HOMING_H

#include <stdbool.h>
#include <stdint.h>

#include "state.h"

/* Aisles that homing may narrow: while nobody knows where columns stand, all but the home gaps. */
uint16_t homing_narrowing(const struct bank_plan *plan);

/* Push every column that doesn't touch yet; whether all of them touch and stand. */
bool homing_follow(struct controller *c);

/* Where all columns stand once they are pushed together. */
void homing_aim(const struct bank_plan *plan, uint16_t *targets);

#endif
