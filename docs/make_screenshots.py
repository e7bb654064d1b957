"""Screenshots of a running demo for README and guides: `python docs/make_screenshots.py --centre URL --kiosk URL …`.

Writes map.png, map-en.png, home.png, boxes.png, box.png and, with a kiosk address, kiosk.png into the folder.
"""

# ruff: noqa: INP001 - a command, not a package
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WINDOW: ViewportSize = {"width": 1440, "height": 900}
#: Pages that show live things never fall silent; what is drawn by script needs this long at most.
SETTLE_MS = 1_500
#: Columns are well on their way then, and still for some seconds.
UNDER_WAY_MS = 2_500
MOTION_TIMEOUT_MS = 120_000
READY = "ready"


def main(arguments: Sequence[str] | None = None) -> None:
    """Take all screenshots."""
    options = read_options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        chinese, english = log_in(browser, options, "zh-CN"), log_in(browser, options, "en")
        live = {"map": chinese, "map-en": english}
        for page in live.values():
            page.goto(f"{options.centre}/rooms/{options.room}", wait_until="load")
        if options.kiosk:
            live["kiosk"] = browser.new_page(viewport=WINDOW, locale="zh-CN")
            live["kiosk"].goto(options.kiosk, wait_until="load")
        shoot_live(live, options.out, moving=options.moving)
        for page, suffix in ((chinese, ""), (english, "-en")):
            shoot(page, f"{options.centre}/", options.out / f"home{suffix}.png")
            shoot(page, f"{options.centre}/boxes", options.out / f"boxes{suffix}.png")
            page.locator("tbody a.opens").first.click()
            shoot(page, page.url, options.out / f"box{suffix}.png")
        browser.close()


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Screenshots of a running demo.")
    parser.add_argument("--centre", required=True, help="address of the centre, http://127.0.0.1:8080")
    parser.add_argument("--kiosk", default="", help="address of the kiosk page; without it none is taken")
    parser.add_argument("--login", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--room", default="r01")
    parser.add_argument(
        "--moving",
        action="store_true",
        help=f"say `{READY}` when the live pages are open, and wait for a motion",
    )
    parser.add_argument("--out", type=Path, default=Path("docs/img"))
    return parser.parse_args(arguments)


def log_in(browser: Browser, options: argparse.Namespace, language: str) -> Page:
    """Return a page of somebody logged in, in a language."""
    page = browser.new_page(viewport=WINDOW, locale=language)
    page.goto(f"{options.centre}/login")
    page.fill("#login", options.login)
    page.fill("#password", options.password)
    page.click("form button.is-primary")
    page.wait_for_url(f"{options.centre}/")
    return page


def shoot_live(pages: dict[str, Page], out: Path, *, moving: bool) -> None:
    """Save the pages that show live things; with `moving`, all of them while columns travel."""
    if not moving:
        next(iter(pages.values())).wait_for_timeout(SETTLE_MS)
    else:
        print(READY, flush=True)  # noqa: T201 - whoever presses waits for it
    while True:
        first = next(iter(pages.values()))
        if moving:
            first.wait_for_selector('[data-bank][data-state="moving"]', timeout=MOTION_TIMEOUT_MS)
            first.wait_for_timeout(UNDER_WAY_MS)
        for name, page in pages.items():
            page.screenshot(path=out / f"{name}.png")
        # a motion that a busy machine broke off meanwhile is waited for anew
        if not moving or first.locator('[data-bank][data-state="moving"]').count():
            return


def shoot(page: Page, address: str, file: Path) -> None:
    """Visit a page and save what a person sees of it."""
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=file)


if __name__ == "__main__":
    main()
