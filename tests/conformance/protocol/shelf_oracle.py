"""What the SPEC's chapter 5 says about one request after another: a small reading of it, without steel and bytes.

It knows selections, leases, deadlines and interlocks; where the columns stand it is told by the registers it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SELECTION_MS, LEASE_MS, AGE_MS, WARNING_MS, WAKE_MS = 2000, 500, 500, 1500, 2000
NOT_AWAKE, OCCUPIED, LOCKED, LOCAL, BUSY, ELSEWHERE = (1 << bit for bit in range(6))
NOT_SELECTED, RING_MOVED, ID_USED, OTHER_TARGET, FIRE, NO_TARGET = 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15
NO_MOTION, WRONG_TOKEN, COUNTER, SEQUENCE_OLD, LAPSED = range(1, 6)
OUTCOMES = {
    "selected": 1,
    "accepted": 2,
    "done": 3,
    "refused": 4,
    "stopped": 5,
    "lapsed": 6,
    "failed": 7,
    "expired": 8,
    "given": 9,
}
STOP_WIRE, LEASE, ESTOP, OCCUPANCY, LOCK, LOCAL_CONTROL, FIRE_CAUSE = 2, 4, 5, 8, 9, 10, 15
POSITION_UNKNOWN, NOT_SUPPORTED = 1 << 7, 1 << 9
OPEN, CLOSE_ALL, VENTILATE, PARK, HOME = (number << 8 for number in range(1, 6))
LOCK_ACT, UNLOCK_ACT, LIGHT_ON, LIGHT_OFF, CLEAR_FAULT, WAKE = (number << 8 for number in range(16, 22))
SLEEP = 23 << 8
MOVES = {OPEN, CLOSE_ALL, VENTILATE, PARK, HOME}
WHOLE_BANK = {CLEAR_FAULT, WAKE, SLEEP}


@dataclass
class Asked:
    """The request the bank is busy with."""

    request_id: int
    target: int
    token: int
    ring_head: int
    at_ms: int
    renewed_ms: int = 0
    counter: int = 0


@dataclass
class Sensors:
    """What is held at the bank, aisle by aisle."""

    seen: set[int] = field(default_factory=set)
    locks: set[int] = field(default_factory=set)
    wire_locks: set[int] = field(default_factory=set)
    estop: bool = False
    fire: bool = False


@dataclass
class Verdict:
    """Reasons that must be given, and those that may be given with them."""

    must: int
    may: int = 0

    def allows(self, reasons: int) -> bool:
        """Tell whether the answer holds all it must and nothing it may not."""
        return reasons & self.must == self.must and not reasons & ~(self.must | self.may)


class Oracle:
    """One bank by the SPEC. Phase: asleep, waking, rest, selected, active (from OPERATE to its end), ending (being braked)."""

    def __init__(self, aisles: int, free_mm: int) -> None:
        self.aisles = aisles
        self.free_mm = free_mm
        self.unknown = False  # nobody knows where columns stand
        self.lights: set[int] = set()
        self.now_ms = self.woken_ms = 0
        self.phase = "rest"
        self.asked: Asked | None = None
        self.lapsed_token = 0
        self.log: dict[int, tuple[int, int]] = {}
        self.sensors = Sensors()

    def widths_after(self, target: int) -> list[int]:
        """SPEC 5.12: the gaps that an operation brings about; the last aisle is the home gap."""
        if target == VENTILATE:
            return [self.free_mm // self.aisles] * self.aisles
        goal = target & 0xFF or self.aisles
        return [self.free_mm if no == goal else 0 for no in range(1, self.aisles + 1)]

    def find_missing(self, target: int) -> int:
        """SPEC 5.6, 5.12: what of a target isn't there."""
        operation, aisle = target & 0xFF00, target & 0xFF
        if operation not in MOVES:
            return NOT_SUPPORTED
        exists = 1 <= aisle <= self.aisles if operation == OPEN else aisle == 0
        return 0 if exists else NO_TARGET

    def interlocks(self, target: int, widths_mm: list[int]) -> Verdict:
        """SPEC 5.6: aisles that lose width would narrow; a millimetre or two may be no width."""
        if self.unknown:
            narrowing, perhaps = set(range(1, self.aisles)), set()
        else:
            lost = {
                no: now - then
                for no, (now, then) in enumerate(zip(widths_mm, self.widths_after(target), strict=True), 1)
            }
            narrowing = {no for no, mm in lost.items() if mm >= 3}
            perhaps = {no for no, mm in lost.items() if 0 < mm < 3}
        locks = self.sensors.locks | self.sensors.wire_locks
        must = (LOCAL if self.sensors.estop else 0) | (FIRE if self.sensors.fire else 0)
        must |= (OCCUPIED if narrowing & self.sensors.seen else 0) | (LOCKED if narrowing & locks else 0)
        must |= POSITION_UNKNOWN if self.unknown and target != HOME else 0
        may = (OCCUPIED if perhaps & self.sensors.seen else 0) | (LOCKED if perhaps & locks else 0)
        return Verdict(must, may)

    def select(self, request_id: int, target: int, widths_mm: list[int]) -> Verdict:
        """SPEC 5.4: all that apply; where a target is missing nothing narrows."""
        state = {"rest": 0, "selected": ELSEWHERE, "asleep": NOT_AWAKE, "waking": NOT_AWAKE}.get(self.phase, BUSY)
        missing = self.find_missing(target)
        plain = (ID_USED if request_id in self.log else 0) | missing
        if missing:
            must = (LOCAL if self.sensors.estop else 0) | (FIRE if self.sensors.fire else 0) | state
            return Verdict(plain | must, POSITION_UNKNOWN)
        held = self.interlocks(target, widths_mm)
        return Verdict(held.must | state | plain, held.may)

    def act(self, request_id: int, target: int) -> int:
        """SPEC 5.12: what ACT gets, and what it does."""
        if request_id in self.log:
            return ID_USED
        reasons = self._carry_out(target & 0xFF00, target & 0xFF)
        self._write(request_id, OUTCOMES["refused" if reasons else "done"], 0)
        return reasons

    def _carry_out(self, operation: int, aisle: int) -> int:
        if operation not in {LOCK_ACT, UNLOCK_ACT, LIGHT_ON, LIGHT_OFF, *WHOLE_BANK}:
            return NOT_SUPPORTED
        if aisle > (0 if operation in WHOLE_BANK else self.aisles):
            return NO_TARGET
        chosen = {aisle} if aisle else set(range(1, self.aisles + 1))
        if operation == LOCK_ACT:
            self.sensors.wire_locks |= chosen
        elif operation == UNLOCK_ACT:
            if chosen & self.sensors.locks:
                return LOCAL
            self.sensors.wire_locks -= chosen
        elif operation == CLEAR_FAULT:
            return LOCAL if self.sensors.estop else 0
        elif operation == WAKE:
            self.wake()
        elif operation == SLEEP:
            return self._fall_asleep()
        elif operation in {LIGHT_ON, LIGHT_OFF}:
            self.lights = self.lights | chosen if operation == LIGHT_ON else self.lights - chosen
        return 0

    def wake(self) -> None:
        """SPEC 5.2: by ACT, or somebody at the bank; it takes its time, and waking once more doesn't begin anew."""
        if self.phase == "asleep":
            self.phase, self.woken_ms = "waking", self.now_ms

    def _fall_asleep(self) -> int:
        """SPEC 5.12: a bank at rest does, one that sleeps has done so; whatever else it does, it goes on."""
        if self.phase not in {"rest", "asleep"}:
            return BUSY
        if self.unknown:
            return POSITION_UNKNOWN
        self.phase = "asleep"
        return 0

    def turn_handle(self) -> None:
        """SPEC 5.1: position and occupancy are unknown, a selection is void, nothing sleeps any more."""
        self.unknown = True
        if self.phase == "selected":
            self._end("failed", LOCAL_CONTROL)
        else:
            self.phase = "rest"

    def note_select(self, request_id: int, target: int, answer: tuple[int, int, int]) -> None:
        """Take what was answered: reasons, token, ring head."""
        reasons, token, ring_head = answer
        if reasons & ID_USED:
            return
        self._write(request_id, OUTCOMES["refused" if reasons else "selected"], 0)
        if not reasons:
            self.phase = "selected"
            self.asked = Asked(request_id, target, token, ring_head, self.now_ms)

    def _write(self, request_id: int, outcome: int, cause: int) -> None:
        self.log[request_id] = (outcome, cause)
        while len(self.log) > 16:
            del self.log[next(iter(self.log))]

    def _settle(self, outcome: str, cause: int) -> None:
        assert self.asked is not None
        if self.asked.request_id in self.log:
            self.log[self.asked.request_id] = (OUTCOMES[outcome], cause)

    def operate(self, asked: Asked, ring_head_now: int, widths_mm: list[int]) -> Verdict:
        """SPEC 5.5: what OPERATE with these values gets."""
        held = self.asked
        if self.phase != "selected" or held is None:
            return Verdict(NOT_SELECTED, 0xFFFF)
        verdict = self.interlocks(held.target, widths_mm)
        if (asked.request_id, asked.token) != (held.request_id, held.token):
            verdict.must |= NOT_SELECTED
        verdict.must |= OTHER_TARGET if asked.target != held.target else 0
        verdict.must |= RING_MOVED if asked.ring_head != ring_head_now else 0
        return verdict

    def note_operate(self, reasons: int, *, in_place: bool) -> None:
        """Take what was answered; a refusal voids the selection, an accepted one leases it or is done at once."""
        if self.phase != "selected" or self.asked is None:
            return
        if reasons:
            self._end("refused", 0)
        elif in_place:
            self.note_arrival(self.widths_after(self.asked.target))
        else:
            self.asked.at_ms = self.asked.renewed_ms = self.now_ms
            self._settle("accepted", 0)
            self.phase = "active"

    def renew(self, token: int, counter: int, age_ms: int) -> int:
        """SPEC 5.7: 0 and a new lease, or why not."""
        held = self.asked
        if token and token == self.lapsed_token:
            return LAPSED
        if self.phase != "active" or held is None:
            return NO_MOTION
        if token != held.token:
            return WRONG_TOKEN
        if not 0 < (counter - held.counter & 0xFFFF) < 0x8000:
            return COUNTER
        if not 0 <= age_ms <= AGE_MS:
            return SEQUENCE_OLD
        held.counter, held.renewed_ms = counter, self.now_ms
        return 0

    def stop(self, *, warning: bool, outcome: str = "stopped", cause: int = STOP_WIRE) -> None:
        """SPEC 5.8 and the interlocks watched in 5.6: a selection or warning is over at once, a motion is braked."""
        if self.phase == "selected" or (self.phase == "active" and warning):
            self._end(outcome, cause)
        elif self.phase == "active":
            assert self.asked is not None
            if self.asked.target & 0xFF00 == OPEN:
                self.lights.add(self.asked.target & 0xFF)  # it had set off
            self._settle(outcome, cause)
            self.phase = "ending"

    def watch(self, widths_mm: list[int], *, warning: bool) -> None:
        """End the motion if an interlock that has just appeared forbids it."""
        if self.phase != "active" or self.asked is None:
            return
        held = self.interlocks(self.asked.target, widths_mm).must
        causes = {LOCAL: ESTOP, FIRE: FIRE_CAUSE, OCCUPIED: OCCUPANCY, LOCKED: LOCK}
        for reason, cause in causes.items():
            if held & reason:
                self.stop(warning=warning, cause=cause)
                return

    def deselect(self, value: int) -> bool:
        """SPEC 5.8: whether it is answered without an exception."""
        if self.phase != "selected" or self.asked is None:
            return True
        if value not in (0, self.asked.token & 0xFFFF):
            return False
        self._end("given", 0)
        return True

    def pass_time(self, ms: int) -> None:
        """Let deadlines pass: 2,000 ms for waking, 2,000 ms for a selection, 500 ms for a lease."""
        self.now_ms += ms
        held = self.asked
        if self.phase == "waking" and self.now_ms - self.woken_ms >= WAKE_MS:
            self.phase = "rest"
        elif self.phase == "selected" and held and self.now_ms - held.at_ms >= SELECTION_MS:
            self._end("expired", 0)
        elif self.phase == "active" and held and self.now_ms - held.renewed_ms >= LEASE_MS:
            self.lapsed_token = held.token
            lapsed_at_ms = held.renewed_ms + LEASE_MS - held.at_ms
            self.stop(warning=lapsed_at_ms <= WARNING_MS, outcome="lapsed", cause=LEASE)

    def note_arrival(self, widths_mm: list[int]) -> None:
        """The registers say that the motion has come to its end: lights follow what stands open now."""
        assert self.asked is not None
        operation = self.asked.target & 0xFF00
        if operation == HOME:
            self.unknown = False
        if operation == OPEN:
            self.lights.add(self.asked.target & 0xFF)
        passable = {no for no, mm in enumerate(widths_mm, 1) if mm >= 700}
        self.lights = set() if operation == PARK else self.lights & passable
        self._end("done", 1)
        if operation == PARK:
            self.phase = "asleep"

    def note_standstill(self) -> None:
        """The registers say that what was braked stands."""
        self.phase, self.asked = "rest", None

    def _end(self, outcome: str, cause: int) -> None:
        self._settle(outcome, cause)
        self.phase, self.asked = "rest", None
