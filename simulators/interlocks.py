"""Which circumstances forbid motion. One table; the same one at SELECT, OPERATE, during warning and motion."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from simulators.shelf_record import BankState, Cause, Reason, SafetyInput

_INPUT_REASONS: dict[SafetyInput, Reason] = {
    SafetyInput.EMERGENCY_STOP: Reason.EMERGENCY_STOP,
    SafetyInput.EDGE: Reason.TRIPPED,
    SafetyInput.SWEEP: Reason.TRIPPED,
    SafetyInput.BEAM: Reason.TRIPPED,
    SafetyInput.FIRE: Reason.FIRE,
    SafetyInput.SMOKE: Reason.FIRE,
    SafetyInput.SUPPLY_LOST: Reason.FAULT,
    SafetyInput.MAINTENANCE: Reason.MAINTENANCE,
}

_STATE_REASONS: dict[BankState, Reason] = {
    BankState.ASLEEP: Reason.ASLEEP,
    BankState.WAKING: Reason.ASLEEP,
    BankState.SELECTED: Reason.ALREADY_SELECTED,
    BankState.WARNING: Reason.BUSY,
    BankState.MOVING: Reason.BUSY,
    BankState.SETTLING: Reason.BUSY,
    BankState.FAULT: Reason.FAULT,
    BankState.UNKNOWN: Reason.POSITION_UNKNOWN,
}

_CAUSES: dict[Reason, Cause] = {
    Reason.EMERGENCY_STOP: Cause.ESTOP,
    Reason.TRIPPED: Cause.EDGE,
    Reason.FIRE: Cause.FIRE,
    Reason.MAINTENANCE: Cause.LOCAL_CONTROL,
    Reason.OCCUPIED: Cause.OCCUPANCY,
    Reason.LOCKED: Cause.LOCK,
    Reason.FAULT: Cause.POWER,  # of all inputs only the lost supply is a fault
}


@dataclass
class Circumstances:
    """Local inputs of a bank that no wire can clear, and the locks that a gateway set."""

    inputs: set[SafetyInput] = field(default_factory=set)
    locks: set[int] = field(default_factory=set)
    gateway_locks: set[int] = field(default_factory=set)


_NOTHING: frozenset[Reason] = frozenset()


def motion_reasons(circumstances: Circumstances, narrowing: Iterable[int], seen: Collection[int]) -> frozenset[Reason]:
    """Reasons against motion that narrows these aisles while sensors see somebody in those."""
    locks = circumstances.locks | circumstances.gateway_locks if circumstances.gateway_locks else circumstances.locks
    if not (circumstances.inputs or locks or seen):
        return _NOTHING
    reasons = {_INPUT_REASONS[held] for held in circumstances.inputs if held in _INPUT_REASONS}
    closing = set(narrowing)
    if closing & set(seen):
        reasons.add(Reason.OCCUPIED)
    if closing & locks:
        reasons.add(Reason.LOCKED)
    return frozenset(reasons)


def cause_of(reasons: frozenset[Reason]) -> Cause:
    """Name the weightiest of the reasons that end a motion."""
    return next(cause for reason, cause in _CAUSES.items() if reason in reasons)


def state_reasons(state: BankState) -> frozenset[Reason]:
    """Reasons against a new selection that lie in what the bank is doing."""
    return frozenset({_STATE_REASONS[state]}) if state in _STATE_REASONS else frozenset()
