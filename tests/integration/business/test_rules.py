"""The rules of time on both databases: versions, each for what begins from its day on; pages and API by role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.clocks import Limit, Unit
from central.domain.people import Actor, Grant, Role
from central.domain.refusals import Reason, Refusal
from central.domain.rules import Rules, dump_rules
from central.domain.urges import Level, UrgePolicy
from central.services.messages import tell_urges
from central.services.rules import SetRules, set_rules
from central.services.sweeps import sweep_due
from central.settings import MessageSettings
from central.store.cases import CaseRow
from central.store.documents import DocumentRow, TaskRow
from central.store.rules import load_rules
from central.store.urges import MessageRow, UrgeRow
from tests.integration.business.news import START, tell
from tests.integration.business.office import hear, list_acts, open_office, page
from tests.integration.central.centre import Centre

TODAY = date(2026, 11, 27)
#: One day for papers, two hours' grace, then twice a day; the centre manager from the second urge on.
STRICTER = replace(
    Rules(),
    digitise=Limit(2, Unit.WORKING_DAYS, warn_before=1),
    send=Limit(24, Unit.HOURS, warn_before=6),
    urging=UrgePolicy(timedelta(hours=2), timedelta(hours=12), ((Level.HANDLER, 0), (Level.CENTRE_MANAGER, 1))),
    contract_days=(120, 15),
)


@pytest.fixture
def office(clean_engine: Engine) -> Iterator[Centre]:
    with open_office(clean_engine) as centre:
        centre.clock.now = datetime(2026, 11, 27, 3, tzinfo=UTC)
        yield centre


def establish(office: Centre, rules: Rules, effective_from: date, after_version: int = 0) -> int:
    actor = Actor(office.people["zhao.min"], "zhao.min", "zhao.min", frozenset({Grant(Role.DEPARTMENT)}))
    with office.tx.write() as session:
        command = SetRules(rules, effective_from, "川电营〔2026〕9号", after_version)
        return set_rules(session, actor, command, office.clock())


def complete_step(office: Centre, number: int, ended_at: datetime) -> dict[str, Any]:
    """Let a case be opened whose first step ends then; return the dates of its task and of one of its papers."""
    hours = (ended_at - START) / timedelta(hours=1)
    case_no = f"R{number}"
    hear(
        office,
        [
            tell(number, "case_opened", hours - 2, case_no=case_no, business="METER", customers=["510100009"]),
            tell(number + 1, "step_started", hours - 1, case_no=case_no, step="ACCEPT", handler="wang.fang"),
            tell(number + 2, "step_completed", hours, case_no=case_no, step="ACCEPT", handler="wang.fang"),
        ],
    )
    with office.tx.read() as session:
        case = session.scalars(select(CaseRow).where(CaseRow.case_no == case_no)).one()
        task = session.scalars(select(TaskRow).where(TaskRow.case_id == case.id)).one()
        papers = session.scalars(
            select(DocumentRow).where(DocumentRow.case_id == case.id, DocumentRow.need == "required")
        )
        paper = papers.first()
        assert paper is not None
        return {
            "task": task.id,
            "send": (task.warn_at, task.due_at),
            "scan": (paper.warn_at, paper.due_at),
        }


def test_what_begins_later_is_counted_by_later_rules(office: Centre) -> None:
    assert establish(office, STRICTER, TODAY + timedelta(days=1)) == 1
    office.clock.now = datetime(2026, 11, 30, 3, tzinfo=UTC)
    # 2026-11-27 is a Friday: midnight in China is 16:00 the day before
    last_minute = datetime(2026, 11, 27, 15, 59, tzinfo=UTC)
    before = complete_step(office, 1000, last_minute)
    assert before["send"] == (last_minute + timedelta(hours=36), last_minute + timedelta(hours=48))
    assert before["scan"] == before["send"]
    # the task's page says by which rules, and a reminder calls the step by its name
    text = page(office.client_of("wang.fang"), f"/tasks/{before['task']}")
    for expected in ("怎么算的", "48 小时，提前 12 小时预警", "出厂规则", "2026-11-27 23:59"):
        assert expected in text
    assert "受理" in page(office.client_of("wang.fang"), "/reminders")
    first_minute = datetime(2026, 11, 27, 16, tzinfo=UTC)
    after = complete_step(office, 1100, first_minute)
    assert "24 小时，提前 6 小时预警" in page(office.client_of("wang.fang"), f"/tasks/{after['task']}")
    assert after["send"] == (first_minute + timedelta(hours=18), first_minute + timedelta(hours=24))
    # Saturday's paper: Monday and Tuesday are the two working days, warned of at the end of the first
    assert after["scan"] == (datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 1, 16, tzinfo=UTC))


def test_whom_a_limit_urges_say_the_rules_of_its_end(office: Centre) -> None:
    establish(office, STRICTER, TODAY + timedelta(days=1))
    ended_at = datetime(2026, 11, 28, 1, tzinfo=UTC)
    office.clock.now = ended_at + timedelta(hours=24 + 1)
    task = complete_step(office, 1200, ended_at)["task"]
    found = []
    for hours in (25, 26, 27, 38, 50):
        office.clock.now = ended_at + timedelta(hours=hours)
        with office.tx.write() as session:
            sweep_due(session, office.clock())
            tell_urges(session, MessageSettings().to_hours(), office.clock())
        with office.tx.read() as session:
            made = select(UrgeRow.occurrence, UrgeRow.level, UrgeRow.due_at).where(
                UrgeRow.subject_id == task, UrgeRow.kind == "send"
            )
            found.append([tuple(row) for row in session.execute(made.order_by(UrgeRow.occurrence))])
    first = (0, "handler", ended_at + timedelta(hours=26))
    second = (1, "centre_manager", ended_at + timedelta(hours=38))
    third = (2, "centre_manager", ended_at + timedelta(hours=50))
    assert found == [[], [first], [first], [first, second], [first, second, third]]
    with office.tx.read() as session:
        # nobody leads the centre here: the handler alone hears it, once for each urge
        query = select(MessageRow.person_id).join(UrgeRow, UrgeRow.id == MessageRow.urge_id)
        assert (
            session.scalars(query.where(UrgeRow.subject_id == task, UrgeRow.kind == "send")).all()
            == [office.people["wang.fang"]] * 3
        )


def test_versions_are_only_added_and_the_log_says_what_changed(office: Centre) -> None:
    establish(office, STRICTER, TODAY + timedelta(days=3))
    with pytest.raises(Refusal) as caught:
        establish(office, Rules(limit_pack="B"), TODAY + timedelta(days=3))
    assert caught.value.reason is Reason.RULES_CHANGED
    with pytest.raises(Refusal) as caught:
        establish(office, STRICTER, TODAY + timedelta(days=3), 1)
    assert caught.value.reason is Reason.BAD_RULES
    for day in (TODAY, TODAY + timedelta(days=367)):
        with pytest.raises(Refusal) as caught:
            establish(office, Rules(limit_pack="B"), day, 1)
        assert caught.value.reason is Reason.BAD_PERIOD
    # what is not in force yet is taken back by setting the old figures for the same day
    assert establish(office, Rules(), TODAY + timedelta(days=3), 1) == 2
    with office.tx.read() as session:
        assert load_rules(session).at(datetime(2026, 12, 1, tzinfo=UTC)) == Rules()
    first, second = list_acts(office, AuditAct.RULES_SET)
    assert first.why == second.why == "川电营〔2026〕9号"
    assert (first.before["send"]["count"], first.after["send"]["count"]) == (48, 24)
    assert sorted(first.after) == ["contract_days", "digitise", "send", "urging"] == sorted(second.before)


def test_api_reads_and_sets(office: Centre) -> None:
    reader, editor = office.client_of("wang.fang"), office.client_of("zhao.min")
    found = reader.get("/api/v1/rules").json()
    assert (found["version"], found["newest_version"], found["versions"]) == (0, 0, [])
    assert found["rules"] == dump_rules(Rules())
    rules = dump_rules(STRICTER)
    body = {"rules": rules, "effective_from": "2026-11-28", "why": "通知", "after_version": 0}
    assert reader.post("/api/v1/rules", json=body).status_code == 403
    broken = {**rules, "contract_days": [30, 90], "send": {**rules["send"], "count": 5}}
    answer = editor.post("/api/v1/rules", json={**body, "rules": broken})
    assert answer.status_code == 422
    details = " ".join(answer.json()["errors"])
    assert "contract_days" in details
    assert "send" in details
    assert editor.post("/api/v1/rules", json=body).json() == {"version": 1}
    assert editor.post("/api/v1/rules", json=body).status_code == 409
    office.clock.now += timedelta(days=1)
    # log-ins don't last for a day
    found = office.client_of("wang.fang").get("/api/v1/rules").json()
    assert found["version"] == 1
    assert found["rules"] == dump_rules(STRICTER)
    assert [change["name"] for change in found["versions"][0]["changes"]] == sorted(
        ("digitise", "send", "urging", "contract_days"), key=list(dump_rules(STRICTER)).index
    )


def test_the_page_shows_what_counts_and_the_form_names_every_fault(office: Centre) -> None:
    reader, editor = office.client_of("wang.fang"), office.client_of("zhao.min")
    text = page(reader, "/rules")
    for expected in (
        "48 小时，提前 12 小时预警",
        "第 6 次起通知车间主任",
        "到期前 90 / 60 / 30 天",
        "尚未设定其他规则",
    ):
        assert expected in text
    assert "/rules/new" not in text
    html = {"Accept": "text/html", "Accept-Language": "zh-CN"}
    assert reader.get("/rules/new", headers=html).status_code == 403
    form = page(editor, "/rules/new")
    assert 'value="2026-11-28"' in form
    fields = {
        **{f"{name}_count": "24" for name in ("digitise", "send")},
        **{f"{name}_unit": "hours" for name in ("digitise", "send")},
        **{f"{name}_warn_before": "6" for name in ("digitise", "send")},
        **{f"{name}_after_hours": "0" for name in ("urging", "limit_urging")},
        **{f"{name}_every_hours": "24" for name in ("urging", "limit_urging")},
        "urging_handler": "1",
        "urging_team_leader": "2",
        "limit_urging_handler": "1",
        "contract_days": "90、30",
        "limit_pack": "c",
        "effective_from": "2026-11-28",
        "why": "通知",
        "after_version": "0",
    }
    wrong = {
        **fields,
        "send_warn_before": "25",
        "urging_handler": "2",
        "contract_days": "30 90",
        "effective_from": "2026-11-27",
    }
    answer = editor.post("/rules/new", data=wrong, headers=html)
    assert answer.status_code == 422
    for name in ("send_count", "urging_after_hours", "contract_days"):
        assert f'href="#{name}"' in answer.text
    answer = editor.post("/rules/new", data={**fields, "effective_from": "2026-11-27"}, headers=html)
    assert 'href="#effective_from"' in answer.text
    assert editor.post("/rules/new", data={**fields, "why": " "}, headers=html).status_code == 422
    assert editor.post("/rules/new", data=fields, headers=html).status_code == 303
    assert editor.post("/rules/new", data=fields, headers=html).status_code == 409
    text = page(reader, "/rules")
    assert "24 小时，提前 6 小时预警" in text
    assert "到期前 90 / 30 天" in text
    assert "2026-11-28" in text
