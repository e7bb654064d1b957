#include "crc.h"

uint16_t crc16(const uint8_t *octets, uint16_t count)
{
    uint32_t crc = 0xFFFFu;
    uint16_t i;
    uint8_t bit;

    for (i = 0; i < count; i++) {
        crc ^= octets[i];
        for (bit = 0; bit < 8u; bit++)
            crc = (crc & 1u) != 0u ? (crc >> 1) ^ 0xA001u : crc >> 1;
    }
    return (uint16_t)crc;
}

uint32_t crc32_add(uint32_t crc, const uint8_t *octets, uint16_t count)
{
    uint16_t i;
    uint8_t bit;

    for (i = 0; i < count; i++) {
        crc ^= octets[i];
        for (bit = 0; bit < 8u; bit++)
            crc = (crc & 1u) != 0u ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    return crc;
}
