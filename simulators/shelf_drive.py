"""The drive of one bank: time, warning, steel, lease, trips, and the records of it. No bytes, no rules of asking.

Time is an argument: `advance(to_ms)`. The result does not depend on how often one advances.
"""

from __future__ import annotations

import random
from collections import OrderedDict, deque
from dataclasses import dataclass, replace

from simulators.bank_plan import BankPlan
from simulators.interlocks import Circumstances, cause_of, motion_reasons
from simulators.occupancy import Occupancy
from simulators.shelf_physics import STEP_MS, Rails
from simulators.shelf_record import (
    BankState,
    Cause,
    EventKind,
    FaultCode,
    Indication,
    Operation,
    Outcome,
    Reason,
    RequestEntry,
    RingEvent,
    RoomInput,
    SafetyInput,
)
from simulators.shelf_wear import WearBook

LOG_SIZE = 16
RING_SIZE = 32
JAM_AFTER_MS = 400
ACTIVE = (BankState.WARNING, BankState.MOVING, BankState.SETTLING)


@dataclass
class Task:
    """The one request the bank is busy with; a local one has no id, token or lease."""

    request_id: int | None
    operation: Operation
    aisle: int
    indication: Indication
    token: int = 0
    counter: int = 0
    lease_until_ms: int | None = None
    ending: bool = False  # the brakes are about to fall in, nothing revives it
    fire: bool = False  # the controller's own parking because of the fire input
    whole_way_mm: float = 0.0


class ShelfDrive:
    """What moves, warns and ends by itself."""

    def __init__(self, plan: BankPlan, *, seed: int = 0, step_ms: int = STEP_MS) -> None:
        self.plan = plan
        self.now_ms = 0
        self.rails = Rails(plan, step_ms=step_ms)
        self.occupancy = Occupancy(plan)
        self.circumstances = Circumstances()
        self.state = BankState.ASLEEP
        self.lights: set[int] = set()
        self.room_inputs: set[RoomInput] = set()
        self.wear = WearBook(plan, seed)
        self.faults: set[FaultCode] = set()
        self.standing_faults: set[FaultCode] = set()  # their cause is still there
        self.indication: Indication | None = None
        self.powered = True
        self.motions: list[tuple[int | None, Operation, int]] = []  # truth for tests: what really started
        self._random = random.Random(seed)  # noqa: S311 - a simulator's nonce
        self._physics_ms = 0
        self._due: dict[str, int] = {}
        self._task: Task | None = None
        self._log: OrderedDict[int, RequestEntry] = OrderedDict()
        self._last_request: RequestEntry | None = None
        self._ring: deque[RingEvent] = deque(maxlen=RING_SIZE)
        self._ring_head = 0
        self._seen: frozenset[int] = frozenset()
        self._positions_known = True
        self._pressing_since_ms: int | None = None
        self._end_cause = Cause.NONE
        self._tripped: dict[SafetyInput, int] = {}  # which column or aisle a latched trip came from
        self._lapsed_token = 0
        self._touched: tuple[dict[int, float], tuple[tuple[bool, bool], ...]] = {}, ()
        self._on_due = {
            "warning": self._begin_motion,
            "settled": self._end_settling,
            "travel": self._end_overlong_travel,
            "selection": self._expire_selection,
            "lease": self._lapse,
            "wake": self._wake_up,
            "sleep": self._fall_asleep,
            "homed": self._take_positions,
            "brake": self._fall_in_brakes,
            "standstill": self._watch_standstill,
        }
        self._boot()

    # ---- time ---------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """Let time pass until `to_ms`; steel, timers and sensors follow in their order."""
        rails = self.rails
        while True:
            at_ms = due_ms = min(self._due.values(), default=to_ms + 1)
            is_step = not rails.arrived and self._physics_ms + rails.step_ms <= at_ms
            if is_step:
                at_ms = self._physics_ms + rails.step_ms
            if at_ms > to_ms:
                break
            self.now_ms = max(self.now_ms, at_ms)
            if is_step:
                self._step(at_ms)
            if is_step and due_ms > at_ms and min(self._due.values(), default=due_ms) > at_ms:
                continue
            for name in [name for name, at in self._due.items() if at <= at_ms]:
                self._due.pop(name, None)
                self._on_due[name]()
        self.now_ms = max(self.now_ms, to_ms)
        if rails.arrived:
            self._physics_ms = self.now_ms

    def _step(self, at_ms: int) -> None:
        rails, occupancy = self.rails, self.occupancy
        before = rails.widths_mm()
        rails.step()
        self._physics_ms = at_ms
        after = rails.widths_mm()
        if not occupancy.is_empty:
            occupancy.squeeze(before, after, occupancy.people)
        self._watch_sensors(after)
        narrowing = frozenset([no for no, width in after.items() if width < before[no] - 1e-9])
        self._watch_motion(narrowing, after)
        self._tell_step(before, after, narrowing)

    def _tell_step(self, before_mm: dict[int, float], after_mm: dict[int, float], narrowing: frozenset[int]) -> None:
        """Tell of a step that has been taken; for those who watch."""

    def _watch_motion(self, narrowing: frozenset[int], widths_mm: dict[int, float]) -> None:
        if self.state is not BankState.MOVING or self._task is None or self._task.ending:
            return
        if (touched := self.occupancy.touched(widths_mm)) and touched & narrowing:
            self._trip(SafetyInput.EDGE, EventKind.EDGE_TRIPPED, min(narrowing))
        elif reasons := self._reasons_against(self._task, narrowing):
            self._end_by(reasons)
        elif self.rails.jammed_columns:
            self._watch_jam()
        elif self.rails.arrived:
            self._arrive()

    def _watch_jam(self) -> None:
        since = self._pressing_since_ms
        if since is None:
            self._pressing_since_ms = self.now_ms
        elif self.now_ms - since >= JAM_AFTER_MS:
            for column in self.rails.jammed_columns:
                self._note(EventKind.OVERLOAD, column)
            self._fail(FaultCode.JAM, Cause.FAULT)

    def _watch_sensors(self, widths_mm: dict[int, float] | None = None) -> None:
        seen = self.occupancy.seen(widths_mm or self.rails.widths_mm()) if self.powered else self._seen
        if seen == self._seen:
            return
        for aisle in sorted(seen - self._seen):
            self._note(EventKind.OCCUPIED, aisle)
        for aisle in sorted(self._seen - seen):
            self._note(EventKind.CLEARED, aisle)
        self._seen = seen

    @property
    def ending(self) -> bool:
        """Whether the brakes are about to fall in or have fallen in."""
        return self._task is not None and self._task.ending

    @property
    def lease_left_ms(self) -> int:
        """How long the motion may live without another renewal."""
        until = self._task.lease_until_ms if self._task else None
        return 0 if until is None else max(0, until - self.now_ms)

    # ---- the way of one motion ------------------------------------------------------------------

    def _start(self, task: Task) -> None:
        if self._positions_known and not self.rails.needs_travel(task.aisle, task.operation):
            self._show(task)
            self._complete(task)
            return
        self.motions.append((task.request_id, task.operation, task.aisle))
        self._enter(BankState.WARNING, warning=self.plan.times.warning_ms)

    def _begin_motion(self) -> None:
        task = self._task
        if self.state is not BankState.WARNING or task is None:
            return
        self._show(task)
        self._physics_ms = self.now_ms
        self._pressing_since_ms = None
        self.rails.aim(task.aisle, task.operation)
        task.whole_way_mm = self.rails.way_left_mm
        self.wear.begin_journey(self.rails.aimed_columns, self.now_ms)
        self._enter(BankState.MOVING, travel=self.plan.longest_travel_ms * 6 // 5)
        if self.rails.arrived:
            self._arrive()

    def _arrive(self) -> None:
        self._enter(BankState.SETTLING, settled=self.plan.times.settle_ms)

    def _end_settling(self) -> None:
        if self.state is BankState.SETTLING and self._task is not None:
            if self._task.operation is Operation.OPEN_AISLE:
                self.wear.end_opening(self._task.aisle, self.now_ms)
            self._complete(self._task)

    def _show(self, task: Task) -> None:
        """Light indicator and aisle of an opening."""
        if task.operation is Operation.OPEN_AISLE:
            self.indication = task.indication
            self.lights.add(task.aisle)

    def _complete(self, task: Task) -> None:
        """End what has arrived: homing proves positions, parking puts the bank to sleep."""
        if task.operation is Operation.HOME:
            self._prove_positions()
        self.lights -= {no for no, width in self.rails.widths_mm().items() if width < self.plan.passable_gap_mm}
        if task.operation is not Operation.PARK:
            self._finish(Outcome.DONE, Cause.ARRIVED, BankState.IDLE)
            return
        self.indication = None
        self.lights.clear()
        self._finish(Outcome.DONE, Cause.ARRIVED, self._sleeping)
        if self.state is BankState.ASLEEP:
            self._note(EventKind.ASLEEP, 0)

    def _end_overlong_travel(self) -> None:
        if self.state is BankState.MOVING:
            self._fail(FaultCode.TRAVEL_TIME, Cause.TRAVEL_TIME)

    def _expire_selection(self) -> None:
        if self.state is BankState.SELECTED:
            self._finish(Outcome.EXPIRED, Cause.NONE, BankState.IDLE)

    def _lapse(self) -> None:
        if self._task is None or self._task.lease_until_ms is None:
            return
        if self.state is BankState.WARNING:
            self._lapsed_token = self._task.token
            self._finish(Outcome.LAPSED, Cause.LEASE, BankState.STOPPED)
        elif self.state in (BankState.MOVING, BankState.SETTLING):
            self._lapsed_token = self._task.token
            self._interrupt(Outcome.LAPSED, Cause.LEASE)

    def _wake_up(self) -> None:
        if self.state is BankState.WAKING:
            self._note(EventKind.AWAKE, 0)
            self._enter(BankState.IDLE)

    def _fall_asleep(self) -> None:
        if self.state in (BankState.IDLE, BankState.STOPPED):
            self._note(EventKind.ASLEEP, 0)
            self._enter(BankState.ASLEEP)

    def _take_positions(self) -> None:
        self._prove_positions()
        self._enter(self._find_rest(BankState.IDLE))

    def _prove_positions(self) -> None:
        self._positions_known = True
        self.occupancy.unknown.clear()
        self._note(EventKind.HOMED, 0)

    @property
    def _sleeping(self) -> BankState:
        """State of a bank that may sleep and has nothing to do; one that never sleeps is idle (SPEC 5.1)."""
        return BankState.ASLEEP if self.plan.times.sleep_after_ms else BankState.IDLE

    def _find_rest(self, wanted: BankState) -> BankState:
        """State of rest: the wanted one, unless positions are lost or a fault stands."""
        if not self._positions_known:
            return BankState.UNKNOWN
        return BankState.FAULT if self.faults else wanted

    def _interrupt(self, outcome: Outcome, cause: Cause) -> None:
        """End motion: the brakes fall in after the reaction time, the outcome stands at once."""
        if self._task is None or self._task.ending:
            return
        self._task.ending = True
        self._settle_log(outcome, cause)
        self._end_cause = cause
        self._task.lease_until_ms = None
        self._due.pop("lease", None)
        self._due.pop("settled", None)
        self._due["brake"] = self.now_ms + self.plan.times.reaction_ms

    def _fall_in_brakes(self) -> None:
        self.rails.brake()
        self._due["standstill"] = self.now_ms

    def _watch_standstill(self) -> None:
        if not self.rails.arrived:
            self._due["standstill"] = self._physics_ms + self.rails.step_ms
            return
        self._note(EventKind.MOTION_ENDED, self._task.aisle if self._task else 0, self._end_cause)
        self._task = None
        self._enter(self._find_rest(BankState.STOPPED))

    def _trip(self, what: SafetyInput, kind: EventKind, aisle: int) -> None:
        self.circumstances.inputs.add(what)
        number = aisle if what is SafetyInput.BEAM else min(aisle + 1, len(self.plan.columns))
        self._tripped[what] = number
        self._note(kind, number)
        self._interrupt(Outcome.STOPPED, Cause.BEAM if what is SafetyInput.BEAM else Cause.EDGE)

    def _fail(self, fault: FaultCode, cause: Cause) -> None:
        self.faults.add(fault)
        self._note(EventKind.FAULT_SET, 0, fault)
        if self.state in (BankState.MOVING, BankState.SETTLING):
            self._interrupt(Outcome.FAILED, cause)
        elif self.powered:
            self._finish(Outcome.FAILED, cause, BankState.FAULT)

    def _drop_if_forbidden(self) -> None:
        """Let an interlock that has just changed end a warning or a motion."""
        task = self._task
        if task is None:
            return
        if self.state is BankState.WARNING:
            narrowing: frozenset[int] = frozenset(self._narrowing_for(task.operation, task.aisle))
        elif self.state is BankState.MOVING:
            narrowing = self._narrowing_now()
        else:
            return
        if reasons := self._reasons_against(task, narrowing):
            self._end_by(reasons)

    def _reasons_against(self, task: Task, narrowing: frozenset[int]) -> frozenset[Reason]:
        """Interlocks against a motion; the fire input doesn't forbid the parking that it asked for."""
        reasons = motion_reasons(self.circumstances, narrowing, self._seen)
        return reasons - {Reason.FIRE} if task.fire else reasons

    def _end_by(self, reasons: frozenset[Reason]) -> None:
        """End warning or motion for these reasons."""
        outcome = Outcome.FAILED if Reason.FAULT in reasons else Outcome.STOPPED
        if self.state is BankState.WARNING:
            self._finish(outcome, cause_of(reasons), BankState.STOPPED)
        else:
            self._interrupt(outcome, cause_of(reasons))

    def _narrowing_for(self, operation: Operation, aisle: int) -> tuple[int, ...]:
        """Aisles that an operation would narrow; with positions unknown, all but those that homing opens."""
        if not self._positions_known:
            return tuple(no for no in self.plan.aisles if no not in self.plan.home_aisles)
        return self.rails.narrowing_for(aisle, operation)

    def _narrowing_now(self) -> frozenset[int]:
        return frozenset(self._narrowing_for(self._task.operation, self._task.aisle)) if self._task else frozenset()

    # ---- records --------------------------------------------------------------------------------

    def _boot(self, *, proven: bool = True) -> None:
        """Start anew; positions are proven, or nobody knows where columns and people are (SPEC 5.1)."""
        self.boot_id = self._random.getrandbits(32) or 1
        self._booted_ms = self.now_ms
        self._ring_head = self._lapsed_token = 0
        self._task = None
        self.circumstances.gateway_locks.clear()
        self._positions_known = proven
        if not proven:
            self.occupancy.unknown |= set(self.plan.aisles)
        self._note(EventKind.POWER_ON, 0)
        self._enter(self._find_rest(self._sleeping))

    def _lose_positions(self) -> None:
        if self._positions_known:
            self._note(EventKind.POSITION_LOST, 0)
        self._positions_known = False
        self.occupancy.unknown |= set(self.plan.aisles)
        self.rails.brake()
        self._finish(Outcome.FAILED, Cause.LOCAL_CONTROL, BankState.UNKNOWN)

    def _enter(self, state: BankState, **due_in_ms: int) -> None:
        """Change state with the timers that belong to it; those of the old state end."""
        self.state = state
        keep = {"lease", "brake", "standstill"} if state in ACTIVE else set()
        self._due = {name: at for name, at in self._due.items() if name in keep}
        self._due |= {name: self.now_ms + ms for name, ms in due_in_ms.items()}
        if self.plan.times.sleep_after_ms and state in (BankState.IDLE, BankState.STOPPED):
            self._due["sleep"] = self.now_ms + self.plan.times.sleep_after_ms

    def _finish(self, outcome: Outcome, cause: Cause, state: BankState) -> None:
        self._settle_log(outcome, cause)
        if self.state in ACTIVE:
            self._note(EventKind.MOTION_ENDED, self._task.aisle if self._task else 0, cause)
        self._task = None
        self._enter(self._find_rest(state))

    def _settle_log(self, outcome: Outcome, cause: Cause = Cause.NONE) -> None:
        request_id = self._task.request_id if self._task else None
        if request_id is not None and request_id in self._log:
            self._log[request_id] = replace(self._log[request_id], outcome=outcome, cause=cause)
            self._last_request = self._log[request_id]

    def _log_request(self, entry: RequestEntry) -> None:
        self._log[entry.request_id] = self._last_request = entry
        while len(self._log) > LOG_SIZE:
            self._log.popitem(last=False)

    def _note(self, kind: EventKind, argument: int, about: Cause | FaultCode | Operation | None = None) -> None:
        self._ring_head = (self._ring_head + 1) & 0xFFFF
        self._ring.append(RingEvent(self._ring_head, kind, argument, self.now_ms, about))
