"""Pages before the review: one replaced in its place, put into another order, taken out; what was stays on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.documents import DocumentState
from central.domain.refusals import NotFound, Reason
from central.services.document_views import DocumentShown, find_page, show_document
from central.services.documents import OverrideFinding, override_finding, self_check_document
from central.services.page_order import MovePage, TakeOutPage, move_page, take_out
from central.services.uploads import capture_pages
from central.store.audit import AuditRow
from central.store.tx import Transactions
from tests.integration.business.desk import Desk, open_desk
from tests.integration.business.papers import GOOD, PaperHouse, capture, found_house
from tests.integration.business.scans import draw_page, save
from tests.integration.business.test_document_acts import bring_to_review, do, refused


@pytest.fixture
def house(clean_engine: Engine) -> PaperHouse:
    return found_house(Transactions(clean_engine))


def add(house: PaperHouse, document_id: str, *names: str) -> None:
    for name in names:
        do(house, "li", capture_pages, capture(document_id, GOOD, name=name))


def show(house: PaperHouse, document_id: str) -> DocumentShown:
    with house.tx.read() as session:
        return show_document(session, house.actor("li"), document_id)


def order(house: PaperHouse, document_id: str) -> list[tuple[int, str]]:
    return [(page.number, page.file_name) for page in show(house, document_id).pages]


def test_new_pages_stand_in_the_place_of_the_one_they_replace(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    add(house, document_id, "a", "b", "c")
    old = show(house, document_id).pages[1]
    command = replace(capture(document_id, GOOD, GOOD, name="anew"), page_id=old.id)
    do(house, "li", self_check_document, document_id)
    do(house, "li", capture_pages, command)
    assert order(house, document_id) == [(1, "a"), (2, "anew"), (3, "anew"), (4, "c")]
    shown = show(house, document_id)
    assert (shown.state, house.documents()["APPLICATION"].pages) == (DocumentState.SCANNED, 4)
    assert [(page.id, page.number, page.file_name) for page in shown.earlier] == [(old.id, 2, "b")]
    with house.tx.read() as session:
        assert find_page(session, house.actor("zhao"), document_id, old.id).number == 2
    with pytest.raises(NotFound):
        do(house, "li", capture_pages, replace(command, page_id=old.id))
    assert len(order(house, document_id)) == 4


def test_pages_move_and_leave_and_the_check_is_to_be_made_anew(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    add(house, document_id, "a", "b", "c")
    do(house, "li", self_check_document, document_id)
    first, second, third = show(house, document_id).pages
    do(house, "li", move_page, MovePage(document_id, third.id, 1))
    assert order(house, document_id) == [(1, "c"), (2, "a"), (3, "b")]
    shown = show(house, document_id)
    assert (shown.state, [act.voided for act in shown.acts if act.act == "self_check"]) == ("scanned", [True])
    do(house, "li", move_page, MovePage(document_id, third.id, 3))
    assert order(house, document_id) == [(1, "a"), (2, "b"), (3, "c")]
    for number in (0, 4):
        assert refused(house, "li", move_page, MovePage(document_id, first.id, number)) is Reason.INVALID
    assert refused(house, "li", take_out, TakeOutPage(document_id, first.id, " ")) is Reason.INVALID
    do(house, "li", take_out, TakeOutPage(document_id, first.id, "belongs to another customer"))
    do(house, "li", take_out, TakeOutPage(document_id, third.id, "scanned twice"))
    assert order(house, document_id) == [(1, "b")]
    assert refused(house, "li", take_out, TakeOutPage(document_id, second.id, "x")) is Reason.LAST_PAGE
    with pytest.raises(NotFound):
        do(house, "li", move_page, MovePage(document_id, first.id, 1))
    with house.tx.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.PAGES_ARRANGED).order_by(AuditRow.at))
        audited = [(row.before["page"], row.after["page"], row.why) for row in rows]
    assert audited == [
        (3, 1, ""),
        (1, 3, ""),
        (1, None, "belongs to another customer"),
        (2, None, "scanned twice"),
    ]


def test_after_sending_and_for_strangers_pages_stay_where_they_are(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    add(house, document_id, "a", "b")
    page = show(house, document_id).pages[0]
    for login in ("sun", "zhao", "qian"):
        for service, command in (
            (move_page, MovePage(document_id, page.id, 2)),
            (take_out, TakeOutPage(document_id, page.id, "x")),
        ):
            with pytest.raises(NotFound):
                do(house, login, service, command)
    bring_to_review(house)
    page = show(house, document_id).pages[0]
    assert refused(house, "li", move_page, MovePage(document_id, page.id, 2)) is Reason.DOCUMENT_STATE
    assert refused(house, "li", take_out, TakeOutPage(document_id, page.id, "x")) is Reason.DOCUMENT_STATE


def test_a_page_that_looks_like_another_of_the_case_is_flagged_once(house: PaperHouse) -> None:
    first, second = (house.documents()[code].id for code in ("APPLICATION", "LICENCE"))
    seen, close, far = (replace(GOOD, likeness=each * 16) for each in ("0000", "0001", "0f0f"))
    do(house, "li", capture_pages, capture(first, seen))
    assert do(house, "li", capture_pages, capture(second, far, close, name="b")) == 1
    pages = show(house, second).pages
    assert [page.findings for page in pages] == [(), (("alike", 16),)]
    assert refused(house, "li", self_check_document, second) is Reason.FINDINGS_OPEN
    do(house, "li", override_finding, OverrideFinding(second, pages[1].id, "two forms of one kind"))
    do(house, "li", self_check_document, second)


@pytest.fixture
def desk(clean_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(clean_engine, tmp_path) as desk:
        yield desk


def test_forms_beside_each_page(desk: Desk) -> None:
    document_id, li = desk.house.documents()["APPLICATION"].id, desk.client("li")
    address = f"/documents/{document_id}"
    two = save(draw_page("first"), draw_page("other words"), form="PDF")
    assert desk.upload("li", document_id, ("two.pdf", two)).status_code == 303
    with desk.tx.read() as session:
        first, second = show_document(session, desk.house.actor("li"), document_id).pages
    assert li.post(f"{address}/pages/{second.id}/move", data={"number": "1"}).headers["location"].endswith("arranged")
    assert "请填写该页的新页码" in li.post(f"{address}/pages/{second.id}/move", data={"number": "x"}).text
    assert "请说明移出原因" in li.post(f"{address}/pages/{first.id}/take-out").text
    # the same paper on another day's scanner
    again = desk.upload("li", document_id, ("again.png", save(draw_page("first", lean=-1))), page_id=second.id)
    assert again.status_code == 303
    shown = li.get(address).text
    assert "几乎相同" in shown
    assert "已不计入的页面" in shown
    assert li.post(f"{address}/pages/{first.id}/take-out", data={"why": "重复"}).status_code == 303
    with desk.tx.read() as session:
        pages = show_document(session, desk.house.actor("li"), document_id).pages
    assert [(page.number, page.file_name) for page in pages] == [(1, "again.png")]
    body = {"number": 2}
    assert li.post(f"/api/v1{address}/pages/{pages[0].id}/move", json=body).status_code == 422
    assert li.post(f"/api/v1{address}/pages/{pages[0].id}/take-out", json={"why": "x"}).status_code == 409
