"""People in aisles and the sensors that may see them. A sensor that sees nobody proves nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from simulators.bank_plan import BankPlan, SensorKind

BODY_MM = 400  # a gap below this touches a person
_NOWHERE: frozenset[int] = frozenset()


class Posture(StrEnum):
    """How somebody stands in an aisle; decides which sensor sees them."""

    WALKING = "walking"
    STILL = "still"
    KNEELING = "kneeling"
    LADDER = "ladder"


@dataclass(frozen=True)
class Person:
    """Somebody inside an aisle."""

    name: str
    aisle: int
    posture: Posture = Posture.WALKING


@dataclass
class _Sensor:
    """One sensor of one aisle; `stuck` None means it works."""

    kind: SensorKind
    stuck: bool | None = None
    count: int = 0  # entry beams only


@dataclass(frozen=True)
class _Told:
    """What the sensors say whatever the width of their aisles, and where somebody stands before a working edge."""

    seen: frozenset[int]
    touched: frozenset[int]
    edged: tuple[int, ...]


SEES: dict[SensorKind, frozenset[Posture]] = {
    SensorKind.FOOT_BEAM: frozenset({Posture.WALKING, Posture.STILL, Posture.KNEELING}),
    SensorKind.PIR: frozenset({Posture.WALKING}),
}


class Occupancy:
    """Who is where in truth, and what the sensors of each aisle say about it."""

    def __init__(self, plan: BankPlan) -> None:
        self._people: dict[str, Person] = {}
        self._sensors = {aisle: [_Sensor(kind) for kind in plan.sensors] for aisle in plan.aisles}
        self.unknown: set[int] = set()
        self.squeezed_mm: dict[str, float] = {}
        self._told: _Told | None = None  # what sensors say whatever the width; None: to be found anew

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in any aisle, in truth."""
        return not self._people

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who is in an aisle, in truth."""
        return tuple(self._people.values())

    def people_in(self, aisle: int) -> tuple[Person, ...]:
        """Everybody in this aisle, in truth."""
        return tuple(person for person in self._people.values() if person.aisle == aisle)

    def enter(self, person: Person) -> bool:
        """Put somebody into an aisle; answers whether its entry beams were broken."""
        self.leave(person.name)
        self._people[person.name] = person
        self._told = None
        return self._count_passage(person.aisle, 1)

    def pose(self, name: str, posture: Posture) -> None:
        """Let somebody who is inside kneel, climb or stand still."""
        person = self._people.get(name)
        if person is not None:
            self._people[name] = replace(person, posture=posture)
            self._told = None

    def leave(self, name: str) -> int | None:
        """Take somebody out; answers the aisle whose entry beams were broken, if any."""
        person = self._people.pop(name, None)
        self.squeezed_mm.pop(name, None)
        self._told = None
        if person is None or not self._count_passage(person.aisle, -1):
            return None
        return person.aisle

    def _count_passage(self, aisle: int, delta: int) -> bool:
        broken = False
        self._told = None
        for sensor in self._sensors.get(aisle, ()):
            if sensor.kind is SensorKind.ENTRY_BEAMS and sensor.stuck is None:
                sensor.count = max(0, sensor.count + delta)
                broken = True
        return broken

    def drift(self, aisle: int, delta: int) -> None:
        """Let the entry count be wrong by `delta`, as when two people pass as one."""
        self._count_passage(aisle, delta)

    def stick(self, aisle: int, kind: SensorKind, reading: bool | None) -> None:
        """Freeze a sensor at a reading; None lets it work again."""
        self._told = None
        for sensor in self._sensors[aisle]:
            if sensor.kind is kind:
                sensor.stuck = reading

    def seen(self, widths_mm: dict[int, float]) -> frozenset[int]:
        """Aisles in which some sensor sees somebody now."""
        told = self._told or self._listen()
        return told.seen | self._squeezed(told, widths_mm) if told.edged else told.seen

    def touched(self, widths_mm: dict[int, float]) -> frozenset[int]:
        """Aisles whose edge feels somebody now."""
        told = self._told or self._listen()
        return told.touched | self._squeezed(told, widths_mm) if told.edged else told.touched

    def _squeezed(self, told: _Told, widths_mm: dict[int, float]) -> frozenset[int]:
        narrow = [aisle for aisle in told.edged if widths_mm[aisle] < BODY_MM]
        return frozenset(narrow) if narrow else _NOWHERE

    def _listen(self) -> _Told:
        """Find what every sensor says until somebody or something changes; edges that work wait for the width."""
        seen, touched, edged = set(), set(), []
        for aisle, sensors in self._sensors.items():
            for sensor in sensors:
                if sensor.kind is SensorKind.EDGE and sensor.stuck is None:
                    if self.people_in(aisle):
                        edged.append(aisle)
                elif self._reads(sensor, aisle):
                    seen.add(aisle)
                    if sensor.kind is SensorKind.EDGE:
                        touched.add(aisle)
        self._told = _Told(frozenset(seen), frozenset(touched), tuple(edged))
        return self._told

    def _reads(self, sensor: _Sensor, aisle: int) -> bool:
        if sensor.stuck is not None:
            return sensor.stuck
        if sensor.kind is SensorKind.ENTRY_BEAMS:
            return sensor.count > 0
        return any(person.posture in SEES[sensor.kind] for person in self.people_in(aisle))

    def blind_aisles(self) -> frozenset[int]:
        """Aisles without any sensor that could see somebody before touching them."""
        return frozenset(
            aisle for aisle, sensors in self._sensors.items() if all(s.kind is SensorKind.EDGE for s in sensors)
        )

    def squeeze(self, before_mm: dict[int, float], after_mm: dict[int, float], people: Iterable[Person]) -> None:
        """Add up, per person, how far steel went on after it touched them."""
        for person in people:
            narrowed = min(before_mm[person.aisle], BODY_MM) - min(after_mm[person.aisle], BODY_MM)
            if narrowed > 0:
                self.squeezed_mm[person.name] = self.squeezed_mm.get(person.name, 0.0) + narrowed
