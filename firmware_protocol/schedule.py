"""One bus, several controllers, without I/O: whose turn it is, silence, time-outs, one exchange at a time (SPEC 2, 6).

The owner loops: `receive` what came in, write what `step` returns, wait until `next_step_ms` or bytes or an order.
The line must be written at once after `step`: permits are judged at that moment. Time comes in as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware_protocol.exchange import Exchange, Haste
from firmware_protocol.frame import Frame, FrameFault, FrameReader, Role
from firmware_protocol.messages import SelectRequest
from firmware_protocol.pdu import read_answer
from firmware_protocol.reports import Report
from firmware_protocol.session import ControllerSession
from firmware_protocol.timing import MOTION_BYTES, REPLY_TIMEOUT_MS, Line

# Adapters and terminals tear an answer apart; only a longer gap ends one.
ANSWER_GAP_MS = 20.0
# A line that never falls silent may hold a STOP back for this long.
BABBLE_MS = 100.0
IDLE_STEP_MS = 1000.0
# On a full line these wait; one in so many reads of MOTION is theirs, the longest waiting first.
WAITING_AT_REST = frozenset({Haste.RING, Haste.PROBE})
WAITING_WHILE_MOVING = WAITING_AT_REST | {Haste.MOTION}
TURN_PERIOD_READS = 5
READINGS = frozenset({Haste.WATCH, Haste.MOTION})


@dataclass(slots=True)
class _Sent:
    exchange: Exchange
    session: ControllerSession
    sent_ms: float
    end_ms: float  # when its last bit has left
    heard_ms: float | None = None  # last byte of what may be the answer


@dataclass(slots=True)
class BusCounters:
    """What happened on a bus, for metrics."""

    exchanges: int = 0
    answers: int = 0
    timeouts: int = 0
    faults: int = 0
    strays: int = 0
    bytes_sent: int = 0
    bytes_heard: int = 0


class BusSchedule:
    """Owns the turn on one line."""

    def __init__(self, line: Line, sessions: Iterable[ControllerSession]) -> None:
        """Take the line's speed and the controllers on it."""
        self.line = line
        self.sessions = {session.unit: session for session in sessions}
        self.counters = BusCounters()
        self._max_moving = line.max_moving_banks
        self._answer_gap_ms = ANSWER_GAP_MS + line.network_ms
        self._reader = FrameReader(Role.RESPONSE)
        self._sent: _Sent | None = None
        self._now_ms = self._quiet_from_ms = 0.0
        self._stop_waits_from_ms: float | None = None
        self._leased: set[int] = set()
        self._turn_period_ms = TURN_PERIOD_READS * line.wire_ms(*MOTION_BYTES)
        self._lease_periods_ms = tuple(line.lease_period_ms(max(1, n)) for n in range(len(self.sessions) + 1))
        self._silence_ms = line.silence_ms
        self._spares_turn = tuple(line.spares_turn(moving) for moving in range(len(self.sessions) + 1))
        self._waiting_ms = 0.0  # when one of them last had its turn
        self._served_ms = dict.fromkeys(self.sessions, -1.0)

    def order_select(self, unit: int, request: SelectRequest, deadline_ms: float) -> None:
        """Ask for a selection unless as many banks move as the line's leases allow (SPEC 6.7)."""
        others = [session for each, session in self.sessions.items() if each != unit]
        moving = sum(session.is_leasing or session.is_claiming(self._now_ms) for session in others)
        self.sessions[unit].order_select(request, deadline_ms, "bus_full" if moving >= self._max_moving else "")

    def take_reports(self) -> list[tuple[int, Report]]:
        """Hand over what the sessions have to tell, with their units."""
        return [(unit, report) for unit, session in self.sessions.items() for report in session.take_reports()]

    # ------------------------------------------------------------ bytes in

    def receive(self, octets: bytes, now_ms: float) -> None:
        """Take bytes from the line."""
        if not octets:
            return
        self.counters.bytes_heard += len(octets)
        self._quiet_from_ms = max(self._quiet_from_ms, now_ms + self._silence_ms)
        if self._sent is not None:
            self._sent.heard_ms = now_ms
        self._sort(self._reader.feed(octets, False), now_ms)

    def _sort(self, found: list[Frame | FrameFault], now_ms: float) -> None:
        for item in found:
            if isinstance(item, FrameFault):
                self.counters.faults += 1
            elif self._sent is not None and self._sent.exchange.is_answered_by(item):
                sent, self._sent = self._sent, None
                self.counters.answers += 1
                sent.session.take_answer(sent.exchange, read_answer(item), sent.sent_ms, now_ms)
            else:
                self.counters.strays += 1
                if item.unit in self.sessions:
                    self.sessions[item.unit].take_stray((item.function, len(item.body) + 4))

    def lose_line(self, now_ms: float) -> None:
        """Meet a line that is gone; the next `step` belongs to a new one."""
        self._sent = None
        self._reader = FrameReader(Role.RESPONSE)
        for session in self.sessions.values():
            session.lose_line(now_ms)

    # ------------------------------------------------------------ bytes out

    def step(self, now_ms: float) -> bytes | None:
        """Return the bytes to write now, or None."""
        self._now_ms = now_ms
        if self._sent is not None:
            self._watch_sent(self._sent, now_ms)
        if self._sent is not None or not self._is_quiet(now_ms):
            return None
        offer = self._find_offer(now_ms)
        if offer is None:
            return None
        haste, session = offer
        if haste in WAITING_AT_REST or (haste is Haste.MOTION and self._is_leasing):
            self._waiting_ms = now_ms
        if haste is Haste.LEASE:
            self._leased.add(session.unit)
        else:
            self._leased.clear()
        return self._send(
            session.begin(haste, now_ms, self._is_leasing and self.line.splits_select), session, now_ms
        )  # fmt: skip

    def _find_offer(self, now_ms: float) -> tuple[Haste, ControllerSession] | None:
        """Find the most urgent thing; of equals, the one that has waited longest.

        Between two renewals of one bank something else gets a turn, if there is anything: it is the reading that the
        next permit needs.
        """
        sessions = self.sessions.values()
        moving = sum([session.is_leasing for session in sessions])
        period_ms = self._lease_periods_ms[moving]
        awaited = any([session.is_awaiting_operate(now_ms) for session in sessions])  # noqa: C419 - asked at every step
        waiting = WAITING_WHILE_MOVING if moving else WAITING_AT_REST
        spared = now_ms - self._waiting_ms >= self._turn_period_ms and self._spares_turn[moving]
        offers = []
        for unit, session in self.sessions.items():
            session.set_lease_period(period_ms)
            haste = session.find_haste(now_ms, moving > 0, unit not in self._leased)
            if haste is not None and (haste <= Haste.SELECT or not awaited):
                rank: float = haste
                if haste in READINGS and session.is_blind(now_ms, moving > 0):
                    rank = Haste.OUTCOME
                elif spared and haste in waiting:
                    rank = Haste.WATCH - 0.5
                offers.append((rank, self._served_ms[unit], unit, haste))
        if not offers and self._leased:
            self._leased.clear()
            return self._find_offer(now_ms)
        if not offers:
            return None
        _, _, unit, haste = min(offers)
        return haste, self.sessions[unit]

    def _send(self, exchange: Exchange, session: ControllerSession, now_ms: float) -> bytes:
        self.counters.exchanges += 1
        self.counters.bytes_sent += len(exchange.octets)
        self._sort(self._reader.feed(b"", True), now_ms)
        self._served_ms[session.unit] = now_ms
        self._stop_waits_from_ms = None
        end_ms = now_ms + self.line.sending_ms(len(exchange.octets))
        self._quiet_from_ms = end_ms + self._silence_ms
        if not exchange.is_broadcast:
            self._sent = _Sent(exchange, session, now_ms, end_ms)
        return exchange.octets

    def _watch_sent(self, sent: _Sent, now_ms: float) -> None:
        """End the exchange on the wire when its answer has failed, or has not begun and a STOP waits."""
        if sent.heard_ms is not None:
            if now_ms - sent.heard_ms < self._answer_gap_ms:
                return
            self._sort(self._reader.feed(b"", True), now_ms)
        elif now_ms < sent.end_ms + REPLY_TIMEOUT_MS and not self._is_stop_unsent:
            return
        if self._sent is sent:
            self._sent = None
            self.counters.timeouts += 1
            sent.session.take_silence(sent.exchange, sent.sent_ms, now_ms)

    @property
    def _is_leasing(self) -> bool:
        return any([session.is_leasing for session in self.sessions.values()])  # noqa: C419 - asked at every step

    @property
    def _is_stop_unsent(self) -> bool:
        return any([session.is_stop_unsent for session in self.sessions.values()])  # noqa: C419 - asked at every step

    def _is_quiet(self, now_ms: float) -> bool:
        if now_ms >= self._quiet_from_ms:
            self._stop_waits_from_ms = None
            return True
        if not self._is_stop_unsent:
            return False
        if self._stop_waits_from_ms is None:
            self._stop_waits_from_ms = now_ms
        return now_ms - self._stop_waits_from_ms >= BABBLE_MS

    def next_step_ms(self, now_ms: float) -> float:
        """Return when `step` should be called again if neither bytes nor orders come before."""
        sent = self._sent
        if sent is not None and sent.heard_ms is not None:
            return sent.heard_ms + self._answer_gap_ms
        if sent is not None:
            return now_ms if self._is_stop_unsent else sent.end_ms + REPLY_TIMEOUT_MS
        if now_ms < self._quiet_from_ms and not self._is_stop_unsent:
            return self._quiet_from_ms  # nothing can leave before; what is due then is asked then
        if self._find_offer(now_ms) is not None:
            return max(self._quiet_from_ms, now_ms)
        dues = [session.next_due_ms(now_ms) for session in self.sessions.values()]
        return max(self._quiet_from_ms, min([*dues, now_ms + IDLE_STEP_MS]))
