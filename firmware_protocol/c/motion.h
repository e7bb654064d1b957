/* The way of one motion: warning, steel, settling; and everything that ends it (SPEC 5.2, 5.6, 5.8). */
#ifndef MOTION_H
#define MOTION_H

#include "state.h"

/* Begin what `task` asks: WARNING, or DONE at once when everything is in place. */
void motion_start(struct controller *c);

/* End selection, warning or motion by braking; what stands stays. */
void motion_stop(struct controller *c, uint8_t cause);

/* End a motion that has begun: drives off at once, the outcome stands, MOVING until standstill. */
void motion_brake(struct controller *c, uint8_t outcome, uint8_t cause);

/* Aisles that the task would take width from, from where the columns stand now. */
uint16_t motion_narrowing(const struct controller *c);

/* REASON_ bits against the task as it is now: at OPERATE, in WARNING and in MOVING. */
uint16_t motion_reasons(const struct controller *c);

/* Let time and interlocks do their work in WARNING, MOVING and SETTLING. */
void motion_poll(struct controller *c);

/* Whether every contact agrees with where the columns were sent. */
bool motion_contacts_agree(const struct controller *c);

#endif
