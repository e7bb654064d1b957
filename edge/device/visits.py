"""One request to the device page: who asks, in which language, with which fields; and the cookie that says who."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from edge.core.shown import AnswerView
from edge.device.house import House
from edge.device.log_ins import LogIn
from edge.device.rendering import Renderer
from edge.device.troubles import BadRequestError
from edge.device.words import Words

LOG_IN_COOKIE = "__Host-openaisle-device"
LANGUAGE_COOKIE = "__Host-openaisle-language"
FIELD_MOST = 256


def is_number(text: str) -> bool:
    """Tell whether a text is a short number in plain digits."""
    return text.isascii() and text.isdecimal() and len(text) < 12


@dataclass(frozen=True)
class Visit:
    """What a handler gets."""

    request: Request
    house: House
    renderer: Renderer
    words: Words
    log_in: LogIn | None
    form: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the browser is."""
        return self.request.client.host if self.request.client else ""

    @property
    def name(self) -> str:
        """Who is logged in."""
        return self.log_in.name if self.log_in else ""

    def part(self, name: str) -> str:
        """Read a part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """Read a field of the URL, cut to a sane length."""
        return self.request.query_params.get(name, default)[:FIELD_MOST]

    def number(self, name: str, low: int, high: int) -> int:
        """Read a number of the form; BadRequestError for none or one out of bounds."""
        text = self.form.get(name, "")
        if not is_number(text) or not low <= int(text) <= high:
            raise BadRequestError(name)
        return int(text)

    def is_ours(self) -> bool:
        """Tell whether a form carries the word that only our own pages know."""
        sent = self.form.get("csrf", "")
        return self.log_in is not None and secrets.compare_digest(sent.encode(), self.log_in.csrf.encode())

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Answer with a page."""
        shared = {
            "log_in": self.log_in,
            "path": self.request.url.path,
            "told": self.query("told"),
            "answer": self.take_answer(),
            "nav": self.house,
            "doubt": self.query("about"),
        }
        html = self.renderer.render(template, self.words, **{**shared, **values})
        return HTMLResponse(html, status_code=status)

    def take_answer(self) -> AnswerView | None:
        """Take the room's answer to this person's last request: it is told once."""
        if self.log_in is None:
            return None
        answer, self.log_in.answer = self.log_in.answer, None
        return answer

    def go(self, path: str, told: str = "", about: str | None = None) -> Response:
        """Send the browser to a page, with what has become of the press."""
        fields = {key: value for key, value in (("told", told), ("about", about)) if value}
        return RedirectResponse(f"{path}?{urlencode(fields)}" if fields else path, status_code=303)
