"""Words of the device page: sentences from the catalogues in edge/locale, code words from the glossary."""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edge.core.messages import Language, render_message
from edge.core.shown import MessageView
from edge.device.glossary import GLOSSARY

LANGUAGES: Final[tuple[Language, ...]] = ("zh_CN", "en")
DOMAIN = "device"
HTML_LANGUAGE: Final = {"zh_CN": "zh-CN", "en": "en"}


def load_catalogue(language: Language) -> gettext.GNUTranslations:
    """Compile the catalogue of a language."""
    source = files("edge").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True)
class Words:
    """A language with its catalogue and the room's clock."""

    language: Language
    catalogue: gettext.GNUTranslations
    zone: ZoneInfo

    def __call__(self, sentence: str, /, **params: object) -> str:
        """Word a sentence of the page."""
        return self.catalogue.gettext(sentence).format_map(params)

    def say(self, message: MessageView) -> str:
        """Word a message of the core."""
        return render_message(message["key"], message["params"], self.language)

    def code(self, word: str) -> str:
        """Word a code of the protocol or of the core; one that isn't in the glossary is shown as it is."""
        number, _, rest = word.partition(" ")
        if rest and number.isdigit():
            return f"{number} {self.code(rest)}"
        if self.language == "zh_CN" and word in GLOSSARY:
            return GLOSSARY[word]
        return word.replace("_", " ")

    def moment(self, wall_ms: int) -> str:
        """Show an instant with its seconds in the room's time."""
        return self._local(wall_ms).strftime("%Y-%m-%d %H:%M:%S")

    def fine_clock(self, wall_ms: int) -> str:
        """Show an instant of today to the millisecond."""
        return self._local(wall_ms).strftime("%H:%M:%S.") + f"{wall_ms % 1000:03d}"

    def day(self, wall_ms: int) -> str:
        """Show the date of an instant."""
        return self._local(wall_ms).strftime("%Y-%m-%d")

    def age(self, age_ms: float) -> str:
        """Say how long ago something was."""
        seconds = int(age_ms // 1000)
        if seconds < 2:
            return self("just now")
        if seconds < 120:
            return self("{n} s ago", n=seconds)
        if seconds < 7200:
            return self("{n} min ago", n=seconds // 60)
        return self("{n} h ago", n=seconds // 3600)

    def _local(self, wall_ms: int) -> datetime:
        return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(self.zone)


def choose_language(wanted: str | None) -> Language:
    """Pick a language we have; Chinese first."""
    return "en" if wanted == "en" else "zh_CN"
