"""The register map of a bank controller as data; SPEC tables, blocks and the map hash come from it. No codec here.

A row with `repeat` > 1 stands for that many equal registers groups, `stride` registers apart. Rows are never changed
or re-used once published; a new row names the version that brought it in `since`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

PROTOCOL_VERSION = 0x0101
MAX_COLUMNS = 24
MAX_AISLES = 16
LOG_ENTRIES = 16
LOG_ENTRY_REGISTERS = 6
RING_ENTRIES = 32
RING_ENTRY_REGISTERS = 4

# Registers a value of this kind takes; multi-register numbers put the high word first, text two characters a register.
KIND_REGISTERS = {"u16": 1, "s16": 1, "enum": 1, "mask": 1, "packed": 1, "u32": 2, "mask32": 2, "u64": 4}
KIND_REGISTERS |= {"ascii8": 4, "ascii16": 8}


@dataclass(frozen=True, slots=True)
class RegisterDef:
    """One row of the map: value in `unit` = raw number x `scale`; access r, w or rw."""

    address: int
    name: str
    kind: str
    scale: float
    unit: str
    access: str
    since: str
    repeat: int = 1
    stride: int = 0

    @property
    def registers(self) -> int:
        """Registers of one occurrence."""
        return KIND_REGISTERS[self.kind]

    @property
    def end(self) -> int:
        """First address behind the last occurrence."""
        return self.address + (self.repeat - 1) * self.stride + self.registers


@dataclass(frozen=True, slots=True)
class Block:
    """A span that is read or written together; addresses without a row in it read 0."""

    name: str
    address: int
    count: int
    access: str

    @property
    def end(self) -> int:
        """First address behind the block."""
        return self.address + self.count


IDENTITY = Block("identity", 0x0000, 64, "r")
MOTION = Block("motion", 0x0100, 16, "r")
DETAIL = Block("detail", 0x0200, 56, "r")
REQUEST_LOG = Block("request_log", 0x0300, LOG_ENTRIES * LOG_ENTRY_REGISTERS, "r")
EVENT_RING = Block("event_ring", 0x0400, RING_ENTRIES * RING_ENTRY_REGISTERS, "r")
WEAR = Block("wear", 0x0500, 88, "r")
SELECT = Block("select", 0x0800, 6, "w")
SELECT_ANSWER = Block("select_answer", 0x0810, 10, "r")
OPERATE = Block("operate", 0x0820, 8, "w")
OPERATE_ANSWER = Block("operate_answer", 0x0830, 2, "r")
ACT = Block("act", 0x0840, 5, "w")
ACT_ANSWER = Block("act_answer", 0x0848, 2, "r")
LEASE = Block("lease", 0x0850, 4, "w")
STOP = Block("stop", 0x0860, 1, "w")
DESELECT = Block("deselect", 0x0861, 1, "w")
INDICATOR = Block("indicator", 0x0870, 2, "w")

BLOCKS = (
    IDENTITY, MOTION, DETAIL, REQUEST_LOG, EVENT_RING, WEAR, SELECT, SELECT_ANSWER, OPERATE, OPERATE_ANSWER,
    ACT, ACT_ANSWER, LEASE, STOP, DESELECT, INDICATOR,
)  # fmt: skip
# The part of IDENTITY a session needs before it goes online; the texts behind it are read once afterwards.
IDENTITY_NUMBERS = 22
IDENTITY_TEXTS_AT = 0x0020
IDENTITY_TEXTS = 28


def _row(  # noqa: PLR0917  # a table row reads by position
    address: int, name: str, kind: str = "u16", unit: str = "", scale: float = 1, access: str = "r",
    repeat: int = 1, stride: int = 0, since: str = "1.0",
) -> RegisterDef:  # fmt: skip
    return RegisterDef(address, name, kind, scale, unit, access, since, repeat, stride or KIND_REGISTERS[kind])


REGISTERS: tuple[RegisterDef, ...] = (
    _row(0x0000, "protocol_version"),
    _row(0x0001, "map_hash", "u32"),
    _row(0x0003, "geometry_hash", "u32"),
    _row(0x0005, "boot_id", "u32"),
    _row(0x0007, "columns"),
    _row(0x0008, "aisles"),
    _row(0x0009, "sections"),
    _row(0x000A, "tiers"),
    _row(0x000B, "passable_gap_mm", unit="mm"),
    _row(0x000C, "warning_time_ms", unit="ms"),
    _row(0x000D, "nominal_speed_mm_s", unit="mm/s"),
    _row(0x000E, "travel_time_ms", unit="ms", scale=10),
    _row(0x000F, "wake_time_ms", unit="ms", scale=10),
    _row(0x0010, "settle_time_ms", unit="ms"),
    _row(0x0011, "reaction_time_ms", unit="ms"),
    _row(0x0012, "braking_mm", unit="mm"),
    _row(0x0013, "capabilities", "mask32"),
    _row(0x0020, "maker", "ascii16"),
    _row(0x0028, "model", "ascii16"),
    _row(0x0030, "serial_number", "ascii16"),
    _row(0x0038, "firmware_version", "ascii8"),
    _row(0x0100, "state", "enum"),
    _row(0x0101, "open_aisles", "mask"),
    _row(0x0102, "target", "packed"),
    _row(0x0103, "progress_permille", unit="permille"),
    _row(0x0104, "safety_bits", "mask"),
    _row(0x0105, "fault_bits", "mask"),
    _row(0x0106, "occupancy_seen", "mask"),
    _row(0x0107, "occupancy_unknown", "mask"),
    _row(0x0108, "contacts", "packed", repeat=3),
    _row(0x010B, "sequence"),
    _row(0x010C, "event_ring_head"),
    _row(0x010D, "boot_id_low"),
    _row(0x010E, "last_request_id_low"),
    _row(0x010F, "outcome", "packed"),
    _row(0x0200, "column_position_mm", unit="mm", repeat=MAX_COLUMNS),
    _row(0x0218, "position_quality", "packed", repeat=3),
    _row(0x021B, "temperature", "s16", "degC", 0.1),
    _row(0x021C, "relative_humidity", "u16", "%", 0.1),
    _row(0x021D, "in_aisle_locks", "mask"),
    _row(0x021E, "gateway_locks", "mask"),
    _row(0x021F, "indicator_aisle"),
    _row(0x0220, "indicator_place", "packed"),
    _row(0x0221, "lights", "mask"),
    _row(0x0222, "lease_refusal", "enum"),
    _row(0x0223, "lease_left_ms", unit="ms"),
    _row(0x0224, "stop_reason"),
    _row(0x0225, "room_inputs", "mask", since="1.1"),
    _row(0x0228, "aisle_width_mm", unit="mm", repeat=MAX_AISLES),
    _row(0x0300, "log_request_id", "u64", repeat=LOG_ENTRIES, stride=LOG_ENTRY_REGISTERS),
    _row(0x0304, "log_target", "packed", repeat=LOG_ENTRIES, stride=LOG_ENTRY_REGISTERS),
    _row(0x0305, "log_outcome", "packed", repeat=LOG_ENTRIES, stride=LOG_ENTRY_REGISTERS),
    _row(0x0400, "event_sequence", repeat=RING_ENTRIES, stride=RING_ENTRY_REGISTERS),
    _row(0x0401, "event_kind", "enum", repeat=RING_ENTRIES, stride=RING_ENTRY_REGISTERS),
    _row(0x0402, "event_argument", repeat=RING_ENTRIES, stride=RING_ENTRY_REGISTERS),
    _row(0x0403, "event_age_ms", unit="ms", scale=10, repeat=RING_ENTRIES, stride=RING_ENTRY_REGISTERS),
    _row(0x0500, "column_cycles", "u32", repeat=MAX_COLUMNS, since="1.1"),
    _row(0x0530, "motor_current_ma", unit="mA", repeat=MAX_COLUMNS, since="1.1"),
    _row(0x0548, "opening_time_ms", unit="ms", scale=10, repeat=MAX_AISLES, since="1.1"),
    _row(0x0800, "select_request_id", "u64", access="w"),
    _row(0x0804, "select_target", "packed", access="w"),
    _row(0x0805, "select_place", "packed", access="w"),
    _row(0x0810, "selected_target", "packed"),
    _row(0x0811, "select_reasons", "mask"),
    _row(0x0812, "select_token", "u32"),
    _row(0x0814, "select_sequence"),
    _row(0x0815, "select_occupancy_seen", "mask"),
    _row(0x0816, "select_contacts", "packed", repeat=3),
    _row(0x0819, "select_ring_head"),
    _row(0x0820, "operate_request_id", "u64", access="w"),
    _row(0x0824, "operate_token", "u32", access="w"),
    _row(0x0826, "operate_target", "packed", access="w"),
    _row(0x0827, "operate_ring_head", access="w"),
    _row(0x0830, "operated_target", "packed"),
    _row(0x0831, "operate_reasons", "mask"),
    _row(0x0840, "act_request_id", "u64", access="w"),
    _row(0x0844, "act_target", "packed", access="w"),
    _row(0x0848, "acted_target", "packed"),
    _row(0x0849, "act_reasons", "mask"),
    _row(0x0850, "lease_token", "u32", access="w"),
    _row(0x0852, "lease_counter", access="w"),
    _row(0x0853, "lease_sequence", access="w"),
    _row(0x0860, "stop", access="w"),
    _row(0x0861, "deselect", access="w"),
    _row(0x0870, "show_aisle", access="w"),
    _row(0x0871, "show_place", "packed", access="w"),
)


@lru_cache(maxsize=1024)
def find_block(address: int, count: int, access: str) -> Block | None:
    """Return the block that holds this whole span with this access, or None."""
    for block in BLOCKS:
        if block.address <= address and address + count <= block.end:
            return block if block.access == access else None
    return None


def map_text() -> str:
    """Canonical text of the map: one line a row, fields split by '|' (SPEC 3.3)."""
    return "".join(
        f"{row.address:04X}|{row.name}|{row.kind}|{row.scale:g}|{row.unit}|{row.access}|{row.repeat}|{row.stride}\n"
        for row in REGISTERS
    )


def map_hash() -> int:
    """CRC-32 of the map's canonical text; gateway and controller compare it at start."""
    return crc32(map_text().encode("ascii"))


MAP_HASH = map_hash()
# Maps that a gateway of this version understands: rows that came later are then not there (SPEC 3.3).
KNOWN_MAPS = {0x0100: 0xB8BD254C, PROTOCOL_VERSION: MAP_HASH}
