"""ID numbers by role, and the words over a page image. Numbers are made up; two carry a right check character (GB 11643)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from stdnum.cn import ric

from central.domain.masking import mask_id_number, mask_id_numbers, show_id_number, word_watermark
from central.domain.organisation import Unit, UnitKind, UnitTree
from central.domain.people import Actor, Grant, Role

NUMBER = "510104199001011234"
TREE = UnitTree(
    [Unit("c1", UnitKind.CENTRE, "高新供电中心", None), Unit("t1", UnitKind.TEAM, "业务一班", "c1")], {"r01": "c1"}
)


def actor(*grants: Grant) -> Actor:
    return Actor("p1", "lihui", "李慧", frozenset(TREE.spread_grant(grant) for grant in grants))


def test_the_middle_is_hidden() -> None:
    assert mask_id_number(NUMBER) == "510***********1234"
    assert mask_id_number("510104900101123") == "510********1123"
    assert mask_id_number("1234567") == "*******"
    assert mask_id_number("") == ""


@pytest.mark.parametrize(
    ("grant", "seen"),
    [
        (Grant(Role.HANDLER, unit_id="t1"), True),
        (Grant(Role.COLLECTOR, unit_id="t1"), True),
        (Grant(Role.ARCHIVIST, "r01"), True),
        (Grant(Role.TEAM_LEADER, unit_id="t1"), False),
        (Grant(Role.CENTRE_MANAGER, unit_id="c1"), False),
        (Grant(Role.DEPARTMENT), False),
        (Grant(Role.ADMIN), False),
        (Grant(Role.TECHNICIAN), False),
    ],
)
def test_who_works_with_the_paper_sees_the_number(grant: Grant, *, seen: bool) -> None:
    shown = show_id_number(NUMBER, actor(grant), unit_id="t1", handler_ids=frozenset({"p1"}))
    assert (shown == NUMBER) is seen
    assert show_id_number(NUMBER, actor(grant), unit_id="t1", handler_ids=frozenset({"p1"}), former=True) != NUMBER


def test_outside_the_scope_it_is_masked() -> None:
    collector = actor(Grant(Role.COLLECTOR, unit_id="t1"))
    assert show_id_number(NUMBER, collector, unit_id="t9") == "510***********1234"
    handler = actor(Grant(Role.HANDLER, unit_id="t1"))
    assert "*" in show_id_number(NUMBER, handler, unit_id="t1", handler_ids=frozenset({"p2"}))


def test_numbers_in_a_text_are_masked_and_others_stay() -> None:
    valid = "11010519491231002X"
    assert ric.is_valid(valid)
    text = f"身份证 {valid}，旧证 130503670401001，户号 5101000000123456789，电话 13800000000，盒号 BX01000012Z"
    assert mask_id_numbers(text) == (
        "身份证 110***********002X，旧证 130********1001，户号 5101000000123456789，电话 13800000000，盒号 BX01000012Z"
    )


def test_the_watermark_names_who_and_when() -> None:
    at = datetime(2026, 11, 24, 6, 3, 59, tzinfo=UTC)
    assert word_watermark(actor(), at, ZoneInfo("Asia/Shanghai")) == "李慧 lihui 2026-11-24 14:03"
