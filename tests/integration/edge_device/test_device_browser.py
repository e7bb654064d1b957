"""The device page in a real browser, in both languages and on both screens: content for axe, alive, whole without script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from edge.core.events import CodeRead
from edge.runtime.clock import read_mono_ms
from tests.integration.edge_core.driven_room import PLACES
from tests.integration.edge_device.device_house import DeviceHouse, speak
from tests.integration.edge_device.device_room import NAME, PASSWORD

pytestmark = [pytest.mark.browser]

SIZES = [(1440, 900), (1080, 1920)]
PAGES = (
    "/", "/banks/A", "/banks/A/registers", "/banks/A/events", "/banks/A/wear?kind=opening_ms", "/buses/bus1", "/printer",
    "/scanners", "/recorder", "/checklist", "/checklist/A", "/checklist/A/sheet",
)  # fmt: skip


@contextmanager
def open_page(
    browser: Browser, house: DeviceHouse, size: tuple[int, int], language: str, *, script: bool = True
) -> Iterator[Page]:
    """A technician who has logged in; a problem that the browser notes fails the test."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, ignore_https_errors=True, java_script_enabled=script
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    try:
        page.goto(f"{house.page}/login")
        if language == "en":
            page.click("text=English")
        page.fill("#name", NAME)
        page.fill("#password", PASSWORD)
        page.click("button.main")
        page.wait_for_selector("nav.menu")
        yield page
        assert [problem for problem in problems if "ERR_" not in problem] == []
    finally:
        context.close()


def list_serious(page: Page) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in violations if each["impact"] in {"serious", "critical"}]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in grave]


@pytest.mark.parametrize(("size", "language"), [(SIZES[0], "zh_CN"), (SIZES[1], "en")])
def test_axe_is_content_and_nothing_runs_over(
    chromium: Browser, device_house: DeviceHouse, size: tuple[int, int], language: str
) -> None:
    device_house.picture = None  # the little picture of the tests is none that a browser can draw
    with open_page(chromium, device_house, size, language) as page:
        for path in PAGES:
            page.goto(device_house.page + path)
            assert list_serious(page) == [], path
            width = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
            assert width[0] <= width[1], path
            assert page.locator("h1").inner_text(), path


def test_the_live_part_follows_without_loading_again(chromium: Browser, device_house: DeviceHouse) -> None:
    device_house.picture = None
    with open_page(chromium, device_house, SIZES[0], "zh_CN") as page:
        page.goto(f"{device_house.page}/scanners")
        code = PLACES[4]
        device_house.runtime.post(CodeRead("scan-1", "trigger", code, read_mono_ms()))
        expect(page.locator(f"text={code}").first).to_be_visible(timeout=5_000)
        expect(page.locator("#live")).to_contain_text("A 9A")


def test_frames_are_filtered_and_all_is_there_without_a_script(chromium: Browser, device_house: DeviceHouse) -> None:
    speak(device_house.record, read_mono_ms() + 0.0)
    with open_page(chromium, device_house, SIZES[0], "zh_CN", script=False) as page:
        page.goto(f"{device_house.page}/buses/bus1")
        expect(page.locator("tr.is-fault", has_text="CRC 错误").first).to_be_visible()
        page.select_option("#trouble", "1")
        page.locator("form[method=get] button").click()
        assert "trouble=1" in page.url
        assert page.locator("section:has(#bank) tbody tr.is-fault").count() >= 1
        page.goto(f"{device_house.page}/buses/bus1?text=stop")
        assert page.locator("section:has(#bank) tbody tr").count() >= 1
        expect(page.locator("section:has(#bank) tbody tr").first).to_contain_text("停止")
        page.goto(f"{device_house.page}/banks/A")
        page.select_option("#aisle", "8")
        page.click("text=请求这条通道")
        expect(page.locator("main")).to_contain_text("库房的回答")
