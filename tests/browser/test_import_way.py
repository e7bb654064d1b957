"""The department takes a table of customers over in the browser: upload, faults named, apply, look, take back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from central.domain.people import Grant, Role
from central.services.people import CreatePerson, create_person
from central.store.base import open_engine
from central.store.passwords import SecretHasher
from central.store.tx import Transactions
from tests.browser.centre import Centre
from tests.browser.conftest import NewContext

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOGIN, PASSWORD = "yingxiao", "paper-and-string-1"
TABLE = "户号,户名,用电地址,表号,身份证号,备注\n" + "".join(
    f"5109{n:05},导入客户{n},人民路{n}号,M-{n},510104199003071234,x\n" for n in range(700)
)
FAULTY = TABLE + "510900001,重复的户号,,,,\n510999999,=HYPERLINK(1),,,,\n"


@pytest.fixture(scope="module")
def department(centre: Centre) -> Iterator[None]:
    """Somebody of the department in the running centre's own database."""
    engine = open_engine(f"sqlite:///{centre.folder}/central.db", pool_size=2)
    hashed = SecretHasher(time_cost=1, memory_kib=8192).hash_secret(PASSWORD)
    command = CreatePerson(LOGIN, "周敏", hashed, frozenset({Grant(Role.DEPARTMENT)}))
    with Transactions(engine, pool_size=12).write() as session:
        create_person(session, None, command, datetime.now(UTC))
    yield
    engine.dispose()


@pytest.fixture
def page(new_context: NewContext, centre: Centre, department: None) -> Page:
    page: Page = new_context().new_page()
    page.goto("/login")
    page.fill("#login", LOGIN)
    page.fill("#password", PASSWORD)
    page.click("form button.is-primary")
    page.wait_for_url(f"{centre.url}/")
    return page


def upload(page: Page, file: Path) -> None:
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="上传并检查").click()


def check_readable(page: Page) -> None:
    assert Axe().run(page).response["violations"] == []


def test_a_table_is_taken_over_and_taken_back(page: Page, tmp_path: Path) -> None:
    table, wrong = tmp_path / "客户.csv", tmp_path / "照片.csv"
    table.write_bytes(FAULTY.encode("gb18030"))
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    page.get_by_role("link", name="客户档案", exact=True).click()
    page.get_by_role("link", name="客户导入").click()
    upload(page, wrong)
    expect(page.get_by_role("alert")).to_contain_text("文件既不是 CSV 也不是 XLSX")
    upload(page, table)
    expect(page.locator("h1")).to_have_text("客户.csv")
    rows = page.locator("section[aria-labelledby=faults] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("客户编号在第 3 行已出现")
    expect(rows.last).to_contain_text("客户名称的开头像公式")
    expect(page.get_by_text("510***********1234").first).to_be_visible()
    check_readable(page)
    page.get_by_role("button", name="导入 700 行").click()
    # The page looks again by itself until it is done.
    expect(page.get_by_role("button", name="撤回此文件")).to_be_visible(timeout=30_000)
    where = page.url

    page.goto("/dossiers?q=导入客户69")
    expect(page.locator("tbody tr")).to_have_count(11)
    check_readable(page)
    page.get_by_role("link", name="510900690").click()
    expect(page.locator("h1")).to_have_text("导入客户690")
    expect(page.locator(".facts")).to_contain_text("510***********1234")
    check_readable(page)

    page.goto(where)
    page.get_by_role("button", name="撤回此文件").click()
    expect(page.locator(".head")).to_contain_text("已撤回", timeout=30_000)
    page.goto("/dossiers?q=导入客户69")
    expect(page.get_by_text("没有符合的档案")).to_be_visible()
