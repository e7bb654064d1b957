"""Papers of a whole case are read one after the other, and each says in which dossier it lies and which cite it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from central.domain.refusals import NotFound
from central.services.document_places import show_place
from central.services.marketing import take_news
from central.services.uploads import capture_pages
from central.store.tx import Transactions
from tests.integration.business.desk import Desk, open_desk
from tests.integration.business.news import read, tell
from tests.integration.business.papers import CASE, PaperHouse, capture, found_house
from tests.integration.business.test_document_acts import do


def tell_more(house: PaperHouse) -> None:
    """The case is of two customers, and its next step ended too."""
    opened = {"case_no": CASE, "business": "LV-COM", "title": "新装", "team": "业务一班"}
    events = [
        tell(10, "case_opened", 0, "evt-0002", **opened, customers=["510100001", "510100002"]),
        tell(11, "customer_created", -90, customer_no="510100002", name="锦江茶楼"),
        tell(12, "step_started", 7, case_no=CASE, step="SURVEY", handler="li"),
        tell(13, "step_completed", 9, case_no=CASE, step="SURVEY"),
    ]
    with house.tx.write() as session:
        take_news(session, [read(each) for each in events], "2026-11", house.now)


def test_papers_are_read_in_the_order_of_the_case(clean_engine: Engine) -> None:
    house = found_house(Transactions(clean_engine))
    tell_more(house)
    first, second, unread = (house.documents()[code].id for code in ("APPLICATION", "LICENCE", "PROXY"))
    survey = next(iter(house.documents("SURVEY").values())).id
    for document_id in (survey, second, first):
        do(house, "li", capture_pages, capture(document_id))

    def neighbours(login: str, document_id: str) -> tuple[str | None, str | None]:
        with house.tx.read() as session:
            place = show_place(session, house.actor(login), document_id)
        before, after = place.before, place.after
        return before.id if before is not None else None, after.id if after is not None else None

    early, late = sorted((first, second))
    for login in ("li", "zhao", "qian", "wu"):
        assert neighbours(login, early) == (None, late)
        assert neighbours(login, late) == (early, survey)
        assert neighbours(login, survey) == (late, None)
    # what has no page yet is passed over, but can be stood on
    assert survey in neighbours("li", unread)
    with pytest.raises(NotFound):
        neighbours("sun", first)
    with house.tx.read() as session:
        place = show_place(session, house.actor("qian"), first)
    assert [(each.dossier_no, each.customer, each.cited) for each in place.dossiers] == [
        ("510100001", "锦江饭店", False),
        ("510100002", "锦江茶楼", True),
    ]
    assert place.created_assumed


@pytest.fixture
def desk(clean_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(clean_engine, tmp_path) as desk:
        yield desk


def test_the_page_names_both_dossiers_and_when_the_paper_came_into_being(desk: Desk) -> None:
    tell_more(desk.house)
    document_id = desk.house.documents()["APPLICATION"].id
    shown = desk.client("qian").get(f"/documents/{document_id}").text
    for words in ("归入档案", "锦江饭店", "互见于", "锦江茶楼", "推定：以环节结束时间为准", 'href="/cases/'):
        assert words in shown, words
