"""Templates to HTML: the whole page, and the pieces of it that the stream replaces."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from edge.core.messages import Language
from edge.core.room import ClimateBands
from edge.core.shown import KioskView
from edge.kiosk.presenting import QUEUE_SHOWN, Page, present_view
from edge.kiosk.wording import Wording
from edge.kiosk.words import LANGUAGES, choose_language, load_words

PUNCTUATION_END = re.compile("(?<=[,;:?!,。;:?!、])(?=.)")
AISLE_NAME = re.compile("通道 ([0-9、]+) ")
PIECES: Final = ("head", "banners", "prompt", "answer", "tabs", "climates", "acts", "side", "operations", "queue")
DEFAULT_HTML_LANGUAGE = {"zh_CN": "zh-CN", "en": "en"}


def break_phrases(sentence: str) -> Markup:
    """Let a line break after punctuation, so that no Chinese word is torn."""
    joined = AISLE_NAME.sub("通道\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", sentence)
    return Markup("<wbr>").join(PUNCTUATION_END.split(joined))


class Renderer:
    """Renders views for one kiosk in any of our languages."""

    def __init__(
        self, point_id: str, default_language: Language, zone: ZoneInfo, bands: ClimateBands | None = None
    ) -> None:
        self.default_language = default_language
        self._point_id = point_id
        self._zone = zone
        self._bands = bands or ClimateBands()
        self._wordings = {language: Wording(language, load_words(language), zone) for language in LANGUAGES}
        folder = str(files("edge.kiosk").joinpath("templates"))
        self._environment = Environment(
            loader=FileSystemLoader(folder), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
        )
        self._environment.filters["phrases"] = break_phrases
        self._environment.trim_blocks = self._environment.lstrip_blocks = True

    def wording(self, language: str | None) -> Wording:
        """Return the wording of a language, or of the default one."""
        return self._wordings[choose_language(language, self.default_language)]

    def render_page(self, view: KioskView, language: str | None, template: str = "kiosk.html", bank: str = "") -> str:
        """Render a whole page on the view: the kiosk's own, or one that does without script what a panel of it does."""
        words = self.wording(language)
        page = present_view(view, words, self._point_id, self._bands, bank)
        return self._render(template, words, page=page, pulse=self.pulse(view, language))

    def render_plain(self, template: str, language: str | None, **values: Any) -> str:
        """Render a page that shows no view."""
        return self._render(template, self.wording(language), **values)

    def render_pieces(self, view: KioskView, language: str | None) -> dict[str, str]:
        """Render the pieces the stream replaces, by their names."""
        words = self.wording(language)
        page: Page = present_view(view, words, self._point_id, self._bands)
        return {piece: self._render(f"_{piece}.html", words, page=page) for piece in PIECES}

    def pulse(self, view: KioskView, language: str | None) -> dict[str, Any]:
        """List what the page's script needs beside HTML: clock of the prompt, sound, siren, PIN pad."""
        words = self.wording(language)
        newest = max(view["answers"], key=lambda answer: answer["number"], default=None)
        awaited = [s for s in view["sessions"] if s["station"] == self._point_id and s["needs_pin"]]
        return {
            "prompt": view["prompt"]["id"],
            "bank": view["prompt"]["bank"],
            "remaining_ms": view["prompt"]["remaining_ms"],
            "moving": view["prompt"]["kind"] in {"moving", "waking"},
            "siren": view["siren"],
            "pin_of": awaited[0]["staff_name"] if awaited else None,
            "answer": newest["number"] if newest else 0,
            "sound": newest["sound"] if newest else "",
            "speech": words.say(newest["message"]) if newest else "",
            "speech_language": DEFAULT_HTML_LANGUAGE[words.language],
        }

    def _render(self, template: str, words: Wording, **values: Any) -> str:
        shared: dict[str, Any] = {
            "t": words,
            "language": words.language,
            "html_language": DEFAULT_HTML_LANGUAGE[words.language],
            "zone": self._zone.key,
            "queue_shown": QUEUE_SHOWN,
        }
        return self._environment.get_template(template).render(point_id=self._point_id, **shared, **values)
