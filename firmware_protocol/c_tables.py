"""The register map and the numbers of the wire as C: what the reference controller is compiled with. Renders text only.

`c/register_map.h` and `c/register_map.c` are these texts, kept in the tree so that firmware needs no Python to build.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from firmware_protocol import codes
from firmware_protocol import registers as map_

_PREFIXES: dict[type[IntEnum | IntFlag], str] = {
    codes.BankState: "STATE",
    codes.Operation: "OPERATION",
    codes.Reasons: "REASON",
    codes.SafetyBits: "SAFETY",
    codes.FaultBits: "FAULT",
    codes.Outcome: "OUTCOME",
    codes.EndCause: "CAUSE",
    codes.EventKind: "EVENT",
    codes.Face: "FACE",
    codes.PositionQuality: "QUALITY",
    codes.Contact: "CONTACT",
    codes.Capabilities: "CAN",
    codes.StopReason: "STOP_FOR",
    codes.LeaseRefusal: "LEASE_REFUSED",
    codes.RoomInputs: "ROOM",
}
_LIMITS = {
    "PROTOCOL_VERSION": map_.PROTOCOL_VERSION,
    "MAX_COLUMNS": map_.MAX_COLUMNS,
    "MAX_AISLES": map_.MAX_AISLES,
    "LOG_ENTRIES": map_.LOG_ENTRIES,
    "LOG_ENTRY_REGISTERS": map_.LOG_ENTRY_REGISTERS,
    "RING_ENTRIES": map_.RING_ENTRIES,
    "RING_ENTRY_REGISTERS": map_.RING_ENTRY_REGISTERS,
    "LARGEST_BLOCK": max(block.count for block in map_.BLOCKS),
}
_BANNER = "/* Made from registers.py and codes.py by c_tables.py. Do not edit. */"


def render_header() -> str:
    """Return register_map.h: addresses, blocks, named numbers, the map's hash."""
    lines = [_BANNER, "#ifndef REGISTER_MAP_H", "#define REGISTER_MAP_H", "", "#include <stdint.h>", ""]
    lines += [f"#define {name} {value}u" for name, value in _LIMITS.items()]
    lines += [f"#define MAP_HASH 0x{map_.MAP_HASH:08X}u", "", "/* Addresses (SPEC 3.2). */"]
    lines += [f"#define REG_{row.name.upper()} 0x{row.address:04X}u" for row in map_.REGISTERS]
    lines += ["", "/* Blocks: first address, number of registers. */"]
    for block in map_.BLOCKS:
        lines += [f"#define {block.name.upper()}_AT 0x{block.address:04X}u"]
        lines += [f"#define {block.name.upper()}_COUNT {block.count}u"]
    for kind, prefix in _PREFIXES.items():
        lines += ["", f"/* {kind.__name__} (SPEC chapter 4) */", *_render_numbers(kind, prefix)]
    numbers = ", ".join(f"{number:d}u" for number in codes.Operation)
    lines += ["", f"#define OPERATION_NUMBERS {{{numbers}}}", ""]
    lines += ["struct register_block {", "    uint16_t address;", "    uint16_t count;", "    char access;", "};", ""]
    lines += [f"#define BLOCKS {len(map_.BLOCKS)}u", "extern const struct register_block register_blocks[BLOCKS];", ""]
    return "\n".join([*lines, "#endif", ""])


def _render_numbers(kind: type[IntEnum | IntFlag], prefix: str) -> list[str]:
    # __members__, not iteration: flags leave their zero out of that.
    return [f"#define {prefix}_{name} 0x{member:X}u" for name, member in kind.__members__.items()]


def render_source() -> str:
    """Return register_map.c: the table of blocks."""
    lines = [_BANNER, '#include "register_map.h"', "", "const struct register_block register_blocks[BLOCKS] = {"]
    lines += [f"    {{0x{block.address:04X}u, {block.count}u, '{block.access}'}}," for block in map_.BLOCKS]
    return "\n".join([*lines, "};", ""])
