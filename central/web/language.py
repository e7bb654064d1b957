"""Languages of the pages: catalogs compiled from .po at start, one language per request. No sentence lives here."""

from __future__ import annotations

import gettext
import io
from functools import cache
from importlib import resources

from babel import Locale
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

#: In the order of the language switch; the first is the house's own.
LANGUAGES = ("zh-CN", "en")
LANGUAGE_NAMES = {"zh-CN": "中文", "en": "English"}
CATALOG_FOLDERS = {"zh-CN": "zh_CN", "en": "en"}
COOKIE = "openaisle_language"


def read_catalog(language: str) -> Catalog:
    """Return the .po catalog of a language as Babel reads it."""
    path = resources.files("central.locale").joinpath(CATALOG_FOLDERS[language], "LC_MESSAGES", "messages.po")
    return pofile.read_po(io.BytesIO(path.read_bytes()), locale=CATALOG_FOLDERS[language])


@cache
def load_translations(language: str) -> gettext.GNUTranslations:
    """Return the compiled translations of a language; read once per process."""
    compiled = io.BytesIO()
    mofile.write_mo(compiled, read_catalog(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def find_locale(language: str) -> Locale:
    """Return how a language writes dates, spans and figures; parsed once, which costs more than most of a page."""
    return Locale.parse(CATALOG_FOLDERS[language])


def choose_language(cookie: str | None, accept: str | None) -> str:
    """Return the language for a request: the choice made before, else the browser's first known one, else Chinese."""
    if cookie in LANGUAGES:
        return cookie
    for part in (accept or "").split(","):
        wanted = part.split(";")[0].strip().lower()
        if wanted.startswith("en"):
            return "en"
        if wanted.startswith("zh"):
            return "zh-CN"
    return LANGUAGES[0]
