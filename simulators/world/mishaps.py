"""What breaks in a room and who puts it right: sensors, edges, power, gateway, centre, clocks, the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.bank_plan import SensorKind
from simulators.faults import FaultPlan
from simulators.shelf_record import BankState, SafetyInput
from simulators.world.agenda import Deed
from simulators.world.people import People
from simulators.world.room import Room

HOUR_MS = 3_600_000.0
OPTICAL = (SensorKind.FOOT_BEAM, SensorKind.PIR)


class Mishaps:
    """Everything that goes wrong by itself in one room."""

    def __init__(self, room: Room, people: People) -> None:
        self.room = room
        self._is_cared_for = False
        people.on_prop_sweep = self.tie_sweep  # type: ignore[method-assign]
        self._deeds: dict[str, Callable[[], Deed]] = {
            "beam_blind": lambda: self.freeze(OPTICAL, "beam_blind", reading=False),
            "beam_stuck": lambda: self.freeze(OPTICAL, "beam_stuck", reading=True),
            "entry_blind": lambda: self.freeze((SensorKind.ENTRY_BEAMS,), "entry_blind", reading=False),
            "count_drift": self.drift,
            "edge_dead": lambda: self.freeze((SensorKind.EDGE,), "edge_dead", reading=False),
            "jam": self.jam,
            "power_cut": self.cut_power,
            "gateway_kill": self.kill_gateway,
            "centre_down": self.stop_centre,
            "wall_step": self.step_wall,
            "line_burst": self.spoil_line,
        }

    def begin(self) -> None:
        """Let each kind of fault come at its own rate."""
        for name, deed in self._deeds.items():
            self.room.agenda.begin(self._recur(name, deed))

    def _recur(self, name: str, deed: Callable[[], Deed]) -> Deed:
        rate = self.room.habits.faults[name]
        while rate > 0:
            yield self.room.dice.expovariate(rate) * HOUR_MS
            self.room.count(name)
            self.room.tell(f"fault: {name}")
            yield from deed()

    # ---- sensors ---------------------------------------------------------------------------------------

    def freeze(self, kinds: tuple[SensorKind, ...], fault: str, *, reading: bool) -> Deed:
        """Let a sensor of one aisle say the same for ever, until it is repaired."""
        room = self.room
        kind = next((kind for kind in kinds if kind in room.layout.plan.sensors), None)
        if kind is None:
            return
        aisle = room.dice.choice(room.list_open() or list(room.layout.plan.aisles))
        room.faults[fault, aisle] = kind.value
        with room.controller.at_now() as model:
            model.stick_sensor(aisle, kind, reading)
        minutes = room.habits.repair["edge_min" if kind is SensorKind.EDGE else "sensor_min"]
        yield room.dice.expovariate(1 / minutes) * 60_000
        room.faults.pop((fault, aisle), None)
        with room.controller.at_now() as model:
            model.stick_sensor(aisle, kind, None)

    def tie_sweep(self, aisle: int) -> None:
        """Somebody ties the edge of an aisle back."""
        if SensorKind.EDGE in self.room.layout.plan.sensors:
            self.room.agenda.begin(self._untie_later(aisle))

    def _untie_later(self, aisle: int) -> Deed:
        room = self.room
        room.faults["prop_sweep", aisle] = "edge"
        room.tell(f"ties back the sweep of aisle {aisle}")
        with room.controller.at_now() as model:
            model.stick_sensor(aisle, SensorKind.EDGE, reading=False)
        yield room.dice.expovariate(1 / room.habits.repair["edge_min"]) * 60_000
        room.faults.pop(("prop_sweep", aisle), None)
        with room.controller.at_now() as model:
            model.stick_sensor(aisle, SensorKind.EDGE, None)

    def drift(self) -> Deed:
        """Let the entry beams of one aisle count one too many or too few."""
        room = self.room
        if SensorKind.ENTRY_BEAMS not in room.layout.plan.sensors:
            return
        aisle = room.dice.choice(room.list_open() or list(room.layout.plan.aisles))
        delta = room.dice.choice((-1, 1))
        room.faults["count_drift", aisle] = "entry"
        with room.controller.at_now() as model:
            model.occupancy.drift(aisle, delta)
            model.stick_sensor(aisle, SensorKind.ENTRY_BEAMS, None)  # the controller sees the new count at once
        yield room.dice.expovariate(1 / room.habits.repair["sensor_min"]) * 60_000
        room.faults.pop(("count_drift", aisle), None)

    # ---- power, processes, clocks, line ------------------------------------------------------------------

    def jam(self) -> Deed:
        """Let a column stick until somebody frees it."""
        room = self.room
        column = room.dice.choice([c.no for c in room.layout.plan.columns if not c.fixed])
        with room.controller.at_now() as model:
            model.rails.jam(column)
        yield room.dice.uniform(60_000, 600_000)
        with room.controller.at_now() as model:
            model.rails.jam(column, jammed=False)

    def cut_power(self) -> Deed:
        """Take the bank's power away for a while."""
        room = self.room
        with room.controller.at_now() as model:
            model.cut_power()
        yield room.dice.uniform(200, 20_000)
        with room.controller.at_now() as model:
            model.restore_power()

    def kill_gateway(self) -> Deed:
        """Kill the gateway at any moment, and start it again."""
        room = self.room
        if room.bank.request is not None:
            room.count("gateway_killed_in_motion")
        room.kill_gateway()
        yield room.dice.uniform(500, 15_000)
        room.start_gateway()

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
        if room.runtime is not None:
            room.runtime.look_up()
        yield 1.0

    def spoil_line(self) -> Deed:
        """Spoil the line for a while, by one of its faults or by all."""
        room, rates = self.room, self.room.habits.line
        name = room.dice.choice([*rates, "all"])
        chosen: dict[str, Any] = rates if name == "all" else {name: rates[name]}
        room.wire.change_plan(FaultPlan(seed=room.dice.getrandbits(31), **chosen))
        yield room.habits.repair["burst_s"] * 1000
        room.wire.change_plan(FaultPlan())

    # ---- the caretaker ------------------------------------------------------------------------------------

    def look_after(self) -> None:
        """Send for somebody if the bank stands for a reason that only a person at the bank can clear."""
        if self._is_cared_for or not self._needs_care():
            return
        self._is_cared_for = True
        self.room.agenda.begin(self._care())

    def _needs_care(self) -> bool:
        model = self.room.model
        tripped = model.circumstances.inputs & {SafetyInput.EDGE, SafetyInput.BEAM}
        return bool(tripped or model.faults or self._miscounted()) or model.state is BankState.UNKNOWN

    def _miscounted(self) -> list[int]:
        model = self.room.model
        seen = model.occupancy.seen(model.rails.widths_mm())
        return [no for no in seen if not model.occupancy.people_in(no)]

    def _care(self) -> Deed:
        room = self.room
        yield room.habits.repair["caretaker_s"] * 1000
        for person in room.model.occupancy.people:
            room.leave(person.name)
        yield 2_000.0
        with room.controller.at_now() as model:
            for aisle in self._miscounted():
                model.occupancy.drift(aisle, -1)
                model.stick_sensor(aisle, SensorKind.ENTRY_BEAMS, None)
            model.reset_locally()
            model.home_locally()
        room.tell("somebody looked, reset and homed the bank")
        room.count("reset_at_the_bank")
        yield 6_000.0
        self._is_cared_for = False
