"""The permission table, read back by hand: what each role may do, where, and that nothing else is allowed."""

from __future__ import annotations

import pytest

from central.domain.organisation import Unit, UnitKind, UnitTree
from central.domain.people import Actor, Grant, Role
from central.domain.permissions import (
    EVERYTHING,
    TABLE,
    Action,
    Scope,
    allows,
    find_acting_for,
    find_need,
    find_scope,
    needs,
)

EVERYWHERE = {Action.PUBLIC, Action.OWN_ACCESS, Action.SELF}
SEES_PAPERS = {
    Action.SEE_DOSSIERS,
    Action.SEE_CASES,
    Action.SEE_TASKS,
    Action.SEE_DOCUMENTS,
    Action.SEE_TEMPLATES,
    Action.SEE_CALENDAR,
    Action.SEE_RULES,
    Action.SEE_API,
}
PAPERS_IN_HAND = {Action.VERIFY_COPY, Action.HOLD_PAPER}
#: Written out once more, by hand: a change of the table has to be meant twice.
MAY = {
    Role.HANDLER: SEES_PAPERS
    | {Action.SEE_ID_NUMBERS, Action.ADD_DOCUMENT, Action.SEND_DOCUMENT, Action.SORT_SCANS, Action.PLACE_SCAN}
    | PAPERS_IN_HAND,
    Role.COLLECTOR: SEES_PAPERS
    | {Action.SEE_ID_NUMBERS, Action.REVIEW_DOCUMENT, Action.SORT_SCANS, Action.PLACE_SCAN}
    | PAPERS_IN_HAND,
    Role.ARCHIVIST: SEES_PAPERS
    | {
        Action.SEE_ROOMS,
        Action.SEE_BOXES,
        Action.EXPORT_BOXES,
        Action.PRINT_LABEL,
        Action.PROPOSE_AISLE,
        Action.SEE_GATEWAYS,
        Action.SEE_ID_NUMBERS,
        Action.ACCEPT_DOCUMENT,
        Action.HOLD_PAPER,
        Action.MERGE_DOSSIERS,
        Action.APPROVE_MERGE,
    },
    Role.TEAM_LEADER: SEES_PAPERS,
    Role.CENTRE_MANAGER: SEES_PAPERS | {Action.SEE_ROOMS, Action.SEE_BOXES, Action.APPROVE_MERGE},
    Role.DEPARTMENT: SEES_PAPERS
    | {
        Action.SEE_ROOMS,
        Action.SEE_BOXES,
        Action.EXPORT_BOXES,
        Action.SEE_ORGANISATION,
        Action.SEE_AUDIT,
        Action.APPROVE_MERGE,
        Action.IMPORT_CUSTOMERS,
        Action.EDIT_TEMPLATE,
        Action.APPROVE_TEMPLATE,
        Action.EDIT_CALENDAR,
        Action.EDIT_RULES,
        Action.SEE_MESSAGES,
    },
    Role.ADMIN: {
        Action.SEE_ROOMS,
        Action.SEE_GATEWAYS,
        Action.ADMIT_EPOCH,
        Action.IMPORT_ROOM,
        Action.SEE_PEOPLE,
        Action.CREATE_PERSON,
        Action.EDIT_PERSON,
        Action.EDIT_BADGES,
        Action.SEE_ORGANISATION,
        Action.EDIT_ORGANISATION,
        Action.SEE_AUDIT,
        Action.SEE_CALENDAR,
        Action.EDIT_CALENDAR,
        Action.SEE_RULES,
        Action.EDIT_RULES,
        Action.SEE_MESSAGES,
        Action.EDIT_MESSAGES,
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


TREE = UnitTree(
    [
        Unit("d", UnitKind.DEPARTMENT, "营销部", None),
        Unit("c1", UnitKind.CENTRE, "高新供电中心", "d"),
        Unit("c2", UnitKind.CENTRE, "锦江供电中心", "d"),
        Unit("t1", UnitKind.TEAM, "业务一班", "c1"),
        Unit("t2", UnitKind.TEAM, "计量班", "c1"),
    ],
    {"r01": "c1", "r02": "c2", "r03": None},
)


def holder(*grants: Grant) -> Actor:
    """A person whose grants are spread over the organisation, as after a log-in."""
    return Actor("p1", "wang", "王建国", frozenset(TREE.spread_grant(grant) for grant in grants))


def test_a_handler_reaches_own_cases_only() -> None:
    scope = find_scope(holder(Grant(Role.HANDLER, unit_id="t1")), Action.SEE_CASES)
    assert scope == Scope(frozenset(), frozenset(), frozenset({"p1"}))
    assert scope.covers_case("t1", ["p1"])
    assert not scope.covers_case("t1", ["p2"])
    assert not scope.covers("r01")


def test_team_centre_and_department_reach_down_the_tree() -> None:
    assert find_scope(holder(Grant(Role.COLLECTOR, unit_id="t1")), Action.SEE_CASES).unit_ids == {"t1"}
    manager = holder(Grant(Role.CENTRE_MANAGER, unit_id="c1"))
    assert find_scope(manager, Action.SEE_CASES).unit_ids == {"c1", "t1", "t2"}
    assert find_scope(manager, Action.SEE_ROOMS) == Scope(frozenset({"r01"}))
    assert find_scope(holder(Grant(Role.DEPARTMENT)), Action.SEE_CASES) is EVERYTHING


def test_an_archivist_sees_the_dossiers_of_the_centre_that_the_room_serves() -> None:
    archivist = holder(Grant(Role.ARCHIVIST, "r01"))
    assert find_scope(archivist, Action.SEE_DOSSIERS).unit_ids == {"c1", "t1", "t2"}
    assert find_scope(archivist, Action.SEE_BOXES) == Scope(frozenset({"r01"}))
    unassigned = holder(Grant(Role.ARCHIVIST, "r03"))
    assert find_scope(unassigned, Action.SEE_DOSSIERS).empty


def test_what_belongs_to_no_unit_is_open_to_the_role_wherever_it_is_held() -> None:
    assert find_scope(holder(Grant(Role.HANDLER, unit_id="t1")), Action.SEE_TEMPLATES) is EVERYTHING
    assert not allows(holder(Grant(Role.HANDLER, unit_id="t1")), Action.EDIT_TEMPLATE)


def test_a_deputy_reaches_the_absent_persons_cases_in_their_name() -> None:
    deputy = holder(Grant(Role.HANDLER, unit_id="t1"), Grant(Role.HANDLER, unit_id="t1", deputy_for="p2"))
    assert find_scope(deputy, Action.SEE_CASES).person_ids == {"p1", "p2"}
    assert find_acting_for(deputy, Action.SEE_CASES, unit_id="t1", person_ids=["p2"]) == "p2"
    assert find_acting_for(deputy, Action.SEE_CASES, unit_id="t1", person_ids=["p1"]) is None


def test_nobody_but_the_holders_sees_papers_or_people() -> None:
    admin, technician = holder(Grant(Role.ADMIN)), holder(Grant(Role.TECHNICIAN))
    for action in (Action.SEE_DOCUMENTS, Action.SEE_DOSSIERS, Action.SEE_ID_NUMBERS, Action.SEE_BOXES):
        assert not allows(admin, action)
        assert not allows(technician, action)
    assert not allows(technician, Action.SEE_PEOPLE)
    for role in set(Role) - {Role.ADMIN}:
        assert not allows(holder(Grant(role)), Action.EDIT_PERSON)


def test_an_endpoint_says_what_it_needs() -> None:
    @needs(Action.SEE_BOXES)
    def marked() -> None: ...

    def unmarked() -> None: ...

    assert find_need(marked) is Action.SEE_BOXES
    assert find_need(unmarked) is None
    assert find_need(None) is None
