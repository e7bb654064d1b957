"""A bus on a virtual clock that spoils frames both ways: the gateway's session and schedule, simulated controllers, no I/O.

Bad and good stretches take turns. A little core opens aisles, stops some, and permits leases only on fresh readings.
What counts as unwanted is judged from the wire and the steel, not from what either end believes.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from firmware_protocol import pdu
from firmware_protocol import registers as map_
from firmware_protocol.codes import Operation
from firmware_protocol.fields import Target
from firmware_protocol.messages import Lease, OperateRequest, SelectRequest
from firmware_protocol.reports import (
    Condition,
    ConditionChanged,
    MotionRead,
    OperateAnswered,
    Report,
    SelectAnswered,
    StopReadBack,
    WireFailed,
)
from firmware_protocol.schedule import BusSchedule
from firmware_protocol.session import ControllerSession, SessionSettings
from firmware_protocol.timing import Line
from simulators import shelf_words
from simulators.bank_plan import plan_bank
from simulators.shelf_controller import ShelfController, Station
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState

UNITS = (1, 2)
BAD_MS, GOOD_MS = 4000.0, 1000.0
SPOILED_SHARE = 0.5
RECOVERY_POLLS, POLL_MS = 2, 250.0
# A reading may be 500 ms old in a renewal, and a lease lives 500 ms; then the steel has its own time to stand.
PERMIT_DIES_MS = 500 + 500
OPERATE_BEGINS = bytes(
    (0x17, *map_.OPERATE_ANSWER.address.to_bytes(2, "big"), 0, 2, *map_.OPERATE.address.to_bytes(2, "big"))
)
WATCH_MS = 20.0
PIECE_BYTES = 24
Arrivals = list[tuple[float, bytes]]


@dataclass
class Wire:
    """What a kind of fault may draw upon."""

    dice: random.Random
    asked: deque[bytes] = field(default_factory=lambda: deque(maxlen=64))

    def flip(self, octets: bytes) -> Arrivals:
        spoiled = bytearray(octets)
        for _ in range(self.dice.randint(1, 8)):
            spoiled[self.dice.randrange(len(spoiled))] ^= 1 << self.dice.randrange(8)
        return [(0.0, bytes(spoiled))]

    def lose(self, octets: bytes) -> Arrivals:
        spoiled = bytearray(octets)
        for _ in range(self.dice.randint(1, 3)):
            if spoiled:
                del spoiled[self.dice.randrange(len(spoiled))]
        return [(0.0, bytes(spoiled))]

    def insert(self, octets: bytes) -> Arrivals:
        spoiled = bytearray(octets)
        for _ in range(self.dice.randint(1, 3)):
            spoiled.insert(self.dice.randrange(len(spoiled) + 1), self.dice.randrange(256))
        return [(0.0, bytes(spoiled))]

    def cut(self, octets: bytes) -> Arrivals:
        return [(0.0, octets[: self.dice.randrange(len(octets))])]

    def swallow(self, _octets: bytes) -> Arrivals:
        return []

    def delay(self, octets: bytes) -> Arrivals:
        return [(self.dice.uniform(10, 700), octets)]

    def double(self, octets: bytes) -> Arrivals:
        return [(0.0, octets), (self.dice.uniform(1, 300), octets)]

    def merge(self, octets: bytes) -> Arrivals:
        """A neighbour's frame runs into ours."""
        other = pdu.answer_registers(9, 3, tuple(self.dice.randrange(65536) for _ in range(self.dice.choice((4, 16)))))
        return [(0.0, other + octets if self.dice.random() < 0.5 else octets + other)]

    def replay(self, octets: bytes) -> Arrivals:
        """A repeater says an old request once more."""
        return [(0.0, octets), (self.dice.uniform(1, 3000), self.dice.choice(self.asked))]

    def talk(self, octets: bytes) -> Arrivals:
        """A second master asks something of its own, or forges a renewal, beside us."""
        unit, junk = self.dice.choice(UNITS), self.dice.getrandbits(31) + 1
        said = self.dice.choice((
            pdu.ask_registers(unit, map_.MOTION.address, map_.MOTION.count),
            pdu.ask_registers(unit, map_.DETAIL.address, 14),
            pdu.ask_write_many(unit, map_.LEASE.address, Lease(junk, junk & 0xFFFF, junk & 0xFFFF).to_registers()),
            pdu.ask_read_write(
                unit, map_.OPERATE_ANSWER.address, 2, map_.OPERATE.address,
                OperateRequest(junk, junk, Target(Operation.OPEN, 2), junk & 0xFFFF).to_registers(),
            ),
        ))  # fmt: skip
        return [(0.0, octets), (self.dice.uniform(0, 60), said)]


KINDS: dict[str, Callable[[Wire, bytes], Arrivals]] = {
    "bit flips": Wire.flip,
    "bytes lost": Wire.lose,
    "bytes inserted": Wire.insert,
    "frames cut off": Wire.cut,
    "frames swallowed": Wire.swallow,
    "late": Wire.delay,
    "said twice": Wire.double,
    "merged with a neighbour's": Wire.merge,
    "old requests repeated": Wire.replay,
    "a second master": Wire.talk,
}
ECHO, MIXED = "echo", "all of these"
NAMES = (*KINDS, ECHO, MIXED)


@dataclass
class Tally:
    """What one kind of fault did."""

    kind: str
    spoiled: int = 0
    exchanges: int = 0
    timeouts: int = 0
    asked: int = 0  # SELECTs given
    begun: int = 0  # OPERATEs that a controller accepted
    unwanted: Counter[str] = field(default_factory=Counter)
    recoveries_ms: list[float] = field(default_factory=list)
    fell_silent: int = 0  # stretches after which a unit was called silent; it is found by its next probe
    found_ms: list[float] = field(default_factory=list)  # how long that took, of those found in the good second

    @property
    def slow(self) -> int:
        """How many stretches took longer than two polls to be read again."""
        return sum(took_ms > RECOVERY_POLLS * POLL_MS for took_ms in self.recoveries_ms)


@dataclass
class _Hand:
    """The little core of one bank."""

    next_ms: float
    token: int = 0
    permitted_ms: float = -1e9
    moving: bool = False
    stop_at_ms: float | None = None
    condition: Condition | None = None


def find_accepted(octets: bytes, answer: bytes) -> tuple[int, int, int] | None:
    """Tell unit, request id and aisle of an OPERATE that was accepted, from the raw bytes alone.

    A neighbour's frame may stand before it.
    """
    found = octets.find(OPERATE_BEGINS)
    if found < 1 or answer[1] != 0x17 or len(answer) != 9 or int.from_bytes(answer[5:7], "big"):
        return None
    frame = octets[found - 1 :]
    return frame[0], int.from_bytes(frame[11:19], "big"), frame[24]


class BadLine:
    """One bus under one kind of fault."""

    def __init__(self, kind: str, seed: int, baud: int = 19200) -> None:
        self.now_ms = 1000.0
        self.tally = Tally(kind)
        self._dice = random.Random(f"{kind}-{seed}")
        self._wire = Wire(self._dice)
        self._line = Line(baud)
        plan = plan_bank(moving=3, speed_mm_s=800)
        plan = replace(plan, times=replace(plan.times, warning_ms=600))
        times = plan.times
        self._dead_after_ms = PERMIT_DIES_MS + times.reaction_ms + 1000 * times.speed_mm_s / times.braking_mm_s2
        self.controllers = {u: ShelfController(ShelfModel(plan, seed=seed + u), u, self._clock) for u in UNITS}
        self._station = Station(list(self.controllers.values()))
        with self.controllers[1].at_now() as model:
            geometry = shelf_words.identify(model, "test").geometry_hash
        settings = SessionSettings(geometry, watch_period_ms=self._line.watch_period_ms, idle_poll_ms=POLL_MS)
        self.schedule = BusSchedule(self._line, [ControllerSession(unit, settings) for unit in UNITS])
        self._hands = {unit: _Hand(self.now_ms + 2000) for unit in UNITS}
        self._pending: list[tuple[float, int, str, bytes]] = []
        self._count = 0
        self._bad = False
        self._watched_ms = 0.0
        self._ordered: dict[int, tuple[int, int]] = {}  # request id -> unit, aisle of OPERATEs given by the core
        self._accepted: Counter[int] = Counter()
        self._waits: dict[int, float] = {}  # unit -> start of the good stretch in which it has not been read yet
        self._silent: dict[int, float] = {}  # the same, of units called silent

    def _clock(self) -> int:
        return int(self.now_ms)

    def run(self, spoiled: int) -> Tally:
        """Go on until so many frames were spoiled."""
        self._run_to(self.now_ms + GOOD_MS)
        while self.tally.spoiled < spoiled:
            self._bad = True
            self._run_to(self.now_ms + BAD_MS * self._dice.uniform(0.2, 1.0))
            self._bad = False
            self._begin_good()
            self._run_to(self.now_ms + GOOD_MS)
            self.tally.unwanted["no reading"] += len(self._waits)
            self._waits.clear()
            self._silent.clear()
        self.tally.unwanted += Counter()  # only what there is
        counters = self.schedule.counters
        self.tally.exchanges, self.tally.timeouts = counters.exchanges, counters.timeouts
        return self.tally

    def _begin_good(self) -> None:
        # A line is good again when the last of what the bad time left on it has come.
        begun_ms = max((item[0] for item in self._pending), default=self.now_ms)
        for unit, hand in self._hands.items():
            if hand.condition is Condition.ONLINE:
                self._waits[unit] = begun_ms
            else:
                self.tally.fell_silent += 1
                self._silent[unit] = begun_ms

    # ------------------------------------------------------------ the clock

    def _run_to(self, until_ms: float) -> None:
        while self.now_ms < until_ms:
            self._deliver()
            self._act()
            octets = self.schedule.step(self.now_ms)
            if octets is not None:
                self._wire.asked.append(octets)
                self._send("asked", octets, self._line.wire_ms(len(octets)))
            for unit, report in self.schedule.take_reports():
                self._take(unit, self._hands[unit], report)
            self._watch()
            moments = [until_ms, max(self.schedule.next_step_ms(self.now_ms), self.now_ms + 0.01)]
            if self._pending:
                moments.append(self._pending[0][0])
            self.now_ms = max(self.now_ms + 0.001, min(moments))

    def _send(self, what: str, octets: bytes, wire_ms: float) -> None:
        """Put a frame on the line; in a bad stretch something may happen to it."""
        if not self._bad or self._dice.random() >= SPOILED_SHARE:
            self._later(wire_ms, what, octets)
            return
        self.tally.spoiled += 1
        kind = self._dice.choice((*KINDS, ECHO)) if self.tally.kind == MIXED else self.tally.kind
        if kind == ECHO:
            self._later(wire_ms, what, octets)
            if what == "asked":
                self._later(wire_ms - self._line.silence_ms, "told", octets)
            return
        for number, (delay_ms, arriving) in enumerate(KINDS[kind](self._wire, octets)):
            # what comes beside the frame itself are requests of others, to the controllers
            goal = "asked" if number and kind in {"old requests repeated", "a second master"} else what
            self._later(wire_ms + delay_ms, goal, arriving)

    def _later(self, after_ms: float, what: str, octets: bytes) -> None:
        """Let bytes arrive; an answer in pieces, as from a real adapter, the last of them after this time."""
        if what == "told":
            for begin in range(0, len(octets) - PIECE_BYTES, PIECE_BYTES):
                left = len(octets) - begin - PIECE_BYTES
                self._arrive(after_ms - self._line.sending_ms(left), what, octets[begin : begin + PIECE_BYTES])
            octets = octets[(len(octets) - 1) // PIECE_BYTES * PIECE_BYTES :]
        self._arrive(after_ms, what, octets)

    def _arrive(self, after_ms: float, what: str, octets: bytes) -> None:
        self._count += 1
        heapq.heappush(self._pending, (self.now_ms + after_ms, self._count, what, octets))

    def _deliver(self) -> None:
        while self._pending and self._pending[0][0] <= self.now_ms:
            _, _, what, octets = heapq.heappop(self._pending)
            if what == "told":
                self.schedule.receive(octets, self.now_ms)
                continue
            for answer in self._station.hear(octets, True):
                self._note_accepted(octets, answer)
                self._send("told", answer, self._line.sending_ms(len(answer)))

    # ------------------------------------------------------------ a core in a few lines

    def _act(self) -> None:
        for unit, hand in self._hands.items():
            session = self.schedule.sessions[unit]
            if hand.stop_at_ms is not None and self.now_ms >= hand.stop_at_ms:
                hand.stop_at_ms, hand.token = None, 0
                session.order_stop(1, self.now_ms)
            if self.now_ms >= hand.next_ms and not hand.moving:
                hand.next_ms = self.now_ms + self._dice.uniform(2000, 6000)
                self.tally.asked += 1
                request = SelectRequest(
                    self._dice.getrandbits(63) + 1, Target(Operation.OPEN, self._dice.randint(1, 4))
                )
                self.schedule.order_select(unit, request, self.now_ms + 500)

    def _take(self, unit: int, hand: _Hand, report: Report) -> None:
        session = self.schedule.sessions[unit]
        match report:
            case ConditionChanged():
                hand.condition = report.condition
                if report.condition is Condition.SILENT and unit in self._waits:
                    self.tally.fell_silent += 1
                    self._silent[unit] = self._waits.pop(unit)
            case SelectAnswered() if report.answer.token:
                hand.token = report.answer.token
                self._ordered[report.request_id] = unit, report.answer.target.aisle
                answer = report.answer
                request = OperateRequest(report.request_id, answer.token, answer.target, answer.ring_head)
                session.order_operate(request, self.now_ms + 300)
            case OperateAnswered() if not report.reasons:
                hand.moving = True
                if self._dice.random() < 0.2:
                    hand.stop_at_ms = self.now_ms + self._dice.uniform(0, 2000)
            case WireFailed():
                session.order_stop(3, self.now_ms)
                hand.token, hand.moving = 0, False
            case MotionRead():
                self._take_motion(unit, hand, report)
            case StopReadBack():
                hand.moving = False

    def _take_motion(self, unit: int, hand: _Hand, report: MotionRead) -> None:
        began_ms = self._waits.pop(unit, None)
        if began_ms is not None:
            self.tally.recoveries_ms.append(max(0.0, self.now_ms - began_ms))
        silent_ms = self._silent.pop(unit, None)
        if silent_ms is not None:
            self.tally.found_ms.append(max(0.0, self.now_ms - silent_ms))
        if report.snapshot.is_resting:
            hand.moving = False
        elif hand.token and self.now_ms - report.at_ms < 250:
            hand.permitted_ms = self.now_ms
            self.schedule.sessions[unit].permit_lease(hand.token, report.at_ms + 250, self.now_ms)

    # ------------------------------------------------------------ what may never be

    def _note_accepted(self, octets: bytes, answer: bytes) -> None:
        accepted = find_accepted(octets, answer)
        if accepted is None:
            return
        unit, request_id, aisle = accepted
        self._accepted[request_id] += 1
        self.tally.begun += 1
        if self._ordered.get(request_id) != (unit, aisle):
            self.tally.unwanted["motion nobody asked for"] += 1
        if self._accepted[request_id] > 1:
            self.tally.unwanted["motion twice"] += 1

    def _watch(self) -> None:
        if self.now_ms < self._watched_ms + WATCH_MS:
            return
        self._watched_ms = self.now_ms
        for unit, controller in self.controllers.items():
            with controller.at_now() as model:
                if not model.rails.moving:
                    continue
                request_id = model.motions[-1][0]
                if request_id is None or self._accepted[request_id] != 1:
                    self.tally.unwanted["steel without an accepted OPERATE"] += 1
                if (
                    self.now_ms - self._hands[unit].permitted_ms > self._dead_after_ms
                    and model.state is BankState.MOVING
                ):
                    self.tally.unwanted["steel without a permit"] += 1
