"""One centre, one broker, one Chromium for all browser tests; a fresh browser context for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.centre import Centre, RoomVoice, draw_view
from tests.plugins.broker import Broker, run_broker

WINDOW = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def house_broker() -> Iterator[Broker]:
    with run_broker() as running:
        yield running


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory, house_broker: Broker) -> Iterator[Centre]:
    running = Centre(tmp_path_factory.mktemp("centre"), house_broker)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def room_voice(house_broker: Broker, centre: Centre) -> Iterator[RoomVoice]:
    """The gateway of the room, online, with aisle 3 open."""
    voice = RoomVoice(house_broker)
    voice.say_presence("online")
    voice.show(draw_view(3))
    yield voice
    voice.close()


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser, centre: Centre) -> Iterator[NewContext]:
    """Makes contexts that belong to one test; anything a page complains about fails it."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(language: str = "zh-CN", **options: object) -> BrowserContext:
        context = chromium.new_context(base_url=centre.url, viewport=WINDOW, locale=language, **options)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda line: complaints.append(line.text) if _is_complaint(line.text) else None)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text


@pytest.fixture
def log_in(new_context: NewContext, centre: Centre) -> Callable[..., Page]:
    """Log a person in through the form; return the page that follows."""

    def enter(login: str = "lihui", language: str = "zh-CN", **options: object) -> Page:
        page = new_context(language, **options).new_page()
        page.goto("/login")
        page.fill("#login", login)
        page.fill("#password", centre.password_of(login))
        page.click("form button.is-primary")
        page.wait_for_url(f"{centre.url}/")
        return page

    return enter
