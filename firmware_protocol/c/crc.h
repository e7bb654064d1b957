/* Check sums: CRC-16 of every frame, CRC-32 of the geometry. No tables: 256 bytes take some 2,000 steps. */
#ifndef CRC_H
#define CRC_H

#include <stdint.h>

#define CRC32_START 0xFFFFFFFFu

/* CRC of Modbus RTU; over a frame with its own CRC it is 0. */
uint16_t crc16(const uint8_t *octets, uint16_t count);

/* Carry a CRC-32 (zlib) on over more bytes; begins with CRC32_START, ends by xor with it. */
uint32_t crc32_add(uint32_t crc, const uint8_t *octets, uint16_t count);

#endif
