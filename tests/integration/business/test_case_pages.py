"""Pages of cases on both databases: who sees which, what a search finds, and a due date that explains itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from central.domain.audit import AuditAct
from central.domain.cases import Standing
from central.domain.clocks import Band
from central.domain.people import Actor, Grant, Role
from central.services.case_details import show_case
from central.services.cases import SearchCases, search_cases
from tests.integration.business.news import LATER, tell
from tests.integration.business.office import case_id, hear, list_acts, open_office, page
from tests.integration.central.centre import Centre

DEPARTMENT = Actor("p1", "zhao.min", "赵敏", frozenset({Grant(Role.DEPARTMENT)}))


@pytest.fixture
def office(clean_engine: Engine) -> Iterator[Centre]:
    with open_office(clean_engine) as centre:
        yield centre


def found(office: Centre, **search: object) -> list[str]:
    with office.tx.read() as session:
        cases = search_cases(session, DEPARTMENT, SearchCases(**search), office.clock())  # type: ignore[arg-type]
    return [case.case_no for case in cases.items]


def test_a_handler_sees_own_cases_and_nothing_else(office: Centre) -> None:
    client = office.client_of("wang.fang")
    listed = page(client, "/cases")
    assert "8001" in listed
    assert "8002" not in listed
    assert "8001" in page(client, f"/cases/{case_id(office, '8001')}")
    foreign = client.get(f"/cases/{case_id(office, '8002')}", headers={"Accept": "text/html"})
    assert foreign.status_code == 404
    assert "8002" not in client.get("/cases.csv").text


def test_a_search_finds_by_number_customer_and_title(office: Centre) -> None:
    assert found(office) == ["8002", "8001"]
    assert found(office, text="8001") == ["8001"]
    assert found(office, text="510100002") == ["8002"]
    assert found(office, text="锦江") == ["8001"]
    assert found(office, text="换表") == ["8002"]
    assert found(office, text="锦江 换表") == []
    assert found(office, text="100%_") == []


def test_filters_go_by_time_limit_state_and_contradiction(office: Centre) -> None:
    assert found(office, band=Band.OVERDUE) == ["8001"]
    assert found(office, band=Band.NORMAL) == ["8002"]
    assert found(office, odd=True) == ["8001"]
    hear(office, [tell(201, "case_paused", 10, case_no="8002", reason="客户原因")])
    assert found(office, standing=Standing.PAUSED) == ["8002"]
    hear(office, [tell(202, "case_closed", 11, case_no="8002"), tell(203, "step_started", 1, case_no="9", step="A")])
    assert found(office, standing=Standing.CLOSED) == ["8002"]
    assert found(office, standing=Standing.UNOPENED) == ["9"]
    assert found(office, standing=Standing.OPEN, band=Band.OVERDUE) == ["8001"]


def test_pages_go_on_where_the_last_one_ended(office: Centre) -> None:
    with office.tx.read() as session:
        first = search_cases(session, DEPARTMENT, SearchCases(limit=1), LATER)
        second = search_cases(session, DEPARTMENT, SearchCases(limit=1, after=first.next_after), LATER)
    assert [case.case_no for case in (*first.items, *second.items)] == ["8002", "8001"]
    assert second.next_after is None


def test_a_due_date_explains_itself(office: Centre) -> None:
    """PLAN of the non-resident business: 3 working days (pack C) from Monday 2026-11-02 on."""
    with office.tx.read() as session:
        case = show_case(session, DEPARTMENT, case_id(office, "8001"), office.clock())
    plan = next(step for step in case.steps if step.code == "PLAN")
    assert plan.due is not None
    assert plan.due.explanation.counted == (date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 5))
    assert plan.band is Band.OVERDUE
    text = page(office.client_of("zhao.min"), f"/cases/{case.id}")
    for expected in (
        "11-03 · 11-04 · 11-05",
        "第 1 版",
        "怎么算的",
        "卡控未放行",
        "用电申请书：尚未扫描",
        "该环节已完成",
    ):
        assert expected in text


def test_pauses_and_days_off_are_named(office: Centre) -> None:
    # Thursday 2026-11-05 09:00 in China; 3 working days over a weekend with a pause of one whole day.
    hear(
        office,
        [
            tell(301, "step_started", 72, case_no="8002", step="INSTALL"),
            tell(302, "case_opened", 0, case_no="8003", business="LV-COM", customers=["510100009"]),
            tell(303, "step_started", 72, case_no="8003", step="PLAN"),
            tell(304, "case_paused", 80, case_no="8003", reason="电网工程"),
            tell(305, "case_resumed", 80 + 72, case_no="8003"),
        ],
    )
    with office.tx.read() as session:
        case = show_case(session, DEPARTMENT, case_id(office, "8003"), office.clock())
    why = next(step.due.explanation for step in case.steps if step.due is not None)
    assert why.paused == (date(2026, 11, 6), date(2026, 11, 7))
    assert [day for day, _, _ in why.skipped] == [date(2026, 11, 8)]
    assert why.counted == (date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11))


def test_the_list_leaves_as_a_table_that_runs_nothing(office: Centre) -> None:
    hear(office, [tell(401, "customer_created", -1, customer_no="510100002", name="=cmd|' /C calc'!A0")])
    answer = office.client_of("zhao.min").get("/cases.csv?q=8002", headers={"Accept-Language": "zh-CN"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "工单"
    assert rows[1][0] == "8002"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert len(list_acts(office, AuditAct.CASES_EXPORTED)) == 1


def test_lateness_goes_by_the_clock_not_by_the_last_sweep(office: Centre) -> None:
    hear(office, [tell(501, "case_opened", 520, case_no="8004", business="LV-COM", customers=["510100001"])])
    hear(office, [tell(502, "step_started", 521, case_no="8004", step="PLAN")])
    assert "8004" not in found(office, band=Band.OVERDUE)
    office.clock.now += timedelta(days=7)
    assert "8004" in found(office, band=Band.OVERDUE)
