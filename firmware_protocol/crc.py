"""CRC-16 of Modbus RTU (polynomial 0x8005 reflected, start 0xFFFF). Owns the table; knows no frames.

One look-up per 16-bit word: a byte-wise table needs twice the steps, and Python pays per step.
"""

from __future__ import annotations

from struct import Struct

_POLYNOMIAL = 0xA001
_START = 0xFFFF


def _build_byte_table() -> list[int]:
    table = []
    for index in range(256):
        register = index
        for _ in range(8):
            register = (register >> 1) ^ _POLYNOMIAL if register & 1 else register >> 1
        table.append(register)
    return table


def _build_word_table(by_byte: list[int]) -> list[int]:
    table = []
    for word in range(0x10000):
        half = (word >> 8) ^ by_byte[word & 0xFF]
        table.append((half >> 8) ^ by_byte[half & 0xFF])
    return table


_BY_BYTE = _build_byte_table()
_BY_WORD = _build_word_table(_BY_BYTE)
# Register after the first byte of an odd length; the rest are words.
_AFTER_FIRST = [_START >> 8 ^ _BY_BYTE[_START & 0xFF ^ first] for first in range(256)]
_PACK_CRC = Struct("<H").pack
# An RTU frame has at most 256 bytes: the unpackers of all lengths are made once.
_UNPACK = tuple(Struct(f"<{length >> 1}H").unpack_from for length in range(257))


def crc16(octets: bytes) -> int:
    """Return the CRC of at most 256 bytes; over a frame with its own CRC (low byte first) it is 0."""
    table = _BY_WORD
    length = len(octets)
    if length & 1:
        register = _AFTER_FIRST[octets[0]]
        words: tuple[int, ...] = _UNPACK[length](octets, 1)
    else:
        register = _START
        words = _UNPACK[length](octets)
    for word in words:
        register = table[register ^ word]
    return register


def append_crc(octets: bytes) -> bytes:
    """Return the bytes with their CRC behind them, low byte first."""
    return octets + _PACK_CRC(crc16(octets))
