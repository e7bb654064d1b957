"""Words of the page itself, from the catalogues in edge/locale, compiled in memory at start.

What the core says comes from its own table of messages; here stand only headings, buttons and states of the page.
"""

from __future__ import annotations

import gettext
import io
from importlib.resources import files
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edge.core.messages import Language

LANGUAGES: Final[tuple[Language, ...]] = ("zh_CN", "en")
DOMAIN = "kiosk"


def load_words(language: Language) -> gettext.GNUTranslations:
    """Compile the catalogue of a language."""
    source = files("edge").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def choose_language(wanted: str | None, default: Language) -> Language:
    """Pick a language we have."""
    for language in LANGUAGES:
        if wanted == language:
            return language
    return default
