"""One room of the world: steel, controller, line, gateway, disk and link, joined on one agenda."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from edge.core.effects import Effect, RecordFact, SendStop
from edge.core.events import CodeRead, Event
from edge.core.state import Bank
from edge.drivers.shelf_serial import ShelfBank
from edge.ports import Scanner, Sink
from edge.runtime.clock import Clock, make_now
from edge.store import Store, open_store
from firmware_protocol.timing import Line
from simulators.faults import FaultPlan, FaultyWire
from simulators.occupancy import Person
from simulators.shelf_controller import ShelfController, Station
from simulators.shelf_record import BankState
from simulators.shelf_words import identify
from simulators.world.agenda import Agenda
from simulators.world.bank import WatchedModel
from simulators.world.centre import Centre
from simulators.world.disk import MemoryDisk, MemoryReplica
from simulators.world.gateway import SteppedRuntime, SteppedShelf
from simulators.world.habits import Habits
from simulators.world.harm import HarmWatch
from simulators.world.layout import BANK, BAUD, Layout, list_feed_rows
from simulators.world.line import VirtualLine
from simulators.world.monitor import QUIET_CAUSES, Monitor
from simulators.world.uplink import WorldLink

WALL_START_MS = 1_790_000_000_000
AWAKE_BEFORE_MS = 700.0  # a room at rest is polled again so long before anything happens in it
STORY_LINES = 400
UNIT = 1


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
        self.faults: dict[tuple[str, int], str] = {}  # (fault, aisle), for the causes of harm
        self.recorded = 0  # facts that the core made
        self.centre = centre
        self.wall_offset_ms = WALL_START_MS
        self.gun = Gun()
        self.model = WatchedModel(layout.plan, seed=dice.getrandbits(31))
        self.controller = ShelfController(self.model, UNIT, lambda: int(self.agenda.now_ms))
        self.geometry_hash = identify(self.model, "world").geometry_hash
        watch = HarmWatch(layout.plan, self.model.occupancy, layout.distances.by_stop_mm, self._note_harm)
        self.monitor = Monitor(self.model, watch, lambda: self.agenda.now_ms, self.fail)
        self.model.watcher = self.monitor
        self.wire = FaultyWire()
        self.line = VirtualLine(Line(BAUD), Station([self.controller]), self.wire, self.monitor.note_frame)
        self._folder = folder
        self.disk: Store | MemoryDisk = self._make_disk(folder)
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
        deadline_ms = float("inf") if self.runtime is None else self.runtime.next_ms()
        line_ms = self.line.next_ms(self.agenda.now_ms)
        awake_ms = min(self.agenda.next_act_ms, deadline_ms) - AWAKE_BEFORE_MS
        if line_ms < awake_ms and self._rests():
            line_ms = awake_ms  # nothing can change before: the same answers would come again and again
        return min(self.agenda.next_ms, deadline_ms, line_ms)

    def run(self, now_ms: float) -> None:
        """Let everything happen that is due."""
        self.agenda.now_ms = now_ms
        self.agenda.run_due()
        self.line.run(now_ms)
        runtime = self.runtime
        if runtime is not None and (runtime.depth() or runtime.next_ms() <= now_ms):
            runtime.turn()
            self.line.run(now_ms)

    def _rests(self) -> bool:
        if self.never_rests or self.runtime is None or not self.line.is_quiet:
            return False
        bank, model = self.bank, self.model
        return (
            bank.request is None
            and bank.prompt is None
            and bank.stop is None
            and not bank.queue
            and not bank.foreign
            and bank.controller == "online"
            and bank.widths_valid
            and model.powered
            and model.state in (BankState.IDLE, BankState.STOPPED)
            and model.rails.arrived
            and bank.ring_head == model.ring_head
            and bank.snapshot is not None
            and bank.snapshot.state == model.state.value
        )

    # ---- the gateway ----------------------------------------------------------------------------------

    @property
    def bank(self) -> Bank:
        """What the gateway knows of the bank."""
        assert self.runtime is not None
        return self.runtime.state.banks[BANK]

    def start_gateway(self) -> None:
        """Start a gateway on the disk as it is."""
        self.boots += 1
        shelf = SteppedShelf("bus1", [ShelfBank(BANK, UNIT, self.geometry_hash)], BAUD, lambda: self.agenda.now_ms)
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
            shelf=shelf,
            scanners=cast("dict[str, Scanner]", {"gun": self.gun}),
            link=link,
            clock=Clock(lambda: int(self.agenda.now_ms), self.read_wall_ms),
            boot_id=f"{self.boots:032x}",
            dice=self.dice,
            observe=self._observe,
        )
        self.line.connect(shelf)
        self.runtime.begin()

    def kill_gateway(self) -> None:
        """Kill the gateway as by kill -9: nothing is flushed, nothing is said."""
        if self.runtime is not None:
            self.runtime.abandon()
        self.runtime = None
        if self._folder is not None:
            self.disk.close()
            self.disk = open_store(self._folder, self.read_wall_ms)
        self.line.connect(None)
        self.monitor.note_restart()

    def post(self, event: Event) -> None:
        """Let the gateway know, if there is one."""
        if self.runtime is not None:
            self.runtime.post(event)

    def _observe(self, event: Event, effects: Sequence[Effect], seconds: float) -> None:
        self.monitor.observe(event, effects, seconds)
        if self.runtime is None:
            return
        bank = self.bank
        stops = any(isinstance(effect, SendStop) for effect in effects)
        if stops and bank.request is None and bank.stop is None and isinstance(event, QUIET_CAUSES):
            self.fail("11", f"STOP against motion of others, out of {type(event).__name__}")
        self.monitor.check_bounds(len(bank.queue), self.runtime.depth(), 0)
        for effect in effects:
            if not isinstance(effect, RecordFact):
                continue
            self.recorded += 1
            if effect.kind == "motion" and effect.body.get("phase") == "outcome":
                self.counts[f"outcome_{effect.body['outcome']}"] += 1

    # ---- what people do ------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        """Read a code with the hand scanner."""
        self.tell(f"scans {text}")
        self.post(CodeRead("gun", "trigger", text, int(self.agenda.now_ms)))

    def enter(self, name: str, aisle: int) -> None:
        """Walk into an aisle."""
        self.tell(f"{name} walks into aisle {aisle} ({self.width_mm(aisle):.0f} mm)")
        with self.controller.at_now() as model:
            model.enter(Person(name, aisle))

    def leave(self, name: str) -> None:
        """Walk out, wherever one is."""
        with self.controller.at_now() as model:
            model.leave(name)
        self.monitor.harm.forget(name)

    def width_mm(self, aisle: int) -> float:
        """See how wide an aisle is."""
        with self.controller.at_now() as model:
            return model.rails.width_mm(aisle)

    def look_into(self, aisles: Sequence[int]) -> list[Person]:
        """See with one's own eyes who is in these aisles."""
        with self.controller.at_now() as model:
            return [person for person in model.occupancy.people if person.aisle in aisles]

    def list_open(self) -> list[int]:
        """See which aisles one could walk into."""
        with self.controller.at_now() as model:
            return [no for no, width in model.rails.widths_mm().items() if width >= model.plan.passable_gap_mm]

    def happens(self, rate: float) -> bool:
        """Throw the dice."""
        return self.dice.random() < rate

    def count(self, hazard: str) -> None:
        """Count something dangerous that happened."""
        self.counts[hazard] += 1

    def calm(self) -> None:
        """End every fault, so that all that was recorded can be told; new ones don't begin any more."""
        self.agenda.clear()
        self.wire.change_plan(FaultPlan())
        if not self.model.powered:
            self.model.restore_power()
        self.kill_gateway()
        self.start_gateway()

    # ---- what came of it -----------------------------------------------------------------------------

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.agenda.now_ms / 1000:10.3f} s  {self.layout.room_id}  {what}")

    def fail(self, rule: str, what: str) -> None:
        """Note a breach of the law."""
        line = f"rule {rule}: {what}"
        self.tell(f"VIOLATION {line}")
        self.violations.append(line)

    def _note_harm(self, person: Person, how: str) -> None:
        faults = {name for (name, aisle) in self.faults if aisle in {0, person.aisle}}
        motion = self.monitor.book.last_motion
        if motion is not None and motion.press is not None and not motion.press.looked:
            faults.add("no_look")
        cause = "+".join(sorted(faults)) or "no_fault"
        self.harm[f"{self.layout.kind}: {cause}"] += 1
        self.tell(f"HARM {person.name} in aisle {person.aisle} is {how}: {cause}")
        if self.layout.is_equipped and len(faults) <= 1:
            self.fail("22", f"harm by {cause} on a bank with entry beams and edges")
