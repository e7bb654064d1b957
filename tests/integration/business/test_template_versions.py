"""Templates as versions on both databases: drafted, approved by a second person, in force from a day; cases keep theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from central.domain.audit import AuditAct
from central.domain.people import Actor, Grant, Role
from central.domain.refusals import Reason, Refusal
from central.domain.templates import digest_template, parse_template
from central.services.approvals import DecideApproval, decide_approval
from central.services.business_seed import Seeded, seed_business
from central.services.templates import (
    VersionState,
    ask_to_put_in_force,
    draft_version,
    list_versions,
    put_in_force,
    withdraw_draft,
)
from central.store.cases import CaseRow
from central.store.templates import TemplateRow
from tests.integration.business.news import LATER, tell
from tests.integration.business.office import hear, list_acts, open_office, page, version_id
from tests.integration.central.centre import Centre

TODAY = LATER.date()


@pytest.fixture
def office(clean_engine: Engine) -> Iterator[Centre]:
    with open_office(clean_engine) as centre:
        yield centre


def actor(office: Centre, login: str) -> Actor:
    return Actor(office.people[login], login, login, frozenset({Grant(Role.DEPARTMENT)}))


def body(office: Centre, business: str = "METER", **changes: Any) -> dict[str, Any]:
    with office.tx.read() as session:
        found = session.scalars(select(TemplateRow.body).where(TemplateRow.business == business)).first()
    assert found is not None
    return {**json.loads(json.dumps(found)), **changes}


def read_body(office: Centre, template_id: str) -> dict[str, Any]:
    with office.tx.read() as session:
        return dict(session.get_one(TemplateRow, template_id).body)


def do(office: Centre, login: str, service: Any, *arguments: Any, **named: Any) -> Any:
    with office.tx.write() as session:
        return service(session, actor(office, login), *arguments, **named, now=office.clock())


def decide(office: Centre, login: str, approval_id: str, *, approve: bool = True) -> None:
    with office.tx.write() as session:
        decide_approval(session, actor(office, login), DecideApproval(approval_id, approve, "看过"), office.clock())


def bring_into_force(office: Centre, days: int = 0) -> str:
    draft = do(office, "zhao.min", draft_version, version_id(office, "METER"), body(office, note="新规定"))
    day = TODAY + timedelta(days=days)
    approval = do(office, "zhao.min", ask_to_put_in_force, draft, effective_from=day, why="川电 12 号")
    decide(office, "sun.li", approval)
    do(office, "zhao.min", put_in_force, draft)
    found: str = draft
    return found


def states(office: Centre) -> list[tuple[int, VersionState]]:
    with office.tx.read() as session:
        versions = list_versions(session, actor(office, "sun.li"), "METER", office.clock())
    return [(each.version, each.state) for each in versions]


def test_founding_twice_adds_nothing(office: Centre) -> None:
    with office.tx.write() as session:
        assert seed_business(session, LATER) == Seeded(0, 0)
        assert session.scalar(select(func.count()).select_from(TemplateRow)) == 26
    assert len(list_acts(office, AuditAct.BUSINESS_SEEDED)) == 1


def test_a_case_keeps_its_version_and_the_next_one_takes_the_new(office: Centre) -> None:
    draft = bring_into_force(office, days=1)
    assert states(office) == [(2, VersionState.COMING), (1, VersionState.IN_FORCE)]
    office.clock.now += timedelta(days=1)
    assert states(office) == [(2, VersionState.IN_FORCE), (1, VersionState.PAST)]
    hours = (office.clock.now - LATER).total_seconds() / 3600 + 550
    hear(office, [tell(601, "case_paused", 20, case_no="8002", reason="客户原因")])
    office.clock.now += timedelta(days=5)
    hear(office, [tell(602, "case_opened", hours, case_no="8009", business="METER", customers=["510100002"])])
    with office.tx.read() as session:
        cases = {row.case_no: row.template_id for row in session.scalars(select(CaseRow))}
    assert cases["8002"] == version_id(office, "METER", 1)
    assert cases["8009"] == draft
    assert [row.subject_id for row in list_acts(office, AuditAct.TEMPLATE_APPROVED)] == [draft]


def test_nothing_comes_into_force_without_a_second_person(office: Centre) -> None:
    draft = do(office, "zhao.min", draft_version, version_id(office, "METER"), body(office, note="x"))
    refuse(office, Reason.NOT_APPROVED, put_in_force, draft)
    approval = do(office, "zhao.min", ask_to_put_in_force, draft, effective_from=TODAY, why="y")
    refuse(office, Reason.NOT_APPROVED, put_in_force, draft)
    with pytest.raises(Refusal) as caught:
        decide(office, "zhao.min", approval)
    assert caught.value.reason is Reason.SAME_PERSON
    decide(office, "sun.li", approval, approve=False)
    assert states(office)[0] == (2, VersionState.TURNED_DOWN)
    refuse(office, Reason.NOT_APPROVED, put_in_force, draft)


def test_what_was_approved_is_what_counts(office: Centre) -> None:
    """A draft changed after its approval needs another one."""
    draft = do(office, "zhao.min", draft_version, version_id(office, "METER"), body(office, note="x"))
    approval = do(office, "zhao.min", ask_to_put_in_force, draft, effective_from=TODAY, why="y")
    decide(office, "sun.li", approval)
    assert states(office)[0] == (2, VersionState.DECIDED)
    assert do(office, "zhao.min", draft_version, draft, body(office, note="other")) == draft
    refuse(office, Reason.NOT_APPROVED, put_in_force, draft)


def test_versions_in_force_never_change(office: Centre) -> None:
    first = version_id(office, "METER")
    before = body(office)
    draft = do(office, "zhao.min", draft_version, first, body(office, note="x"))
    assert draft != first
    assert body(office) == before
    refuse(office, Reason.NOT_OPEN, withdraw_draft, first)
    do(office, "zhao.min", withdraw_draft, draft)
    refuse(office, Reason.NOT_OPEN, draft_version, draft, body(office))
    assert states(office)[0] == (2, VersionState.WITHDRAWN)
    refuse(office, Reason.BAD_PERIOD, *ask_yesterday(office))


def ask_yesterday(office: Centre) -> tuple[Any, ...]:
    draft = do(office, "zhao.min", draft_version, version_id(office, "METER"), body(office, note="z"))

    def ask(session: Any, who: Actor, now: Any) -> str:
        day = TODAY - timedelta(days=1)
        return ask_to_put_in_force(session, who, draft, effective_from=day, why="y", now=now)

    return (ask,)


def refuse(office: Centre, reason: Reason, service: Any, *arguments: Any) -> None:
    with pytest.raises(Refusal) as caught:
        do(office, "zhao.min", service, *arguments)
    assert caught.value.reason is reason


def post(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})


def test_the_editor_names_every_fault_at_once(office: Centre) -> None:
    client, first = office.client_of("zhao.min"), version_id(office, "METER")
    wrong = body(office)
    wrong["steps"][0]["code"] = "no spaces allowed"
    wrong["steps"][1]["documents"][0]["gate"] = 7
    wrong["surprise"] = 1
    answer = post(client, f"/templates/{first}/text", body=json.dumps(wrong))
    assert answer.status_code == 422
    for place in ("steps.0.code", "steps.1.documents.0.gate", "surprise"):
        assert place in answer.text
    assert "no spaces allowed" in answer.text
    for text in ("{", "[" * 100_000, "[]", "null", '{"code": "OTHER"}', json.dumps(body(office, "HV-NEW"))):
        assert post(client, f"/templates/{first}/text", body=text).status_code == 422
    assert states(office) == [(1, VersionState.IN_FORCE)]


def test_a_change_goes_its_way_through_the_pages(office: Centre) -> None:
    client, first = office.client_of("zhao.min"), version_id(office, "METER")
    changed = body(office, note="新规定")
    changed["steps"][0]["name"] = "受理申请"
    saved = post(client, f"/templates/{first}/text", body=json.dumps(changed))
    assert saved.status_code == 303, saved.text
    draft = version_id(office, "METER", 2)
    assert "受理申请" in page(client, f"/templates/{draft}/changes")
    part = changed["steps"][1]["documents"][0]
    part |= {"gate": 3, "retention": "permanent", "when": {"attribute": "agent", "is": True}}
    changed["steps"][1]["limits"] = []
    assert post(client, f"/templates/{draft}/text", body=json.dumps(changed)).status_code == 303
    differs = page(client, f"/templates/{draft}/changes")
    for words in (f"{changed['steps'][1]['name']} › {part['name']}", "永久", "代办", "须通过的审核关"):
        assert words in differs
    assert post(client, f"/templates/{draft}/ask", effective_from="2020-01-01", why="x").status_code == 422
    assert post(client, f"/templates/{draft}/ask", effective_from=f"{TODAY}", why="").status_code == 422
    assert post(client, f"/templates/{draft}/ask", effective_from=f"{TODAY}", why="文件").status_code == 303
    assert "待审批" in page(client, f"/templates/{draft}")
    assert post(client, f"/templates/{draft}/put-in-force").status_code == 409


def typed(seen: str, **fields: Any) -> dict[str, Any]:
    return {"seen": seen, "code": "METER_PHOTO", "name": "表计照片", "name_en": "Photo of the meter", "need": "required",
            "medium": "paper", "copies": "1", "gate": "2", "retention": "years_30", "note": "", **fields}  # fmt: skip


def test_parts_are_edited_by_forms_and_become_one_draft(office: Centre) -> None:
    client, first = office.client_of("zhao.min"), version_id(office, "METER")
    steps = [step["code"] for step in body(office)["steps"]]
    seen = digest_template(parse_template(body(office)))
    new = f"/templates/{first}/steps/{steps[0]}/documents/new"
    assert f'value="{seen}"' in page(client, new)
    wrong = post(client, new, **typed(seen, code="no spaces", need="owed", copies="none"))
    assert wrong.status_code == 422
    for field in ("code", "copies"):
        assert f'id="{field}-error"' in wrong.text
    assert "no spaces" in wrong.text
    bare = {"when_attribute": ["voltage_kv", ""], "when_comparison": ["at_least", "is"], "when_value": ["ten", ""]}
    assert 'href="#when"' in post(client, new, **typed(seen, **bare)).text
    assert states(office) == [(1, VersionState.IN_FORCE)]

    whole = bare | {"when_attribute": ["voltage_kv", "agent"], "when_value": ["110", "是"], "when_join": "any"}
    saved = post(client, new, **typed(seen, **whole))
    assert saved.status_code == 303, saved.text
    draft = version_id(office, "METER", 2)
    assert saved.headers["Location"] == f"/templates/{draft}/edit?done=template_saved#document-METER_PHOTO"
    added = read_body(office, draft)["steps"][0]["documents"][-1]
    assert added["code"] == "METER_PHOTO"
    assert added["when"] == {"any": [{"attribute": "voltage_kv", "at_least": 110}, {"attribute": "agent", "is": True}]}
    form = page(client, f"/templates/{draft}/steps/{steps[0]}/documents/METER_PHOTO")
    assert 'value="voltage_kv"' in form
    assert 'value="是"' in form

    # who looked at the version in force may draft another one; who looked at an older draft changes nothing
    stale = post(client, f"/templates/{draft}/remove", seen=seen, step=steps[0], document="METER_PHOTO")
    assert stale.status_code == 409
    assert "别人" in stale.text

    def save(path: str, **fields: Any) -> None:
        fresh = digest_template(parse_template(read_body(office, draft)))
        answer = post(client, f"/templates/{draft}/{path}", **{"seen": fresh, **fields})
        assert answer.status_code == 303, answer.text

    save("names", name="换表校表", name_en="Meter change", note="试行")
    save("steps/new", code="RETURN_VISIT", name="回访", name_en="Return visit")
    save("steps/RETURN_VISIT/limits/new", pack="c", count="2", unit="working_days", warn_before="1",
         source="客服 3 号", stated_on="2026-11-01", assessed="no")  # fmt: skip
    save("move", step="RETURN_VISIT", by="-1")
    save("remove", step=steps[0], document="METER_PHOTO")
    template = parse_template(read_body(office, draft))
    assert template.name == "换表校表"
    assert [step.code for step in template.steps] == [*steps[:-1], "RETURN_VISIT", steps[-1]]
    assert template.steps[-2].limits[0].pack == "C"
    assert not template.steps[-2].limits[0].assessed
    outline = page(client, f"/templates/{draft}/edit")
    assert "回访" in outline
    assert "METER_PHOTO" not in outline
    differs = page(client, f"/templates/{draft}/changes")
    for words in ("中文名称", "回访 RETURN_VISIT", "整个业务"):
        assert words in differs
    assert client.get(f"/templates/{draft}/steps/NONE", headers={"Accept": "text/html"}).status_code == 404
    assert states(office) == [(2, VersionState.DRAFT), (1, VersionState.IN_FORCE)]


def test_a_condition_that_no_rows_can_say_is_kept(office: Centre) -> None:
    client, deep = (
        office.client_of("zhao.min"),
        {"all": [{"attribute": "a", "is": True}, {"not": {"not": {"attribute": "b", "is": 1}}}]},
    )
    changed = body(office)
    changed["steps"][0]["documents"][0]["when"] = deep
    assert post(client, f"/templates/{version_id(office, 'METER')}/text", body=json.dumps(changed)).status_code == 303
    draft = version_id(office, "METER", 2)
    part = read_body(office, draft)["steps"][0]["documents"][0]
    place = f"/templates/{draft}/steps/{changed['steps'][0]['code']}/documents/{part['code']}"
    assert 'name="when_kept" value="true" checked' in page(client, place)
    seen = digest_template(parse_template(read_body(office, draft)))
    kept = typed(seen, code=part["code"], when_kept="true", copies="3")
    assert post(client, place, **kept).status_code == 303
    part = read_body(office, draft)["steps"][0]["documents"][0]
    assert (part["when"], part["copies"]) == (deep, 3)


def test_only_the_department_edits(office: Centre) -> None:
    handler, first = office.client_of("wang.fang"), version_id(office, "METER")
    assert "换表" in page(handler, "/templates")
    assert handler.get(f"/templates/{first}/edit", headers={"Accept": "text/html"}).status_code == 403
    assert post(handler, f"/templates/{first}/text", body="{}").status_code == 403
    assert post(handler, f"/templates/{first}/remove", step="ACCEPT").status_code == 403
    assert post(handler, f"/templates/{first}/put-in-force").status_code == 403


def test_a_new_kind_of_business_begins_like_another_and_needs_a_second_person(office: Centre) -> None:
    client, like = office.client_of("zhao.min"), version_id(office, "METER")
    assert "新建业务类型" in page(client, "/templates")
    assert f'value="{like}" selected' in page(client, f"/templates/new?like={like}")
    fields = {"code": "meter-loan", "name": "借用电表", "name_en": "Meter on loan", "base": like}
    for wrong in ({"code": "no spaces"}, {"code": "METER"}, {"name": " "}, {"name_en": ""}):
        assert post(client, "/templates/new", **(fields | wrong)).status_code == 422
    made = post(client, "/templates/new", **fields)
    assert made.status_code == 303, made.text
    draft = version_id(office, "METER-LOAN")
    assert made.headers["Location"] == f"/templates/{draft}/edit"
    assert body(office, "METER-LOAN")["steps"] == body(office, "METER")["steps"]
    hear(office, [tell(701, "case_opened", 500, case_no="8701", business="METER-LOAN", customers=["510100002"])])
    approval = do(office, "zhao.min", ask_to_put_in_force, draft, effective_from=TODAY, why="新业务")
    decide(office, "sun.li", approval)
    do(office, "zhao.min", put_in_force, draft)
    hear(office, [tell(702, "case_opened", 525, case_no="8702", business="METER-LOAN", customers=["510100002"])])
    with office.tx.read() as session:
        kept = {row.case_no: row.template_id for row in session.scalars(select(CaseRow))}
    assert (kept["8701"], kept["8702"]) == (None, draft)
    # From nothing: two steps, to be edited.
    assert post(client, "/templates/new", **(fields | {"code": "NEW-ONE", "base": ""})).status_code == 303
    assert [step["code"] for step in body(office, "NEW-ONE")["steps"]] == ["ACCEPT", "FILE"]


def test_a_version_travels_as_a_file(office: Centre) -> None:
    client, first = office.client_of("zhao.min"), version_id(office, "METER")
    saved = client.get(f"/templates/{first}/file")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="METER-1.json"'
    assert saved.json() == body(office)

    def send(content: bytes) -> Any:
        headers = {"Accept": "text/html", "Accept-Language": "zh-CN"}
        return client.post("/templates/file", files={"file": ("t.json", content)}, headers=headers)

    again = send(b"\xef\xbb\xbf" + saved.content)
    assert again.status_code == 303, again.text
    assert states(office) == [(2, VersionState.DRAFT), (1, VersionState.IN_FORCE)]
    assert send(json.dumps(body(office, code="METER-9")).encode()).status_code == 303
    assert body(office, "METER-9")["steps"] == body(office)["steps"]
    for wrong in (b"", b"\xff\xfe", b"[" * 100_000, b"{}", b" " * 300_000, b'{"code": "X"}'):
        assert send(wrong).status_code == 422
    answer = client.post("/api/v1/templates", json=body(office, code="METER-10"))
    assert answer.status_code == 201, answer.text
    assert client.post("/api/v1/templates", json={"code": "X"}).status_code == 422
