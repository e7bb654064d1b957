"""A handler's day with papers, the collector's return and review, and the step gate that opens in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from central.services.documents import pass_review, self_check_document
from central.services.step_gates import ask_gate
from central.services.tasks import send_task
from central.services.uploads import capture_pages
from central.store.base import open_engine
from central.store.passwords import SecretHasher
from central.store.people import PersonRow
from central.store.tx import Transactions
from tests.browser.centre import Centre
from tests.browser.conftest import NewContext
from tests.integration.business.papers import CASE, PaperHouse, capture, found_house
from tests.integration.business.scans import draw_page, save

pytestmark = pytest.mark.browser

PASSWORD = "paper-and-string-1"
PAPER, PAPER_CODE = "用电申请书", "APPLICATION"


@pytest.fixture(scope="module")
def house(centre: Centre) -> Iterator[PaperHouse]:
    """The team in the running centre's own database."""
    engine = open_engine(f"sqlite:///{centre.folder}/central.db", pool_size=2)
    house = found_house(Transactions(engine, pool_size=12), datetime.now(UTC), handler="li")
    hashed = SecretHasher(time_cost=1, memory_kib=8192).hash_secret(PASSWORD)
    with house.tx.write() as session:
        for person in session.scalars(select(PersonRow).where(PersonRow.id.in_(list(house.people.values())))):
            person.password_hash = hashed
    bring_others(house)
    yield house
    engine.dispose()


def bring_others(house: PaperHouse) -> None:
    """Every paper but one has passed its reviews already."""
    handler, collector = house.actor("li"), house.actor("zhao")
    others = [row.id for code, row in house.documents().items() if code != PAPER_CODE]
    with house.tx.write() as session:
        for document_id in others:
            capture_pages(session, handler, capture(document_id), house.now)
            self_check_document(session, handler, document_id, house.now)
        send_task(session, handler, house.task().id, house.now)
        for document_id in others:
            pass_review(session, collector, document_id, house.now)


@pytest.fixture
def enter(new_context: NewContext, centre: Centre, house: PaperHouse) -> Callable[[str], Page]:
    def log_in(login: str) -> Page:
        page = new_context().new_page()
        page.goto("/login")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("form button.is-primary")
        page.wait_for_url(f"{centre.url}/")
        return page

    return log_in


def add_paper(page: Page, file: Path) -> None:
    """Upload a file for the paper, look at its picture, confirm the check, and send it."""
    page.get_by_role("link", name=PAPER, exact=True).click()
    page.set_input_files("#files", str(file))
    page.get_by_role("button", name="添加页面").click()
    expect(page.get_by_role("status")).to_contain_text("页面已添加")
    picture = page.locator(".leaf img").first
    page.wait_for_function("picture => picture.complete && picture.naturalWidth > 1000", arg=picture.element_handle())
    page.get_by_role("button", name="所有页面已自查").click()
    expect(page.get_by_role("status")).to_contain_text("自查已记录")
    page.get_by_role("button", name="发送已自查的 1 份文件").click()
    expect(page.get_by_role("status")).to_contain_text("已发送审核")


def read_gate(house: PaperHouse) -> str:
    with house.tx.read() as session:
        return ask_gate(session, None, CASE, "ACCEPT", datetime.now(UTC)).answer.state.value


def test_a_paper_goes_back_once_then_opens_the_gate(
    enter: Callable[[str], Page], house: PaperHouse, tmp_path: Path
) -> None:
    handler, collector = enter("li"), enter("zhao")
    for name in ("unsigned", "signed"):
        (tmp_path / f"{name}.pdf").write_bytes(save(draw_page(name), form="PDF"))
    handler.click("text=我的任务")
    handler.get_by_role("link", name="锦江饭店").click()
    add_paper(handler, tmp_path / "unsigned.pdf")
    assert read_gate(house) == "closed"

    collector.click("text=待审核")
    collector.get_by_role("link", name=PAPER, exact=True).click()
    collector.get_by_text("改为退回").click()
    collector.get_by_role("button", name="退回经办人").click()
    expect(collector.get_by_role("alert")).to_contain_text("请选择退回原因")
    collector.get_by_label("未签字").check()
    collector.fill("#note", "第二页缺签字")
    collector.get_by_role("button", name="退回经办人").click()
    expect(collector.get_by_role("status")).to_contain_text("退回经办人")
    assert read_gate(house) == "closed"

    handler.reload()
    handler.get_by_role("link", name=PAPER, exact=True).click()
    expect(handler.get_by_role("status")).to_contain_text("未签字")
    expect(handler.get_by_role("status")).to_contain_text("第二页缺签字")
    handler.go_back()
    add_paper(handler, tmp_path / "signed.pdf")

    collector.reload()
    collector.get_by_role("link", name=PAPER, exact=True).click()
    collector.get_by_role("button", name="审核通过").click()
    expect(collector.get_by_text("没有等待办理的文件")).to_be_visible()
    assert read_gate(house) == "open"
