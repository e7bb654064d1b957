/* What moves no steel: waking, locks, lamps, indicator, clearing of faults (SPEC 5.12, 5.13). */
#ifndef ACTS_H
#define ACTS_H

#include "state.h"

uint8_t acts_act(struct controller *c, const uint16_t *words);
uint8_t acts_indicate(struct controller *c, const uint16_t *words);

/* Let waking end and rest turn into sleep. */
void acts_poll(struct controller *c);

#endif
