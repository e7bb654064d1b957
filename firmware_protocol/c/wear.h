/* What a technician follows over months: journeys, motor current, opening times (SPEC 5.16). Decides nothing. */
#ifndef WEAR_H
#define WEAR_H

#include "state.h"

/* Nothing is known of any aisle or column yet. */
void wear_start(struct controller *c);

/* A motion sets off, goes on, has come to its end. */
void wear_begin(struct controller *c);
void wear_watch(struct controller *c);
void wear_end(struct controller *c);

#endif
