"""What a gateway may ask for that moves no steel: locks, lights, faults, waking, sleep, indicator (SPEC 5.12, 5.13)."""

from __future__ import annotations

from collections.abc import Callable

from simulators.shelf_drive import ShelfDrive
from simulators.shelf_record import (
    BankState,
    EventKind,
    Indication,
    Operation,
    Outcome,
    Reason,
    RequestEntry,
    SafetyInput,
)

TRIPS = frozenset({SafetyInput.EDGE, SafetyInput.SWEEP, SafetyInput.BEAM})
MAY_SLEEP = frozenset({BankState.ASLEEP, BankState.IDLE, BankState.STOPPED})
#: Why a bank that isn't at rest stays awake; else it is busy.
AWAKE_FOR = {BankState.FAULT: Reason.FAULT, BankState.UNKNOWN: Reason.POSITION_UNKNOWN}
_NONE: frozenset[Reason] = frozenset()


class ShelfActs(ShelfDrive):
    """Acts by wire; each is carried out at once, in every state, and starts nothing."""

    def act(self, request_id: int, operation: Operation, aisle: int = 0) -> frozenset[Reason]:
        """Do what moves no steel, once per request id; reasons when it can't be done."""
        if request_id in self._log:
            return frozenset({Reason.DUPLICATE_REQUEST})
        reasons = self._carry_out(operation, aisle)
        self._log_request(RequestEntry(request_id, operation, aisle, Outcome.REFUSED if reasons else Outcome.DONE))
        return reasons

    def _carry_out(self, operation: Operation, aisle: int) -> frozenset[Reason]:
        acts: dict[Operation, Callable[[frozenset[int]], frozenset[Reason]]] = {
            Operation.LOCK: self._lock,
            Operation.UNLOCK: self._unlock,
            Operation.LIGHT_ON: self._light,
            Operation.LIGHT_OFF: self._darken,
        }
        if operation in acts:
            if aisle and aisle not in self.plan.aisles:
                return frozenset({Reason.NO_SUCH_AISLE})
            return acts[operation](frozenset({aisle}) if aisle else frozenset(self.plan.aisles))
        whole: dict[Operation, Callable[[], frozenset[Reason]]] = {
            Operation.WAKE: self._wake,
            Operation.CLEAR_FAULT: self._clear_faults,
        }
        if self.plan.times.sleep_after_ms:
            whole[Operation.SLEEP] = self._sleep
        if operation not in whole:
            return frozenset({Reason.NOT_SUPPORTED})
        return frozenset({Reason.NO_SUCH_AISLE}) if aisle else whole[operation]()

    def _lock(self, aisles: frozenset[int]) -> frozenset[Reason]:
        self.circumstances.gateway_locks |= aisles
        self._drop_if_forbidden()
        return _NONE

    def _unlock(self, aisles: frozenset[int]) -> frozenset[Reason]:
        """Release what LOCK by wire set; a lock from inside is released at the aisle."""
        if aisles & self.circumstances.locks:
            return frozenset({Reason.TRIPPED})
        self.circumstances.gateway_locks -= aisles
        return _NONE

    def _light(self, aisles: frozenset[int]) -> frozenset[Reason]:
        self.lights |= aisles
        return _NONE

    def _darken(self, aisles: frozenset[int]) -> frozenset[Reason]:
        self.lights -= aisles
        return _NONE

    def _clear_faults(self) -> frozenset[Reason]:
        """Clear faults whose cause is gone; never a trip."""
        if self.circumstances.inputs & (TRIPS | {SafetyInput.EMERGENCY_STOP}):
            return frozenset({Reason.TRIPPED})
        if SafetyInput.SUPPLY_LOST in self.circumstances.inputs or self.standing_faults:
            return frozenset({Reason.FAULT})
        for fault in sorted(self.faults):
            self._note(EventKind.FAULT_CLEARED, 0, fault)
        self.faults.clear()
        self._pressing_since_ms = None
        if self.state is BankState.FAULT:
            self._enter(BankState.STOPPED)
        return _NONE

    def _wake(self) -> frozenset[Reason]:
        if self.state is BankState.ASLEEP:
            self._enter(BankState.WAKING, wake=self.plan.times.wake_ms)
        return _NONE

    def _sleep(self) -> frozenset[Reason]:
        """Fall asleep as after the bank's own idle time; only a bank at rest does."""
        if self.state not in MAY_SLEEP:
            return frozenset({AWAKE_FOR.get(self.state, Reason.BUSY)})
        self._fall_asleep()
        return _NONE

    def indicate(self, indication: Indication | None) -> None:
        """Light a place, or put the indicator out."""
        self.indication = indication
