"""Shelf port over a serial bus: one thread per bus between the core's orders and the sans-I/O bus schedule.

The thread writes what the schedule says, reads what comes, and pushes reports; a lost line is reopened for ever.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from edge.core import events
from edge.core.effects import (
    PermitLease,
    ReadOutcome,
    RecallRing,
    SendAct,
    SendDeselect,
    SendOperate,
    SendSelect,
    SendStop,
    SendWake,
    SetIndicator,
    ShelfOrder,
)
from edge.drivers import shelf_words as words
from edge.drivers.line_record import LineRecord
from edge.drivers.shelf_line import ShelfTransport
from edge.drivers.shelf_reports import translate_report
from firmware_protocol.codes import Operation, StopReason
from firmware_protocol.fields import Target
from firmware_protocol.messages import ActRequest, Indicator, OperateRequest, SelectRequest
from firmware_protocol.reports import ConditionChanged
from firmware_protocol.schedule import BusCounters, BusSchedule
from firmware_protocol.session import ControllerSession, SessionSettings
from firmware_protocol.timing import Line

log = structlog.get_logger(__name__)

REOPEN_WAIT_S = 1.0
# The core gives at most one order per bank and step; more than this is a runaway. STOP is taken all the same.
MAX_WAITING_ORDERS = 256

Sink = Callable[[events.Event], bool]


@dataclass(frozen=True, slots=True)
class ShelfBank:
    """One controller on the bus: the bank it drives and what its installer signed."""

    bank: str
    unit: int
    geometry_hash: int
    stop_confirm_ms: int = 1000
    idle_poll_ms: float = 250.0
    recalls_ring: bool = False  # the core says from where on its event ring is read


class SerialShelf:
    """All banks of one bus."""

    def __init__(
        self,
        bus_id: str,
        open_transport: Callable[[], ShelfTransport],
        banks: Sequence[ShelfBank],
        *,
        baud: int,
        network_ms: float = 0.0,
        reopen_wait_s: float = REOPEN_WAIT_S,
    ) -> None:
        """Take a way to open the line; nothing is opened before `start`."""
        line = Line(baud, network_ms)
        self.bus_id = bus_id
        self.reopened = 0
        self._open_transport = open_transport
        self._reopen_wait_s = reopen_wait_s
        self._bank_of = {bank.unit: bank.bank for bank in banks}
        self._unit_of = {bank.bank: bank.unit for bank in banks}
        self._columns = dict.fromkeys(self._bank_of, 0)
        self.record = LineRecord(bus_id, baud, self._bank_of)
        self._schedule = BusSchedule(
            line,
            [
                ControllerSession(
                    bank.unit,
                    SessionSettings(
                        bank.geometry_hash,
                        idle_poll_ms=bank.idle_poll_ms,
                        watch_period_ms=line.watch_period_ms,
                        stop_confirm_ms=bank.stop_confirm_ms,
                        recalls_ring=bank.recalls_ring,
                        dates_by_request=network_ms > 0,
                    ),
                )
                for bank in banks
            ],
        )
        self._orders: deque[tuple[ShelfOrder, float]] = deque()
        self._closing = threading.Event()
        self._transport: ShelfTransport | None = None
        self._wake_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._line_error = ""

    @property
    def banks(self) -> tuple[str, ...]:
        """Ids of the banks on this bus."""
        return tuple(self._unit_of)

    @property
    def counters(self) -> BusCounters:
        """Exchanges, answers, time-outs, faults of this bus so far."""
        return self._schedule.counters

    def start(self, sink: Sink) -> None:
        """Talk to the bus until close; everything that happens goes to the sink."""
        self._thread = threading.Thread(target=self._run, args=(sink,), name=f"shelf-{self.bus_id}", daemon=True)
        self._thread.start()

    def submit(self, order: ShelfOrder) -> None:
        """Hand an order over; never blocks. A permit's age counts from here."""
        if len(self._orders) >= MAX_WAITING_ORDERS and not isinstance(order, SendStop):
            log.error("shelf_orders_overrun", bus=self.bus_id, order=type(order).__name__)
            return
        self._orders.append((order, _now_ms()))
        self._wake()

    def close(self) -> None:
        """Let the line go."""
        self._closing.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _wake(self) -> None:
        with self._wake_lock:
            if self._transport is not None:
                self._transport.wake()

    def _run(self, sink: Sink) -> None:
        while not self._closing.is_set():
            try:
                transport = self._open_transport()
            except (OSError, ValueError) as error:
                self._lose_line(sink, str(error))
                self._closing.wait(self._reopen_wait_s)
                continue
            with self._wake_lock:
                self._transport = transport
            log.info("shelf_line_open", bus=self.bus_id)
            self._line_error = ""
            try:
                self._serve(transport, sink)
            except OSError as error:  # pyserial's SerialException is one
                self._lose_line(sink, str(error))
                self.reopened += 1
                self._closing.wait(self._reopen_wait_s)
            finally:
                with self._wake_lock:
                    self._transport = None
                transport.close()

    def _serve(self, transport: ShelfTransport, sink: Sink) -> None:
        schedule, record = self._schedule, self.record
        heard, heard_ms = b"", 0.0
        while not self._closing.is_set():
            self._take_orders()
            sent_ms = _now_ms()
            octets = schedule.step(sent_ms)
            if octets is not None:
                transport.write(octets)
            self._push_reports(sink)
            # The record is kept while the line is busy: it must not cost the turn between answer and next request.
            if heard:
                record.note_heard(heard, heard_ms)
            if octets is not None:
                record.note_sent(octets, sent_ms)
            now_ms = _now_ms()
            heard = transport.read(max(0.0, schedule.next_step_ms(now_ms) - now_ms) / 1000)
            if heard:
                heard_ms = _now_ms()
                schedule.receive(heard, heard_ms)

    def _lose_line(self, sink: Sink, error: str) -> None:
        now_ms = _now_ms()
        if error != self._line_error:
            log.warning("shelf_line_lost", bus=self.bus_id, error=error)
            self.record.note_lost(now_ms)
        self._line_error = error
        self._take_orders()
        self._schedule.lose_line(now_ms)
        self._push_reports(sink)

    # ------------------------------------------------------------ orders to the wire

    def _take_orders(self) -> None:
        while self._orders:
            order, given_ms = self._orders.popleft()
            self._take_order(order, given_ms)

    def _take_order(self, order: ShelfOrder, given_ms: float) -> None:
        unit = self._unit_of[order.bank]
        session = self._schedule.sessions[unit]
        match order:
            case SendStop():
                session.order_stop(words.STOP_REASONS.get(order.reason, StopReason.OTHER), given_ms)
            case PermitLease():
                session.permit_lease(order.token, order.until_mono_ms, given_ms)
            case SendOperate():
                target = words.wire_target(order.operation, order.aisle)
                operate = OperateRequest(order.request_id, order.token, target, order.ring_head)
                session.order_operate(operate, order.deadline_mono_ms)
            case SendSelect():
                target = words.wire_target(order.operation, order.aisle)
                place = words.wire_place(order.face, order.section, order.tier)
                select = SelectRequest(order.request_id, target, place)
                self._schedule.order_select(unit, select, order.deadline_mono_ms)
            case SendDeselect():
                session.order_deselect()
            case SendWake():
                wake = ActRequest(self._draw_id(), Target(Operation.WAKE))
                session.order_act(wake, order.deadline_mono_ms)
            case SendAct():
                act = ActRequest(order.request_id, words.wire_target(order.operation, order.aisle))
                session.order_act(act, order.deadline_mono_ms)
            case SetIndicator():
                place = words.wire_place(order.face, order.section, order.tier)
                session.order_indicator(Indicator(order.aisle, place))
            case ReadOutcome() | RecallRing():
                _take_question(session, order)

    def _draw_id(self) -> int:
        """Draw the request id of a wake; the core has none for it."""
        return secrets.randbits(64) or 1

    # ------------------------------------------------------------ reports to the core

    def _push_reports(self, sink: Sink) -> None:
        for unit, report in self._schedule.take_reports():
            if isinstance(report, ConditionChanged):
                if report.identity is not None:
                    self._columns[unit] = report.identity.columns
                log.info(
                    "shelf_controller_changed",
                    bus=self.bus_id,
                    bank=self._bank_of[unit],
                    state=report.condition.value,
                    detail=report.detail,
                )
            event = translate_report(self._bank_of[unit], self._columns[unit], report)
            if event is not None:
                sink(event)


def _take_question(session: ControllerSession, order: ReadOutcome | RecallRing) -> None:
    if isinstance(order, RecallRing):
        session.recall_ring(order.boot_id, order.sequence)
    else:
        session.order_outcome(order.request_id)


def _now_ms() -> float:
    return time.monotonic_ns() / 1e6
