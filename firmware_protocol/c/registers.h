/* Which block a span lies in, and the images of the readable ones (SPEC chapter 3). Reading has no side effect. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "state.h"
#include "words.h"

#define EXCEPTION_FUNCTION 1u
#define EXCEPTION_ADDRESS 2u
#define EXCEPTION_VALUE 3u

/* Block that holds the whole span with this access ('r' or 'w'), NULL if none does. */
const struct register_block *registers_find(uint16_t address, uint16_t count, char access);

/* Fill c->image with a readable block. */
void registers_show(struct controller *c, const struct register_block *block);

/* Capability bits of this controller on its bank. */
uint32_t registers_capabilities(const struct controller *c);

#endif
