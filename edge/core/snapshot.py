"""What a shelf driver reports of a bank, in the core's own words; no register, bit or wire unit enters here.

All words are plain literals so that a snapshot survives the journal unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

BankCondition = Literal[
    "asleep", "waking", "idle", "selected", "warning", "moving", "settling", "stopped", "fault", "unknown"
]
# the bank travels, or is about to
UNDER_WAY: frozenset[str] = frozenset({"warning", "moving", "settling"})
# nothing turns and an order may be taken
AT_REST: frozenset[str] = frozenset({"idle", "selected", "asleep", "stopped"})

Operation = Literal[
    "none",
    "open_aisle",
    "close_all",
    "ventilate",
    "park",
    "home",
    "lock",
    "unlock",
    "light_on",
    "light_off",
    "clear_fault",
    "deselect",
    "wake",
    "sleep",
]
# these move steel: only ever prepared as a prompt, started by a press in sight
MOVING: frozenset[Operation] = frozenset({"open_aisle", "close_all", "ventilate", "park", "home"})
# what a controller says it can do, in its identity
Capability = Literal[
    "measures_position",
    "close_all",
    "ventilate",
    "park",
    "home",
    "lock",
    "light",
    "indicator",
    "climate",
    "wake",
    "sleep",
    "clear_fault",
    "foot_beams",
    "pir",
    "edges",
    "entry_beams",
    "fire_input",
    "indicator_per_place",
    "wear",
    "sweeps",
    "smoke_input",
    "water_input",
    "door_contact",
    "contacts_only",
]
Outcome = Literal["none", "running", "done", "refused", "failed", "unknown"]
Quality = Literal["measured", "contacts", "inferred", "unknown"]
# contacts of the room that a controller reads
RoomInput = Literal["smoke", "water", "door_open"]
# local safety devices that hold the bank; "other" is any bit the core has no word for
SafetySign = Literal[
    "emergency_stop",
    "edge",
    "beam",
    "sweep",
    "door",
    "aisle_lock",
    "maintenance",
    "fire",
    "smoke",
    "water",
    "panel",
    "handle",
    "supply_lost",
    "other",
]
RingKind = Literal[
    "button_pressed",  # argument: number of the bank's button
    "button_released",
    "panel_motion",  # a panel, remote or vendor tablet moved the steel
    "handle_moved",
    "clutch_released",
    "beam",  # argument: aisle, as for occupancy, locks and doors
    "beam_restored",
    "occupancy",
    "occupancy_over",
    "lock_set",
    "lock_released",
    "door",
    "edge",  # argument: column, as for sweep, overload and drive_fault
    "edge_restored",
    "sweep",  # the prop or kick strip at the foot of a column
    "emergency_stop",
    "emergency_stop_over",
    "trip",
    "trip_reset",
    "power_failed",
    "power",  # power is back, or the controller started anew
    "fault",  # argument: number of the fault bit
    "fault_cleared",
    "overload",
    "drive_fault",
    "fire",
    "fire_over",
    "smoke",
    "smoke_over",
    "water",
    "water_over",
    "maintenance",
    "maintenance_over",
    "asleep",
    "awake",
    "homed",
    "other",
]


@dataclass(frozen=True, slots=True)
class Contact:
    """End contacts of one column: does it touch its left and its right neighbour or stop."""

    left: bool
    right: bool


@dataclass(frozen=True, slots=True)
class ShelfSnapshot:
    """One reading of a controller's MOTION block."""

    state: BankCondition
    open_aisles: tuple[int, ...]
    sequence: int
    ring_head: int
    boot_id: int  # low 16 bits
    operation: Operation = "none"
    target_aisle: int | None = None
    progress_permille: int = 0
    safety: tuple[SafetySign, ...] = ()
    faults: tuple[str, ...] = ()
    occupied: tuple[int, ...] = ()  # aisles in which a sensor sees somebody
    occupancy_unknown: tuple[int, ...] = ()
    contacts: tuple[Contact, ...] = ()  # by column, from column 1 on
    last_request_low: int = 0  # low 16 bits of the last request id
    outcome: Outcome = "none"

    def repeats(self, other: ShelfSnapshot) -> bool:
        """Whether this reading says what the other said, but for its number."""
        return list_said(self) == list_said(other)


# everything but the sequence, by a getter that is called for every reading of every bank
list_said = attrgetter(*(field.name for field in fields(ShelfSnapshot) if field.name != "sequence"))


@dataclass(frozen=True, slots=True)
class ShelfDetail:
    """One reading of a controller's DETAIL block: for the map and for widths, never for permits."""

    positions_mm: tuple[int | None, ...] = ()  # by column
    quality: tuple[Quality, ...] = ()
    aisle_widths_mm: tuple[int | None, ...] = ()  # by aisle, from aisle 1 on
    temperature_dc: int | None = None  # tenths of a degree Celsius
    humidity_permille: int | None = None
    locked: tuple[int, ...] = ()  # by a lock inside the aisle
    gateway_locked: tuple[int, ...] = ()  # over the wire
    lights: tuple[int, ...] = ()  # aisles that are lit
    room_inputs: tuple[RoomInput, ...] | None = None  # None: not told


@dataclass(frozen=True, slots=True)
class SelectAnswer:
    """A controller's answer to SELECT: a token with the snapshot it was given on, or the reasons against."""

    operation: Operation
    aisle: int
    reasons: tuple[str, ...]  # empty: selected
    token: int
    sequence: int
    ring_head: int
    occupied: tuple[int, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class RingEntry:
    """One entry of a controller's event ring."""

    sequence: int
    kind: RingKind
    argument: int = 0
    age_ms: int = 0


def list_closed_aisles(contacts: tuple[Contact, ...]) -> tuple[int, ...]:
    """List aisles whose both sides touch. The last one touches the stop, which has no contact of its own."""
    closed = []
    last = len(contacts)
    for number, contact in enumerate(contacts, start=1):
        if contact.right and (number == last or contacts[number].left):
            closed.append(number)
    return tuple(closed)
