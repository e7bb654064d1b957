"""Scans that no cover sheet placed: who sees them, where their pages may go, and what becomes of the rest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.documents import DocumentState, ReturnReason
from central.domain.permissions import Action
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.tasks import TaskState
from central.jobs.readings import read_metrics
from central.services.document_views import show_document
from central.services.documents import ReturnDocument, return_document, self_check_document
from central.services.tasks import search_documents
from central.services.unassigned_scans import (
    DiscardPages,
    PlacePages,
    SearchScans,
    discard_pages,
    find_scan_page,
    keep_unassigned,
    list_discarded,
    list_scans,
    measure_waiting,
    place_pages,
    show_scan,
    take_pages_back,
)
from central.store.audit import AuditRow
from central.store.contents import ContentStore, OfferedFile
from central.store.documents import ContentRow, PageRow, UploadRow
from central.store.people import PersonRow
from central.store.tx import Transactions
from tests.integration.business.desk import Desk, open_desk
from tests.integration.business.papers import GOOD, LEANING, PaperHouse, capture, found_house
from tests.integration.business.scans import draw_page, save
from tests.integration.business.test_document_acts import bring_to_review, do, refused


@pytest.fixture
def house(clean_engine: Engine) -> PaperHouse:
    return found_house(Transactions(clean_engine))


def keep(house: PaperHouse, name: str = "0001.pdf", team: str = "业务一班") -> tuple[str, list[str]]:
    """A scan of three pages that waits; its id and those of its pages."""
    (file,) = capture("", GOOD, LEANING, GOOD, name=name).files
    with house.tx.write() as session:
        scan_id = keep_unassigned(session, house.units[team], file, house.now)
        assert scan_id is not None
        return scan_id, [row.id for row in session.scalars(select(PageRow).order_by(PageRow.source_page))][-3:]


def test_pages_go_to_documents_and_what_is_left_is_discarded_with_a_reason(house: PaperHouse) -> None:
    scan_id, (cover, first, second) = keep(house)
    application, licence = (house.documents()[code].id for code in ("APPLICATION", "LICENCE"))
    do(house, "zhao", place_pages, PlacePages(scan_id, (first,), application))
    do(house, "li", place_pages, PlacePages(scan_id, (second,), licence))
    assert refused(house, "li", place_pages, PlacePages(scan_id, (second,), licence)) is Reason.SCAN_SETTLED
    assert refused(house, "li", discard_pages, DiscardPages(scan_id, (cover,), " ")) is Reason.INVALID
    assert refused(house, "li", discard_pages, DiscardPages(scan_id, (), "x")) is Reason.INVALID
    do(house, "li", discard_pages, DiscardPages(scan_id, (cover,), "a separator sheet"))
    documents = house.documents()
    assert [(documents[code].state, documents[code].pages) for code in ("APPLICATION", "LICENCE")] == [
        ("scanned", 1),
        ("scanned", 1),
    ]
    with house.tx.read() as session:
        assert list_scans(session, house.actor("li"), SearchScans()).items == ()
        shown = show_document(session, house.actor("li"), application)
        assert [(page.number, page.file_name, page.findings) for page in shown.pages] == [
            (1, "0001.pdf", (("skew", 45),))
        ]
        assert [(act.act, act.person) for act in shown.acts] == [("capture", "zhao")]
        assert session.scalars(select(UploadRow.state)).all() == ["taken"]
        rows = session.scalars(select(AuditRow).where(AuditRow.subject_id == scan_id).order_by(AuditRow.at)).all()
    assert [(row.act, row.why) for row in rows] == [
        (AuditAct.SCAN_UNASSIGNED, ""),
        (AuditAct.SCAN_PLACED, ""),
        (AuditAct.SCAN_PLACED, ""),
        (AuditAct.SCAN_DISCARDED, "a separator sheet"),
    ]
    # the finding keeps the handler's own check shut as on any page
    assert refused(house, "li", self_check_document, application) is Reason.FINDINGS_OPEN
    do(house, "li", self_check_document, licence)


def test_a_whole_scan_may_be_dropped(house: PaperHouse) -> None:
    scan_id, pages = keep(house)
    readings = read_metrics(house.tx, None, house.now + timedelta(hours=1))
    assert readings["openaisle_central_scans_waiting"] == [((), 1.0)]
    assert readings["openaisle_central_scans_waiting_seconds"] == [((), 3600.0)]
    do(house, "zhao", discard_pages, DiscardPages(scan_id, tuple(pages), "scanned twice"))
    with house.tx.read() as session:
        assert session.scalars(select(UploadRow.state)).all() == ["dropped"]
        assert measure_waiting(session) == (0, None)
        with pytest.raises(NotFound):
            show_scan(session, house.actor("zhao"), scan_id)


def test_what_was_discarded_is_taken_back(house: PaperHouse) -> None:
    scan_id, (cover, first, second) = keep(house)
    keep(house, "0002.pdf", "业务二班")
    application = house.documents()["APPLICATION"].id
    do(house, "li", place_pages, PlacePages(scan_id, (first,), application))
    do(house, "zhao", discard_pages, DiscardPages(scan_id, (cover,), "a separator sheet"))
    do(house, "li", discard_pages, DiscardPages(scan_id, (second,), "scanned twice"))
    with house.tx.read() as session:
        assert list_scans(session, house.actor("zhao"), SearchScans()).items == ()
        (seen,) = list_discarded(session, house.actor("zhao"), house.now)
        assert (seen.id, seen.pages, seen.pages_all) == (scan_id, 2, 3)
        assert (seen.why, seen.person) == ("scanned twice", session.get_one(PersonRow, house.people["li"]).name)
        assert list_discarded(session, house.actor("zhao"), house.now + timedelta(days=31)) == ()
        for login in ("sun", "zhou", "qian", "wu"):
            assert list_discarded(session, house.actor(login), house.now) == ()
    for login in ("sun", "zhou", "qian", "wu"):
        with pytest.raises(NotFound):
            do(house, login, take_pages_back, scan_id)
    do(house, "zhao", take_pages_back, scan_id)
    assert refused(house, "zhao", take_pages_back, scan_id) is Reason.SCAN_SETTLED
    with house.tx.read() as session:
        assert [page.id for page in show_scan(session, house.actor("li"), scan_id).pages] == [cover, second]
        assert list_discarded(session, house.actor("zhao"), house.now) == ()
        (row,) = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.SCAN_TAKEN_BACK)).all()
    assert (row.person_id, row.after) == (house.people["zhao"], {"pages": [1, 3]})
    # what is placed stays where it is, and the rest goes on as ever
    assert house.documents()["APPLICATION"].pages == 1
    do(house, "li", place_pages, PlacePages(scan_id, (second,), application))
    do(house, "li", discard_pages, DiscardPages(scan_id, (cover,), "a separator sheet"))
    with house.tx.read() as session:
        upload = session.get_one(UploadRow, scan_id)
    assert (upload.state, upload.document_id) == ("taken", application)


def test_a_returned_document_takes_the_new_pages_instead_of_its_old_ones(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    do(house, "zhao", return_document, ReturnDocument(document_id, Action.REVIEW_DOCUMENT, ReturnReason.UNREADABLE))
    scan_id, pages = keep(house)
    do(house, "li", place_pages, PlacePages(scan_id, (pages[0],), document_id))
    (row,) = (each for each in house.documents().values() if each.id == document_id)
    assert (row.state, row.pages, house.task().state) == (DocumentState.SCANNED, 1, TaskState.TO_SEND)
    others = [each.id for each in house.documents().values() if each.id != document_id]
    assert refused(house, "li", place_pages, PlacePages(scan_id, (pages[1],), others[0])) is Reason.DOCUMENT_STATE


def test_nobody_reaches_beyond_their_team_and_their_cases(house: PaperHouse) -> None:
    scan_id, pages = keep(house)
    foreign_id, foreign_pages = keep(house, "0002.pdf", "业务二班")
    document_id = house.documents()["APPLICATION"].id
    for login in ("sun", "zhou", "qian", "wu"):
        with house.tx.read() as session, pytest.raises(NotFound):
            find_scan_page(session, house.actor(login), scan_id, pages[0])
        with pytest.raises(NotFound):
            do(house, login, place_pages, PlacePages(scan_id, (pages[0],), document_id))
        with pytest.raises(NotFound):
            do(house, login, discard_pages, DiscardPages(scan_id, (pages[0],), "x"))
    # a scan of the own team, but a document of somebody else; and the reverse
    for login in ("sun", "zhou"):
        with pytest.raises(NotFound):
            do(house, login, place_pages, PlacePages(foreign_id, (foreign_pages[0],), document_id))
    with pytest.raises(NotFound):
        do(house, "li", place_pages, PlacePages(foreign_id, (foreign_pages[0],), document_id))
    # pages of another scan don't come along
    command = PlacePages(scan_id, (pages[0], foreign_pages[0]), document_id)
    assert refused(house, "li", place_pages, command) is Reason.SCAN_SETTLED
    assert house.documents()["APPLICATION"].pages == 0


def test_search_finds_by_case_and_customer_what_the_seeker_may_add_to(house: PaperHouse) -> None:
    with house.tx.read() as session:
        for text in ("8001", "锦江", "510100001 锦江"):
            found = search_documents(session, house.actor("zhao"), text)
            assert {each.id for each in found} == {row.id for row in house.documents().values()}, text
            assert (found[0].case_no, found[0].customer, found[0].handler) == ("8001", "锦江饭店", "li")
            assert len(search_documents(session, house.actor("li"), text)) == len(found)
            for login in ("sun", "zhou", "qian", "wu"):
                assert search_documents(session, house.actor(login), text) == ()
        for text in ("", "  ", "锦江 8002"):
            assert search_documents(session, house.actor("zhao"), text) == ()


def test_damaged_pictures_are_shown_to_nobody(house: PaperHouse) -> None:
    scan_id, pages = keep(house)
    with house.tx.write() as session:
        row = session.get_one(PageRow, pages[0])
        session.get_one(ContentRow, row.image_sha256).state = "wrong"
    with house.tx.read() as session, pytest.raises(Refusal, match="content_wrong"):
        find_scan_page(session, house.actor("li"), scan_id, pages[0])


@pytest.fixture
def desk(clean_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(clean_engine, tmp_path) as desk:
        yield desk


def test_pages_of_scans(desk: Desk) -> None:
    data = save(draw_page("lost"), draw_page("found"), form="PDF")
    store: ContentStore = desk.app.state.contents
    kept = desk.app.state.uploads.read_offered(OfferedFile("0001.pdf", io.BytesIO(data)))
    with desk.tx.write() as session:
        scan_id = keep_unassigned(session, desk.house.units["业务一班"], kept, desk.clock())
    assert store.is_right(kept.content.sha256)
    li, zhao, zhou = (desk.client(login) for login in ("li", "zhao", "zhou"))
    assert "0001.pdf" in zhao.get("/scans").text
    assert "0001.pdf" in zhao.get("/scans.csv?sort=-team").text
    assert [zhao.get(f"/scans?q={text}").text.count('class="opens"') for text in ("01.PDF", "02")] == [1, 0]
    assert "0001.pdf" not in zhou.get("/scans").text
    shown = li.get(f"/scans/{scan_id}", params={"q": "锦江"}).text
    assert "用电申请书" in shown
    assert shown.count('name="pages"') == 2
    with desk.tx.read() as session:
        pages = session.scalars(select(PageRow.id).order_by(PageRow.source_page)).all()
    picture = li.get(f"/scans/{scan_id}/pages/{pages[0]}/picture")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert zhou.get(f"/scans/{scan_id}/pages/{pages[0]}/picture").status_code == 404
    with desk.tx.read() as session:
        viewed = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.PAGE_VIEWED)).one()
    assert (viewed.subject_kind, viewed.subject_id, viewed.person_id) == ("scan", scan_id, desk.house.people["li"])
    document_id = desk.house.documents()["APPLICATION"].id
    answer = li.post(f"/scans/{scan_id}/place", data={"q": "锦江"})
    assert answer.status_code == 422
    assert "请至少选择一页" in answer.text
    assert "请选择页面所属的文件" in answer.text
    answer = li.post(f"/scans/{scan_id}/place", data={"pages": [pages[1]], "document_id": document_id})
    assert answer.headers["location"] == f"/scans/{scan_id}?done=scan_placed"
    assert li.post(f"/scans/{scan_id}/discard", data={"pages": [pages[0]]}).status_code == 422
    answer = li.post(f"/scans/{scan_id}/discard", data={"pages": [pages[0]], "why": "空白分隔页"})
    assert answer.headers["location"] == "/scans?done=scan_discarded"
    page = li.get("/scans?done=scan_discarded").text
    assert "没有待归位的扫描件" in page
    assert "空白分隔页" in page
    assert li.post(f"/scans/{scan_id}/take-back").headers["location"] == f"/scans/{scan_id}?done=scan_taken_back"
    assert [each["id"] for each in zhao.get("/api/v1/scans").json()["items"]] == [scan_id]
    assert zhao.post(f"/api/v1/scans/{scan_id}/take-back").status_code == 409
    body = {"page_ids": [pages[0]], "why": "空白分隔页"}
    assert zhao.post(f"/api/v1/scans/{scan_id}/discard", json=body).status_code == 204
    assert [each["why"] for each in li.get("/api/v1/scans/discarded").json()] == ["空白分隔页"]
    assert zhou.get("/api/v1/scans/discarded").json() == []
    assert zhou.get("/api/v1/scans").json()["items"] == []
    body = {"page_ids": [pages[0]], "why": "x"}
    assert li.post(f"/api/v1/scans/{scan_id}/discard", json=body).status_code == 409
