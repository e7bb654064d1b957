"""A member of staff at the kiosk who does the main job by its JSON, looks before each press, and doesn't give up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from simulators.room_plan import Box
from tests.wait import wait_for

PATIENCE_S = 60.0


@dataclass
class Person:
    """Signs on, scans, presses. `presses` are the only acts of theirs that may start motion."""

    kiosk: str
    badge: str
    pin: str
    point: str
    presses: list[str] = field(default_factory=list)

    def look(self) -> dict[str, Any] | None:
        """What the kiosk shows; None while it doesn't answer."""
        try:
            told = httpx.get(f"{self.kiosk}/api/view", timeout=2)
        except httpx.HTTPError:
            return None
        view: dict[str, Any] | None = told.json()["view"] if told.status_code == 200 else None
        return view

    def do(self, act: str, **body: str) -> bool:
        """One press or typed line; False when the kiosk didn't take it."""
        try:
            told = httpx.post(f"{self.kiosk}/api/{act}", json=body, headers={"Origin": self.kiosk}, timeout=2)
        except httpx.HTTPError:
            return False
        return told.status_code == 202

    def sign_on(self) -> None:
        """Badge and PIN, until the kiosk knows the person."""
        wait_for(self._is_signed_on, PATIENCE_S, "the kiosk to sign the person on")

    def _is_signed_on(self) -> bool:
        view = self.look()
        return view is not None and self.sign_on_once(view)

    def sign_on_once(self, view: dict[str, Any]) -> bool:
        """Whether the kiosk knows the person; if not, badge and PIN are given once."""
        if any(each["staff_code"] == self.badge and not each["needs_pin"] for each in view["sessions"]):
            return True
        self.do("badge", text=self.badge, pin=self.pin)
        return False

    def heard(self, view: dict[str, Any], box: Box, wanted: str) -> bool:
        """Whether the newest answers say that the box is out in the own hand, or back on its shelf."""
        keys = {"out": {"scan.taken", "scan.box_in_own_hand"}, "back": {"scan.put", "scan.already_there"}}[wanted]
        for message in (each["message"] for each in view["answers"]):
            params = message["params"]
            if message["key"] in keys and params.get("title") == box.title:
                return True
            if wanted == "back" and message["key"] == "scan.place_occupied" and params.get("code") == box.code:
                return True
        return False

    def answer_number(self) -> int:
        """Number of the newest answer; 0 when there is none, or no kiosk."""
        view = self.look()
        return max((each["number"] for each in view["answers"]), default=0) if view else 0

    def has_answer_after(self, number: int) -> bool:
        """Whether the kiosk has said something since."""
        return self.answer_number() > number

    def press_if_asked(self, view: dict[str, Any]) -> bool:
        """Look, then press what the newest prompt asks; each prompt once."""
        for prompt in view["prompts"]:
            if (
                prompt["confirmable"]
                and prompt["id"] not in self.presses
                and self.point in {p["id"] for p in prompt["points"]}
            ):
                self.presses.append(prompt["id"])
                return self.do("confirm", point_id=self.point, prompt_id=prompt["id"])
        return False
