"""Roles in force, deputies while somebody is away, and what a role may be held for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.people import (
    Absence,
    Grant,
    HeldRole,
    Role,
    check_grant,
    combine_grants,
    name_rights,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def held(person_id: str, role: Role, from_at: datetime = NOW - DAY, until_at: datetime | None = None) -> HeldRole:
    return HeldRole(f"{person_id}-{role}", person_id, Grant(role, unit_id="t1"), from_at, until_at)


def test_a_role_counts_from_its_beginning_to_before_its_end() -> None:
    role = HeldRole("h", "p1", Grant(Role.HANDLER), NOW, NOW + DAY)
    assert [role.holds_at(NOW + step) for step in (-timedelta(seconds=1), timedelta(), DAY / 2, DAY)] == [
        False,
        True,
        True,
        False,
    ]
    assert not HeldRole("h", "p1", Grant(Role.HANDLER), NOW - DAY, None, NOW).holds_at(NOW)


def test_a_deputy_acts_only_while_the_other_is_away() -> None:
    roles = [held("li", Role.COLLECTOR), held("wang", Role.HANDLER)]
    away = Absence("li", "wang", NOW, NOW + DAY)
    lent = Grant(Role.COLLECTOR, unit_id="t1", deputy_for="li")
    own = Grant(Role.HANDLER, unit_id="t1")
    assert combine_grants("wang", roles, [away], NOW) == {own, lent}
    assert combine_grants("wang", roles, [away], NOW + DAY) == {own}
    assert combine_grants("li", roles, [away], NOW) == {Grant(Role.COLLECTOR, unit_id="t1")}


def test_a_deputy_of_a_deputy_has_nothing_and_admins_are_not_lent() -> None:
    roles = [held("li", Role.COLLECTOR), held("wang", Role.HANDLER), held("root", Role.ADMIN)]
    away = [Absence("li", "wang", NOW, NOW + DAY), Absence("wang", "chen", NOW, NOW + DAY)]
    assert combine_grants("chen", roles, away, NOW) == {Grant(Role.HANDLER, unit_id="t1", deputy_for="wang")}
    assert combine_grants("chen", roles, [Absence("root", "chen", NOW, NOW + DAY)], NOW) == frozenset()


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(sorted(Role)), st.integers(-3, 3), st.integers(1, 4)),
        max_size=6,
    ),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.integers(-3, 3), st.integers(1, 4)), max_size=4
    ),
)
def test_nobody_acts_by_a_role_that_nobody_holds_then(
    roles: list[tuple[str, Role, int, int]], absences: list[tuple[str, str, int, int]]
) -> None:
    held_roles = [held(p, r, NOW + DAY * start, NOW + DAY * (start + length)) for p, r, start, length in roles]
    away = [Absence(p, d, NOW + DAY * start, NOW + DAY * (start + length)) for p, d, start, length in absences]
    for grant in combine_grants("a", held_roles, away, NOW):
        holder = grant.deputy_for or "a"
        assert any(h.person_id == holder and h.grant.role is grant.role and h.holds_at(NOW) for h in held_roles)
        if grant.deputy_for is not None:
            assert grant.deputy_for != "a"
            assert any(x.person_id == holder and x.deputy_id == "a" and x.lasts_at(NOW) for x in away)


@pytest.mark.parametrize(
    ("grant", "kind", "fault"),
    [
        (Grant(Role.HANDLER, unit_id="u"), "team", None),
        (Grant(Role.HANDLER, unit_id="u"), "centre", "team"),
        (Grant(Role.HANDLER), None, "team"),
        (Grant(Role.TEAM_LEADER, "r01"), None, "team"),
        (Grant(Role.CENTRE_MANAGER, unit_id="u"), "centre", None),
        (Grant(Role.CENTRE_MANAGER), None, "centre"),
        (Grant(Role.ARCHIVIST, "r01"), None, None),
        (Grant(Role.ARCHIVIST), None, None),
        (Grant(Role.ARCHIVIST, unit_id="u"), "team", "room"),
        (Grant(Role.DEPARTMENT), None, None),
        (Grant(Role.DEPARTMENT, unit_id="u"), "department", "whole"),
        (Grant(Role.DEPARTMENT, "r01"), None, "whole"),
        (Grant(Role.ADMIN), None, None),
    ],
)
def test_a_role_is_held_for_what_fits_it(grant: Grant, kind: str | None, fault: str | None) -> None:
    assert check_grant(grant, kind) == fault


def test_the_name_of_rights_changes_with_them_and_with_nothing_else() -> None:
    plain = Grant(Role.HANDLER, unit_id="t1")
    spread = Grant(Role.HANDLER, unit_id="t1", unit_ids=frozenset({"t1"}))
    other = Grant(Role.COLLECTOR, unit_id="t1")
    assert name_rights([plain, other]) == name_rights([other, spread])
    assert len({name_rights([]), name_rights([plain]), name_rights([plain, other])}) == 3
    assert name_rights([Grant(Role.HANDLER, unit_id="t1", deputy_for="x")]) != name_rights([plain])
