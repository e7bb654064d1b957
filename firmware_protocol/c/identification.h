/* Identity as texts by function 43/14 (SPEC 3.5). */
#ifndef IDENTIFICATION_H
#define IDENTIFICATION_H

#include "state.h"

/* Fill the answer from the request's body (type, code, object): 0 or an exception code. */
uint8_t identification_show(struct controller *c, const uint8_t *body);

/* Bytes of the answer that was filled, without CRC. */
uint16_t identification_count(const struct controller *c);

#endif
