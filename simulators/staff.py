"""A member of staff made of software: sees what the kiosk shows, looks into aisles, presses, scans."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from simulators.room_plan import StaffMember

_GLANCE_S = 0.03
_PAUSE = threading.Event()


class StaffError(Exception):
    """What a person would complain of: something expected did not happen in time."""


class Staff:
    """Somebody with a badge, a hand scanner and the kiosk's screen before them."""

    def __init__(self, who: StaffMember, *, kiosk_url: str, control_url: str, scanner: str) -> None:
        self.who = who
        self.scanner = scanner
        self._kiosk = httpx.Client(base_url=kiosk_url, headers={"Origin": kiosk_url}, timeout=10)
        self._room = httpx.Client(base_url=control_url, timeout=10)

    def close(self) -> None:
        """Go home."""
        self._kiosk.close()
        self._room.close()

    # ---- seeing ---------------------------------------------------------------------------------

    def see(self) -> dict[str, Any]:
        """Return what the kiosk shows now; empty while it shows nothing."""
        try:
            answer = self._kiosk.get("/api/view")
            view: dict[str, Any] | None = answer.json()["view"] if answer.status_code == 200 else None
        except httpx.TransportError:
            return {}
        return view or {}

    def await_sight(self, what: str, seen: Callable[[dict[str, Any]], Any], timeout_s: float = 10.0) -> Any:
        """Watch the screen until `seen` finds something there; StaffError names what never came."""
        ends_at = time.monotonic() + timeout_s
        view: dict[str, Any] = {}
        while time.monotonic() < ends_at:
            view = self.see()
            if found := view and seen(view):
                return found
            _PAUSE.wait(_GLANCE_S)
        answers = [answer.get("message") for answer in view.get("answers", [])]
        raise StaffError(
            f"{what}: not seen within {timeout_s:g} s; last answers {answers}, states {view.get('states')}"
        )

    def look_into(self, aisles: list[int]) -> list[str]:
        """Look into aisles with one's own eyes: the names of those who stand there."""
        people = self._room.get("/shelf").raise_for_status().json()["people"]
        return [person["name"] for person in people if person["aisle"] in aisles]

    # ---- doing ----------------------------------------------------------------------------------

    def sign_on(self) -> None:
        """Scan one's badge and type the PIN."""
        self.scan(self.who.code)
        self.await_sight("request for the PIN", lambda view: self._session(view, needs_pin=True))
        self._press("/api/pin", {"pin": self.who.pin})
        self.await_sight("log-in", lambda view: self._session(view, needs_pin=False))

    def scan(self, text: str) -> None:
        """Read a code with the hand scanner."""
        answer = self._room.post("/scan", json={"text": text, "scanner": self.scanner}).raise_for_status()
        if not answer.json()["sent"]:
            raise StaffError("the scanner is dead")

    def scan_and_hear(self, text: str, timeout_s: float = 5.0) -> dict[str, Any]:
        """Read a code and wait for the kiosk's answer to it."""
        before = self._newest_answer(self.see())
        self.scan(text)

        def newer(view: dict[str, Any]) -> dict[str, Any] | None:
            told = [a for a in view["answers"] if a["number"] > before and a["source_id"] == self.scanner]
            return max(told, key=lambda answer: answer["number"]) if told else None

        heard: dict[str, Any] = self.await_sight("answer to a scan", newer, timeout_s)
        return heard

    def await_prompt(self, timeout_s: float = 15.0) -> dict[str, Any]:
        """Wait for a prompt that asks for a press."""
        prompt: dict[str, Any] = self.await_sight(
            "prompt", lambda view: next((each for each in view["prompts"] if each["confirmable"]), None), timeout_s
        )
        return prompt

    def confirm(self, prompt: dict[str, Any], point_id: str) -> None:
        """Look into the aisles that will close, wait until nobody is there, then press."""
        ends_at = time.monotonic() + 10
        while names := self.look_into(prompt["closing_aisles"]):
            if time.monotonic() > ends_at:
                raise StaffError(f"{', '.join(names)} won't leave the aisle")
            _PAUSE.wait(0.2)
        self._press("/api/confirm", {"point_id": point_id, "prompt_id": prompt["id"]})

    def press_stop(self) -> None:
        """Press the stop field."""
        self._press("/api/stop", {})

    def _press(self, path: str, body: dict[str, Any]) -> None:
        answer = self._kiosk.post(path, json=body)
        if answer.status_code >= 300:
            raise StaffError(f"{path} answered {answer.status_code}: {answer.text[:200]}")

    def _session(self, view: dict[str, Any], *, needs_pin: bool) -> bool:
        return any(
            session["staff_code"] == self.who.code and session["needs_pin"] is needs_pin for session in view["sessions"]
        )

    @staticmethod
    def _newest_answer(view: dict[str, Any]) -> int:
        return max((answer["number"] for answer in view.get("answers", [])), default=-1)
