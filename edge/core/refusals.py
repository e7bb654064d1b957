"""The one table of what stands against motion: condition, what makes it go away and where, sentence, metric.

No role lifts a row. A row that `waits` lets a request stand in the queue; when its obstacle goes, the request becomes
a prompt that needs a new press. Rows stand in order of urgency; the first that applies is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.core.climate import list_hazards
from edge.core.occupancy import list_locked
from edge.core.press_refusals import Row
from edge.core.room import BankSettings, find_moving_limit
from edge.core.snapshot import UNDER_WAY, Operation, SafetySign
from edge.core.state import Bank, State

# polls come at 4/s; a reading older than this is no state to act on
STALE_MS = 1_500
OWN_WORDS = frozenset(
    {"fire", "smoke", "water", "maintenance", "emergency_stop", "edge", "sweep", "beam", "aisle_lock"}
)

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a row is judged on."""

    state: State
    settings: BankSettings
    bank: Bank
    closing: tuple[int, ...]
    now_mono_ms: int
    read_mono_ms: int  # newest reading of the bank
    own_prompt: bool = False  # judged for the prompt on show, which is not in its own way
    operation: Operation = "open_aisle"


@dataclass(frozen=True, slots=True)
class Refusal(Row):
    """One row."""

    applies: Callable[[Situation], Params | None]
    condition: str  # in words
    gone_when: str  # what makes it go away
    where: str  # and where: room, aisle, mouth, panel, point, gateway, none
    waits: bool = False


def sign_row(sign: str) -> Callable[[Situation], Params | None]:
    """Build the condition for one local safety sign."""

    def applies(situation: Situation) -> Params | None:
        snapshot = situation.bank.snapshot
        return {} if snapshot is not None and sign in snapshot.safety else None

    return applies


def is_store_bad(situation: Situation) -> Params | None:
    return {"disk": situation.state.store} if situation.state.store != "ok" else None


def is_overloaded(situation: Situation) -> Params | None:
    return {} if situation.state.overloaded else None


def is_silent(situation: Situation) -> Params | None:
    bank = situation.bank
    return {} if bank.snapshot is None or bank.controller == "silent" else None


def is_mismatched(situation: Situation) -> Params | None:
    return {} if situation.bank.controller == "geometry_mismatch" else None


def is_stopping(situation: Situation) -> Params | None:
    return {} if situation.bank.stop is not None else None


def is_held_locally(situation: Situation) -> Params | None:
    snapshot = situation.bank.snapshot
    signs = [sign for sign in snapshot.safety if sign not in OWN_WORDS] if snapshot else []
    return {"signs": signs} if signs else None


def is_faulty(situation: Situation) -> Params | None:
    snapshot = situation.bank.snapshot
    if snapshot is None:
        return None
    # homing is what takes a lost position away
    faults = [each for each in snapshot.faults if not (situation.operation == "home" and each == "position_lost")]
    return {"faults": faults} if faults or snapshot.state == "fault" else None


def is_position_unknown(situation: Situation) -> Params | None:
    snapshot = situation.bank.snapshot
    unknown = snapshot is not None and snapshot.state == "unknown"
    return {} if unknown and situation.operation != "home" else None


def is_stale(situation: Situation) -> Params | None:
    return {} if situation.now_mono_ms - situation.read_mono_ms > STALE_MS else None


def is_moved_by_others(situation: Situation) -> Params | None:
    return {} if situation.bank.foreign else None


def is_under_way(situation: Situation) -> Params | None:
    snapshot = situation.bank.snapshot
    return {} if snapshot is not None and snapshot.state in UNDER_WAY else None


def is_busy(situation: Situation) -> Params | None:
    bank = situation.bank
    return {} if bank.request is not None or (bank.prompt is not None and not situation.own_prompt) else None


def is_bus_full(situation: Situation) -> Params | None:
    """Apply when as many banks of the bus hold a lease as it can renew in time."""
    state, bus = situation.state, situation.settings.bus
    moving = sum(
        1
        for each in state.settings.banks
        if each.bus == bus and each.id != situation.settings.id and state.banks[each.id].request is not None
    )
    return {} if moving >= find_moving_limit(state.settings, bus) else None


def is_locked(situation: Situation) -> Params | None:
    locked = sorted(list_locked(situation.bank) & set(situation.closing))
    return {"aisles": locked} if locked else None


def is_dangerous(hazard: SafetySign) -> Callable[[Situation], Params | None]:
    """Build the condition for a danger of the room, told by a reading or by the event ring."""
    return lambda situation: {} if hazard in list_hazards(situation.bank) else None


def is_seen_occupied(situation: Situation) -> Params | None:
    snapshot = situation.bank.snapshot
    seen = [aisle for aisle in situation.closing if snapshot is not None and aisle in snapshot.occupied]
    return {"aisles": seen} if seen else None


REFUSALS: tuple[Refusal, ...] = (
    Refusal("refused.store", is_store_bad, "the disk takes no records", "the disk takes records again", "gateway"),
    Refusal(
        "refused.overloaded",
        is_overloaded,
        "a fault or fact found the inbox full",
        "the inbox has room again",
        "gateway",
    ),
    Refusal(
        "refused.controller_silent", is_silent, "the controller doesn't answer", "the controller answers again", "room"
    ),
    Refusal(
        "refused.geometry_mismatch",
        is_mismatched,
        "the two ends hold different geometry",
        "the installer has made both ends equal",
        "room",
    ),
    Refusal("refused.stopping", is_stopping, "a STOP is not read back", "standstill is read back", "room"),
    Refusal("refused.fire", is_dangerous("fire"), "fire input", "the fire panel is reset", "panel"),
    Refusal(
        "refused.smoke",
        is_dangerous("smoke"),
        "a smoke detector has tripped",
        "the smoke is gone, looked, and the detector reset",
        "room",
    ),
    Refusal(
        "refused.water",
        is_dangerous("water"),
        "a water detector has tripped",
        "the floor is dry, looked, and the detector reset",
        "room",
    ),
    Refusal(
        "refused.maintenance",
        sign_row("maintenance"),
        "the maintenance key is turned",
        "the maintainer turns the key back",
        "panel",
    ),
    Refusal(
        "refused.emergency_stop",
        sign_row("emergency_stop"),
        "an emergency stop is open",
        "looked, then released and reset",
        "panel",
    ),
    Refusal("refused.edge", sign_row("edge"), "a safety edge has tripped", "looked, then reset at the bank", "panel"),
    Refusal("refused.sweep", sign_row("sweep"), "a kick strip has tripped", "looked, then reset at the bank", "panel"),
    Refusal("refused.beam", sign_row("beam"), "a beam is broken", "the beam is free", "aisle", waits=True),
    Refusal(
        "refused.aisle_lock",
        sign_row("aisle_lock"),
        "an aisle is locked from inside",
        "released at the aisle's mouth",
        "mouth",
        waits=True,
    ),
    Refusal(
        "refused.local",
        is_held_locally,
        "another local device holds the bank: panel, handle, latched trip",
        "dealt with at the bank",
        "panel",
    ),
    Refusal("refused.bank_fault", is_faulty, "a fault stands", "repaired and cleared at the bank", "panel"),
    Refusal(
        "refused.position_unknown",
        is_position_unknown,
        "nobody knows where the columns stand; homing alone may be asked for",
        "homed by a press in sight",
        "panel",
    ),
    Refusal("refused.stale", is_stale, "the newest reading is older than 1.5 s", "a fresh reading has come", "none"),
    Refusal(
        "refused.foreign_motion",
        is_moved_by_others,
        "a panel, remote or tool moves the steel",
        "the steel stands",
        "room",
        waits=True,
    ),
    Refusal(
        "refused.busy",
        is_busy,
        "another request of the bank is on show or on its way",
        "the request before is finished or withdrawn",
        "room",
        waits=True,
    ),
    Refusal("refused.moving", is_under_way, "the bank still moves or settles", "the steel stands", "room", waits=True),
    Refusal(
        "refused.bus_full",
        is_bus_full,
        "as many banks of the bus move as leases can be renewed in time",
        "another bank of the bus stands",
        "room",
        waits=True,
    ),
    Refusal(
        "refused.locked",
        is_locked,
        "an aisle that would narrow is locked",
        "unlocked after a look, by a press in sight; from inside: at its mouth",
        "mouth",
        waits=True,
    ),
    Refusal(
        "refused.seen_occupied",
        is_seen_occupied,
        "somebody is seen in an aisle that would narrow",
        "the sensor is free",
        "aisle",
        waits=True,
    ),
)


def find_refusal(situation: Situation) -> tuple[Refusal, Params] | None:
    """Find the first row that stands against motion, with the parameters of its sentence."""
    for row in REFUSALS:
        params = row.applies(situation)
        if params is not None:
            return row, params
    return None
