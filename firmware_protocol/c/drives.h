/* The drives of the columns: staggered starts, slow last stretch, jams. Knows targets, no requests. */
#ifndef DRIVES_H
#define DRIVES_H

#include "state.h"

/* Give every column that has a way to go its turn: the one in front first. */
void drives_stagger(struct controller *c);

/* Drive every column towards its target; true once all have arrived and nothing turns. */
bool drives_follow(struct controller *c);

/* Whether some drive pushes and its column does not turn. */
bool drives_are_stuck(const struct controller *c);

/* All drives off: brakes fall in. */
void drives_off(struct controller *c);

#endif
