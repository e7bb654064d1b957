"""The paper itself: a copy needs somebody who compared it, and a paper is in somebody's hands by their own word (P17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.documents import ReturnReason
from central.domain.paper_custody import PaperMove
from central.domain.permissions import Action
from central.domain.refusals import NotFound, Reason
from central.services.documents import (
    ReturnDocument,
    accept_document,
    pass_review,
    return_document,
    self_check_document,
)
from central.services.papers import PaperShown, mark_copy, move_paper, show_paper, verify_copy
from central.services.uploads import capture_pages
from central.store.audit import AuditRow
from central.store.documents import DocumentRow
from central.store.paper_moves import MovePaper
from central.store.tx import Transactions
from tests.integration.business.desk import Desk, open_desk
from tests.integration.business.papers import PaperHouse, capture, found_house
from tests.integration.business.test_document_acts import bring_to_review, do, refused


@pytest.fixture
def house(clean_engine: Engine) -> PaperHouse:
    return found_house(Transactions(clean_engine))


def mark(house: PaperHouse, login: str, document_id: str, *, is_copy: bool) -> None:
    with house.tx.write() as session:
        mark_copy(session, house.actor(login), document_id, is_copy=is_copy, now=house.now)


def show(house: PaperHouse, login: str, document_id: str) -> PaperShown:
    with house.tx.read() as session:
        return show_paper(session, house.actor(login), document_id)


def test_a_copy_passes_no_gate_until_somebody_compared_it(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    assert refused(house, "li", verify_copy, document_id) is Reason.DOCUMENT_STATE
    do(house, "li", capture_pages, capture(document_id))
    mark(house, "li", document_id, is_copy=True)
    assert refused(house, "li", self_check_document, document_id) is Reason.COPY_UNVERIFIED
    do(house, "zhao", verify_copy, document_id)
    shown = show(house, "qian", document_id)
    assert (shown.is_copy, shown.verified_by, shown.verified_at) == (True, "zhao", house.now)
    assert refused(house, "li", verify_copy, document_id) is Reason.DOCUMENT_STATE
    do(house, "li", self_check_document, document_id)
    assert not show(house, "li", document_id).may_mark
    with house.tx.read() as session:
        audited = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.COPY_VERIFIED)).one()
    assert audited.person_id == house.people["zhao"]


def test_new_pages_instead_of_the_old_ones_need_a_new_look(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    do(house, "li", capture_pages, capture(document_id))
    mark(house, "li", document_id, is_copy=True)
    do(house, "li", verify_copy, document_id)
    do(house, "li", capture_pages, capture(document_id, name="more.png"))
    assert show(house, "li", document_id).verified_by == "li"
    do(house, "li", capture_pages, capture(document_id, name="again.png", replace=True))
    shown = show(house, "li", document_id)
    assert (shown.is_copy, shown.verified_by) == (True, "")
    do(house, "li", verify_copy, document_id)
    mark(house, "li", document_id, is_copy=False)
    assert (show(house, "li", document_id).is_copy, show(house, "li", document_id).verified_by) == (False, "")


def test_a_paper_goes_from_hand_to_hand_and_back_to_its_customer(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    give_back = MovePaper(document_id, PaperMove.GIVEN_BACK, "the customer needs it")
    assert show(house, "li", document_id).moves == ()
    assert refused(house, "li", move_paper, give_back) is Reason.NOT_HOLDER
    do(house, "li", move_paper, MovePaper(document_id, PaperMove.TAKEN))
    assert refused(house, "li", move_paper, MovePaper(document_id, PaperMove.TAKEN)) is Reason.PAPER_THERE
    do(house, "zhao", move_paper, MovePaper(document_id, PaperMove.TAKEN))
    assert refused(house, "li", move_paper, give_back) is Reason.NOT_HOLDER
    do(house, "zhao", move_paper, MovePaper(document_id, PaperMove.MISSING, "not in the tray"))
    do(house, "zhao", pass_review, document_id)
    # gate 3 lays the paper beside its picture: whoever passes it has the paper
    do(house, "qian", accept_document, document_id)
    assert refused(house, "qian", move_paper, MovePaper(document_id, PaperMove.GIVEN_BACK)) is Reason.INVALID
    do(house, "qian", move_paper, give_back)
    shown = show(house, "li", document_id)
    assert [(each.move, each.holder, each.person, each.note) for each in shown.moves] == [
        ("given_back", "", "qian", "the customer needs it"),
        ("taken", "qian", "qian", ""),
        ("missing", "", "zhao", "not in the tray"),
        ("taken", "zhao", "zhao", ""),
        ("taken", "li", "li", ""),
    ]
    with house.tx.read() as session:
        acts = session.scalars(select(AuditRow.after).where(AuditRow.act == AuditAct.PAPER_MOVED)).all()
    assert len(acts) == 5


def test_a_returned_document_sends_no_paper_by_itself(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    do(house, "zhao", move_paper, MovePaper(document_id, PaperMove.TAKEN))
    do(house, "zhao", return_document, ReturnDocument(document_id, Action.REVIEW_DOCUMENT, ReturnReason.NOT_SIGNED))
    assert show(house, "li", document_id).moves[0].holder == "zhao"
    do(house, "li", move_paper, MovePaper(document_id, PaperMove.TAKEN))
    assert show(house, "li", document_id).mine


def test_strangers_and_documents_without_paper(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    taken = MovePaper(document_id, PaperMove.TAKEN)
    for login, service, argument in (
        ("sun", move_paper, taken),
        ("zhou", move_paper, taken),
        ("wu", move_paper, taken),
        ("zhou", verify_copy, document_id),
        ("qian", verify_copy, document_id),
    ):
        with pytest.raises(NotFound):
            do(house, login, service, argument)
    for login in ("zhao", "qian", "sun"):
        with pytest.raises(NotFound):
            mark(house, login, document_id, is_copy=True)
    with house.tx.write() as session:
        session.get_one(DocumentRow, document_id).medium = "e_licence"
    assert not show(house, "li", document_id).on_paper
    assert refused(house, "li", move_paper, taken) is Reason.NO_PAPER


@pytest.fixture
def desk(clean_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(clean_engine, tmp_path) as desk:
        yield desk


def test_forms_of_the_paper(desk: Desk) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    address, li = f"/documents/{document_id}", desk.client("li")
    assert "尚无登记" in li.get(address).text
    assert li.post(f"{address}/paper/copy").headers["location"] == f"{address}?done=paper_marked"
    assert "尚未与原件核对" in li.get(address).text
    assert li.post(f"{address}/paper/verify").status_code == 303
    assert li.post(f"{address}/paper/take").status_code == 303
    shown = li.get(address).text
    assert "与原件一致，核对人 li" in shown
    assert "已退还" in shown
    wrong = li.post(f"{address}/paper/leave", data={"move": "taken"})
    assert wrong.status_code == 422
    assert "请选择纸质件的去向" in wrong.text
    assert li.post(f"{address}/paper/leave", data={"move": "given_back", "paper_note": "客户取回"}).status_code == 303
    paper = li.get(f"/api/v1{address}/paper").json()
    assert [(each["move"], each["note"]) for each in paper["moves"]] == [("given_back", "客户取回"), ("taken", "")]
    assert li.post(f"/api/v1{address}/paper/moves", json={"move": "taken"}).status_code == 204
    assert li.post(f"/api/v1{address}/paper/mark", json={"is_copy": True}).status_code == 409
    assert li.post(f"/api/v1{address}/paper/verification").status_code == 409
