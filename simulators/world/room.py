"""One room of the world: banks, lines, gateway, disk, printer and link, joined on one agenda."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

from edge.core.effects import Effect, PermitLease, RecordFact, SendStop
from edge.core.events import CodeRead, Event, GatewayStarted
from edge.core.startup import carry_over
from edge.core.state import Bank, State
from edge.drivers.shelf_serial import ShelfBank
from edge.ports import Scanner, Sink
from edge.runtime.clock import Clock, make_now
from edge.runtime.inbox import READINGS
from edge.store import Store, open_store
from simulators.faults import FaultyWire
from simulators.occupancy import Person
from simulators.shelf_controller import Station
from simulators.world.agenda import Agenda
from simulators.world.bank import WatchedModel
from simulators.world.broker import BrokerLine, Desks
from simulators.world.centre import Centre
from simulators.world.disk import MemoryDisk, MemoryReplica
from simulators.world.gateway import SteppedRuntime, SteppedShelf
from simulators.world.habits import Habits
from simulators.world.layout import Layout, list_feed_rows
from simulators.world.line import LEAST_MS, VirtualLine
from simulators.world.monitor import QUIET_CAUSES
from simulators.world.printer import WorldPrinter
from simulators.world.rest import WORTH_MS, find_change_ms, leap
from simulators.world.site import Site
from simulators.world.stillness import Notebook
from simulators.world.stretch import describe_memory
from simulators.world.stride import stride
from simulators.world.uplink import WorldLink

WALL_START_MS = 1_790_000_000_000
STORY_LINES = 400
NEVER_MS = float("inf")


class Chronicle(Protocol):
    """A digest in the making."""

    def update(self, octets: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Gun:
    """The hand scanner, as the runtime sees it."""

    source_id = "gun"

    def __init__(self) -> None:
        self.sound = ""

    def start(self, sink: Sink) -> None:
        """Codes are posted by the people themselves."""

    def feedback(self, kind: str) -> None:
        """Remember the last sound."""
        self.sound = kind

    def close(self) -> None:
        """Nothing is open."""


class Bus:
    """One line with its banks. Its watcher is whoever watches the bank that is spoken to."""

    def __init__(self, bus_id: str, sites: Sequence[Site], desks: Desks, dice: random.Random) -> None:
        self.id = bus_id
        self.sites = tuple(sites)
        line = sites[0].layout.line
        self.line: VirtualLine
        if line.network_ms:
            self.line = BrokerLine(sites[0], self, desks, random.Random(dice.getrandbits(64)))  # noqa: S311
        else:
            self.line = VirtualLine(line, Station([site.controller for site in sites]), FaultyWire(), watcher=self)
        self.awake_until_ms = 0.0  # until then its polls are spoken
        self._monitors = {site.layout.unit: site.monitor for site in sites}

    def may_rest(self, line_ms: float) -> bool:
        """Whether it is the schedule's turn, and nothing is known against a leap from there."""
        return line_ms >= self.awake_until_ms and self.line.is_quiet

    def note_frame(self, octets: bytes) -> None:
        """Take a request as it leaves."""
        monitor = self._monitors.get(octets[0])
        if monitor is not None:
            monitor.note_frame(octets)

    def note_answer(self, octets: bytes) -> None:
        """Take bytes as they arrive at the gateway."""
        monitor = self._monitors.get(octets[0]) if octets else None  # noise may have eaten all of it
        if monitor is not None:
            monitor.note_answer(octets)


class Room:
    """A room and its truth. People and mishaps act on it through the methods of the middle part."""

    def __init__(
        self, layout: Layout, habits: Habits, centre: Centre, dice: random.Random, folder: Path | None
    ) -> None:
        self.layout, self.habits, self.dice = layout, habits, dice
        self.agenda = Agenda()
        self.counts: Counter[str] = Counter()
        self.harm: Counter[str] = Counter()
        self.violations: list[str] = []
        self.story: deque[str] = deque(maxlen=STORY_LINES)
        self.never_rests = False  # poll also when nothing can happen
        self.chronicle: Chronicle | None = None  # takes all that is told and decided, if anybody wants its digest
        self.recorded = 0  # facts that the core made and the disk took
        self.stalled_until_ms = 0.0  # the executor waits for its disk, or for its turn
        self.slow_intent_ms = 0.0  # how long it will wait after the next intent
        self.centre = centre
        self.wall_offset_ms = WALL_START_MS
        self.gun = Gun()
        self.printer = WorldPrinter(self.agenda, dice)
        self.prints_allowed: Counter[str] = Counter()  # by people, beside the first of each job
        self.sites = tuple(Site(self, bank, dice, self) for bank in layout.banks)
        desks = Desks()
        self.buses = tuple(
            Bus(bus, [site for site in self.sites if site.layout.bus == bus], desks, dice) for bus in layout.bauds
        )
        self._notes = Notebook()
        self._folder = folder
        self.disk: Store | MemoryDisk = self._make_disk(folder)
        centre.register(layout.room_id, {code: key for code, (_, key) in layout.boxes.items()}, self.read_wall())
        self.runtime: SteppedRuntime | None = None
        self.boots = 0
        self.start_gateway()

    def _make_disk(self, folder: Path | None) -> Store | MemoryDisk:
        layout = self.layout
        if folder is None:
            return MemoryDisk(MemoryReplica(layout.boxes, layout.places, layout.staff), self.dice)
        store = open_store(folder, self.read_wall_ms)
        rows = list_feed_rows(layout)
        store.replica.apply_rows(self.centre.epoch, rows, len(rows))
        return store

    # ---- time ---------------------------------------------------------------------------------------

    def read_wall_ms(self) -> int:
        """Milliseconds since 1970 by the room's wall clock, which may be wrong."""
        return int(self.agenda.now_ms) + self.wall_offset_ms

    def read_wall(self) -> datetime:
        """Read the room's wall clock."""
        return make_now(int(self.agenda.now_ms), self.read_wall_ms(), clock_ok=True).wall_at

    def next_ms(self) -> float:
        """When something happens next in this room."""
        agenda, runtime = self.agenda, self.runtime
        now_ms, moment, deadline_ms = agenda.now_ms, agenda.next_ms, NEVER_MS
        if runtime is not None:
            deadline_ms = now_ms if runtime.has_mail else runtime.due_ms
            deadline_ms = max(deadline_ms, self.stalled_until_ms)
            moment = min(moment, deadline_ms)
        for bus in self.buses:
            line_ms = bus.line.next_ms(now_ms)
            if line_ms < moment:
                if bus.may_rest(line_ms) and not self.never_rests and self._may_skip(bus, line_ms, deadline_ms):
                    return self.next_ms()
                moment = min(moment, line_ms)
        return moment

    def run(self, now_ms: float) -> None:
        """Let everything happen that is due."""
        agenda = self.agenda
        agenda.now_ms = now_ms
        if agenda.next_ms <= now_ms:
            agenda.run_due()
        for bus in self.buses:
            bus.line.run(now_ms, self.dice)
        runtime = self.runtime
        if runtime is None or now_ms < self.stalled_until_ms or not (runtime.has_mail or runtime.due_ms <= now_ms):
            return
        runtime.turn()
        for site in self.sites:
            if site.monitor.presumes:
                site.monitor.check_presumed(site.bank)
        for bus in self.buses:
            if bus.line.shelf is not None and bus.line.shelf.is_stirred:
                bus.line.run(now_ms, self.dice)

    def _may_skip(self, bus: Bus, line_ms: float, deadline_ms: float) -> bool:
        """Go on past exchanges that would bring nothing new, if there are any."""
        bus.awake_until_ms = line_ms + LEAST_MS  # one try for each step
        if len(self.sites) > 1:
            return self._may_leap(bus, line_ms, deadline_ms)
        line, runtime = bus.line, self.runtime
        if runtime is None or not (line.can_leap and line.is_calm) or self.stalled_until_ms > self.agenda.now_ms:
            return False
        if isinstance(self.disk, MemoryDisk) and self.disk.database.is_full:
            return False
        self._notes.wall_offset_ms = self.wall_offset_ms
        if not stride(line, self.sites[0], runtime, self.agenda, self._notes):
            return False
        if line.step_due_ms is not None:
            bus.awake_until_ms = line.step_due_ms + LEAST_MS
        return True

    def _may_leap(self, bus: Bus, line_ms: float, deadline_ms: float) -> bool:
        """Leap over polls of a room with several banks in which nothing can change before something is done."""
        until_ms = min(self.agenda.next_act_ms, deadline_ms)
        runtime = self.runtime
        if runtime is None or until_ms - line_ms < WORTH_MS or not self._is_calm() or not runtime.is_settled:
            return False
        if isinstance(self.disk, MemoryDisk) and self.disk.database.is_full:
            return False
        mono_ms = int(min([until_ms, *(site.model.next_timer_ms for site in self.sites)]))
        until = make_now(mono_ms, mono_ms + self.wall_offset_ms, clock_ok=True)
        until_ms = min([find_change_ms(each.line, each.sites, runtime.state, until) for each in self.buses])
        if until_ms - line_ms < WORTH_MS or not leap(bus.line, bus.sites, runtime, until_ms):
            return False
        bus.awake_until_ms = until_ms
        return True

    def _is_calm(self) -> bool:
        """Whether every line is clean and silent, and no bank is being asked anything."""
        return all(bus.line.can_leap and bus.line.is_calm for bus in self.buses) and all(
            site.is_resting for site in self.sites
        )

    # ---- the gateway ----------------------------------------------------------------------------------

    @property
    def state(self) -> State | None:
        """What the gateway remembers, while there is one."""
        return None if self.runtime is None else self.runtime.state

    def find_bank(self, bank_id: str) -> Bank | None:
        """Find what the gateway knows of a bank."""
        return None if self.runtime is None else self.runtime.state.banks[bank_id]

    def start_gateway(self) -> None:
        """Start a gateway on the disk as it is."""
        self.boots += 1
        shelves = [
            SteppedShelf(
                bus.id,
                [ShelfBank(site.layout.id, site.layout.unit, site.geometry_hash) for site in bus.sites],
                bus.line.line,
                lambda: self.agenda.now_ms,
            )
            for bus in self.buses
        ]
        link = WorldLink(
            self.layout.room_id,
            outbox=self.disk.outbox,
            centre=self.centre,
            agenda=self.agenda,
            wall_at=self.read_wall,
            dice=self.dice,
        )
        self.runtime = SteppedRuntime(
            self.layout.settings,
            self.disk,
            shelves=shelves,
            scanners=cast("dict[str, Scanner]", {"gun": self.gun}),
            printer=self.printer,
            link=link,
            clock=Clock(lambda: int(self.agenda.now_ms), self.read_wall_ms),
            boot_id=f"{self.boots:032x}",
            dice=self.dice,
            observe=self._observe,
            kept=self._note_kept,
        )
        for bus, shelf in zip(self.buses, shelves, strict=True):
            bus.line.connect(shelf)
        self.runtime.begin()

    def kill_gateway(self) -> None:
        """Kill the gateway as by kill -9: nothing is flushed, nothing is said."""
        if self.runtime is not None:
            self.runtime.abandon()
        self.runtime = None
        if self._folder is not None:
            self.disk.close()
            self.disk = open_store(self._folder, self.read_wall_ms)
        for bus in self.buses:
            bus.line.connect(None)
        for site in self.sites:
            site.monitor.note_restart()

    def post(self, event: Event) -> bool:
        """Let the gateway know, if there is one."""
        return self.runtime is not None and self.runtime.post(event)

    def _observe(self, event: Event, effects: Sequence[Effect], seconds: float) -> None:
        runtime = self.runtime
        if self.chronicle is not None:
            self._chronicle(self.chronicle, event, effects)
        for site in self.sites:
            own = [effect for effect in effects if is_about(effect, site.layout.id)] if effects else effects
            if own or getattr(event, "bank", site.layout.id) in {None, site.layout.id}:
                site.monitor.observe(event, own, seconds)
        if runtime is None:
            return
        for effect in effects:
            if isinstance(effect, SendStop) and isinstance(event, QUIET_CAUSES):
                bank = runtime.state.banks[effect.bank]
                if bank.request is None and bank.stop is None:
                    self.note_breach("11", f"STOP against motion of others, out of {type(event).__name__}")
        longest = max(len(bank.queue) for bank in runtime.state.banks.values())
        self.sites[0].monitor.check_bounds(longest, runtime.depth(), 0)

    def _chronicle(self, chronicle: Chronicle, event: Event, effects: Sequence[Effect]) -> None:
        """Put what was decided into the digest, with all that the gateway knew of its banks.

        Readings that change nothing may be left out, and the permits that they bring: what came of those shows in the
        renewals that the next line tells.
        """
        if isinstance(event, READINGS) and all(isinstance(effect, PermitLease) for effect in effects):
            return
        chronicle.update(repr((self.agenda.now_ms, event, list(effects))).encode())
        if self.runtime is not None:
            state = self.runtime.state
            if isinstance(event, GatewayStarted):  # of what the journal led to, this is what a start takes on
                banks = {key: replace(carry_over(bank), request=bank.request) for key, bank in state.banks.items()}
                state = replace(state, banks=banks)
            chronicle.update(repr(state).encode())
        for bus in self.buses:
            if bus.line.shelf is not None:
                chronicle.update(describe_memory(bus.line.shelf).encode())

    def _note_kept(self, fact: RecordFact) -> None:
        self.recorded += 1
        if fact.kind != "motion":
            return
        next(site for site in self.sites if site.layout.id == fact.body["bank"]).monitor.note_motion(fact.body)
        if fact.body["phase"] == "intent" and self.slow_intent_ms:
            self.stall(self.slow_intent_ms)
            self.slow_intent_ms = 0.0
        if fact.body["phase"] == "outcome":
            self.counts[f"outcome_{fact.body['outcome']}"] += 1

    def stall(self, span_ms: float) -> None:
        """Let the executor wait; lines and people go on."""
        self.stalled_until_ms = max(self.stalled_until_ms, self.agenda.now_ms + span_ms)

    # ---- what a monitor asks of the gateway ----------------------------------------------------------

    def is_overloaded(self) -> bool:
        """Whether the inbox has refused what must not be lost."""
        return self.runtime is not None and self.runtime.is_overloaded

    def has_intent(self, request_id: int) -> bool:
        """Whether an intent lies on the disk; SQLite keeps its own word."""
        return not isinstance(self.disk, MemoryDisk) or request_id in self.disk.outbox.intents

    def is_strange(self, model: WatchedModel) -> bool:
        """Whether a bank has a controller that was made for other steel."""
        return any(site.controller.is_strange for site in self.sites if site.model is model)

    def count_moving(self, model: WatchedModel) -> tuple[int, int]:
        """Count the other banks of this one's bus that move by order of the gateway, and how many may in all."""
        bus = next(bus for bus in self.buses if any(site.model is model for site in bus.sites))
        moving = sum(site.model.is_driven for site in bus.sites if site.model is not model)
        return moving, bus.line.line.max_moving_banks

    # ---- what people do ------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        """Read a code with the hand scanner."""
        self.tell(f"scans {text}")
        self.post(CodeRead("gun", "trigger", text, int(self.agenda.now_ms)))

    def note_prints(self, job_ids: Iterable[str]) -> None:
        """Somebody decided that these labels may be printed once more."""
        self.prints_allowed.update(job_ids)

    def happens(self, rate: float) -> bool:
        """Throw the dice."""
        return self.dice.random() < rate

    def count(self, hazard: str) -> None:
        """Count something dangerous that happened."""
        self.counts[hazard] += 1

    def calm(self) -> None:
        """End every fault, so that all that was recorded can be told; new ones don't begin any more."""
        self.agenda.clear()
        self.stalled_until_ms = 0.0
        for bus in self.buses:
            bus.line.wire.change_plan()
            bus.line.babble(NEVER_MS, 0.0)
        for site in self.sites:
            site.controller.is_strange = site.controller.hides_standstill = False
            if not site.model.powered:
                site.model.restore_power()
        if isinstance(self.disk, MemoryDisk):
            self.disk.database.is_full = False
        self.kill_gateway()
        self.start_gateway()

    # ---- what came of it -----------------------------------------------------------------------------

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        line = f"{self.agenda.now_ms / 1000:10.3f} s  {self.layout.room_id}  {what}"
        self.story.append(line)
        if self.chronicle is not None:
            self.chronicle.update(line.encode())

    def note_hours_over(self) -> None:
        """Nothing happens any more; what is polled has been polled until here."""

    def note_breach(self, rule: str, what: str) -> None:
        """Note a breach of the law."""
        line = f"rule {rule}: {what}"
        self.tell(f"VIOLATION {line}")
        self.violations.append(line)

    def note_harm(self, site: Site, person: Person, how: str) -> None:
        """Count harm by its causes."""
        faults = {name for (name, aisle) in site.faults if aisle in {0, person.aisle}}
        motion = site.monitor.book.last_motion
        if motion is not None and motion.press is not None and not motion.press.looked:
            faults.add("no_look")
        if motion is not None and motion.press is None:
            faults.add("scan_alone")  # nobody was asked to look: the owner's decision
        cause = "+".join(sorted(faults)) or "no_fault"
        self.harm[f"{site.layout.kind}: {cause}"] += 1
        self.tell(f"HARM {person.name} in aisle {site.layout.id}{person.aisle} is {how}: {cause}")
        if site.layout.is_equipped and len(faults - {"scan_alone"}) <= 1 and "scan_alone" not in faults:
            self.note_breach("22", f"harm by {cause} on a bank with entry beams and edges")


def is_about(effect: Effect, bank_id: str) -> bool:
    """Whether an effect is about this bank."""
    bank = effect.body.get("bank") if isinstance(effect, RecordFact) else getattr(effect, "bank", None)
    return bank == bank_id
