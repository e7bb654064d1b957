"""The permission table, read back by hand: what each role may do, where, and that nothing else is allowed."""

from __future__ import annotations

import pytest

from central.domain.people import Actor, Grant, Role
from central.domain.permissions import TABLE, Action, Scope, allows, find_need, find_scope, needs

EVERYWHERE = {Action.PUBLIC, Action.SELF}
#: Written out once more, by hand: a change of the table has to be meant twice.
MAY = {
    Role.ARCHIVIST: {
        Action.SEE_ROOMS,
        Action.SEE_BOXES,
        Action.EXPORT_BOXES,
        Action.PRINT_LABEL,
        Action.PROPOSE_AISLE,
        Action.SEE_GATEWAYS,
        Action.SEE_API,
    },
    Role.ADMIN: {
        Action.SEE_ROOMS,
        Action.SEE_GATEWAYS,
        Action.ADMIT_EPOCH,
        Action.IMPORT_ROOM,
        Action.SEE_PEOPLE,
        Action.CREATE_PERSON,
        Action.SEE_API,
    },
    Role.TECHNICIAN: {Action.SEE_ROOMS, Action.SEE_GATEWAYS, Action.SEE_API},
}


def person(*grants: tuple[Role, str | None]) -> Actor:
    return Actor("p1", "wang", "王建国", frozenset(Grant(role, room) for role, room in grants))


@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_what_is_written_and_nothing_else(role: Role) -> None:
    allowed = {action for action in Action if allows(person((role, None)), action)}
    assert allowed == MAY[role] | EVERYWHERE


def test_every_action_stands_in_the_table() -> None:
    assert set(TABLE) | EVERYWHERE == set(Action)


def test_nobody_may_do_what_is_public_only() -> None:
    assert {action for action in Action if allows(None, action)} == {Action.PUBLIC}
    assert {action for action in Action if allows(person(), action)} == EVERYWHERE


def test_scope_is_the_union_of_the_rooms() -> None:
    actor = person((Role.ARCHIVIST, "r01"), (Role.ARCHIVIST, "r02"), (Role.TECHNICIAN, "r03"))
    assert find_scope(actor, Action.SEE_BOXES) == Scope(frozenset({"r01", "r02"}))
    assert find_scope(actor, Action.SEE_GATEWAYS) == Scope(frozenset({"r01", "r02", "r03"}))
    assert not find_scope(actor, Action.SEE_BOXES).covers("r03")
    assert find_scope(person((Role.ARCHIVIST, None)), Action.SEE_BOXES).covers("r99")


def test_a_room_administrator_has_no_say_over_the_centre() -> None:
    actor = person((Role.ADMIN, "r01"))
    assert not allows(actor, Action.CREATE_PERSON)
    assert not allows(actor, Action.IMPORT_ROOM)
    assert find_scope(actor, Action.ADMIT_EPOCH) == Scope(frozenset({"r01"}))


def test_an_endpoint_says_what_it_needs() -> None:
    @needs(Action.SEE_BOXES)
    def marked() -> None: ...

    def unmarked() -> None: ...

    assert find_need(marked) is Action.SEE_BOXES
    assert find_need(unmarked) is None
    assert find_need(None) is None
