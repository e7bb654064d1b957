"""The left menu: by role, in sections, each name once; short for who holds one role, whole for who holds many."""

from __future__ import annotations

import itertools

import pytest

from central.domain.people import Actor, Grant, Role
from central.domain.permissions import allows
from central.web.menu import ENTRIES_MOST, MENU, list_menu


def act_as(*roles: Role, must_change: bool = False) -> Actor:
    grants = frozenset(Grant(role, unit_ids=frozenset({"t1"}), room_ids=frozenset({"r01"})) for role in roles)
    return Actor("p1", "wang", "王", grants, must_change=must_change)


def menu_of(actor: Actor) -> list[str]:
    return [entry.name for section in list_menu(actor) for entry in section.entries]


@pytest.mark.parametrize("roles", [*itertools.combinations(Role, 1), tuple(Role)])
def test_eight_entries_at_most_stand_open_and_the_one_at_hand(roles: tuple[Role, ...]) -> None:
    actor = act_as(*roles)
    standing = [entry for section in list_menu(actor) if not section.folded for entry in section.entries]
    assert 2 <= len(standing) <= ENTRIES_MOST == 8
    for name in menu_of(actor):
        (section,) = [each for each in list_menu(actor, name) if name in {entry.name for entry in each.entries}]
        assert not section.folded


@pytest.mark.parametrize("roles", [*itertools.combinations(Role, 1), *itertools.combinations(Role, 3), tuple(Role)])
def test_nothing_is_cut_off_and_nothing_stands_twice(roles: tuple[Role, ...]) -> None:
    actor = act_as(*roles)
    names = menu_of(actor)
    assert names[0] == "home"
    assert len(names) == len(set(names))
    assert set(names) == {entry.name for section in MENU for entry in section.entries if allows(actor, entry.action)}


def test_sections_with_nothing_in_them_are_left_out() -> None:
    assert [section.title for section in list_menu(act_as(Role.TECHNICIAN))] == ["", "Archive rooms"]


def test_the_department_comes_to_the_organisation_without_the_people() -> None:
    sections = list_menu(Actor("p", "d", "d", frozenset({Grant(Role.DEPARTMENT)})))
    department = {entry.href for section in sections for entry in section.entries}
    assert "/organisation" in department
    assert "/people" not in department


def test_before_the_password_is_changed_there_is_no_menu() -> None:
    assert menu_of(act_as(Role.ADMIN, must_change=True)) == []
