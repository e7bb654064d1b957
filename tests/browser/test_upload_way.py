"""Files go up with a bar and a button that gives up; a cancelled or refused upload leaves nothing, with script or without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.integration.business.scans import draw_page, save
from tests.integration.business.test_paper_streams import Wire
from tests.integration.central.centre import PASSWORD
from tests.wait import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MIB = 1 << 20


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    wire = Wire(tmp_path_factory.mktemp("wire"))
    yield wire
    wire.close()


def enter(chromium: Browser, wire: Wire, *, script: bool = True) -> Page:
    context = chromium.new_context(base_url=f"http://127.0.0.1:{wire.port}", locale="zh-CN", java_script_enabled=script)
    page = context.new_page()
    page.goto("/login")
    page.fill("#login", "li")
    page.fill("#password", PASSWORD)
    page.click("form button.is-primary")
    return page


def choose(page: Page, document_id: str, *files: Path) -> None:
    page.goto(f"/documents/{document_id}")
    page.set_input_files("#files", [str(file) for file in files])
    page.get_by_role("button", name="添加页面").click()


def test_an_upload_shows_how_far_it_is_and_is_cancelled(chromium: Browser, wire: Wire, tmp_path: Path) -> None:
    document_id = wire.house.documents()["APPLICATION"].id
    small, large, wrong = (tmp_path / name for name in ("small.png", "large.pdf", "wrong.pdf"))
    small.write_bytes(save(draw_page()))
    large.write_bytes(b"%PDF-1.7" + bytes(3 * MIB))
    wrong.write_bytes(b"no paper")
    before = wire.stored()
    page = enter(chromium, wire)
    slow = page.context.new_cdp_session(page)
    rates = {"offline": False, "latency": 0, "downloadThroughput": -1}
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", rates | {"uploadThroughput": 100 * 1024})
    choose(page, document_id, small, large)
    expect(page.get_by_text("正在上传")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="取消").click()
    expect(page.get_by_text("已取消")).to_be_visible()
    slow.send("Network.emulateNetworkConditions", rates | {"uploadThroughput": -1})
    wait_for(lambda: wire.stored() == before, 20, "nothing of a cancelled upload")
    assert wire.house.documents()["APPLICATION"].pages == 0

    choose(page, document_id, small, wrong)
    expect(page.get_by_role("alert")).to_contain_text("wrong.pdf")
    assert wire.stored() == before
    # the form that the answer brought is sent by script again
    page.set_input_files("#files", str(small))
    page.get_by_role("button", name="添加页面").click()
    page.wait_for_url("**/documents/*?done=captured")
    assert wire.house.documents()["APPLICATION"].pages == 1
    page.context.close()


def test_the_form_sends_itself_without_script(chromium: Browser, wire: Wire, tmp_path: Path) -> None:
    document_id = wire.house.documents()["PROXY"].id
    paper = tmp_path / "paper.png"
    paper.write_bytes(save(draw_page("proxy")))
    page = enter(chromium, wire, script=False)
    choose(page, document_id, paper)
    expect(page.get_by_role("status")).to_contain_text("页面已添加")
    assert wire.house.documents()["PROXY"].pages == 1
    page.context.close()
