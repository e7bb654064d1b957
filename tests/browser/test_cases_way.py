"""The department's way: a late case explains itself in one click; a template is edited, approved by a second person, valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from central.domain.people import Grant, Role
from central.services.marketing import take_news
from central.services.people import CreatePerson, create_person
from central.store.base import open_engine
from central.store.passwords import SecretHasher
from central.store.tx import Transactions
from tests.browser.access import visit_all
from tests.browser.centre import Centre
from tests.browser.conftest import NewContext
from tests.integration.business.news import START, read, tell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "paper-and-string-1"
CASE = "5001"


def list_news(now: datetime) -> list[dict[str, Any]]:
    """A case whose step of 10 working days began 40 days ago."""
    since = (now - START) / timedelta(hours=1) - 40 * 24
    return [
        tell(1501, "customer_created", since - 100, customer_no="510177001", name="蓝天纺织有限公司"),
        tell(1502, "case_opened", since, case_no=CASE, business="HV-NEW", customers=["510177001"], title="工厂新装"),
        tell(1503, "step_started", since + 1, case_no=CASE, step="PLAN"),
    ]


Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def department(centre: Centre) -> Iterator[None]:
    """Two people of the department and a case, in the running centre's own database."""
    engine = open_engine(f"sqlite:///{centre.folder}/central.db", pool_size=2)
    tx, now = Transactions(engine, pool_size=12), datetime.now(UTC)
    hashed = SecretHasher(time_cost=1, memory_kib=8192).hash_secret(PASSWORD)
    for login, name in (("min.zhao", "赵敏"), ("li.sun", "孙立")):
        with tx.write() as session:
            create_person(session, None, CreatePerson(login, name, hashed, frozenset({Grant(Role.DEPARTMENT)})), now)
    with tx.write() as session:
        take_news(session, [read(event, now) for event in list_news(now)], "2026-11", now)
    yield
    engine.dispose()


@pytest.fixture
def enter(new_context: NewContext, department: None) -> Enter:
    del department

    def open_page(login: str, language: str = "zh-CN") -> Page:
        page = new_context(language).new_page()
        page.goto("/login")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("form button.is-primary")
        expect(page.locator(".who")).to_be_visible()
        return page

    return open_page


def test_a_late_case_says_what_is_missing_and_why_it_is_late(enter: Enter) -> None:
    page = enter("min.zhao")
    page.goto("/cases")
    page.fill("main input[name=q]", "蓝天")
    page.click("main form.filters button")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click(".chips >> text=超期")
    page.click("tbody a.opens")
    expect(page.locator("h1")).to_contain_text(CASE)
    expect(page.locator(".notice")).to_contain_text("卡控未放行")
    explanation = page.locator("details.why dl")
    expect(explanation).to_be_hidden()
    page.click("details.why summary")
    expect(explanation).to_be_visible()
    for text in ("计入的日期", "不计的日期", "依据", "第 1 版"):
        expect(explanation).to_contain_text(text)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_axe_finds_nothing_serious_in_the_departments_pages(enter: Enter, language: str) -> None:
    page = enter("min.zhao", language)

    def find(address: str) -> str:
        page.goto(address)
        return str(page.locator("tbody a.opens").first.get_attribute("href"))

    case, template = find("/cases"), find("/templates")
    lists = (
        "/cases",
        "/templates",
        "/tasks",
        "/dossiers",
        "/approvals",
        "/calendar",
        "/rules",
        "/rules/new",
        "/reminders",
    )
    page.goto(f"{template}/edit")
    step = str(page.locator(".part-acts a").first.get_attribute("href"))
    parts = ("", "/edit", "/text", "/names", "/ask")
    addresses = [*lists, case, "/templates/new", *(template + part for part in parts)]
    addresses += [step, f"{step}/documents/new", f"{step}/limits/new"]
    assert visit_all(page, addresses) == {}


def test_a_template_is_edited_approved_and_valid(enter: Enter) -> None:
    page = enter("min.zhao")
    page.goto("/templates")
    page.click("tbody >> text=换表")
    page.click("main >> text=起草新版本")
    page.click("section >> nth=0 >> text=修改 >> nth=0")
    page.fill("#name", "")
    page.click("text=存为草稿")
    expect(page.get_by_role("alert")).to_contain_text("名称")
    page.fill("#name", "受理换表申请")
    page.click("text=存为草稿")
    expect(page.get_by_role("status").first).to_contain_text("草稿已保存")
    page.click("section >> nth=0 >> text=添加资料")
    page.fill("#name", "表计照片")
    page.fill("#name_en", "Photo of the meter")
    page.fill("#code", "METER_PHOTO")
    page.get_by_label("属性").first.fill("voltage_kv")
    page.get_by_label("比较").first.select_option("at_least")
    page.get_by_label("值", exact=True).first.fill("110")
    page.click("text=存为草稿")
    expect(page.locator("#document-METER_PHOTO")).to_contain_text("110")
    page.click("main >> text=完成")
    page.click("main >> text=改动内容")
    expect(page.locator("tbody")).to_contain_text("受理换表申请")
    expect(page.locator("tbody")).to_contain_text("表计照片")
    page.go_back()
    page.click("main >> text=提请审批")
    page.fill("#effective_from", f"{datetime.now(UTC).year + 1}-01-04")
    page.fill("#why", "川电营销 12 号")
    page.click("form.form button.is-primary")
    expect(page.locator("main dl.facts")).to_contain_text("待审批")
    draft = page.url.split("?")[0]

    second = enter("li.sun")
    second.goto("/approvals")
    second.click("main tbody a.opens")
    expect(second.locator("main")).to_contain_text("受理换表申请")
    second.check("input[value=approve]")
    second.click("form.form button.is-primary")

    page.goto(draft)
    page.click("main .acts button.is-primary")
    expect(page.locator("main dl.facts")).to_contain_text("尚未生效")
