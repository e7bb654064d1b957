"""The kiosk of a running gateway as whoever stands before it has it: what it shows, what it says, what can be pressed."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx

from tests.wait import wait_for

LOOK_S = 0.05


class KioskFront:
    """Eyes and fingers at one kiosk, over HTTP."""

    def __init__(self, kiosk_url: str) -> None:
        self.kiosk_url = kiosk_url
        self.kiosk = httpx.Client(base_url=kiosk_url, headers={"Origin": kiosk_url}, timeout=10)

    def view(self) -> dict[str, Any]:
        """What /api/view shows; empty while it doesn't answer."""
        try:
            told = self.kiosk.get("/api/view")
        except httpx.TransportError:
            return {}
        view: dict[str, Any] | None = told.json()["view"] if told.status_code == 200 else None
        return view or {}

    def see(self, what: str, seen: Callable[[dict[str, Any]], Any], timeout_s: float = 15) -> Any:
        """Watch the kiosk until something is seen."""
        return wait_for(lambda: (view := self.view()) and seen(view), timeout_s, what, pause_s=LOOK_S)

    def states(self, view: dict[str, Any] | None = None) -> list[str]:
        """Names of the states that hold."""
        return [state["key"] for state in (view or self.view()).get("states", [])]

    def await_state(self, key: str, timeout_s: float = 15) -> None:
        """Wait until a named state holds."""
        self.see(f"the state {key}", lambda view: key in self.states(view), timeout_s)

    def await_end(self, key: str, timeout_s: float = 30) -> None:
        """Wait until a named state is over."""
        self.see(f"the end of {key}", lambda view: key not in self.states(view), timeout_s)

    def page(self, language: str) -> str:
        """The words on the kiosk's page in a language."""
        html = httpx.get(f"{self.kiosk_url}/", cookies={"openaisle_language": language}, timeout=10).text
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", html)).replace("\N{NO-BREAK SPACE}", " "))

    def reads(self, chinese: str, english: str) -> None:
        """Find a sentence on the page in both languages."""
        assert chinese in self.page("zh_CN")
        assert english in self.page("en")

    def press(self, act: str, **body: object) -> int:
        """One press at the kiosk; its HTTP status."""
        return self.kiosk.post(f"/api/{act}", json=body).status_code

    def newest_answer(self) -> int:
        return max((each["number"] for each in self.view().get("answers", [])), default=-1)

    def said(self, act: str, before: int, **body: object) -> str:
        """The sentence's key that follows a press."""
        assert self.press(act, **body) == 202

        def answer(view: dict[str, Any]) -> str | None:
            told = [each for each in view["answers"] if each["number"] > before]
            return told[-1]["message"]["key"] if told else None

        return str(self.see(f"an answer to {act}", answer))
