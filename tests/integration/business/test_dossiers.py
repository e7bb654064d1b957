"""Dossiers on both databases: one per customer, searched in scope, merged by two people, taken back whole."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from central.domain.organisation import UnitKind
from central.domain.people import Grant, Role
from central.services.marketing import take_news
from central.store.cases import CaseCustomerRow, CaseRow
from central.store.customers import CitationRow, ContractRow, CustomerRow, DossierMergeRow, DossierRow, keep_dossier
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.templates import TemplateRow
from tests.integration.business.news import read, tell
from tests.integration.central.centre import START, Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

ID_NUMBER = "510104199003071234"


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    """A service centre with one team; wang and li look after its archive, chen handles cases."""
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        team = centre.found_unit(Role.HANDLER)
        centre.found_person("wang", Grant(Role.ARCHIVIST, "r01"), name="王建国")
        centre.found_person("li", Grant(Role.ARCHIVIST, "r01"), name="李慧")
        centre.found_person("chen", Grant(Role.HANDLER, None, team), name="陈静")
        _know_template(centre)
        yield centre


def _know_template(centre: Centre) -> None:
    file = resources.files("central") / "seeds" / "templates" / "LV-COM.json"
    with centre.tx.write() as session:
        session.add(
            TemplateRow(
                id=new_id(),
                business="LV-COM",
                version=1,
                name="低压非居民新装",
                name_en="LV non-resident",
                body=json.loads(file.read_text("utf-8")),
                state="approved",
                effective_from=date(2020, 1, 1),
                created_at=START,
            )
        )


def take(centre: Centre, *events: dict[str, Any]) -> None:
    with centre.tx.write() as session:
        take_news(session, [read(event) for event in events], "2026-11", centre.clock())
        team = centre.units[UnitKind.TEAM]
        # The marketing system names teams as it knows them; here every one is ours.
        for kind in (CustomerRow, DossierRow, CaseRow, ContractRow):
            session.execute(update(kind).values(unit_id=team))


def open_cases(centre: Centre) -> None:
    """Two customers who are one, and a third; a case of the first, one of the second, and one of all three."""
    take(
        centre,
        tell(1, "customer_created", -10, customer_no="1001", name="锦江饭店", address="锦江路1号", id_number=ID_NUMBER),
        tell(2, "customer_created", -9, customer_no="1002", name="锦江饭店(重复)", meter_no="M-77"),
        tell(3, "customer_created", -8, customer_no="1003", name="=cmd|calc"),
        tell(4, "case_opened", 0, case_no="8001", business="LV-COM", customers=["1001"], title="新装", handler="chen"),
        tell(5, "case_opened", 0, case_no="8002", business="LV-COM", customers=["1002"], title="增容"),
        tell(6, "case_opened", 0, case_no="8003", business="LV-COM", customers=["1003", "1001", "1002"], title="批量"),
        tell(7, "case_opened", 0, case_no="8004", business="LV-COM", customers=["1001", "1002"], title="两户"),
        *(tell(10 + n, "step_completed", 1, case_no=f"800{n}", step="ACCEPT") for n in range(1, 5)),
    )


def dossier_id(centre: Centre, customer_no: str) -> str:
    with centre.tx.read() as session:
        query = select(DossierRow.id).join(CustomerRow, CustomerRow.id == DossierRow.customer_id)
        return session.scalars(query.where(CustomerRow.customer_no == customer_no)).one()


def show_tables(centre: Centre) -> dict[str, list[str]]:
    """Everything that lies where, to the letter."""
    shown = {}
    with centre.tx.read() as session:
        for kind in (CustomerRow, DossierRow, DocumentRow, CitationRow, CaseRow, CaseCustomerRow, TaskRow, ContractRow):
            names = [column.key for column in kind.__table__.columns]
            rows = session.execute(select(*(getattr(kind, name) for name in names)))
            shown[kind.__tablename__] = sorted(repr(tuple(row)) for row in rows)
    return shown


def merge(centre: Centre, from_no: str, into_no: str) -> str:
    """Wang asks, Li approves, Wang does it; return the merging's id."""
    wang, li = centre.client_of("wang"), centre.client_of("li")
    asked = wang.post(
        f"/api/v1/dossiers/{dossier_id(centre, from_no)}/merge-requests", json={"into_no": into_no, "why": "同一客户"}
    )
    assert asked.status_code == 201, asked.text
    approval = asked.json()["id"]
    early = wang.post("/api/v1/dossier-merges", json={"approval_id": approval})
    assert (early.status_code, early.json()["reason"]) == (409, "not_approved")
    decided = li.post(f"/api/v1/approvals/{approval}/decision", json={"approve": True})
    assert decided.status_code == 204, decided.text
    done = wang.post("/api/v1/dossier-merges", json={"approval_id": approval})
    assert done.status_code == 201, done.text
    return str(done.json()["id"])


def test_two_dossiers_for_one_customer_are_impossible(centre: Centre) -> None:
    started, errors = threading.Barrier(8), []

    def open_one() -> None:
        try:
            started.wait(10)
            with centre.tx.write() as session:
                keep_dossier(session, "7777", unit_id=None, handler_id=None, now=START)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a thread is shown below
            errors.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    with centre.tx.read() as session:
        assert [row.dossier_no for row in session.scalars(select(DossierRow))] == ["7777"]
        assert len(session.scalars(select(CustomerRow)).all()) == 1


def test_merging_takes_two_people_and_is_taken_back_to_the_letter(centre: Centre) -> None:
    open_cases(centre)
    before = show_tables(centre)
    source, target = dossier_id(centre, "1002"), dossier_id(centre, "1001")
    merge_id = merge(centre, "1002", "1001")
    wang = centre.client_of("wang")
    gone = wang.get(f"/api/v1/dossiers/{source}").json()
    assert (gone["state"], gone["merged_into"]) == ("merged", "1001")
    kept = wang.get(f"/api/v1/dossiers/{target}").json()
    assert kept["numbers"] == ["1001", "1002"]
    assert {case["case_no"] for case in kept["cases"]} == {"8001", "8002", "8003", "8004"}
    papers = wang.get(f"/api/v1/dossiers/{target}/documents", params={"limit": 200}).json()["items"]
    assert {(paper["case_no"], paper["cited_from"]) for paper in papers} == {
        ("8001", None),
        ("8002", None),
        ("8004", None),
        ("8003", "1003"),
    }
    assert wang.get(f"/api/v1/dossiers/{source}/documents").json()["items"] == []
    undo = wang.post(f"/api/v1/dossier-merges/{merge_id}/undo", json={"why": "并非同一客户"})
    assert undo.status_code == 204, undo.text
    assert show_tables(centre) == before
    again = wang.post(f"/api/v1/dossier-merges/{merge_id}/undo", json={"why": "再来"})
    assert (again.status_code, again.json()["reason"]) == (409, "not_mergeable")


@pytest.mark.parametrize(("from_no", "into_no"), [("1001", "1002"), ("1003", "1001"), ("1001", "1003")])
def test_whichever_two_they_part_to_the_letter(centre: Centre, from_no: str, into_no: str) -> None:
    """Own papers, papers that one cites from the other, and papers that both cite from a third."""
    open_cases(centre)
    before = show_tables(centre)
    merge_id = merge(centre, from_no, into_no)
    assert show_tables(centre) != before
    undo = centre.client_of("wang").post(f"/api/v1/dossier-merges/{merge_id}/undo", json={"why": "弄错了"})
    assert undo.status_code == 204, undo.text
    assert show_tables(centre) == before


def test_papers_that_came_since_go_where_their_case_belongs(centre: Centre) -> None:
    open_cases(centre)
    source, target = dossier_id(centre, "1002"), dossier_id(centre, "1001")
    merge_id = merge(centre, "1002", "1001")
    take(
        centre,
        tell(30, "case_opened", 2, case_no="8010", business="LV-COM", customers=["1002"], title="后来"),
        tell(31, "step_completed", 3, case_no="8010", step="ACCEPT"),
        tell(32, "case_opened", 2, case_no="8011", business="LV-COM", customers=["1003", "1002"], title="后来两户"),
        tell(33, "step_completed", 3, case_no="8011", step="ACCEPT"),
    )
    wang = centre.client_of("wang")

    def cases_in(dossier: str) -> set[tuple[str, bool]]:
        papers = wang.get(f"/api/v1/dossiers/{dossier}/documents", params={"limit": 200}).json()["items"]
        return {(paper["case_no"], paper["cited_from"] is not None) for paper in papers}

    assert {("8010", False), ("8011", True)} <= cases_in(target)
    assert wang.post(f"/api/v1/dossier-merges/{merge_id}/undo", json={"why": "弄错了"}).status_code == 204
    assert cases_in(source) == {("8002", False), ("8003", True), ("8004", True), ("8010", False), ("8011", True)}
    assert not cases_in(target) & {("8010", False), ("8011", True)}


def test_a_merging_under_another_is_taken_back_last(centre: Centre) -> None:
    open_cases(centre)
    first, second = merge(centre, "1002", "1001"), merge(centre, "1001", "1003")
    wang = centre.client_of("wang")
    early = wang.post(f"/api/v1/dossier-merges/{first}/undo", json={"why": "弄错了"})
    assert (early.status_code, early.json()["errors"]) == (409, ["merged_on"])
    same = wang.post(
        f"/api/v1/dossiers/{dossier_id(centre, '1001')}/merge-requests", json={"into_no": "1003", "why": "同一客户"}
    )
    assert (same.status_code, same.json()["errors"]) == (409, ["merged"])
    for merge_id in (second, first):
        assert wang.post(f"/api/v1/dossier-merges/{merge_id}/undo", json={"why": "弄错了"}).status_code == 204
    with centre.tx.read() as session:
        assert set(session.scalars(select(DossierRow.state))) == {"open"}
        assert all(session.scalars(select(DossierMergeRow.undone_at)))


def test_search_stays_in_reach_and_pages_by_key(centre: Centre) -> None:
    open_cases(centre)
    wang, chen = centre.client_of("wang"), centre.client_of("chen")

    def find(client: Any, **query: Any) -> list[str]:
        answer = client.get("/api/v1/dossiers", params=query)
        assert answer.status_code == 200, answer.text
        return [each["customer_no"] for each in answer.json()["items"]]

    assert find(wang) == ["1001", "1002", "1003"]
    assert find(wang, text="锦江路1号") == ["1001"]
    assert find(wang, text="m-77") == ["1002"]
    assert find(wang, text="100 重复") == ["1002"]
    page = wang.get("/api/v1/dossiers", params={"limit": 2}).json()
    assert find(wang, limit=2, after=page["next_after"]) == ["1003"]
    # A handler sees the dossiers of their own cases, and of those only what is theirs.
    assert find(chen) == ["1001"]
    own = chen.get(f"/api/v1/dossiers/{dossier_id(centre, '1001')}").json()
    assert {case["case_no"] for case in own["cases"]} == {"8001"}
    assert chen.get(f"/api/v1/dossiers/{dossier_id(centre, '1002')}").status_code == 404
    assert chen.get("/api/v1/dossiers/by-number/1002").status_code == 404
    assert find(centre.client(Role.DEPARTMENT)) == ["1001", "1002", "1003"]


def test_id_numbers_are_shown_by_role_and_never_exported(centre: Centre) -> None:
    open_cases(centre)
    path = "/api/v1/dossiers/by-number/1001"
    shown = centre.client_of("wang").get(path).json()
    assert (shown["id_number"], shown["id_number_masked"]) == (ID_NUMBER, False)
    masked = centre.client(Role.CENTRE_MANAGER).get(path).json()
    assert (masked["id_number"], masked["id_number_masked"]) == ("510***********1234", True)
    wang = centre.client_of("wang")
    for export in (wang.get("/api/v1/dossiers/export").text, wang.get("/dossiers.csv").text):
        assert ID_NUMBER not in export
        assert "'=cmd|calc" in export
        assert ",=cmd" not in export


def test_contracts_are_announced_in_time_and_in_scope(centre: Centre) -> None:
    open_cases(centre)
    today = START.date()
    signed = (today - timedelta(days=400)).isoformat()

    def contract(number: int, days: int, **more: Any) -> dict[str, Any]:
        ends = (today + timedelta(days=days)).isoformat()
        data = {"contract_no": f"HT-{number}", "customer_no": "1001", "signed_on": signed, "ends_on": ends}
        return tell(50 + number, "contract_signed", number, **data, **more)

    take(
        centre,
        contract(1, 91),
        contract(2, 90),
        contract(3, 31),
        contract(4, 30),
        contract(5, -1),
        contract(6, 10, renews_itself=True),
        contract(7, 5),
        tell(60, "contract_ended", 20, contract_no="HT-7", ended_on=today.isoformat()),
    )
    wang = centre.client_of("wang")
    found = wang.get("/api/v1/contracts/ending").json()["items"]
    assert [(each["contract_no"], each["days_left"], each["span_days"]) for each in found] == [
        ("HT-5", -1, 0),
        ("HT-4", 30, 30),
        ("HT-3", 31, 60),
        ("HT-2", 90, 90),
    ]
    first = wang.get("/api/v1/contracts/ending", params={"limit": 3}).json()
    rest = wang.get("/api/v1/contracts/ending", params={"limit": 3, "after": first["next_after"]}).json()
    assert [each["contract_no"] for each in rest["items"]] == ["HT-2"]
    assert len(wang.get("/api/v1/contracts/ending", params={"within_days": 30}).json()["items"]) == 2
    assert centre.client_of("chen").get("/api/v1/contracts/ending").json()["items"] == []
    page = wang.get("/contracts", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "HT-4" in page.text


def test_the_pages_show_cases_papers_boxes_and_both_forms(centre: Centre) -> None:
    open_cases(centre)
    wang, source = centre.client_of("wang"), dossier_id(centre, "1002")
    wang.headers["Accept"] = "text/html"
    page = wang.get(f"/dossiers/{source}").text
    assert "8003" in page
    assert "引自 1003" in page
    assert wang.get("/dossiers", params={"q": "锦江", "state": "open"}).status_code == 200
    token = _read_token(page)
    wrong = wang.post(f"/dossiers/{source}/merge", data={"into_no": "9999", "why": "同一客户", "csrf_token": token})
    assert wrong.status_code == 422
    asked = wang.post(f"/dossiers/{source}/merge", data={"into_no": "1001", "why": "同一客户", "csrf_token": token})
    assert asked.headers["location"] == "/dossier-merges?done=merge_asked"
    assert "1002" in wang.get("/dossier-merges").text
    merge_id = merge(centre, "1002", "1001")
    assert wang.get(f"/dossier-merges/{merge_id}/undo").status_code == 200
    back = wang.post(f"/dossier-merges/{merge_id}/undo", data={"why": "弄错了", "csrf_token": token})
    assert back.headers["location"] == "/dossier-merges?done=merge_undone"


def _read_token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]
