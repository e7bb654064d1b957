/* What happens at the bank: each change of an input becomes an event, a latch or the end of something (SPEC 5.10). */
#ifndef INPUTS_H
#define INPUTS_H

#include "state.h"

/* Take the first image after start; it makes no events. */
void inputs_start(struct controller *c);

/* Take a new image and note what has changed. */
void inputs_poll(struct controller *c);

#endif
