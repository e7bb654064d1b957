#include "words.h"

#include <stddef.h>
#include <string.h>

uint32_t get_u32(const uint16_t *words)
{
    return (uint32_t)words[0] << 16 | words[1];
}

uint64_t get_u64(const uint16_t *words)
{
    return (uint64_t)get_u32(words) << 32 | get_u32(words + 2);
}

void put_u32(uint16_t *words, uint32_t value)
{
    words[0] = (uint16_t)(value >> 16);
    words[1] = (uint16_t)(value & 0xFFFFu);
}

void put_u64(uint16_t *words, uint64_t value)
{
    put_u32(words, (uint32_t)(value >> 32));
    put_u32(words + 2, (uint32_t)(value & 0xFFFFFFFFu));
}

void put_pairs(uint16_t *words, const uint8_t *pairs, uint8_t columns)
{
    uint8_t i;

    for (i = 0; i < 3u; i++)
        words[i] = 0;
    for (i = 0; i < columns; i++)
        words[i >> 3] = (uint16_t)(words[i >> 3] | (pairs[i] & 3UL) << (i & 7u) * 2u);
}

void put_text(uint16_t *words, const char *text, uint8_t registers)
{
    const size_t length = strlen(text);
    uint8_t i;

    for (i = 0; i < registers; i++) {
        const uint32_t high = 2u * i < length ? (uint8_t)text[2u * i] : 0u;
        const uint32_t low = 2u * i + 1u < length ? (uint8_t)text[2u * i + 1u] : 0u;

        words[i] = (uint16_t)(high << 8 | low);
    }
}
