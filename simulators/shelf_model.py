"""The shelf controller: selection and lease by wire, the bank's own buttons, the snapshot. Knows no bytes.

Call `advance(to_ms)` first, then one act.
"""

from __future__ import annotations

from simulators.interlocks import motion_reasons, state_reasons
from simulators.shelf_drive import ACTIVE, Task
from simulators.shelf_people import ShelfPeople
from simulators.shelf_record import (
    MOVING_OPERATIONS,
    BankState,
    Cause,
    EventKind,
    Indication,
    ModelSnapshot,
    OperateAnswer,
    Operation,
    Outcome,
    Quality,
    Reason,
    RequestEntry,
    RingEvent,
    SelectAnswer,
)

SEQUENCE_STEP_MS = 10


class ShelfModel(ShelfPeople):
    """One bank and its controller."""

    # ---- requests over a wire -----------------------------------------------------------------

    def select(self, request_id: int, operation: Operation, wanted: Indication) -> SelectAnswer:
        """Check every interlock for a request and, if none objects, hold the bank for it."""
        aisle = wanted.aisle
        reasons = self._select_reasons(request_id, operation, wanted)
        if Reason.DUPLICATE_REQUEST in reasons:
            return SelectAnswer(operation, aisle, reasons, 0, self.snapshot())
        if reasons:
            self._log_request(RequestEntry(request_id, operation, aisle, Outcome.REFUSED))
            return SelectAnswer(operation, aisle, reasons, 0, self.snapshot())
        self._task = Task(request_id, operation, aisle, wanted, token=self._random.getrandbits(32) or 1)
        self._log_request(RequestEntry(request_id, operation, aisle, Outcome.SELECTED))
        self._enter(BankState.SELECTED, selection=self.plan.times.selection_ms)
        return SelectAnswer(operation, aisle, reasons, self._task.token, self.snapshot())

    def _select_reasons(self, request_id: int, operation: Operation, wanted: Indication) -> frozenset[Reason]:
        reasons = set(state_reasons(self.state))
        if operation is Operation.HOME:
            reasons.discard(Reason.POSITION_UNKNOWN)
        elif not self._positions_known:
            reasons |= state_reasons(BankState.UNKNOWN)  # also while homing is under way
        if request_id in self._log:
            reasons.add(Reason.DUPLICATE_REQUEST)
        if self.faults:
            reasons.add(Reason.FAULT)
        missing = self._find_missing(operation, wanted)
        if missing is not None:
            reasons.add(missing)
        narrowing = () if missing is not None else self._narrowing_for(operation, wanted.aisle)
        return frozenset(reasons | motion_reasons(self.circumstances, narrowing, self._seen))

    def _find_missing(self, operation: Operation, wanted: Indication) -> Reason | None:
        """Tell what of a request this bank doesn't have."""
        if operation not in MOVING_OPERATIONS or (operation is Operation.VENTILATE and not self.plan.measures):
            return Reason.NOT_SUPPORTED
        if operation is not Operation.OPEN_AISLE:
            return Reason.NO_SUCH_AISLE if wanted.aisle else None
        if wanted.aisle not in self.plan.aisles:
            return Reason.NO_SUCH_AISLE
        return None if self._has_place(wanted) else Reason.NO_SUCH_PLACE

    def _has_place(self, wanted: Indication) -> bool:
        column = wanted.aisle if wanted.face == "B" else wanted.aisle + 1
        if wanted.face:
            plans = {plan.no: plan for plan in self.plan.columns}
            if column not in plans or wanted.face not in plans[column].faces:
                return False
        return 0 <= wanted.section <= self.plan.sections and 0 <= wanted.tier <= self.plan.tiers

    def operate(self, request_id: int, token: int, operation: Operation, aisle: int, ring_head: int) -> OperateAnswer:
        """Start what was selected if everything still agrees; anything else refuses and drops the selection."""
        task = self._task
        if self.state is not BankState.SELECTED or task is None:
            return OperateAnswer(operation, aisle, frozenset({Reason.NOT_SELECTED}))
        narrowing = self._narrowing_for(task.operation, task.aisle)
        reasons = set(motion_reasons(self.circumstances, narrowing, self._seen))
        if token != task.token:
            reasons.add(Reason.WRONG_TOKEN)
        if request_id != task.request_id:
            reasons.add(Reason.WRONG_REQUEST)
        if (operation, aisle) != (task.operation, task.aisle):
            reasons.add(Reason.OTHER_TARGET)
        if ring_head != self._ring_head:
            reasons.add(Reason.RING_MOVED)
        if reasons:
            self._finish(Outcome.REFUSED, Cause.NONE, BankState.IDLE)
            return OperateAnswer(operation, aisle, frozenset(reasons))
        task.lease_until_ms = self.now_ms + self.plan.times.lease_ms
        self._settle_log(Outcome.RUNNING)
        self._start(task)
        if self._task is task:
            self._due["lease"] = task.lease_until_ms
        return OperateAnswer(operation, aisle, frozenset())

    def renew_lease(self, token: int, counter: int, sequence: int) -> frozenset[Reason]:
        """Let the running motion live for another lease; refused for a wrong token, old counter, stale sequence."""
        task = self._task
        if token and token == self._lapsed_token:
            return frozenset({Reason.LAPSED})
        if task is None or task.lease_until_ms is None or self.state not in ACTIVE or task.ending:
            return frozenset({Reason.NOT_SELECTED})
        if token != task.token:
            return frozenset({Reason.WRONG_TOKEN})
        if not 0 < ((counter - task.counter) & 0xFFFF) < 0x8000:
            return frozenset({Reason.OLD_COUNTER})
        age_ms = self.sequence_age_ms(sequence)
        if age_ms > self.plan.times.sequence_age_ms:
            return frozenset({Reason.STALE_SEQUENCE})
        task.counter = counter
        task.lease_until_ms = self.now_ms + self.plan.times.lease_ms
        self._due["lease"] = task.lease_until_ms
        return frozenset()

    def stop(self, cause: Cause = Cause.STOP_WIRE) -> None:
        """Stop motion and drop whatever is selected; always obeyed, never refused."""
        if self.state in (BankState.SELECTED, BankState.WARNING):
            self._finish(Outcome.STOPPED, cause, BankState.STOPPED)
        elif self.state in (BankState.MOVING, BankState.SETTLING):
            self._interrupt(Outcome.STOPPED, cause)

    def deselect(self, token_low: int = 0) -> bool:
        """Give back the selection with this low half of its token, or any (0); False when it is another's."""
        if self.state is not BankState.SELECTED or self._task is None:
            return True
        if token_low not in (0, self._task.token & 0xFFFF):
            return False
        self._finish(Outcome.DESELECTED, Cause.NONE, BankState.IDLE)
        return True

    # ---- the bank's own buttons -------------------------------------------------------------------

    def press_open(self, aisle: int) -> frozenset[Reason]:
        """Open an aisle by the bank's own button: no lease, the same interlocks, noted in the ring."""
        self._press(aisle)
        reasons = self._select_reasons(-self._ring_head, Operation.OPEN_AISLE, Indication(aisle))
        if self.state is BankState.SELECTED and reasons == {Reason.ALREADY_SELECTED}:
            self._finish(Outcome.DESELECTED, Cause.LOCAL_CONTROL, BankState.IDLE)
            reasons = frozenset()
        if not reasons:
            self._note(EventKind.LOCAL_MOTION, aisle, Operation.OPEN_AISLE)
            self._task = Task(None, Operation.OPEN_AISLE, aisle, Indication(aisle))
            self._start(self._task)
        return reasons

    def press_confirm(self, point: int) -> None:
        """Press and release the confirming button of a point in sight of the bank; starts nothing."""
        self._press(point)

    def press_stop(self) -> None:
        """Press the bank's own stop button: stops, and is not latched."""
        self._note(EventKind.STOP_PRESSED, 0)
        self.stop(Cause.STOP_LOCAL)

    def _press(self, number: int) -> None:
        """Press and release: two entries; somebody at the bank wakes it."""
        self._wake()
        self._note(EventKind.BUTTON, number << 8 | 1)
        self._note(EventKind.BUTTON, number << 8)

    # ---- reading ------------------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """Number of the current snapshot: rises with the controller's clock."""
        return ((self.now_ms - self._booted_ms) // SEQUENCE_STEP_MS + 1) & 0xFFFF

    def sequence_age_ms(self, sequence: int) -> int:
        """How long ago this snapshot number was current, by the controller's clock."""
        return ((self.sequence - sequence) & 0xFFFF) * SEQUENCE_STEP_MS

    @property
    def ring_head(self) -> int:
        """Number of the newest event."""
        return self._ring_head

    @property
    def events(self) -> tuple[RingEvent, ...]:
        """The events still remembered, oldest first."""
        return tuple(self._ring)

    @property
    def request_log(self) -> tuple[RequestEntry, ...]:
        """The last requests of this boot, oldest first."""
        return tuple(self._log.values())

    def outcome_of(self, request_id: int) -> Outcome:
        """Tell what became of a request; NONE when this boot doesn't know it (any more)."""
        entry = self._log.get(request_id)
        return entry.outcome if entry else Outcome.NONE

    @property
    def positions_known(self) -> bool:
        """Whether the controller knows where its columns stand."""
        return self._positions_known

    def closing_for(self, aisle: int) -> tuple[int, ...]:
        """Aisles that opening this one would narrow."""
        return self.rails.narrowing_for(aisle)

    def snapshot(self) -> ModelSnapshot:
        """Show the bank as a reader sees it now."""
        widths = self.rails.widths_mm()
        known = self._positions_known
        task = self._task
        return ModelSnapshot(
            now_ms=self.now_ms,
            state=self.state,
            open_aisles=frozenset(self.list_open()),
            operation=task.operation if task else None,
            target_aisle=task.aisle if task else 0,
            progress_permille=self.progress_permille,
            safety=frozenset(self.circumstances.inputs),
            faults=frozenset(self.faults),
            seen=self._seen,
            unknown=frozenset(self.occupancy.unknown),
            contacts=self.contacts,
            sequence=self.sequence,
            ring_head=self._ring_head,
            boot_id=self.boot_id,
            last_request=self._last_request,
            positions_mm=tuple(round(x) if known else None for x in self.rails.positions_mm),
            qualities=tuple(Quality.MEASURED if known else Quality.UNKNOWN for _ in self.plan.columns),
            widths_mm={no: round(width) for no, width in widths.items()},
            locks=frozenset(self.circumstances.locks),
            indication=self.indication,
        )

    def list_open(self) -> list[int]:
        """List the aisles that are wide enough to walk in."""
        passable = self.plan.passable_gap_mm
        return [no for no, width in self.rails.widths_mm().items() if width >= passable]

    @property
    def seen(self) -> frozenset[int]:
        """Aisles in which a sensor sees somebody."""
        return self._seen

    @property
    def task(self) -> Task | None:
        """What the bank is busy with."""
        return self._task

    @property
    def last_request(self) -> RequestEntry | None:
        """The newest request of this boot."""
        return self._last_request

    @property
    def contacts(self) -> tuple[tuple[bool, bool], ...]:
        """What each column touches: left, right. The same value until something moves."""
        widths = self.rails.widths_mm()
        if widths is not self._touched[0]:
            narrow = {no for no, width in widths.items() if width < 1.0}
            pairs = tuple(
                [
                    (c.no - 1 not in widths or c.no - 1 in narrow, c.no not in widths or c.no in narrow)
                    for c in self.plan.columns
                ]
            )
            # another value only if it is another: readers tell by identity that nothing has changed
            self._touched = widths, self._touched[1] if pairs == self._touched[1] else pairs
        return self._touched[1]

    @property
    def progress_permille(self) -> int:
        """How far the present motion has come."""
        task = self._task
        if task is None or self.state not in (BankState.MOVING, BankState.SETTLING):
            return 0
        if task.operation is Operation.OPEN_AISLE:
            return min(1000, round(1000 * self.rails.width_mm(task.aisle) / self.plan.aisle_mm))
        if self.state is BankState.SETTLING or not task.whole_way_mm:
            return 1000
        return max(0, round(1000 - 1000 * self.rails.way_left_mm / task.whole_way_mm))
