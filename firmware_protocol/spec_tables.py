"""The tables of SPEC.md that follow from registers and codes. Renders text; writes nothing."""

from __future__ import annotations

import inspect
from enum import IntEnum, IntFlag

from firmware_protocol import codes
from firmware_protocol.registers import BLOCKS, MAP_HASH, REGISTERS, Block

_NUMBERED = (
    codes.BankState, codes.Operation, codes.Reasons, codes.SafetyBits, codes.FaultBits, codes.Outcome, codes.EndCause,
    codes.EventKind, codes.Face, codes.PositionQuality, codes.Contact, codes.Capabilities, codes.StopReason,
    codes.LeaseRefusal, codes.RoomInputs,
)  # fmt: skip


def _render_block(block: Block) -> list[str]:
    lines = [f"**{block.name}** 0x{block.address:04X}, {block.count} registers, access {block.access}", ""]
    lines += ["| address | name | kind | registers | unit | scale | since |", "|---|---|---|---|---|---|---|"]
    for row in REGISTERS:
        if not block.address <= row.address < block.end:
            continue
        size = f"{row.repeat} x {row.registers}, stride {row.stride}" if row.repeat > 1 else f"{row.registers}"
        unit = row.unit or "-"
        lines.append(
            f"| 0x{row.address:04X} | {row.name} | {row.kind} | {size} | {unit} | {row.scale:g} | {row.since} |"
        )
    return [*lines, ""]


def render_registers() -> str:
    """Render one table per block, and the hash of the map."""
    lines = [line for block in BLOCKS for line in _render_block(block)]
    return "\n".join([*lines, f"Map hash of this version: 0x{MAP_HASH:08X}.", ""])


def render_numbers() -> str:
    """Render the named numbers and bits."""
    lines = []
    for kind in _NUMBERED:
        lines += [f"**{kind.__name__}**: {inspect.cleandoc(kind.__doc__ or '').splitlines()[0]}", ""]
        lines += [_render_members(kind), ""]
    return "\n".join(lines)


def _render_members(kind: type[IntEnum | IntFlag]) -> str:
    flags = issubclass(kind, IntFlag) and kind is not codes.Contact
    named = kind.__members__.items()
    if flags:
        return ", ".join(f"bit {int(member).bit_length() - 1} {name}" for name, member in named if member)
    return ", ".join(f"{int(member)} {name}" for name, member in named)


def fill_tables(spec: str) -> str:
    """Return the SPEC with fresh text between its markers."""
    for mark, text in (("tables", render_registers()), ("numbers", render_numbers())):
        begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
        head, rest = spec.split(begin, 1)
        tail = rest.split(end, 1)[1]
        spec = f"{head}{begin}\n{text}\n{end}{tail}"
    return spec
