/* SELECT, OPERATE, DESELECT and the lease: what a gateway must do before steel moves, and while (SPEC 5.4 to 5.8). */
#ifndef SELECTION_H
#define SELECTION_H

#include "state.h"

/* Each takes the words of its block and answers 0 or a Modbus exception code; answers lie in the answer blocks. */
uint8_t selection_select(struct controller *c, const uint16_t *words);
uint8_t selection_operate(struct controller *c, const uint16_t *words);
uint8_t selection_deselect(struct controller *c, const uint16_t *words);
uint8_t selection_renew(struct controller *c, const uint16_t *words);

/* Let a selection die after its time. */
void selection_poll(struct controller *c);

/* Whether a register holds an operation of SPEC chapter 4 and an aisle number that can exist. */
bool selection_is_target(uint16_t target);

#endif
