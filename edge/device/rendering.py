"""Templates to HTML, in two languages. Autoescaped, strict: a name that is missing is an error, not an empty place."""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from edge.device.tones import tone_of
from edge.device.words import HTML_LANGUAGE, LANGUAGES, Words, choose_language, load_catalogue


class Renderer:
    """Renders the pages of one gateway."""

    def __init__(self, zone: ZoneInfo, room_name: str) -> None:
        self._room_name = room_name
        self._words = {language: Words(language, load_catalogue(language), zone) for language in LANGUAGES}
        folder = str(files("edge.device").joinpath("templates"))
        self._environment = Environment(
            loader=FileSystemLoader(folder), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
        )
        self._environment.globals["tones"] = tone_of
        self._environment.trim_blocks = self._environment.lstrip_blocks = True

    def words(self, language: str | None) -> Words:
        """Give the words of a language, or of the first one."""
        return self._words[choose_language(language)]

    def render(self, template: str, words: Words, **values: Any) -> Markup:
        """Render a template; what comes out is HTML."""
        shared = {
            "t": words,
            "language": words.language,
            "html_language": HTML_LANGUAGE[words.language],
            "room_name": self._room_name,
        }
        return Markup(self._environment.get_template(template).render(**shared, **values))  # noqa: S704 - autoescaped
