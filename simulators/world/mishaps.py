"""What breaks at a bank and who puts it right: sensors, edges, sweeps, power, columns, the controller itself."""

from __future__ import annotations

from collections.abc import Callable

from simulators.bank_plan import SensorKind
from simulators.shelf_record import BankState, SafetyInput
from simulators.world.agenda import Deed
from simulators.world.people import People
from simulators.world.room import Room
from simulators.world.site import Site

HOUR_MS = 3_600_000.0
OPTICAL = (SensorKind.FOOT_BEAM, SensorKind.PIR)


class Mishaps:
    """Everything that goes wrong by itself at one bank."""

    def __init__(self, room: Room, site: Site, people: People) -> None:
        self.room = room
        self.site = site
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
            "wrong_controller": self.fit_wrong_controller,
            "no_standstill": self.break_standstill,
            "supply_lost": self.lose_supply,
            "drive_overload": self.overload,
        }

    def begin(self) -> None:
        """Let each kind of fault come at its own rate."""
        recur(self.room, self._deeds)

    # ---- sensors ---------------------------------------------------------------------------------------

    def freeze(self, kinds: tuple[SensorKind, ...], fault: str, *, reading: bool) -> Deed:
        """Let a sensor of one aisle say the same for ever, until it is repaired."""
        room, site = self.room, self.site
        kind = next((kind for kind in kinds if kind in site.layout.plan.sensors), None)
        if kind is None:
            return
        aisle = room.dice.choice(site.list_open() or list(site.layout.plan.aisles))
        site.faults[fault, aisle] = kind.value
        with site.at_now() as model:
            model.stick_sensor(aisle, kind, reading)
        minutes = room.habits.repair["edge_min" if kind is SensorKind.EDGE else "sensor_min"]
        yield room.dice.expovariate(1 / minutes) * 60_000
        site.faults.pop((fault, aisle), None)
        with site.at_now() as model:
            model.stick_sensor(aisle, kind, None)

    def tie_sweep(self, aisle: int) -> None:
        """Somebody ties the edge of an aisle back."""
        if SensorKind.EDGE in self.site.layout.plan.sensors:
            self.room.agenda.begin(self._untie_later(aisle))

    def _untie_later(self, aisle: int) -> Deed:
        room, site = self.room, self.site
        site.faults["prop_sweep", aisle] = "edge"
        room.tell(f"ties back the sweep of aisle {aisle}")
        with site.at_now() as model:
            model.stick_sensor(aisle, SensorKind.EDGE, reading=False)
        yield room.dice.expovariate(1 / room.habits.repair["edge_min"]) * 60_000
        site.faults.pop(("prop_sweep", aisle), None)
        with site.at_now() as model:
            model.stick_sensor(aisle, SensorKind.EDGE, None)

    def drift(self) -> Deed:
        """Let the entry beams of one aisle count one too many or too few."""
        room, site = self.room, self.site
        if SensorKind.ENTRY_BEAMS not in site.layout.plan.sensors:
            return
        aisle = room.dice.choice(site.list_open() or list(site.layout.plan.aisles))
        delta = room.dice.choice((-1, 1))
        site.faults["count_drift", aisle] = "entry"
        with site.at_now() as model:
            model.occupancy.drift(aisle, delta)
            model.stick_sensor(aisle, SensorKind.ENTRY_BEAMS, None)  # the controller sees the new count at once
        yield room.dice.expovariate(1 / room.habits.repair["sensor_min"]) * 60_000
        site.faults.pop(("count_drift", aisle), None)

    # ---- power, steel, controller -----------------------------------------------------------------------

    def jam(self) -> Deed:
        """Let a column stick until somebody frees it."""
        room, site = self.room, self.site
        column = room.dice.choice([c.no for c in site.layout.plan.columns if not c.fixed])
        with site.at_now() as model:
            model.rails.jam(column)
        yield room.dice.uniform(60_000, 600_000)
        with site.at_now() as model:
            model.rails.jam(column, jammed=False)

    def cut_power(self) -> Deed:
        """Take the bank's power away for a while."""
        with self.site.at_now() as model:
            model.cut_power()
        yield self.room.dice.uniform(200, 20_000)
        with self.site.at_now() as model:
            model.restore_power()

    def lose_supply(self) -> Deed:
        """Take the drives' supply away while the controller lives on."""
        with self.site.at_now() as model:
            model.hold(SafetyInput.SUPPLY_LOST)
        yield self.room.dice.uniform(5_000, 60_000)
        with self.site.at_now() as model:
            model.release(SafetyInput.SUPPLY_LOST)

    def overload(self) -> Deed:
        """Let a drive draw more current than it may."""
        with self.site.at_now() as model:
            model.overload(self.room.dice.choice([c.no for c in self.site.layout.plan.columns if not c.fixed]))
        yield 1.0

    def fit_wrong_controller(self) -> Deed:
        """Let a technician fit a controller that was made for other steel, and notice it later."""
        for is_strange in (True, False):
            yield from self.cut_power()
            self.site.controller.is_strange = is_strange
            self.room.tell("another controller is fitted" if is_strange else "the right controller is back")
            if is_strange:
                yield self.room.dice.expovariate(1 / self.room.habits.repair["controller_min"]) * 60_000

    def break_standstill(self) -> Deed:
        """Let the controller not know any more that its steel stands: no STOP can be read back."""
        self.site.controller.hides_standstill = True
        yield self.room.dice.expovariate(1 / self.room.habits.repair["sensor_min"]) * 60_000
        self.site.controller.hides_standstill = False

    # ---- the caretaker ------------------------------------------------------------------------------------

    def look_after(self) -> None:
        """Send for somebody if the bank stands for a reason that only a person at the bank can clear."""
        if self._is_cared_for or not self._needs_care():
            return
        self._is_cared_for = True
        self.room.agenda.begin(self._care())

    def _needs_care(self) -> bool:
        model = self.site.model
        tripped = model.circumstances.inputs & {SafetyInput.EDGE, SafetyInput.SWEEP, SafetyInput.BEAM}
        return bool(tripped or model.faults or self._miscounted()) or model.state is BankState.UNKNOWN

    def _miscounted(self) -> list[int]:
        model = self.site.model
        seen = model.occupancy.seen(model.rails.widths_mm())
        return [no for no in seen if not model.occupancy.people_in(no)]

    def _care(self) -> Deed:
        room, site = self.room, self.site
        yield room.habits.repair["caretaker_s"] * 1000
        for person in site.model.occupancy.people:
            site.leave(person.name)
        yield 2_000.0
        with site.at_now() as model:
            for aisle in self._miscounted():
                model.occupancy.drift(aisle, -1)
                model.stick_sensor(aisle, SensorKind.ENTRY_BEAMS, None)
            model.reset_locally()
            model.home_locally()
        room.tell("somebody looked, reset and homed the bank")
        room.count("reset_at_the_bank")
        yield 6_000.0
        self._is_cared_for = False


def recur(room: Room, deeds: dict[str, Callable[[], Deed]]) -> None:
    """Let each of these come again and again at the rate of its name."""
    for name, deed in deeds.items():
        room.agenda.begin(_recur(room, name, deed))


def _recur(room: Room, name: str, deed: Callable[[], Deed]) -> Deed:
    rate = room.habits.faults[name]
    while rate > 0:
        yield room.dice.expovariate(rate) * HOUR_MS
        room.count(name)
        room.tell(f"fault: {name}")
        yield from deed()
