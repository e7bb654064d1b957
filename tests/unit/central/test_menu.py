"""The left menu: by role, each name once, never more than eight entries."""

from __future__ import annotations

import itertools

import pytest

from central.domain.people import Actor, Grant, Role
from central.domain.permissions import allows
from central.web.render import MENU, MENU_LIMIT, list_menu


def menu_of(*roles: Role, must_change: bool = False) -> list[str]:
    grants = frozenset(Grant(role, unit_ids=frozenset({"t1"}), room_ids=frozenset({"r01"})) for role in roles)
    return [entry["name"] for entry in list_menu(Actor("p1", "wang", "王", grants, must_change=must_change))]


@pytest.mark.parametrize("roles", [*itertools.combinations(Role, 1), *itertools.combinations(Role, 3), tuple(Role)])
def test_nobody_has_more_than_eight_entries(roles: tuple[Role, ...]) -> None:
    names = menu_of(*roles)
    assert len(names) == len(set(names)) <= MENU_LIMIT == 8
    assert names[0] == "home"


@pytest.mark.parametrize("role", Role)
def test_every_entry_of_a_role_fits(role: Role) -> None:
    """Nothing is cut off for who holds one role; who holds many comes to the rest from the home page."""
    names = {entry[0] for entry in MENU if allows(Actor("p1", "wang", "王", frozenset({Grant(role)})), entry[4])}
    assert set(menu_of(role)) == names


def test_the_department_comes_to_the_organisation_without_the_people() -> None:
    department = {entry["href"] for entry in list_menu(Actor("p", "d", "d", frozenset({Grant(Role.DEPARTMENT)})))}
    assert "/organisation" in department
    assert "/people" not in department


def test_before_the_password_is_changed_there_is_no_menu() -> None:
    assert menu_of(Role.ADMIN, must_change=True) == []
