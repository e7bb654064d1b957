"""The executor: one thread takes events, decides, commits, then lets effects leave. Nothing durable leaves uncommitted.

When the disk takes nothing, a step that needs it is not adopted: its person is told, motion stops, and the disk is
tried again every second.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from edge.core.deadlines import next_deadline
from edge.core.decide import decide
from edge.core.effects import DURABLE, AnswerCommand, Effect, SendStop
from edge.core.events import (
    DeadlinePassed,
    Event,
    GatewayStarted,
    LinkChanged,
    Now,
    OverloadChanged,
    PinChecked,
    Reading,
    SnapshotArrived,
    StoreChanged,
)
from edge.core.room import RoomSettings
from edge.core.startup import new_state, recall_state, rejoin_memory
from edge.core.view import kiosk_view
from edge.ports import LabelPrinter, Link, Scanner, Shelf
from edge.runtime.board import ViewBoard
from edge.runtime.clock import Clock
from edge.runtime.dispatch import Dispatcher
from edge.runtime.enrichment import complete_event
from edge.runtime.inbox import Inbox
from edge.runtime.recording import Recorder
from edge.store import Store, StoreUnavailableError
from edge.store.encoding import EncodingError
from edge.store.journal import last_segment, read_steps

if TYPE_CHECKING:
    from edge.core.state import State

log = structlog.get_logger(__name__)

FLUSH_MS = 200  # what is neither fact nor intent is on disk by then
LOOK_UP_MS = 1_000  # the executor looks up at least so often: clock, disk, view
IDLE_READING_MS = 1_000  # readings of a bank at rest that say nothing new

# a journal of other code, or a damaged one, shows in any of these while it is read or decided again
UNREADABLE = (EncodingError, AssertionError, AttributeError, LookupError, TypeError, ValueError)

# told of each event decided, its effects, and the seconds that deciding took
Observer = Callable[[Event, Sequence[Effect], float], None]


class GatewayRuntime:
    """One running gateway."""

    def __init__(
        self,
        settings: RoomSettings,
        store: Store,
        *,
        shelves: Sequence[Shelf],
        scanners: Mapping[str, Scanner],
        printer: LabelPrinter | None = None,
        link: Link | None = None,
        code_version: str = "0",
        clock: Clock | None = None,
        boot_id: str | None = None,
        observe: Observer | None = None,
    ) -> None:
        self.board = ViewBoard()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failed = threading.Event()
        self._settings = settings
        self._store = store
        self._clock = clock or Clock()
        self._inbox = Inbox()
        self._dispatcher = Dispatcher(shelves, scanners, printer, link)
        self._recorder = Recorder(store, code_version)
        self._code_version = code_version
        self._boot_id = boot_id or uuid.uuid4().hex
        self._state = new_state(settings)
        self._remembers = False  # what the process before left on disk has been read
        self._observe = observe
        self._readings: dict[str, Reading] = {}
        self._passed: dict[str, SnapshotArrived] = {}
        self._store_fault: str | None = None
        self._probe_at_ms = 0
        self._shown_at_ms = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="executor", daemon=True)

    # -- from any thread --------------------------------------------------------------------------------------------

    @property
    def boot_id(self) -> str:
        """The boot in which this gateway's monotonic times count."""
        return self._boot_id

    @property
    def state(self) -> State:
        """The newest state; frozen, so it may be read anywhere."""
        return self._state

    def post(self, event: Event) -> bool:
        """Put an event into the inbox; False if it was refused."""
        if isinstance(event, SnapshotArrived) and not self._pass_reading(event):
            return True
        taken = self._inbox.put(event)
        if not taken:
            self.counts["inbox_refused", type(event).__name__] += 1
        return taken

    def check_pin(self, point_id: str, staff_code: str, pin: str) -> str:
        """Compare a PIN in the caller's thread and post the verdict."""
        try:
            verdict, left = self._store.pins.check_pin(staff_code, pin)
        except StoreUnavailableError as error:
            self.post(StoreChanged(error.condition, str(error), source_id=point_id))
            return "store"
        self.post(PinChecked(point_id, staff_code, verdict, left))
        return verdict

    def view_age_s(self) -> float:
        """Tell how long ago a view was shown; above three seconds the executor is stuck."""
        return max(0, self._clock.mono_ms() - self._shown_at_ms) / 1000

    def depth(self) -> int:
        """Count the events that wait."""
        return self._inbox.depth()

    def start(self) -> None:
        """Let drivers and link begin, decide the start, then what they have pushed meanwhile."""
        self._dispatcher.start(self.post)
        self._begin()
        self._thread.start()

    def close(self) -> None:
        """Stop every bank that moves, drivers and executor; what is undecided is dropped."""
        self._dispatcher.stop_moving(self._state, "shutdown")
        self._dispatcher.close()
        self._closing.set()
        self._inbox.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    # -- the executor -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        started = GatewayStarted(self._boot_id, self._code_version, self._settings)
        now = self._clock.now()
        try:
            self._state, self._recorder.follows = recover_state(self._store, self._settings)
            self._remembers = True
            self._recorder.begin_segment(self._state)
            self._step(started, now)
        except StoreUnavailableError as error:
            self._start_without_disk(started, error, now)
        self._show(now)

    def _start_without_disk(self, started: GatewayStarted, error: StoreUnavailableError, now: Now) -> None:
        # there is nothing to go back to: the start holds in memory, and its facts are lost with the disk
        self._state, effects = decide(self._state, self._complete(started), now)
        self._dispatcher.send([effect for effect in effects if not isinstance(effect, DURABLE)])
        self._lose_disk(StoreChanged(error.condition, str(error)), now)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
            self._flush(self._clock.now())
        except BaseException:
            # a bug must not leave steel moving: stop, say so, and let the process end
            self._dispatcher.stop_all(self._state, "gateway_failed")
            self.failed.set()
            log.exception("executor_failed")
            raise

    def _turn(self) -> None:
        event = self._inbox.take(self._sleep_s())
        now = self._clock.now()
        changed = self._clock.watch()
        if changed is not None:
            now = self._clock.now()
            self._guarded_step(changed, now)
        overload = self._inbox.settle_overload()
        if overload is not None and overload != self._state.overloaded:
            self._guarded_step(OverloadChanged(overload), now)
        if event is not None:
            self._guarded_step(event, now)
        due = next_deadline(self._state)
        if due is not None and due <= now.mono_ms:
            self._guarded_step(DeadlinePassed(), now)
        if self._recorder.is_flush_due(now.mono_ms, FLUSH_MS):
            self._flush(now)
        if self._store_fault is not None and now.mono_ms >= self._probe_at_ms:
            self._probe_disk(now)
        if now.mono_ms - self._shown_at_ms >= LOOK_UP_MS:
            self._show(now)

    def _sleep_s(self) -> float:
        now_ms = self._clock.mono_ms()
        moments = [now_ms + LOOK_UP_MS]
        due = next_deadline(self._state)
        if due is not None:
            moments.append(due)
        if self._recorder.waiting:
            moments.append(self._recorder.oldest_ms + FLUSH_MS)
        return max(0, min(moments) - now_ms) / 1000

    def _guarded_step(self, event: Event, now: Now) -> None:
        before = self._state
        try:
            if isinstance(event, StoreChanged):
                self._lose_disk(event, now)
            else:
                self._step(event, now)
        except StoreUnavailableError as error:
            source_id = getattr(event, "source_id", None) or getattr(event, "point_id", None)
            self._lose_disk(StoreChanged(error.condition, str(error), source_id), now)
        if self._state is not before:
            self._show(now)

    def _complete(self, event: Event) -> Event:
        replica, journal = self._store.replica, self._store.journal
        return complete_event(event, self._state, replica, self._readings.values(), journal.find_command)

    def _step(self, event: Event, now: Now) -> None:
        """Decide one event; durable effects leave after the commit that holds them, a STOP before everything."""
        event = self._complete(event)
        began_ns = time.perf_counter_ns()
        state, effects = decide(self._state, event, now)
        if self._observe is not None:
            self._observe(event, effects, (time.perf_counter_ns() - began_ns) / 1e9)
        self.counts["events", type(event).__name__] += 1
        stops = [effect for effect in effects if isinstance(effect, SendStop)]
        self._dispatcher.send(stops)
        durable = any(isinstance(effect, DURABLE) for effect in effects)
        if self._store_fault is not None:
            if durable:
                return  # not adopted: nothing that must be kept may happen now
        else:
            self._recorder.add(event, now, effects)
            if durable:
                self._recorder.commit(self._boot_id)
        self._state = state
        self._dispatcher.send([effect for effect in effects if not isinstance(effect, SendStop)])
        self._count(effects)
        if durable and self._store_fault is None:
            self._dispatcher.wake_link()
        if isinstance(event, LinkChanged) and event.state == "online" and self._store_fault is None:
            self._store.replica.note_heard()

    def _count(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self.counts["effects", type(effect).__name__] += 1
            if isinstance(effect, AnswerCommand):
                self.counts["commands", effect.result] += 1
            key = getattr(effect, "key", None)
            if key is not None:
                self.counts["answers", str(key)] += 1

    def _flush(self, now: Now) -> None:
        if self._store_fault is not None:
            return
        try:
            self._recorder.commit(self._boot_id)
            self._recorder.rotate(self._state)
        except StoreUnavailableError as error:
            self._lose_disk(StoreChanged(error.condition, str(error)), now)

    def _lose_disk(self, fault: StoreChanged, now: Now) -> None:
        """Go on without the disk: the state before the step that failed, no motion, no records."""
        log.error("store_unavailable", condition=fault.state, detail=fault.detail)
        self.counts["store_faults", fault.state] += 1
        self._recorder.drop()
        self._store_fault = fault.state
        self._probe_at_ms = now.mono_ms + LOOK_UP_MS
        self._state, effects = decide(self._state, fault, now)
        self._dispatcher.send([effect for effect in effects if not isinstance(effect, DURABLE)])

    def _probe_disk(self, now: Now) -> None:
        """Try the disk by beginning a new segment with the state as it is now."""
        self._probe_at_ms = now.mono_ms + LOOK_UP_MS
        try:
            if not self._remembers:
                remembered, _ = recover_state(self._store, self._settings)
                self._state, effects = rejoin_memory(self._state, remembered, now)
                self._remembers = True
                self._dispatcher.send(effects)
            self._recorder.begin_segment(self._state)
        except StoreUnavailableError as error:
            if error.condition != self._store_fault:
                self._lose_disk(StoreChanged(error.condition, str(error)), now)
            return
        self._store_fault = None
        log.info("store_available")
        try:
            self._step(StoreChanged("ok"), now)
        except StoreUnavailableError as error:
            self._lose_disk(StoreChanged(error.condition, str(error)), now)

    def _show(self, now: Now) -> None:
        self._shown_at_ms = now.mono_ms
        view = kiosk_view(self._state, now)
        self.board.publish(view)
        self._dispatcher.show_banks(view["banks"])

    def _pass_reading(self, event: SnapshotArrived) -> bool:
        """Keep the newest reading; into the core it goes if the bank is busy, it is new, or a second went by."""
        snapshot = event.snapshot
        self._readings[event.bank] = Reading(event.bank, snapshot.sequence, snapshot.ring_head, event.read_mono_ms)
        bank = self._state.banks.get(event.bank)
        before = self._passed.get(event.bank)
        if (
            bank is not None
            and before is not None
            and bank.request is None
            and bank.prompt is None
            and bank.stop is None
            and event.read_mono_ms - before.read_mono_ms < IDLE_READING_MS
            and snapshot.repeats(before.snapshot)
        ):
            return False
        self._passed[event.bank] = event
        return True


def recover_state(store: Store, settings: RoomSettings) -> tuple[State, bool]:
    """Find the last state; False if the journal does not lead to it. StoreUnavailableError if the disk can't be read.

    A journal that this code can't read leaves open acts all the same: their intents stand in the outbox.
    """
    try:
        segment = last_segment(store.database)
        if segment is not None:
            state = segment.checkpoint
            for step in read_steps(store.database, segment):
                state, _ = decide(state, step.event, step.now)
            return state, True
    except UNREADABLE as error:
        log.warning("journal_unreadable", error=f"{type(error).__name__}: {error}"[:200])
    return recall_state(settings, store.outbox.open_intents()), False
