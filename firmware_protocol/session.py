"""The gateway's talk with one controller, without I/O: what is due, which bytes, what an answer means (SPEC 6).

Rules that may not leave this file: SELECT and OPERATE are built once per request id; what failed is read, not repeated;
STOP withdraws everything. Leases, stops, doubts and readings have rooms of their own. Time comes in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from firmware_protocol import registers as map_
from firmware_protocol.blocks import Identity, MotionSnapshot, read_log
from firmware_protocol.codes import EndCause, Outcome, StopReason
from firmware_protocol.doubts import Doubt, DoubtBook
from firmware_protocol.exchange import Exchange, Haste, Kind
from firmware_protocol.fields import MessageFault
from firmware_protocol.lease import LeaseKeeper
from firmware_protocol.messages import ActRequest, Indicator, OperateRequest, ReasonsAnswer, SelectAnswer, SelectRequest
from firmware_protocol.orders import ANSWER_SHAPE, OrderBook, Selection
from firmware_protocol.pdu import Answer, Refused, RegistersRead, ask_registers
from firmware_protocol.presence import Presence
from firmware_protocol.reports import (
    ActAnswered,
    Condition,
    ConditionChanged,
    MotionRead,
    OperateAnswered,
    OutcomeRead,
    Report,
    SelectAnswered,
    Stage,
    StopReadBack,
    WireFailed,
)
from firmware_protocol.spare import RingReader, SlowReader
from firmware_protocol.stopping import StopKeeper
from firmware_protocol.watch import Ghosts, MotionWatch

IDLE_MS, READ = 1000.0, 0x03
MOTION_SHAPE, RING_SHAPES = (READ, 37), ((READ, 13), (READ, 21))
RequestTaker = Callable[["ControllerSession", Refused | None, tuple[int, ...], float], None]


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """`geometry_hash`: of the steel the gateway was commissioned for; periods in ms."""

    geometry_hash: int
    idle_poll_ms: float = 250.0
    watch_period_ms: float = 80.0
    detail_period_ms: float = 5000.0
    detail_busy_period_ms: float = 400.0
    stop_confirm_ms: float = 1000.0
    recalls_ring: bool = False  # the event ring waits for `recall_ring`
    dates_by_request: bool = False  # where the way takes its time a snapshot is as old as its request (SPEC 6.14, 7.10)


class ControllerSession:
    """One controller on one bus. The schedule asks `find_haste` and `begin`, and hands answers and silences back."""

    def __init__(self, unit: int, settings: SessionSettings) -> None:
        """Start not knowing whether anybody is there."""
        self.unit = unit
        self._presence = Presence(settings.geometry_hash)
        self._settings = settings
        self._reports: list[Report] = []
        self._motion_due_ms = 0.0
        self._watch, self._ghosts = MotionWatch(), Ghosts()
        self._ring = RingReader(recalls=settings.recalls_ring)
        self._detail = SlowReader(settings.detail_period_ms, settings.detail_busy_period_ms)
        self._lease, self._stop, self._doubts = LeaseKeeper(), StopKeeper(settings.stop_confirm_ms), DoubtBook()
        self._orders = OrderBook(self._fail)

    def order_select(self, request: SelectRequest, deadline_ms: float, blocked: str = "") -> None:
        """Ask for a selection; refused at once when it could not go out, or the bus has `blocked` it."""
        self._orders.order_select(request, deadline_ms, blocked or self._find_block())

    def order_operate(self, request: OperateRequest, deadline_ms: float) -> None:
        """Ask to carry out the standing selection."""
        self._orders.order_operate(request, deadline_ms, self._find_block())

    def order_act(self, request: ActRequest, deadline_ms: float) -> None:
        """Ask for an operation that moves nothing."""
        self._orders.order_act(request, deadline_ms, self._find_block())

    def permit_lease(self, token: int, until_ms: float, now_ms: float) -> None:
        """Allow renewals for this token; never for longer than 250 ms from now, never during a STOP."""
        if not self._stop.is_active:
            self._lease.permit(token, until_ms, now_ms)

    def order_stop(self, reason: int, now_ms: float) -> None:
        """Stop: withdraw every permit, drop what has not gone out, repeat STOP until standstill is read back."""
        self._void("stopped")
        self._stop.order(reason, now_ms)

    def order_deselect(self) -> None:
        """Give the standing selection back."""
        self._orders.deselect = True

    def order_indicator(self, indicator: Indicator) -> None:
        """Show a place; only the newest order counts."""
        self._orders.order_indicator(indicator)

    def order_outcome(self, request_id: int) -> None:
        """Read what became of a request, e.g. after a restart of the gateway."""
        if self._presence.condition is Condition.SILENT:
            self._fail(request_id, Stage.OUTCOME, "unknown")
        else:
            self._doubts.add(request_id, Stage.OUTCOME)

    def recall_ring(self, boot_low: int | None, sequence: int) -> None:
        """Follow the event ring from behind what was told of it (SPEC 6.12)."""
        self._ring.recall(boot_low, sequence)

    def take_reports(self) -> list[Report]:
        """Hand over what happened since the last call."""
        reports, self._reports = self._reports, []
        return reports

    # ------------------------------------------------------------ what is due

    @property
    def identity(self) -> Identity | None:
        """Who answers, as far as known."""
        return self._presence.identity

    @property
    def is_leasing(self) -> bool:
        """Whether a motion of this session lives, or may."""
        return self._lease.is_live or self._orders.asked_operate is not None

    def is_claiming(self, now_ms: float) -> bool:
        """Whether a selection is asked for or stands, from which a motion may come."""
        return self._orders.is_claiming(now_ms)

    @property
    def is_stop_unsent(self) -> bool:
        """Whether a STOP waits that has not been sent at all yet."""
        return self._stop.is_unsent

    @property
    def snapshot(self) -> MotionSnapshot | None:
        """Newest reading, None while blind."""
        return self._watch.snapshot

    @property
    def _is_busy(self) -> bool:
        seen = self._watch.snapshot
        return self._stop.is_active or self._lease.is_live or (seen is not None and not seen.is_resting)

    def set_lease_period(self, period_ms: float) -> None:
        """Renew this often: the bus knows how many banks share its line."""
        self._lease.period_ms = period_ms

    def find_haste(self, now_ms: float, bus_leasing: bool, lease_allowed: bool = True) -> Haste | None:
        """Tell the most urgent thing due now, or None. Drops orders whose time has passed."""
        self._orders.drop_late(now_ms)
        if self._stop.is_active:
            if self._stop.find_late(now_ms):
                self._reports.append(StopReadBack(False, now_ms))
            if self._stop.is_due(now_ms):
                return Haste.STOP
        if lease_allowed and self._lease.is_due(now_ms) and self._watch.snapshot is not None:
            return Haste.LEASE
        if self._presence.is_online:
            return self._find_online_haste(now_ms)
        if self._stop.is_active and now_ms >= self._motion_due_ms:
            return Haste.WATCH
        return Haste.PROBE if now_ms >= self._presence.probe_due_ms and not bus_leasing else None

    def is_blind(self, now_ms: float, bus_leasing: bool) -> bool:
        """Whether a reading may not wait for request logs: standstill, an open outcome, or one overdue at rest."""
        allowed_ms = float("inf") if bus_leasing else self._settings.idle_poll_ms
        return self._stop.is_active or bool(self._doubts) or now_ms - self._motion_due_ms >= allowed_ms

    def _find_online_haste(self, now_ms: float) -> Haste | None:
        if self._stop.is_active and now_ms >= self._motion_due_ms:
            return Haste.WATCH  # standstill must not wait for a log that is read page by page
        haste = self._find_order_haste(now_ms)
        if haste is not None:  # nor must the next reading
            return Haste.WATCH if haste is Haste.OUTCOME and now_ms >= self._motion_due_ms else haste
        if now_ms < self._motion_due_ms:
            return self._find_spare_haste(now_ms)
        if self._ring.is_starved(now_ms) and self._is_ring_free(now_ms):
            return Haste.RING  # a line so full that MOTION is always due would never tell what happened
        return Haste.WATCH if self._lease.is_live or self._stop.is_active else Haste.MOTION

    def _find_order_haste(self, now_ms: float) -> Haste | None:
        haste = self._orders.find_haste(now_ms, self._ghosts, bool(self._doubts))
        return Haste.OUTCOME if haste is None and self._doubts.is_due else haste

    def _find_spare_haste(self, now_ms: float) -> Haste | None:
        if self._ring.is_due and self._is_ring_free(now_ms):
            return Haste.RING
        if self._watch.snapshot is None or self._ghosts.find(self._detail.shape, now_ms) is not None:
            return None
        return Haste.DETAIL if now_ms >= self._detail.due_ms(self._is_busy) else None

    def _is_ring_free(self, now_ms: float) -> bool:
        return not any(self._ghosts.find(shape, now_ms) for shape in RING_SHAPES)

    def next_due_ms(self, now_ms: float) -> float:
        """Return the next moment, after now, at which something may become due if neither answers nor orders come."""
        due = (
            self._motion_due_ms, self._presence.probe_due_ms, self._stop.due_ms, self._lease.due_ms,
            self._detail.due_ms(self._is_busy), self._orders.awaits_operate_until_ms,
        )  # fmt: skip
        return min((moment for moment in due if moment is not None and moment > now_ms), default=now_ms + IDLE_MS)

    def is_awaiting_operate(self, now_ms: float) -> bool:
        """Whether a selection has just been told, and its OPERATE is to be expected."""
        return now_ms < (self._orders.awaits_operate_until_ms or 0.0)

    # ------------------------------------------------------------ what goes out

    def begin(self, haste: Haste, now_ms: float, split_select: bool = False) -> Exchange:
        """Build the exchange that `find_haste` just named; from here on it counts as sent."""
        if haste in {Haste.STOP, Haste.OPERATE, Haste.SELECT}:
            self._motion_due_ms = now_ms  # what came of it is read at once
        if haste is Haste.OPERATE:
            return self._orders.begin_operate(self.unit)
        if haste is Haste.SELECT:
            return self._orders.begin_select(self.unit, split_select)
        return self._ASKS[haste](self, now_ms)

    def _ask_stop(self, now_ms: float) -> Exchange:
        return self._stop.ask(self.unit, now_ms)

    def _ask_lease(self, now_ms: float) -> Exchange:
        assert self._watch.snapshot is not None
        return self._lease.ask(self.unit, self._watch.snapshot.sequence, now_ms)

    def _ask_outcome(self, _now_ms: float) -> Exchange:
        return self._doubts.ask(self.unit)

    def _ask_order(self, now_ms: float) -> Exchange:
        return self._orders.begin_order(self.unit, self._ghosts.find(ANSWER_SHAPE, now_ms) is None)

    def _ask_motion(self, now_ms: float) -> Exchange:
        settings = self._settings
        self._motion_due_ms = now_ms + (settings.watch_period_ms if self._is_busy else settings.idle_poll_ms)
        return Exchange(Kind.MOTION, ask_registers(self.unit, map_.MOTION.address, map_.MOTION.count), 37)

    def _ask_ring(self, _now_ms: float) -> Exchange:
        return self._ring.ask(self.unit)

    def _ask_detail(self, now_ms: float) -> Exchange:
        return self._detail.ask(self.unit, now_ms)

    def _ask_identity(self, now_ms: float) -> Exchange:
        return self._presence.ask(self.unit, now_ms)

    _ASKS: ClassVar[dict[Haste, Callable[[ControllerSession, float], Exchange]]] = {
        Haste.STOP: _ask_stop,
        Haste.LEASE: _ask_lease,
        Haste.OUTCOME: _ask_outcome,
        Haste.ORDER: _ask_order,
        Haste.WATCH: _ask_motion,
        Haste.MOTION: _ask_motion,
        Haste.RING: _ask_ring,
        Haste.DETAIL: _ask_detail,
        Haste.PROBE: _ask_identity,
    }

    # ------------------------------------------------------------ what came back

    def take_answer(self, exchange: Exchange, answer: Answer, sent_ms: float, now_ms: float) -> None:
        """Take the answer of an exchange; a refusal or nonsense is dealt with here too."""
        self._presence.take_answer(now_ms)
        words = answer.values if isinstance(answer, RegistersRead) else ()
        refused = answer if isinstance(answer, Refused) else None
        if exchange.kind is Kind.MOTION:
            self._take_motion(words, sent_ms, now_ms)
        elif exchange.kind in self._WORDS_TAKERS:
            self._WORDS_TAKERS[exchange.kind](self, words, now_ms)
        elif exchange.kind in self._REQUEST_TAKERS:
            at_ms = sent_ms if self._settings.dates_by_request else now_ms
            self._REQUEST_TAKERS[exchange.kind](self, refused, words, at_ms)
        elif exchange.kind is Kind.LEASE:
            self._lease.take_answer()
            if refused:
                self._fail(0, Stage.LEASE, "refused")
        elif refused and exchange.kind is not Kind.STOP:
            self._fail(0, Stage(exchange.kind.value), f"exception_{refused.code}")

    def take_silence(self, exchange: Exchange, sent_ms: float, now_ms: float) -> None:
        """Take note that no answer came, or that it was cut off by a STOP or noise."""
        self._ghosts.add(exchange, sent_ms)
        self._presence.misses += 1
        match exchange.kind:
            case Kind.SELECT | Kind.SELECT_WRITE | Kind.SELECT_READ | Kind.OPERATE | Kind.ACT:
                self._doubt_orders()
            case Kind.OUTCOME:
                self._give_up(self._doubts.take_silence(), now_ms)
            case Kind.LEASE:
                self._lease.take_silence()
            case Kind.DETAIL:
                self._detail.drop()
            case Kind.DESELECT | Kind.INDICATOR:
                self._fail(0, Stage(exchange.kind.value), "silent")
            case _ if self._presence.misses % 2:  # one retry at once, the next reading at its time
                self._motion_due_ms = self._presence.probe_due_ms = now_ms
        if self._presence.is_lost(now_ms) and not (self._presence.is_online and self._doubts.is_due):
            self._fall_silent(now_ms)

    def _doubt_orders(self) -> None:
        """Let the log tell what became of the request on the wire."""
        for request_id, stage, token in self._orders.take_asked():
            self._doubt(request_id, stage, "timed_out", token)

    def _doubt(self, request_id: int, stage: Stage, reason: str, token: int = 0) -> None:
        self._doubts.add(request_id, stage, token)
        self._fail(request_id, stage, reason)

    def take_stray(self, exchange_shape: tuple[int, int]) -> None:
        """Take note of an answer that nobody waited for any more."""
        self._ghosts.lay(exchange_shape)

    def _take_motion(self, words: tuple[int, ...], sent_ms: float, now_ms: float) -> None:
        snapshot = MotionSnapshot.from_registers(words)
        if isinstance(snapshot, MessageFault):
            return
        if self._presence.is_other_boot(snapshot.boot_id_low):
            self._take_reboot(now_ms)
            return
        ghost_ms = self._ghosts.find(MOTION_SHAPE, now_ms)
        sampled_ms = self._watch.date(snapshot.sequence, sent_ms, ghost_ms)
        if not self._watch.take(snapshot):
            return
        self._ring.see_head(snapshot.ring_head, snapshot.boot_id_low, now_ms)
        self._lease.see(snapshot)
        self._detail.see(resting=snapshot.is_resting)
        if self._presence.condition is Condition.SILENT:
            self._presence.probe_due_ms = now_ms
        late = ghost_ms is not None or self._settings.dates_by_request
        self._reports.append(MotionRead(snapshot, sampled_ms if late else now_ms))
        if (absent := self._doubts.take_boot_proof()) is not None:
            self._reports.append(OutcomeRead(absent.request_id, None, EndCause.NONE, now_ms))
        if self._stop.see(snapshot, sampled_ms):
            self._reports.append(StopReadBack(True, now_ms))

    def _take_select_write(self, refused: Refused | None, _words: tuple[int, ...], _now_ms: float) -> None:
        if (request := self._orders.take_select()) is None:
            return
        if refused:
            self._fail(request.request_id, Stage.SELECT, f"exception_{refused.code}")
        else:
            self._orders.split = request

    def _take_select(self, refused: Refused | None, words: tuple[int, ...], now_ms: float) -> None:
        if (request := self._orders.take_select()) is None:
            return
        if refused:
            self._fail(request.request_id, Stage.SELECT, f"exception_{refused.code}")
            return
        told = SelectAnswer.from_registers(words)
        if isinstance(told, MessageFault) or told.target != request.target:
            self._doubt(request.request_id, Stage.SELECT, "nonsense")
            return
        if told.token and self._stop.is_active:
            self._orders.deselect = True
        elif told.token:
            self._orders.selection = Selection(request, told.token, now_ms)
        self._reports.append(SelectAnswered(request.request_id, told, now_ms))

    def _take_operate(self, refused: Refused | None, words: tuple[int, ...], now_ms: float) -> None:
        if (request := self._orders.take_operate()) is None:
            return
        if refused:
            self._fail(request.request_id, Stage.OPERATE, f"exception_{refused.code}")
            return
        told = ReasonsAnswer.from_registers(words)
        if isinstance(told, MessageFault) or told.target != request.target:
            self._doubt(request.request_id, Stage.OPERATE, "nonsense", request.token)
            return
        if not told.reasons and not self._stop.is_active:
            self._lease.start(request.token, now_ms, self._longest_motion_ms)
        self._reports.append(OperateAnswered(request.request_id, told.reasons, now_ms))

    def _take_act(self, refused: Refused | None, words: tuple[int, ...], now_ms: float) -> None:
        if (request := self._orders.take_act()) is None:
            return
        if refused:
            self._fail(request.request_id, Stage.ACT, f"exception_{refused.code}")
            return
        told = ReasonsAnswer.from_registers(words)
        if isinstance(told, MessageFault) or told.target != request.target:
            self._doubt(request.request_id, Stage.ACT, "nonsense")
        else:
            self._reports.append(ActAnswered(request.request_id, told.reasons, now_ms))

    def _take_ring(self, words: tuple[int, ...], now_ms: float) -> None:
        if words:
            self._reports.append(self._ring.take(words, now_ms))

    def _take_log(self, words: tuple[int, ...], now_ms: float) -> None:
        entries = read_log(words) if words else MessageFault("log_length", 0)
        if isinstance(entries, MessageFault):
            self._give_up(self._doubts.take_silence(), now_ms)
            return
        found = self._doubts.take(entries)
        if found is not None or not self._doubts.is_due:
            self._motion_due_ms = now_ms  # what became of it, or the proof that the boot is the same
        if found is None:
            return
        doubt, entry = found
        if doubt.stage is Stage.SELECT and entry.outcome is Outcome.SELECTED:
            self._orders.deselect = True  # its token went down with the answer
        if doubt.stage is Stage.OPERATE and entry.outcome is Outcome.ACCEPTED and not self._stop.is_active:
            self._lease.start(doubt.token, now_ms, self._longest_motion_ms)
        self._reports.append(OutcomeRead(doubt.request_id, entry.outcome, entry.cause, now_ms))

    def _take_detail(self, words: tuple[int, ...], now_ms: float) -> None:
        told = self._detail.take(words, self._presence.identity, now_ms, busy=self._is_busy)
        if told is not None:
            self._reports.append(told)

    def _take_identity(self, words: tuple[int, ...], now_ms: float) -> None:
        read = self._presence.read(words)
        if not isinstance(read, Identity):
            self._tell(read)
            return
        if self._presence.is_other_boot(read.boot_id & 0xFFFF):
            self._forget_boot(now_ms)
            self._tell(self._presence.change(Condition.REBOOTED, read))
        self._motion_due_ms = now_ms
        self._tell(self._presence.accept(read))

    _WORDS_TAKERS: ClassVar[dict[Kind, Callable[[ControllerSession, tuple[int, ...], float], None]]] = {
        Kind.OUTCOME: _take_log,
        Kind.RING: _take_ring,
        Kind.DETAIL: _take_detail,
        Kind.IDENTITY: _take_identity,
    }
    _REQUEST_TAKERS: ClassVar[dict[Kind, RequestTaker]] = {
        Kind.SELECT: _take_select,
        Kind.SELECT_READ: _take_select,
        Kind.SELECT_WRITE: _take_select_write,
        Kind.OPERATE: _take_operate,
        Kind.ACT: _take_act,
    }

    def lose_line(self, now_ms: float) -> None:
        """Meet a line that is gone: what was on the way is in doubt; the unit is looked for as soon as it is back."""
        self._doubt_orders()
        self._fall_silent(now_ms)
        self._presence.probe_due_ms = now_ms

    def _take_reboot(self, now_ms: float) -> None:
        """Meet another boot id in MOTION: believe nothing until identity has been read again."""
        self._forget_boot(now_ms)
        self._tell(self._presence.change(Condition.REBOOTED, self._presence.identity))
        self._presence.identity, self._presence.probe_due_ms = None, now_ms

    def _forget_boot(self, now_ms: float) -> None:
        self._doubt_all("rebooted", now_ms)
        self._ring.forget()

    def _fall_silent(self, now_ms: float) -> None:
        self._doubt_all("silent", now_ms)
        self._tell(self._presence.fall_silent(now_ms))

    def _doubt_all(self, reason: str, now_ms: float) -> None:
        self._void(reason)
        for doubt in self._doubts.clear():
            self._give_up(doubt, now_ms)
        self._watch.forget()
        self._detail.drop()

    def _void(self, reason: str) -> None:
        """Drop permits, tokens and all orders that have not gone out."""
        self._lease.withdraw()
        if (half := self._orders.void(reason)) is not None:
            self._doubt(half.request_id, Stage.SELECT, reason)

    def _give_up(self, doubt: Doubt | None, now_ms: float) -> None:
        """Call an outcome unknown; after SELECT or OPERATE that means STOP."""
        if doubt is None:
            return
        self._fail(doubt.request_id, Stage.OUTCOME, "unknown")
        if doubt.stage in {Stage.SELECT, Stage.OPERATE}:
            self.order_stop(StopReason.UNKNOWN_OUTCOME, now_ms)

    def _find_block(self) -> str:
        return "stopping" if self._stop.is_active else self._presence.block

    @property
    def _longest_motion_ms(self) -> float:
        """Warning, the bank's own travel time + 20 %, settling."""
        bank = self._presence.identity
        return 0.0 if bank is None else bank.warning_time_ms + 1.2 * bank.travel_time_ms + bank.settle_time_ms

    def _fail(self, request_id: int, stage: Stage, reason: str) -> None:
        self._reports.append(WireFailed(request_id, stage, reason))

    def _tell(self, changed: ConditionChanged | None) -> None:
        if changed is not None:
            self._reports.append(changed)
