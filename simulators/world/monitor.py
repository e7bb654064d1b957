"""What may never happen, judged from outside after every event: on the truth of steel, people and bytes.

Nothing here asks the code under test whether a rule held: presses, interlocks, leases and orders are reckoned anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from edge.core.effects import Effect, PermitLease, SendSelect, SendStop
from edge.core.events import CodeRead, DeadlinePassed, Event, RingEventsRead, SnapshotArrived, StopPressed, StopReadBack
from edge.core.occupancy import tell_occupancy
from edge.core.requests import QUEUE_MAX
from edge.core.state import Bank
from firmware_protocol import registers as map_
from firmware_protocol.crc import crc16
from firmware_protocol.timing import LEASE_BYTES, SEQUENCE_AGE_MS, Line
from simulators.occupancy import BODY_MM
from simulators.shelf_drive import Task
from simulators.shelf_record import BankState, Operation, RoomInput, SafetyInput
from simulators.world.bank import WatchedModel
from simulators.world.harm import HarmWatch
from simulators.world.presses import PressBook, Selected

CONFIRMATION_MS = 15_000
REQUEST_MS = 30_000
OPERATE_MS = 2_000 + 300
SLACK_MS = 150  # an event and an order may cross on the wire
LEASE_MS = 500
STEP_SLACK_MS = 15
SILENCE_MS = 250 + LEASE_MS
STALE_MS = 1_500
FRESH_MS = 300
SELECTION_MS = 2_000
TURN_MS = 10  # from decision to first byte, on a line that is free
SELECT_ANSWER_BYTES, MOTION_ANSWER_BYTES = 25, 37
ASLEEP = frozenset({BankState.ASLEEP, BankState.WAKING})
UNDER_WAY = frozenset({BankState.WARNING, BankState.MOVING, BankState.SETTLING})
INBOX_MAX = 512 + 16 + 16  # events, scans, and readings and STOPs, which are never refused
HOLDING = frozenset(
    {
        SafetyInput.EMERGENCY_STOP,
        SafetyInput.EDGE,
        SafetyInput.SWEEP,
        SafetyInput.BEAM,
        SafetyInput.FIRE,
        SafetyInput.SMOKE,
        SafetyInput.MAINTENANCE,
        SafetyInput.SUPPLY_LOST,
    }
)


class Gateway(Protocol):
    """What is known of the gateway from outside its core."""

    def is_overloaded(self) -> bool:
        """Whether its inbox has refused what must not be lost."""
        ...

    def has_intent(self, request_id: int) -> bool:
        """Whether the intent of this request lies on its disk."""
        ...

    def is_strange(self, model: WatchedModel) -> bool:
        """Whether the controller is not the one that this bank was signed for."""
        ...

    def count_moving(self, model: WatchedModel) -> tuple[int, int]:
        """Count the banks of this one's bus that move by order of the gateway, and how many may."""
        ...


class Monitor:
    """Watches one bank and its gateway. `fail(rule, what)` is called for every breach."""

    def __init__(
        self,
        model: WatchedModel,
        harm: HarmWatch,
        gateway: Gateway,
        *,
        line: Line,
        clock: Callable[[], float],
        fail: Callable[[str, str], None],
    ) -> None:
        self.book = PressBook()
        self.motions = 0
        self.may_scan_alone = False  # the owner has decided so, in a file
        self.harm = harm
        self._model = model
        self._gateway = gateway
        # a broker may hold a message back for as long as the controller takes the reading in it for fresh
        self._held_ms = SEQUENCE_AGE_MS if line.network_ms else 0.0
        # judged from its first byte on
        self._lease_slack_ms = STEP_SLACK_MS + line.wire_ms(LEASE_BYTES[0]) + self._held_ms
        self._clock = clock
        self._fail = fail
        times = model.plan.times
        self._passable_mm, self._warning_ms = model.plan.passable_gap_mm, times.warning_ms
        self._longest_ms = times.warning_ms + 1.2 * model.plan.longest_travel_ms + LEASE_MS
        self._permit_ms = 0.0
        self._alive_ms = 0.0
        self._counter = 0
        self._stop_ms: float | None = None
        self._offence_ms: float | None = None
        self._started_ms = 0.0
        self._scans: list[tuple[float, int]] = []
        self._sent: set[tuple[int, bytes]] = set()
        self._open: set[str] = set()  # requests without an outcome
        self._operated_ms = 0.0  # when the last OPERATE left
        self._answered_ms = 0.0  # when the last answer to SELECT came in
        self._heard: deque[tuple[float, bytes]] = deque(maxlen=6)  # what may be answers with a reading
        self._inside: set[int] = set()  # aisles in which a place was scanned since somebody looked

    # ---- the gateway's decisions ----------------------------------------------------------------

    def observe(self, event: Event, effects: Sequence[Effect], _seconds: float) -> None:
        """Take one step of the core."""
        for effect in effects:
            if isinstance(effect, SendSelect):
                self._judge_select(event, effect)
            elif isinstance(effect, PermitLease):
                self._permit_ms = effect.until_mono_ms
            elif isinstance(effect, SendStop) and self._stop_ms is None:
                self._stop_ms = self._clock()
        if isinstance(event, StopPressed) and self._stop_ms is None:
            self._stop_ms = self._clock()  # whatever the core made of it
        if isinstance(event, StopReadBack):
            self._stop_ms = None

    def note_motion(self, body: dict[str, Any]) -> None:
        """Take an intent or an outcome that the disk has taken."""
        if body["phase"] == "intent":
            if self._open:
                self._fail("busy", "a second request while one is open")
            self._open.add(body["request_id"])
            return
        self._open.discard(body["request_id"])
        selected = self.book.selected.get(int(body["request_id"], 16))
        if selected is not None and selected.press is not None and body["outcome"] == "done":
            self._inside -= set(selected.press.closing)

    @property
    def presumes(self) -> bool:
        """Whether a place was scanned in an aisle that nobody has looked into since."""
        return bool(self._inside)

    def check_presumed(self, bank: Bank) -> None:
        """Look at what the gateway says of aisles in which somebody scanned a place, and nobody has looked since."""
        if not self._inside or bank.request is not None or bank.snapshot is None:
            return
        widths = self._model.rails.widths_mm()
        self._inside = {aisle for aisle in self._inside if widths[aisle] >= BODY_MM}  # else nobody can be there
        for aisle in self._inside:
            if tell_occupancy(bank, aisle) not in {"seen", "presumed"}:
                self._fail("7", f"aisle {aisle} does not count as occupied though a place inside was scanned")

    def note_restart(self) -> None:
        """A gateway died: its permits died with it."""
        self._permit_ms = 0.0
        self._open.clear()
        self._stop_ms = None

    def note_place_scan(self, aisle: int) -> None:
        """Somebody scanned a place inside an aisle."""
        self._inside.add(aisle)
        self._scans = [*self._scans[-7:], (self._clock(), aisle)]

    def _judge_select(self, event: Event, order: SendSelect) -> None:
        now = self._clock()
        press = self.book.find(event)
        by_scan = isinstance(event, CodeRead) and not event.text.startswith("CF")
        if press is None and not by_scan:
            self._fail("0", f"SELECT out of {type(event).__name__}")
        if by_scan and not self.may_scan_alone and self._closing(order.aisle):
            self._fail("1", f"a scan alone opens aisle {order.aisle} though {self._closing(order.aisle)} closes")
        if press is not None:
            press.uses += 1
            if press.uses > 1:
                self._fail("2", "one press, two SELECTs")
            if now - press.at_ms > CONFIRMATION_MS:
                self._fail("2", f"SELECT {now - press.at_ms:.0f} ms after the press")
            if press.afar:
                self._fail("3", "SELECT out of a press from afar")
        self._judge_moment(now)
        if order.request_id in self.book.selected:
            self._fail("12", "two SELECTs of one request id")
        self.book.selected[order.request_id] = Selected(order.request_id, now, press, now)

    def _judge_moment(self, now: float) -> None:
        """Judge whether anything may be asked for now, whoever pressed."""
        if self._stop_ms is not None and now - self._stop_ms > SLACK_MS:
            self._fail("14", "SELECT while a STOP is not read back")
        if self._gateway.is_overloaded():
            self._fail("overloaded", "SELECT while the inbox overflows")
        age_ms = now - max((at for at, octets in self._heard if crc16(octets) == 0), default=now)
        if age_ms > STALE_MS + SLACK_MS:
            self._fail("stale", f"SELECT on a reading that is {age_ms:.0f} ms old")

    def _closing(self, aisle: int) -> list[int]:
        if aisle not in self._model.plan.aisles:
            return []
        return self._model.find_shut(aisle)

    # ---- bytes that leave the gateway ------------------------------------------------------------

    def note_frame(self, octets: bytes) -> None:
        """Take a request as it leaves."""
        now = self._clock()
        address = int.from_bytes(octets[6:8] if octets[1] == 0x17 else octets[2:4], "big")
        if octets[1] == 0x03 or address not in {map_.SELECT.address, map_.OPERATE.address, map_.LEASE.address}:
            return
        if address == map_.LEASE.address:
            if now > self._permit_ms + SLACK_MS / 10:
                self._fail("13", f"a lease renewed {now - self._permit_ms:.0f} ms after its permit ran out")
            if self._stop_ms is not None:
                self._fail("14", "a lease renewed after STOP")
            self.note_renewal(int.from_bytes(octets[11:13], "big"), int.from_bytes(octets[13:15], "big"))
            return
        request = octets[11:19] if octets[1] == 0x17 else octets[7:15]
        if (address, request) in self._sent:
            self._fail("12", "SELECT or OPERATE sent twice")
        self._sent.add((address, request))
        if address == map_.SELECT.address:
            self._judge_sent(int.from_bytes(request, "big"), now)
            return
        self._operated_ms = now
        late_ms = now - self._answered_ms
        if late_ms > SELECTION_MS + TURN_MS:
            self._fail("12", f"OPERATE {late_ms:.0f} ms after the answer to SELECT")
        elif late_ms > FRESH_MS + TURN_MS:
            self._fail("9", f"OPERATE on an answer that is {late_ms:.0f} ms old")

    def _judge_sent(self, request_id: int, now: float) -> None:
        if not self._gateway.has_intent(request_id):
            self._fail("store", "SELECT left though its intent is not on disk")
        selected = self.book.selected.get(request_id)
        pressed_ms = selected.at_ms if selected is not None and selected.press is not None else now
        if now - pressed_ms > CONFIRMATION_MS + TURN_MS:
            self._fail("2", f"SELECT left {now - pressed_ms:.0f} ms after the press")

    def note_answer(self, octets: bytes) -> None:
        """Take bytes as they arrive at the gateway."""
        if len(octets) == MOTION_ANSWER_BYTES:
            self._heard.append((self._clock(), octets))
        elif len(octets) == SELECT_ANSWER_BYTES:
            self._answered_ms = self._clock()

    def note_renewal(self, counter: int, sequence: int) -> None:
        """Take a renewal of the lease as it leaves."""
        now = self._clock()
        fresh = self._model.sequence_age_ms(sequence) <= LEASE_MS
        rising = 0 < ((counter - self._counter) & 0xFFFF) < 0x8000
        if fresh and rising:
            self._counter, self._alive_ms = counter, now

    # ---- steel --------------------------------------------------------------------------------------

    def note_start(self, task: Task) -> None:
        """Take a motion that is about to begin its warning."""
        model, now = self._model, self._clock()
        self.motions += 1
        self._started_ms = self._alive_ms = now
        self._counter = 0
        narrowing = model.find_narrowing(task)
        held = model.circumstances.inputs & HOLDING
        if held - ({SafetyInput.FIRE} if task.fire else set()):  # fire park is the controller's own act
            self._fail("local", f"motion began though {sorted(held)} hold the bank")
        if locked := narrowing & (model.circumstances.locks | model.circumstances.gateway_locks):
            self._fail("6", f"motion began though {sorted(locked)} is locked")
        if seen := narrowing & model.occupancy.seen(model.rails.widths_mm()):
            self._fail("7", f"motion began though {sorted(seen)} is seen occupied")
        if not model.positions_known and task.operation is not Operation.HOME:
            self._fail("10", "motion began with positions unknown")
        if model.faults:
            self._fail("fault", "motion began with a fault standing")
        if model.rails.moving:
            self._fail("busy", "motion began while the steel still moved")
        if task.request_id is not None and self._stop_ms is not None and now - self._stop_ms > SLACK_MS + self._held_ms:
            self._fail("14", "motion began while a STOP was not read back")
        if task.request_id is not None:
            if RoomInput.WATER in model.room_inputs:
                self._fail("local", "motion by order of the gateway while water stands in the room")
            self._judge_start(task.request_id, now)
            self._judge_gateway()
        else:
            self.book.last_motion = None

    def note_grant(self, before: BankState) -> None:
        """Take a selection that was granted, and what the bank was doing then."""
        if before in UNDER_WAY:
            self._fail("busy", "a selection was granted while a motion was under way")
        if before in ASLEEP:
            self._fail("19", "a selection was granted to a bank that was not awake")

    def _judge_gateway(self) -> None:
        moving, most = self._gateway.count_moving(self._model)
        if moving + 1 > most:
            self._fail("13", f"{moving + 1} banks move on a bus that carries the leases of {most}")
        if self._gateway.is_strange(self._model):
            self._fail("geometry", "motion by order of a gateway that was made for other steel")

    def _judge_start(self, request_id: int, now: float) -> None:
        selected = self.book.selected.get(request_id)
        if selected is None:
            self._fail("0", "motion of a request that the core never selected")
            return
        self.book.last_motion = selected
        selected.starts += 1
        if selected.starts > 1:
            self._fail("12", "motion twice for one request")
        press = selected.press
        begun = press.at_ms if press is not None else selected.at_ms
        if now - begun > CONFIRMATION_MS + OPERATE_MS:
            self._fail("2", f"motion {now - begun:.0f} ms after the press")
        if press is None:
            return
        later = [e for e in self._model.events if 0 < ((e.number - press.ring_head) & 0xFFFF) < 0x8000]
        if later:
            self._fail("9", f"motion began though {later[0].kind} came after the press")
        if any(press.at_ms < at < self._operated_ms for at, _ in self._scans):  # what has left can't be called back
            self._fail("2", "motion began though a place was scanned after the press")

    def note_step(self, before_mm: dict[int, float], after_mm: dict[int, float], narrowing: frozenset[int]) -> None:
        """Take one step of the steel; `narrowing` are the aisles that it made narrower."""
        model = self._model
        if not model.occupancy.is_empty:
            self.harm.watch(before_mm, after_mm)
        task = model.task
        if model.state is not BankState.MOVING or task is None or task.ending:
            self._offence_ms = None
            return
        now = float(model.now_ms)
        self._judge_going_on(now, narrowing, after_mm)
        if task.request_id is None:
            return
        if now - self._alive_ms > LEASE_MS + self._lease_slack_ms:
            self._fail("13", f"moving {now - self._alive_ms:.0f} ms after the last lease")
        if self._stop_ms is not None and now - self._stop_ms > SILENCE_MS + SLACK_MS + self._held_ms:
            self._fail("14", f"moving {now - self._stop_ms:.0f} ms after STOP")
        self._judge_narrowing(before_mm, after_mm)

    def _judge_going_on(self, now: float, narrowing: frozenset[int], after_mm: dict[int, float]) -> None:
        """Two steps on end against an interlock are one too many."""
        model = self._model
        circumstances, seen = model.circumstances, model.occupancy.seen(after_mm)
        against: AbstractSet[object] = narrowing & seen if seen else seen
        if not against and (circumstances.locks or circumstances.gateway_locks):
            against = narrowing & (circumstances.locks | circumstances.gateway_locks)
        if not against and circumstances.inputs:
            fire = model.task is not None and model.task.fire
            against = circumstances.inputs & (HOLDING - {SafetyInput.FIRE} if fire else HOLDING)
        moving_ms = now - self._started_ms
        if moving_ms < self._warning_ms - STEP_SLACK_MS:
            self._fail("19", "moving before the warning was over")
        if moving_ms > self._longest_ms:
            self._fail("19", "moving beyond the bank's own travel time")
        if not against:
            self._offence_ms = None
        elif self._offence_ms is None:
            self._offence_ms = now
        elif now - self._offence_ms > STEP_SLACK_MS:
            self._fail("7", f"motion went on against {sorted(map(str, against))}")

    def _judge_narrowing(self, before_mm: dict[int, float], after_mm: dict[int, float]) -> None:
        passable = self._passable_mm
        for no, width in after_mm.items():
            if width >= passable or before_mm[no] < passable:
                continue
            selected = self.book.last_motion
            press = selected.press if selected is not None else None
            if press is None and self.may_scan_alone:
                continue
            if press is None or no not in press.closing:
                self._fail("1", f"aisle {no} narrowed below the passable gap without its own confirmation")

    # ---- bounds -----------------------------------------------------------------------------------

    def check_bounds(self, queue: int, inbox: int, waiting: int) -> None:
        """Look at every queue."""
        if queue > QUEUE_MAX or inbox > INBOX_MAX or waiting > INBOX_MAX:
            self._fail("bounds", f"queue {queue}, inbox {inbox}, steps {waiting}")


QUIET_CAUSES: tuple[type[Any], ...] = (SnapshotArrived, RingEventsRead, DeadlinePassed)
