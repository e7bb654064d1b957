"""The kiosk in a real browser on an upright screen: what people see, touch and are told, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FloatRect, Page, expect

from edge.core.events import CodeTyped, PromptConfirmed, StopPressed
from edge.core.shown import KioskView
from edge.kiosk.serving import SiteServer
from tests.integration.edge_rim.kiosk_house import KioskHouse
from tests.integration.edge_rim.kiosk_views import alarm_view, asking_view, calm_view, moving_view, pin_view
from tests.wait import wait_for

pytestmark = [pytest.mark.browser]

SCREEN = {"width": 1080, "height": 1920}
VIEWS = {"calm": calm_view, "asking": asking_view, "moving": moving_view, "alarm": alarm_view, "pin": pin_view}
LANGUAGES = ["zh_CN", "en"]

# every element with text or a press, with what matters of it
MEASURE = """() => [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()).map((e) => {
  const box = e.getBoundingClientRect();
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return {tag: e.tagName, text: (e.textContent || '').trim().slice(0, 30), own, svg: e instanceof SVGElement,
    size: parseFloat(getComputedStyle(e).fontSize), unseen: !!e.closest('.unseen'),
    left: box.left, top: box.top, right: box.right, bottom: box.bottom, width: box.width, height: box.height,
    press: e.matches('button, a, input:not([type=hidden])')};
})"""


@pytest.fixture(scope="module")
def hall() -> Iterator[tuple[KioskHouse, SiteServer]]:
    house = KioskHouse(calm_view())
    server = SiteServer(house.site, "127.0.0.1", 0)
    server.start()
    yield house, server
    server.close()


def measure(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box


def list_serious(page: Page) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical."""
    violations = Axe().run(page).response["violations"]
    grave = [each for each in violations if each["impact"] in {"serious", "critical"}]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in grave]


class Screen:
    """Opens the kiosk on an upright screen."""

    def __init__(self, browser: Browser, house: KioskHouse, server: SiteServer) -> None:
        self.browser = browser
        self.house = house
        self.server = server

    @contextmanager
    def open(
        self, view: KioskView, language: str = "zh_CN", *, script: bool = True
    ) -> Iterator[tuple[Page, KioskHouse]]:
        self.house.events.clear()
        self.house.pins.clear()
        self.house.board.hang(view)
        context = self.browser.new_context(viewport=SCREEN, java_script_enabled=script)
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        try:
            page.goto(self.server.address)
            if language == "en":
                page.click(".languages button")
            if script:
                page.wait_for_selector("svg.plan .column")
            yield page, self.house
            assert [problem for problem in problems if "ERR_" not in problem] == []
        finally:
            context.close()


@pytest.fixture
def screen(chromium: Browser, hall: tuple[KioskHouse, SiteServer]) -> Screen:
    return Screen(chromium, *hall)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_scrolls_is_small_or_hard_to_hit_and_axe_is_content(screen: Screen, name: str, language: str) -> None:
    with screen.open(VIEWS[name](), language) as (page, _):
        if name == "pin":
            page.wait_for_selector("#keypad:not([hidden])")
        measured = [each for each in page.evaluate(MEASURE) if not each["unseen"]]
        assert page.evaluate("[document.scrollingElement.scrollHeight, document.scrollingElement.scrollWidth]") == [
            1920,
            1080,
        ]
        for each in measured:
            if each["own"] and not each["svg"]:
                assert each["size"] >= 20, each
            if each["press"]:
                assert min(each["width"], each["height"]) >= 48, each
                assert 0 <= each["left"] < each["right"] <= 1080, each
                assert 0 <= each["top"] < each["bottom"] <= 1920, each
        assert list_serious(page) == []


def test_prompt_is_wholly_visible_with_its_confirming_field(screen: Screen) -> None:
    for language in LANGUAGES:
        with screen.open(asking_view(), language) as (page, _):
            panel, confirm, sentence = (measure(page, each) for each in (".prompt", "#confirm", ".prompt-sentence"))
            assert panel["y"] + panel["height"] <= 1920 * 0.42  # the upper third, with its head
            assert confirm["height"] >= 96
            assert sentence["y"] >= panel["y"]
            assert confirm["y"] + confirm["height"] <= panel["y"] + panel["height"]


def test_stop_stays_in_its_place_and_goes_at_the_first_touch(screen: Screen) -> None:
    with screen.open(calm_view()) as (page, house):
        places = []
        for view in (calm_view(), asking_view(), moving_view(), alarm_view(), pin_view()):
            house.board.hang(view)
            expect(page.locator(".prompt-sentence")).to_be_visible()
            places.append(measure(page, "#stop"))
        assert all(place == places[0] for place in places)
        assert places[0]["height"] >= 96
        assert "停止移动(非急停)" in page.locator("#stop").inner_text()
        page.locator("#stop").dispatch_event("pointerdown")
        wait_for(lambda: StopPressed("kiosk-a", None) in house.events, 5, "stop")


def test_confirm_shows_only_with_a_prompt_and_posts_its_id(screen: Screen) -> None:
    with screen.open(calm_view()) as (page, house):
        expect(page.locator("#confirm")).to_have_count(0)
        house.board.hang(asking_view())
        expect(page.locator("#confirm")).to_have_text("已看清无人,关闭通道 3")
        page.click("#confirm")
        wait_for(lambda: house.events, 5, "a press")
        assert house.events == [PromptConfirmed("kiosk-a", "prompt-1")]
        house.board.hang(moving_view())
        expect(page.locator("#confirm")).to_have_count(0)
        expect(page.locator(".prompt-sentence")).to_contain_text("正在关闭,请离开")


def test_answer_to_a_scan_is_on_the_screen_at_once(screen: Screen) -> None:
    with screen.open(calm_view()) as (page, house):
        page.evaluate(
            "() => new MutationObserver(() => { window.changedAt = performance.timeOrigin + performance.now(); })"
            ".observe(document.getElementById('answer'), {childList: true})"
        )
        took_ms = []
        for view, sign in [(asking_view(), ".is-look"), (calm_view(), ".is-ok")] * 5:
            hung_at = page.evaluate("performance.timeOrigin + performance.now()")
            house.board.hang(view)
            expect(page.locator(f"#answer {sign}")).to_be_visible()
            took_ms.append(page.evaluate("window.changedAt") - hung_at)
        # the best of ten is what the page does; the rest is what else the machine does
        assert min(took_ms) < 150


def test_broken_stream_is_said_and_looks_stale_then_recovers(screen: Screen) -> None:
    server = SiteServer(screen.house.site, "127.0.0.1", 0)
    server.start()
    with Screen(screen.browser, screen.house, server).open(asking_view()) as (page, house):
        expect(page.locator("#broken")).to_be_hidden()
        server.close()
        expect(page.locator("#broken")).to_be_visible()
        assert "实时更新已断开" in page.locator("#broken").inner_text()
        # nothing may be confirmed on a stale picture
        expect(page.locator("#confirm")).to_be_hidden()
        again = SiteServer(house.site, "127.0.0.1", server.port)
        again.start()
        expect(page.locator("#broken")).to_be_hidden(timeout=15_000)
        expect(page.locator("#confirm")).to_be_visible()
        again.close()


def test_keypad_types_a_code_and_leaves_the_stop_field_free(screen: Screen) -> None:
    with screen.open(calm_view()) as (page, house):
        page.click("#open-keypad")
        for sign in "BX010000019":
            page.click(f'#keypad [data-key="{sign}"]')
        stop, keypad = measure(page, "#stop"), measure(page, "#keypad")
        assert keypad["y"] + keypad["height"] <= stop["y"]
        page.click("#keypad .is-main")
        wait_for(lambda: house.events, 5, "a typed code")
        assert house.events == [CodeTyped("kiosk-a", "BX010000019")]
        expect(page.locator("#keypad")).to_be_hidden()


def test_pin_pad_opens_by_itself_and_closes_when_the_person_is_known(screen: Screen) -> None:
    with screen.open(calm_view()) as (page, house):
        house.board.hang(pin_view())
        expect(page.locator("#keypad")).to_be_visible()
        expect(page.locator(".keypad-title")).to_have_text("李敏,请输入 PIN")
        for sign in "2468":
            page.click(f'#keypad [data-key="{sign}"]')
        assert page.locator("#typed").get_attribute("type") == "password"
        page.click("#keypad .is-main")
        wait_for(lambda: house.pins, 5, "a PIN")
        assert house.pins == [("kiosk-a", "ST010000019", "2468")]
        house.board.hang(calm_view())
        expect(page.locator("#keypad")).to_be_hidden()


def test_page_works_with_script_off(screen: Screen) -> None:
    with screen.open(asking_view(), script=False) as (page, house):
        page.click("#confirm")
        page.click("#stop")
        assert house.events == [PromptConfirmed("kiosk-a", "prompt-1"), StopPressed("kiosk-a", None)]
        page.click("#open-keypad")
        page.fill("#typed", "BX010000019")
        page.click(".is-main")
        assert house.events[-1] == CodeTyped("kiosk-a", "BX010000019")


def test_everything_can_be_reached_by_keyboard(screen: Screen) -> None:
    with screen.open(asking_view()) as (page, house):
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert {"confirm", "dismiss", "stop", "open-keypad", "small", "quiet"} <= reached
        page.focus("#stop")
        page.keyboard.press("Enter")
        wait_for(lambda: StopPressed("kiosk-a", None) in house.events, 5, "stop by keyboard")
