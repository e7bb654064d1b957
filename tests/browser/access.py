"""What axe finds on pages that hinders people: only what it calls serious or critical."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def find_grave(page: Page, **options: Any) -> dict[str, list[str]]:
    """Return each grave violation of the page that is open, with the first elements it concerns."""
    violations = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return {
        f"{each['id']}: {each['help']}": [node["html"][:160] for node in each["nodes"]][:4]
        for each in violations
        if each["impact"] in {"serious", "critical"}
    }


def visit_all(page: Page, addresses: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Open each address, which must be there for this person; return what is grave, by address."""
    found = {}
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        found[address] = find_grave(page)
    return {address: grave for address, grave in found.items() if grave}
