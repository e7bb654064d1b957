/* What forbids motion, the same at SELECT, at OPERATE, during warning and during motion (SPEC 5.6). */
#ifndef INTERLOCKS_H
#define INTERLOCKS_H

#include "state.h"

/* REASON_ bits against motion that takes width from these aisles. */
uint16_t interlocks_against(const struct controller *c, uint16_t narrowing);

/* REASON_ bits against a new selection that lie in what the bank is doing. */
uint16_t interlocks_of_state(const struct controller *c);

/* CAUSE_ that names the weightiest of these reasons. */
uint8_t interlocks_cause(const struct controller *c, uint16_t reasons);

#endif
