"""The organisation as a tree: departments, service centres, teams. Pure; rows come from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from central.domain.people import Grant


class UnitKind(StrEnum):
    DEPARTMENT = "department"
    CENTRE = "centre"
    TEAM = "team"


#: What a unit may lie under; None is the top.
PARENTS: Mapping[UnitKind, frozenset[UnitKind | None]] = {
    UnitKind.DEPARTMENT: frozenset({None}),
    UnitKind.CENTRE: frozenset({None, UnitKind.DEPARTMENT}),
    UnitKind.TEAM: frozenset({UnitKind.CENTRE, UnitKind.DEPARTMENT}),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One node of the tree."""

    id: str
    kind: UnitKind
    name: str
    parent_id: str | None


class UnitTree:
    """Every unit, and the rooms that serve one: answers what lies below what."""

    def __init__(self, units: Iterable[Unit], room_units: Mapping[str, str | None]) -> None:
        self.units = {unit.id: unit for unit in units}
        self.room_units = dict(room_units)
        self._children: dict[str, list[str]] = {}
        for unit in self.units.values():
            if unit.parent_id is not None:
                self._children.setdefault(unit.parent_id, []).append(unit.id)

    def list_below(self, unit_id: str) -> frozenset[str]:
        """Return the unit and everything under it."""
        found: set[str] = set()
        waiting = [unit_id]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._children.get(each, ())
        return frozenset(found)

    def list_path(self, unit_id: str) -> tuple[Unit, ...]:
        """Return the units from the top down to this one."""
        path: list[Unit] = []
        unit = self.units.get(unit_id)
        while unit is not None and unit not in path:
            path.insert(0, unit)
            unit = self.units.get(unit.parent_id) if unit.parent_id is not None else None
        return tuple(path)

    def list_rooms(self, unit_ids: frozenset[str]) -> frozenset[str]:
        """Return the rooms that serve any of these units."""
        return frozenset(room for room, unit_id in self.room_units.items() if unit_id in unit_ids)

    def spread_grant(self, grant: Grant) -> Grant:
        """Return the grant with what it reaches."""
        if grant.unit_id is not None:
            unit_ids = self.list_below(grant.unit_id)
            return replace(grant, unit_ids=unit_ids, room_ids=self.list_rooms(unit_ids))
        if grant.room_id is not None:
            served = self.room_units.get(grant.room_id)
            unit_ids = self.list_below(served) if served is not None else frozenset()
            return replace(grant, unit_ids=unit_ids, room_ids=frozenset({grant.room_id}))
        return grant


def may_lie_under(kind: UnitKind, parent: Unit | None) -> bool:
    """Return whether a unit of this kind may have this parent."""
    return (parent.kind if parent is not None else None) in PARENTS[kind]
