"""A handler's day with papers, the collector's return and review, and the marketing system that goes on in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from central.services.documents import pass_review, self_check_document
from central.services.tasks import send_task
from central.services.uploads import capture_pages
from central.store.base import open_engine
from central.store.passwords import SecretHasher
from central.store.people import PersonRow
from central.store.tx import Transactions
from simulators.marketing import MarketingSettings, MarketingSystem
from simulators.marketing_cases import Case, CourierFaults, MarketingOffice, Stage
from tests.browser.access import visit_all
from tests.browser.centre import MARKETING_KEY, MARKETING_KEY_ID, Centre
from tests.browser.conftest import NewContext
from tests.integration.business.papers import CASE, PaperHouse, capture, found_house
from tests.integration.business.scans import draw_page, save
from tests.wait import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

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


@pytest.fixture
def marketing(centre: Centre, house: PaperHouse) -> Iterator[MarketingSystem]:
    """A marketing system whose one case stands before the gate; nothing else happens there this year."""
    office = MarketingOffice(3, datetime.now(UTC) + timedelta(days=366), customers=10)
    office.cases.append(
        Case(CASE, "LV-COM", ("510100001",), "li", "业务一班", position=0, stage=Stage.AT_GATE),
    )
    settings = MarketingSettings(centre.url, MARKETING_KEY, MARKETING_KEY_ID, centre.callback_port, pause_s=0.01)
    system = MarketingSystem(settings, office, CourierFaults())
    system.start()
    yield system
    system.close()


def asks_gate(system: MarketingSystem) -> str:
    """The step at which the case stands once the marketing system has asked whether it may go on."""
    system.run(1, threading.Event())
    return system.office.cases[0].step


def expect_waiting(page: Page, **counts: int) -> None:
    """What a person is told at log-in waits for them: the figure at the top, and each kind by its own."""
    expect(page.locator(".bell.is-reminders b")).to_have_text(str(sum(counts.values())))
    page.goto("/reminders")
    for kind, count in counts.items():
        expect(page.locator(f"[data-reminder={kind}]")).to_have_text(str(count))


def return_paper(page: Page) -> None:
    """Send the paper back; without a reason it is refused."""
    page.get_by_role("link", name="待审核", exact=True).click()
    page.get_by_role("link", name=PAPER, exact=True).click()
    page.get_by_text("改为退回").click()
    page.get_by_role("button", name="退回经办人").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择退回原因")
    page.get_by_label("未签字").check()
    page.fill("#note", "第二页缺签字")
    page.get_by_role("button", name="退回经办人").click()
    expect(page.get_by_role("status")).to_contain_text("退回经办人")


def test_a_paper_goes_back_once_then_opens_the_gate(
    enter: Callable[[str], Page], house: PaperHouse, marketing: MarketingSystem, tmp_path: Path
) -> None:
    handler, collector = enter("li"), enter("zhao")
    others = sum(row.medium == "paper" for code, row in house.documents().items() if code != PAPER_CODE)
    for name in ("unsigned", "signed"):
        (tmp_path / f"{name}.pdf").write_bytes(save(draw_page(name), form="PDF"))
    expect_waiting(handler, to_add=1, to_send=0, contract=0, limit=0)
    expect_waiting(collector, to_transfer=others)
    handler.locator("#to_add ~ .table-wrap tbody").get_by_role("link").click()
    add_paper(handler, tmp_path / "unsigned.pdf")
    # the figure follows by itself, on whatever page somebody is
    expect(handler.locator(".bell.is-reminders b")).to_have_text("0")
    assert asks_gate(marketing) == "ACCEPT"

    return_paper(collector)
    expect(handler.locator(".bell.is-reminders b")).to_have_text("1")
    handler.reload()
    handler.get_by_role("link", name=PAPER, exact=True).click()
    expect(handler.get_by_role("status")).to_contain_text("未签字")
    expect(handler.get_by_role("status")).to_contain_text("第二页缺签字")
    handler.go_back()
    add_paper(handler, tmp_path / "signed.pdf")
    assert (asks_gate(marketing), marketing.counts["gates_passed"]) == ("ACCEPT", 0)

    collector.reload()
    collector.get_by_role("link", name=PAPER, exact=True).click()
    collector.get_by_role("button", name="审核通过").click()
    expect(collector.get_by_text("没有等待办理的文件")).to_be_visible()
    expect_waiting(collector, to_transfer=others + 1)

    wait_for(lambda: marketing.gates.get((CASE, "ACCEPT")) == "open", 20, "the callback that tells of the open gate")
    assert asks_gate(marketing) == "SURVEY"
    handler.get_by_role("link", name="工单", exact=True).click()
    handler.get_by_role("link", name=CASE).click()
    survey = handler.locator("#steps ~ .table-wrap tr", has_text="SURVEY")
    expect(survey).to_contain_text("进行中")

    # and every page of the way can be read by everybody
    handler.goto("/tasks?state=done")
    task = str(handler.locator("tbody a.opens").first.get_attribute("href"))
    handler.goto(task)
    paper = str(handler.get_by_role("link", name=PAPER, exact=True).get_attribute("href"))
    assert (
        visit_all(handler, ["/", "/tasks", task, f"{task}/covers", paper, "/cases", "/reminders", "/me/messages"]) == {}
    )
    assert visit_all(collector, ["/", "/reviews", paper, "/scans", "/dossiers", "/reminders"]) == {}
