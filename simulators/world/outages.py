"""What breaks in a room as a whole: gateway, disk, inbox, centre, clocks, lines, printer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.core.events import DeviceChanged
from edge.runtime.inbox import EVENTS_MAX
from simulators.faults import FaultPlan
from simulators.world.agenda import Deed
from simulators.world.broker import BrokerLine
from simulators.world.disk import MemoryDisk
from simulators.world.mishaps import recur
from simulators.world.room import Room
from simulators.world.stranger import meddle

FLAPS_EACH_MS = 5.0


class Outages:
    """Everything that goes wrong with a room's gateway and what hangs on it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._deeds: dict[str, Callable[[], Deed]] = {
            "gateway_kill": self.kill_gateway,
            "executor_stall": self.stall,
            "inbox_flood": self.flood,
            "disk_full": self.fill_disk,
            "centre_down": self.stop_centre,
            "wall_step": self.step_wall,
            "line_burst": self.spoil_line,
            "line_babble": self.babble,
            "out_of_labels": self.use_up_labels,
            "printer_mute": self.silence_printer,
        }
        self._strange = [bus for bus in room.buses if isinstance(bus.line, BrokerLine)]
        if self._strange:
            self._deeds["stranger_on_broker"] = self.meddle

    def begin(self) -> None:
        """Let each kind of fault come at its own rate."""
        recur(self.room, self._deeds)

    def kill_gateway(self) -> Deed:
        """Kill the gateway at any moment, and start it again."""
        room = self.room
        if room.state is not None and any(bank.request is not None for bank in room.state.banks.values()):
            room.count("gateway_killed_in_motion")
        room.kill_gateway()
        yield room.dice.uniform(500, 15_000)
        room.start_gateway()

    def stall(self) -> Deed:
        """Let the executor wait for its disk, or for its turn, as long as it takes."""
        room = self.room
        low, high = room.habits.pace["stall_s"]
        span_ms = 1000 * room.dice.uniform(low, high)
        if room.happens(0.5):
            room.slow_intent_ms = span_ms  # the disk is slow when it matters
        else:
            room.stall(span_ms)
        yield span_ms

    def flood(self) -> Deed:
        """Let a loose plug fill the inbox while the executor waits: more comes than can be taken."""
        room = self.room
        room.stall(EVENTS_MAX * FLAPS_EACH_MS + 2_000)
        for number in range(EVENTS_MAX + 1):
            if not room.post(DeviceChanged("camera", "unplugged" if number % 2 else "online")):
                room.count("inbox_overflowed")
                break
            yield FLAPS_EACH_MS
        yield max(1.0, room.stalled_until_ms - room.agenda.now_ms)

    def fill_disk(self) -> Deed:
        """Let the disk take nothing for a while; a real one is filled elsewhere."""
        room = self.room
        if not isinstance(room.disk, MemoryDisk):
            return
        room.disk.database.is_full = True
        yield room.dice.expovariate(1 / room.habits.repair["disk_min"]) * 60_000
        room.disk.database.is_full = False

    def stop_centre(self) -> Deed:
        """Take the centre down; rooms go on."""
        room = self.room
        room.centre.is_up = False
        yield room.dice.expovariate(1 / room.habits.repair["centre_min"]) * 60_000
        room.centre.is_up = True

    def step_wall(self) -> Deed:
        """Let the wall clock jump, forth or back."""
        room = self.room
        room.wall_offset_ms += room.dice.choice((-3_600_000, -5_000, 5_000, 86_400_000))
        if room.runtime is not None and room.agenda.now_ms >= room.stalled_until_ms:
            room.runtime.look_up()
        yield 1.0

    def spoil_line(self) -> Deed:
        """Spoil a line for a while, by one of its faults or by all."""
        room, rates = self.room, self.room.habits.line
        name = room.dice.choice([*rates, "all"])
        chosen: dict[str, Any] = rates if name == "all" else {name: rates[name]}
        wire = room.dice.choice(room.buses).line.wire
        wire.change_plan(FaultPlan(seed=room.dice.getrandbits(31), **chosen))
        yield room.habits.repair["burst_s"] * 1000
        wire.change_plan()

    def babble(self) -> Deed:
        """Let something talk on a line without a pause."""
        room = self.room
        low, high = room.habits.pace["babble_s"]
        span_ms = 1000 * room.dice.uniform(low, high)
        room.dice.choice(room.buses).line.babble(room.agenda.now_ms, room.agenda.now_ms + span_ms)
        yield span_ms

    def meddle(self) -> Deed:
        """Let somebody on the broker who is not the gateway ask for an aisle."""
        dice = self.room.dice
        bus = dice.choice(self._strange)
        assert isinstance(bus.line, BrokerLine)
        yield from meddle(bus.line, dice.choice(bus.sites[0].layout.plan.aisles), self.room.agenda, dice)

    def use_up_labels(self) -> Deed:
        """Let the printer run out of labels; whoever wants one loads it."""
        self.room.printer.has_labels = False
        yield 1.0

    def silence_printer(self) -> Deed:
        """Let the printer print and not say so."""
        room = self.room
        room.printer.is_mute = True
        yield room.dice.expovariate(1 / room.habits.repair["sensor_min"]) * 60_000
        room.printer.is_mute = False
