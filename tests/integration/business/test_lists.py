"""Lists on both databases: every order read page by page holds each row once, and what leaves as a file is noted."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from central.domain.audit import AuditAct
from central.domain.people import Actor, Grant, Role
from central.domain.tasks import TaskState
from central.services.cases import CaseFound, SearchCases, search_cases
from central.services.channels import SearchDeliveries, list_sendings
from central.services.messages import tell_urges
from central.services.sweeps import sweep_due
from central.services.tasks import SearchTasks, TaskSeen, list_tasks
from central.settings import MessageSettings
from central.store.documents import DocumentRow
from central.store.people import PersonRow
from central.store.urges import ChannelRow
from tests.integration.business.news import LATER, tell
from tests.integration.business.office import hear, list_acts, open_office, page
from tests.integration.central.centre import Centre

DEPARTMENT = Actor("p1", "zhao.min", "赵敏", frozenset({Grant(Role.DEPARTMENT)}))
#: Eight cases, of which some began at the same moment, some were never opened, and some have nothing due.
MORE = [
    *(
        tell(
            600 + n,
            "case_opened",
            10 + n // 3,
            case_no=f"81{n:02d}",
            business="LV-COM",
            customers=[f"5101002{n % 2:02d}"],
        )
        for n in range(6)
    ),
    *(tell(620 + n, "step_started", 20 + n // 4, case_no=f"81{n:02d}", step="ACCEPT") for n in range(4)),
    *(tell(630 + n, "step_completed", 30 + n // 4, case_no=f"81{n:02d}", step="ACCEPT") for n in range(4)),
    *(tell(640 + n, "step_started", 40, case_no=f"81{n:02d}", step="PLAN") for n in range(3)),
    tell(650, "step_started", 1, case_no="8198", step="PLAN"),
    tell(651, "step_started", 1, case_no="8199", step="PLAN"),
    tell(652, "case_closed", 50, case_no="8100"),
    tell(653, "customer_created", 0, customer_no="510100200", name="四川　水泥"),
]


@pytest.fixture
def office(clean_engine: Engine) -> Iterator[Centre]:
    with open_office(clean_engine) as centre:
        hear(centre, MORE)
        yield centre


def read_cases(office: Centre, sort: str, rows: int) -> list[CaseFound]:
    found: list[CaseFound] = []
    after: str | None = None
    with office.tx.read() as session:
        while True:
            some = search_cases(session, DEPARTMENT, SearchCases(sort=sort, after=after, limit=rows), office.clock())
            found += some.items
            after = some.next_after
            if after is None:
                return found


def read_tasks(office: Centre, sort: str) -> list[TaskSeen]:
    found: list[TaskSeen] = []
    after: str | None = None
    with office.tx.read() as session:
        while True:
            some = list_tasks(session, DEPARTMENT, SearchTasks(TaskState.TO_ADD, sort=sort, after=after, limit=1))
            found += some.items
            after = some.next_after
            if after is None:
                return found


def test_every_order_of_cases_holds_each_once(office: Centre) -> None:
    everything = sorted(case.case_no for case in read_cases(office, "known", 200))
    assert len(everything) == 10
    keys: dict[str, Any] = {
        "known": lambda case: case.id,
        "case_no": lambda case: case.case_no,
        "opened": lambda case: case.opened_at.isoformat() if case.opened_at else "9",
        "due": lambda case: case.urgent.due_at.isoformat() if case.urgent and case.urgent.due_at else "9",
    }
    falling = {"known", "opened"}
    for order, key in keys.items():
        for sort in (order, f"-{order}"):
            found = read_cases(office, sort, 3)
            assert sorted(case.case_no for case in found) == everything, sort
            shown = [key(case) for case in found]
            if (order in falling) != sort.startswith("-"):
                shown.reverse()
            if order == "opened":
                # What was never opened stands at the moment at which it became known: after all others here.
                shown = [each for each in shown if each != "9"]
            assert all(a <= b for a, b in pairwise(shown)), (sort, shown)


def test_every_order_of_tasks_holds_each_once(office: Centre) -> None:
    everything = sorted(task.id for task in read_tasks(office, "due"))
    assert len(everything) >= 4
    keys: dict[str, Any] = {"due": lambda t: t.due_at, "customer": lambda t: t.customer, "case_no": lambda t: t.case_no}
    for order, key in keys.items():
        rising, falling = read_tasks(office, order), read_tasks(office, f"-{order}")
        assert [task.id for task in rising] == [task.id for task in reversed(falling)]
        assert sorted(task.id for task in rising) == everything
        if order != "customer":  # names are sorted as the database sorts text
            assert all(key(a) <= key(b) for a, b in pairwise(rising))


def test_tasks_are_found_by_case_and_customer(office: Centre) -> None:
    zhao = office.client_of("zhao.min")
    zhao.headers["Accept-Language"] = "zh-CN"
    whole = page(zhao, "/tasks?state=to_add")
    for text in ("8101", "8102", "导出 Excel"):
        assert text in whole
    found = page(zhao, "/tasks?state=to_add&q=8101&sort=customer")
    assert found.count('class="opens"') == 1
    assert 'aria-sort="ascending"' in found
    assert "没有符合的任务" in page(zhao, "/tasks?state=to_add&q=nowhere")
    items = zhao.get("/api/v1/tasks", params={"text": "水泥", "sort": "-case_no", "limit": 1}).json()
    assert (items["items"][0]["case_no"], items["next_after"] is not None) == ("8102", True)


def read_book(client: TestClient, path: str) -> tuple[list[list[Any]], str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python(), sheet


def test_a_list_leaves_as_a_workbook_that_runs_nothing(office: Centre) -> None:
    hear(office, [tell(401, "customer_created", -1, customer_no="510100002", name="=cmd|' /C calc'!A0")])
    hear(office, [tell(402, "customer_changed", 0, customer_no="510100001", name="http://example.cn/")])
    zhao = office.client_of("zhao.min")
    zhao.headers["Accept-Language"] = "zh-CN"
    rows, sheet = read_book(zhao, "/cases.xlsx?q=800&sort=case_no")
    assert rows[0][0] == "工单"
    assert [row[0] for row in rows[1:]] == ["8001", "8002"]
    assert "=cmd|' /C calc'!A0" in rows[2][3]
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert 'state="frozen"' in sheet
    text = zhao.get("/cases.csv?q=8001").content.decode("utf-8-sig")
    opened = list(csv.reader(io.StringIO(text)))[1][-1]
    assert opened == str(rows[1][-1])
    (first, _) = list_acts(office, AuditAct.CASES_EXPORTED)
    assert first.after == {"q": "800"}


#: Lists with the act under which the audit log notes that they left, and how many lines they have here at least.
FILES = {
    "/dossiers": (AuditAct.DOSSIERS_EXPORTED, 2),
    "/boxes": (AuditAct.BOXES_EXPORTED, 1),
    "/tasks": (AuditAct.TASKS_EXPORTED, 5),
    "/audit": (AuditAct.AUDIT_EXPORTED, 2),
    "/contracts": (AuditAct.CONTRACTS_EXPORTED, 1),
    "/deliveries": (AuditAct.DELIVERIES_EXPORTED, 2),
}


@pytest.fixture
def urged(office: Centre) -> Centre:
    """The office a week later, with the urges for its papers on their way to 王芳."""
    office.clock.now = LATER + timedelta(days=7)
    with office.tx.write() as session:
        wang = session.scalars(select(PersonRow.id).where(PersonRow.login == "wang.fang")).one()
        for channel in ("mail", "webhook"):
            way = ChannelRow(person_id=wang, channel=channel, address="wang@example.cn", kinds=["send", "scan"])
            way.active, way.digest, way.changed_at = True, False, LATER
            session.add(way)
        session.flush()
        sweep_due(session, office.clock())
        tell_urges(session, MessageSettings().to_hours(), office.clock())
    return office


def test_messages_on_their_way_are_found_by_way_and_person(urged: Centre) -> None:
    zhao = urged.client_of("zhao.min")
    whole = page(zhao, "/deliveries")
    rows = whole.count("<td>王芳</td>")
    assert rows >= 4
    # the step by its name, not by its code
    assert "受理" in whole
    assert "ACCEPT" not in whole
    assert page(zhao, "/deliveries?channel=mail").count("<td>王芳</td>") * 2 == rows
    assert page(zhao, "/deliveries?q=%E7%8E%8B&state=queued&sort=person").count("<mark>王</mark>芳") == rows
    assert "没有符合的消息" in page(zhao, "/deliveries?q=nobody")
    assert zhao.get("/deliveries?state=nonsense").status_code == 422
    found: list[str] = []
    after: str | None = None
    with urged.tx.read() as session:
        while True:
            some = list_sendings(session, SearchDeliveries(sort="when", after=after, limit=1))
            found += [each.id for each in some.items]
            after = some.next_after
            if after is None:
                break
    assert (len(found), len(set(found))) == (rows, rows)


def test_lateness_is_said_in_days_and_explained_on_the_paper(urged: Centre) -> None:
    wang = urged.client_of("wang.fang")
    listed = page(wang, "/tasks")
    assert re.search(r"已超期 \d+ 天</time>", listed)
    assert "周前" not in listed
    with urged.tx.read() as session:
        paper = session.scalars(select(DocumentRow).where(DocumentRow.need == "required")).first()
    assert paper is not None
    text = page(urged.client_of("zhao.min"), f"/documents/{paper.id}")
    for expected in ("怎么算的", "48 小时", "时限规则", "日历"):
        assert expected in text, expected


def test_every_list_that_leaves_is_noted(urged: Centre) -> None:
    office = urged
    zhao = office.client_of("zhao.min")
    for path, (act, least) in FILES.items():
        lines = list(csv.reader(io.StringIO(zhao.get(f"{path}.csv").content.decode("utf-8-sig"))))
        rows, _ = read_book(zhao, f"{path}.xlsx")
        assert (len(lines[0]), len(lines) >= least) == (len(rows[0]), True), path
        assert zhao.get(f"{path}.pdf").status_code == 422
        assert len(list_acts(office, act)) == 2, path
