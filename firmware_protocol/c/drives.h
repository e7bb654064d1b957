/* The drives of the columns: staggered starts, slow last stretch, jams. Knows targets, no requests. */
#ifndef DRIVES_H
#define DRIVES_H

#include "state.h"

/* Give every column that has a way to go its turn: the one in front first. */
void drives_stagger(struct controller *c);

/* Drive every column towards its target; true once all have arrived and nothing turns. */
bool drives_follow(struct controller *c);

/* Switch one drive: way -1 left, 0 off, 1 right. */
void drives_set(struct controller *c, uint8_t index, int way, bool creep);

/* Columns whose drive pushes and that do not turn. */
uint32_t drives_stuck(const struct controller *c);

/* All drives off: brakes fall in. */
void drives_off(struct controller *c);

#endif
