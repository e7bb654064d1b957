"""The gateway without its threads: the real runtime and the real shelf port, stepped by the world."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from edge.core.deadlines import next_deadline
from edge.core.effects import Effect, PermitLease, RecordFact, ShelfOrder
from edge.core.events import Event, Fresh, GatewayStarted, Now
from edge.core.room import RoomSettings
from edge.core.view import kiosk_view
from edge.drivers.shelf_reports import translate_report
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from edge.ports import LabelPrinter, Link, Scanner, Sink
from edge.runtime.clock import Clock
from edge.runtime.enrichment import EVENT_FIELDS
from edge.runtime.gateway import FLUSH_MS, GatewayRuntime
from edge.runtime.inbox import EVENTS_MAX, Inbox
from edge.store import Store, StoreUnavailableError
from firmware_protocol.reports import ConditionChanged
from firmware_protocol.timing import Line
from simulators.world.disk import MemoryDisk

VIEW_EVERY = 97
NEVER_MS = float("inf")


class SteppedShelf(SerialShelf):
    """The real shelf port on a line that the world serves; orders are taken at the moment they are given."""

    def __init__(self, bus_id: str, banks: Sequence[ShelfBank], line: Line, clock: Callable[[], float]) -> None:
        super().__init__(bus_id, _no_line, banks, baud=line.baud, network_ms=line.network_ms)
        self._clock = clock
        self._sink: Sink | None = None
        self._wakes = 0
        self.is_stirred = True  # an order has come that may have to leave at once
        self.has_news = False  # something has come that changes when the next step is due

    def start(self, sink: Sink) -> None:
        """Take the sink; the world does the talking."""
        self._sink = sink

    def submit(self, order: ShelfOrder) -> None:
        """Take an order now."""
        self.is_stirred = self.is_stirred or not isinstance(order, PermitLease)
        self.has_news = True
        self._take_order(order, self._clock())

    def next_step_ms(self, now_ms: float) -> float:
        """When the schedule wants its next step."""
        return self._schedule.next_step_ms(now_ms)

    def _draw_id(self) -> int:
        self._wakes += 1  # the same in every run of a seed, and of no other moment
        return int(self._clock() * 1000) << 8 | self._wakes & 0xFF

    def receive(self, octets: bytes, now_ms: float) -> None:
        """Take bytes from the line."""
        self._schedule.receive(octets, now_ms)

    def step(self, now_ms: float) -> bytes | None:
        """Return the bytes to write now."""
        return self._schedule.step(now_ms)

    def lose(self, now_ms: float) -> None:
        """Meet a line that is gone, as the port's thread does."""
        self._schedule.lose_line(now_ms)

    def push_reports(self) -> None:
        """Tell the core what the schedule has to tell."""
        for unit, report in self._schedule.take_reports():
            if isinstance(report, ConditionChanged) and report.identity is not None:
                self._columns[unit] = report.identity.columns
            event = translate_report(self._bank_of[unit], self._columns[unit], report)
            if event is not None and self._sink is not None:
                self._sink(event)


def _no_line() -> Any:
    raise OSError("the world serves this line")


class SteppedInbox(Inbox):
    """The real inbox; a producer that finds it full waits in a time that does not pass here."""

    def _wait_for_room(self) -> bool:
        return len(self._events) < EVENTS_MAX


class SteppedRuntime(GatewayRuntime):
    """The real executor, one turn at a time, with ids drawn from the seed and a disk that outlives it.

    `kept` is told of each fact that a step made and the disk has taken.
    """

    def __init__(
        self,
        settings: RoomSettings,
        store: Store | MemoryDisk,
        *,
        shelves: Sequence[SteppedShelf],
        scanners: dict[str, Scanner],
        printer: LabelPrinter,
        link: Link,
        clock: Clock,
        boot_id: str,
        dice: random.Random,
        observe: Callable[[Event, Sequence[Effect], float], None],
        kept: Callable[[RecordFact], None],
    ) -> None:
        super().__init__(
            settings,
            cast("Store", store),
            shelves=shelves,
            scanners=scanners,
            printer=printer,
            link=link,
            code_version="world",
            clock=clock,
            boot_id=boot_id,
            observe=self._observe_step,
        )
        self._inbox = SteppedInbox()
        self.has_mail = False
        self.due_ms = self.deadline_ms = 0.0  # of disk and core; of the core alone
        self._dice = dice
        self._tell = observe
        self._kept = kept
        self._facts: list[RecordFact] = []
        self._views = 0
        self._disk = store

    @property
    def is_overloaded(self) -> bool:
        """Whether the inbox has refused what must not be lost."""
        return self._inbox.overloaded

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits, nothing is amiss, and no step is off the disk."""
        return not self._recorder.waiting and self.is_well

    @property
    def is_well(self) -> bool:
        """Whether nothing waits to be decided, and nothing is amiss with disk, inbox or clock."""
        return not (
            self.has_mail
            or self._inbox.depth()
            or self._inbox.overloaded
            or self._store_fault is not None
            or not self._clock.now().clock_ok
            or self._state.overloaded
            or self._state.store != "ok"
        )

    def find_passed(self, bank_id: str) -> int:
        """When the core last took a reading of this bank; long ago if it never did."""
        passed = self._passed.get(bank_id)
        return -1_000_000 if passed is None else passed.read_mono_ms

    def set_passed(self, bank_id: str, read_mono_ms: int) -> None:
        """Let the last reading that the core took have been one of the same content, at this moment."""
        self._passed[bank_id] = replace(self._passed[bank_id], read_mono_ms=read_mono_ms)

    def begin(self) -> None:
        """Start: drivers first, then the event that says so."""
        self._dispatcher.start(self.post)
        self._begin()
        self.find_due()

    def post(self, event: Event) -> bool:
        """Put an event into the inbox."""
        self.has_mail = True
        return super().post(event)

    def turn(self) -> None:
        """Decide everything that waits or is due."""
        self.has_mail = False
        while self._inbox.depth() or self.due_ms <= self._clock.mono_ms():
            self._turn()
            self.find_due()

    def look_up(self) -> None:
        """Take a turn though nothing waits: the clock may have jumped."""
        self._turn()
        self.find_due()

    def abandon(self) -> None:
        """Die: whatever was not committed is lost, and nobody listens any more."""
        self._dispatcher.close()

    def _begin(self) -> None:
        if not isinstance(self._disk, MemoryDisk):
            super()._begin()
            return
        started, now = GatewayStarted(self._boot_id, self._code_version, self._settings), self._clock.now()
        try:
            self._state, self._recorder.follows = self._disk.recover(self._settings)
            self._remembers = True
            self._recorder.begin_segment(self._state)
            self._step(started, now)
        except StoreUnavailableError as error:
            self._start_without_disk(started, error, now)

    def find_due(self) -> None:
        """Find when the core or the disk wants a turn next."""
        due = next_deadline(self._state)
        moment = self.deadline_ms = NEVER_MS if due is None else float(due)
        if self._recorder.waiting:
            moment = min(moment, self._recorder.oldest_ms + FLUSH_MS)
        if self._store_fault is not None:
            moment = min(moment, self._probe_at_ms)
        self.due_ms = moment

    def _sleep_s(self) -> float:
        return 0.0

    def _step(self, event: Event, now: Now) -> None:
        self._facts = []
        had_fault = self._store_fault is not None
        super()._step(event, now)
        if not had_fault:
            for fact in self._facts:
                self._kept(fact)

    def _observe_step(self, event: Event, effects: Sequence[Effect], seconds: float) -> None:
        self._tell(event, effects, seconds)
        self._facts = [effect for effect in effects if isinstance(effect, RecordFact)]

    def _complete(self, event: Event) -> Event:
        completed = super()._complete(event)
        if "fresh" not in EVENT_FIELDS[type(event)]:
            return completed
        draw = self._dice.getrandbits
        ids = tuple(f"{draw(32):08x}-{draw(16):04x}-7{draw(12):03x}-8{draw(12):03x}-{draw(48):012x}" for _ in range(4))
        added: dict[str, Any] = {"fresh": Fresh(draw(64) or 1, ids)}
        return replace(completed, **added)

    def _show(self, now: Now) -> None:
        # people of the world read the state itself; now and then the real view is made, so that it never fails unseen
        self._shown_at_ms = now.mono_ms
        self._views += 1
        if self._views % VIEW_EVERY == 0:
            kiosk_view(self._state, now)
