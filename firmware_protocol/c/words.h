/* Numbers, pairs of bits and texts that take several registers, high half first (SPEC 2.9, 3.6). */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

uint32_t get_u32(const uint16_t *words);
uint64_t get_u64(const uint16_t *words);
void put_u32(uint16_t *words, uint32_t value);
void put_u64(uint16_t *words, uint64_t value);
/* Two bits a column into three registers, column 1 lowest in the first. */
void put_pairs(uint16_t *words, const uint8_t *pairs, uint8_t columns);
/* ASCII, two characters a register, padded with zeros. */
void put_text(uint16_t *words, const char *text, uint8_t registers);

#endif
