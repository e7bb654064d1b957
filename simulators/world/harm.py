"""Harm as the law counts it: by cause, in truth, whatever the sensors say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.bank_plan import BankPlan, SensorKind
from simulators.occupancy import BODY_MM, SEES, Occupancy, Person

CRUSHED_MM = 50.0  # of travel after contact


@dataclass
class _Fate:
    """What steel has done to one person in one aisle."""

    is_sensed: bool = False
    travel_mm: float = 0.0  # since a sensor could first have sensed them
    is_counted: bool = False


@dataclass
class HarmWatch:
    """Follows everybody in a narrowing aisle. `tell(person, how)` is called once per person and stay."""

    plan: BankPlan
    occupancy: Occupancy
    stop_distance_mm: float
    tell: Callable[[Person, str], None]
    causes: Counter[str] = field(default_factory=Counter)
    _fates: dict[str, _Fate] = field(default_factory=dict)

    def watch(self, before_mm: dict[int, float], after_mm: dict[int, float]) -> None:
        """Take one step of the steel."""
        for person in self.occupancy.people:
            before, after = before_mm[person.aisle], after_mm[person.aisle]
            if after < before:
                self._follow(self._fates.setdefault(person.name, _Fate()), person, before, after)

    def forget(self, name: str) -> None:
        """Somebody has left."""
        self._fates.pop(name, None)

    def _follow(self, fate: _Fate, person: Person, before: float, after: float) -> None:
        if fate.is_sensed:
            fate.travel_mm += before - after
        fate.is_sensed = fate.is_sensed or self._could_sense(person, after)
        if fate.is_counted:
            return
        if self.occupancy.squeezed_mm.get(person.name, 0.0) > CRUSHED_MM:
            fate.is_counted = True
            self.tell(person, "crushed")
        elif after < BODY_MM and fate.travel_mm > self.stop_distance_mm:
            fate.is_counted = True
            self.tell(person, "reached")

    def _could_sense(self, person: Person, width_mm: float) -> bool:
        """Whether a sensor of this bank, if it worked, would sense this person now."""
        for kind in self.plan.sensors:
            if kind is SensorKind.ENTRY_BEAMS or (kind is SensorKind.EDGE and width_mm < BODY_MM):
                return True
            if kind in SEES and person.posture in SEES[kind]:
                return True
        return False
