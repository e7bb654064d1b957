"""Changes of the working calendar on both databases: its revision counts up, and open cases are counted anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.calendars import DayKind
from central.domain.people import Actor, Grant, Role
from central.domain.refusals import Reason, Refusal
from central.jobs.calendars import CalendarRecount
from central.services.calendars import ChangeDay, change_day, move_horizon, show_calendar
from central.store.calendars import load_calendar
from central.store.cases import CaseRow, StepRow
from central.store.documents import TaskRow
from tests.integration.business.news import tell
from tests.integration.business.office import hear, list_acts, open_office, page
from tests.integration.central.centre import Centre

MONDAY = date(2026, 11, 30)
SATURDAY = date(2026, 11, 28)


@pytest.fixture
def office(clean_engine: Engine) -> Iterator[Centre]:
    with open_office(clean_engine) as centre:
        # A step that began on Friday 2026-11-27 with 3 working days: 30 November, 1 and 2 December.
        centre.clock.now = datetime(2026, 11, 27, 3, tzinfo=UTC)
        hear(
            centre,
            [
                tell(701, "case_opened", 600, case_no="8100", business="LV-COM", customers=["510100001"]),
                tell(702, "step_started", 601, case_no="8100", step="PLAN"),
            ],
        )
        yield centre


def actor(office: Centre, login: str = "zhao.min") -> Actor:
    return Actor(office.people[login], login, login, frozenset({Grant(Role.DEPARTMENT)}))


def change(office: Centre, day: date, kind: DayKind, name: str = "") -> None:
    with office.tx.write() as session:
        change_day(session, actor(office), ChangeDay(day, kind, name, "通知"), office.clock())


def find_due(office: Centre, case_no: str = "8100") -> tuple[datetime | None, int]:
    with office.tx.read() as session:
        query = select(StepRow.due_at, StepRow.calendar_revision).join(CaseRow, CaseRow.id == StepRow.case_id)
        found = session.execute(query.where(CaseRow.case_no == case_no, StepRow.code == "PLAN")).one()
    return found.due_at, found.calendar_revision


def recount(office: Centre) -> int:
    return CalendarRecount(office.tx, office.clock).run_round()


def test_a_day_off_moves_what_is_due(office: Centre) -> None:
    assert find_due(office) == (datetime(2026, 12, 2, 16, tzinfo=UTC), 1)
    change(office, MONDAY, DayKind.HOLIDAY, "停电演练")
    assert find_due(office) == (datetime(2026, 12, 2, 16, tzinfo=UTC), 1)
    assert recount(office) >= 1
    assert find_due(office) == (datetime(2026, 12, 3, 16, tzinfo=UTC), 2)
    assert recount(office) == 0
    change(office, SATURDAY, DayKind.MADE_UP)
    recount(office)
    assert find_due(office) == (datetime(2026, 12, 2, 16, tzinfo=UTC), 3)
    change(office, MONDAY, DayKind.WORKDAY)
    change(office, SATURDAY, DayKind.WEEKEND)
    recount(office)
    assert find_due(office) == (datetime(2026, 12, 2, 16, tzinfo=UTC), 5)
    assert len(list_acts(office, AuditAct.CALENDAR_DAY_CHANGED)) == 4


def test_every_open_case_is_reached_in_small_steps(office: Centre) -> None:
    news = []
    for number in range(20):
        news.append(
            tell(800 + 2 * number, "case_opened", 600, case_no=f"9{number:03}", business="LV-COM", customers=["1"])
        )
        news.append(tell(801 + 2 * number, "step_started", 601, case_no=f"9{number:03}", step="PLAN"))
    hear(office, news)
    change(office, MONDAY, DayKind.HOLIDAY)
    job, holds = CalendarRecount(office.tx, office.clock), []
    office.tx.after_commit(lambda _session: holds.append(1))
    assert job.run_round() == 22
    assert len(holds) >= 22 // 3
    assert job.run_round() == 0
    with office.tx.read() as session:
        revisions = set(session.scalars(select(StepRow.calendar_revision).where(StepRow.calendar_revision > 0)))
        assert revisions == {2}
        tasks = set(session.scalars(select(TaskRow.calendar_revision).where(TaskRow.state == "to_add")))
        assert tasks == {2}


def test_two_that_recount_add_nothing(office: Centre) -> None:
    change(office, MONDAY, DayKind.HOLIDAY)
    first, second = CalendarRecount(office.tx, office.clock), CalendarRecount(office.tx, office.clock)
    first.run_round()
    before = find_due(office)
    assert second.run_round() == 0
    assert find_due(office) == before


def test_what_a_day_can_be_follows_its_weekday(office: Centre) -> None:
    for day, kind in ((MONDAY, DayKind.MADE_UP), (MONDAY, DayKind.WEEKEND), (SATURDAY, DayKind.WORKDAY)):
        with pytest.raises(Refusal) as caught:
            change(office, day, kind)
        assert caught.value.reason is Reason.INVALID
    change(office, MONDAY, DayKind.WORKDAY)
    with office.tx.read() as session:
        assert load_calendar(session).revision == 1


def test_the_horizon_only_moves_on(office: Centre) -> None:
    with office.tx.read() as session:
        seen = show_calendar(session, actor(office), office.clock())
    assert seen.calendar.horizon == date(2026, 12, 31)
    assert seen.days_left == 34
    with pytest.raises(Refusal), office.tx.write() as session:
        move_horizon(session, actor(office), date(2026, 12, 31), "x", office.clock())
    with office.tx.write() as session:
        move_horizon(session, actor(office), date(2027, 12, 31), "国办发明电", office.clock())
    with office.tx.read() as session:
        seen = show_calendar(session, actor(office), office.clock())
    assert (seen.calendar.revision, seen.days_left) == (2, 399)


def test_dates_beyond_the_horizon_are_provisional_until_it_moves(office: Centre) -> None:
    office.clock.now = datetime(2026, 12, 30, 3, tzinfo=UTC)
    hours = (office.clock.now - datetime(2026, 11, 2, 1, tzinfo=UTC)) / timedelta(hours=1)
    hear(
        office,
        [
            tell(901, "case_opened", hours - 1, case_no="8200", business="LV-COM", customers=["1"]),
            tell(902, "step_started", hours - 0.5, case_no="8200", step="PLAN"),
        ],
    )
    with office.tx.read() as session:
        query = select(StepRow.provisional).join(CaseRow, CaseRow.id == StepRow.case_id)
        assert session.scalars(query.where(CaseRow.case_no == "8200")).one()
    with office.tx.write() as session:
        move_horizon(session, actor(office), date(2027, 12, 31), "通知", office.clock())
    recount(office)
    with office.tx.read() as session:
        assert not session.scalars(query.where(CaseRow.case_no == "8200")).one()


def test_the_page_shows_kinds_horizon_and_what_runs_out(office: Centre) -> None:
    reader, editor = office.client_of("wang.fang"), office.client_of("zhao.min")
    text = page(reader, "/calendar?year=2026")
    for expected in ("2026-10-01 节假日 国庆节", "调休上班", "已知至 2026-12-31", "第 1 版", "日历将在 34 天后用完"):
        assert expected in text
    assert "/calendar/days/2026-10-01" not in text
    assert "本年度为暂定" in page(reader, "/calendar?year=2027")
    html = {"Accept": "text/html", "Accept-Language": "zh-CN"}
    assert reader.get("/calendar/days/2026-11-30", headers=html).status_code == 403
    assert editor.get("/calendar/days/2026-02-30", headers=html).status_code == 404
    fields = {"kind": "holiday", "name": "演练", "why": ""}
    assert editor.post("/calendar/days/2026-11-30", data=fields, headers=html).status_code == 422
    assert editor.post("/calendar/days/2026-11-30", data={**fields, "why": "通知"}, headers=html).status_code == 303
    assert "2026-11-30 节假日 演练" in page(reader, "/calendar?year=2026")
