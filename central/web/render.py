"""How a page becomes an answer: templates per language, what every page shows, headers. No noun lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.wording import N_
from central.web import moments
from central.web.language import (
    COOKIE,
    LANGUAGE_NAMES,
    LANGUAGES,
    choose_language,
    find_locale,
    load_translations,
)
from central.web.menu import list_menu
from central.web.words import ROLES

# Every file comes from the centre itself: no inline script or style, no frame, no other host.
CONTENT_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}

#: Returns a message in the language of one request, its facts filled in.
Say = Callable[..., str]

#: The one search box, by what somebody may see: (address, action, label, what to type).
SEARCHES = (
    (
        "/boxes",
        Action.SEE_BOXES,
        N_("Search boxes by name, customer number or box number"),
        N_("Customer name, customer number or box number"),
    ),
    (
        "/dossiers",
        Action.SEE_DOSSIERS,
        N_("Search dossiers by customer number, name, address or meter"),
        N_("Customer number, name, address or meter"),
    ),
)

#: Where people read the pages. Stored instants are UTC.
ZONE = ZoneInfo("Asia/Shanghai")


def actor_of(request: Request) -> Actor:
    """Return who asks; the guard lets nobody without a session come this far."""
    actor: Actor = request.state.actor
    return actor


def language_of(request: Request) -> str:
    """Return the language in which this request is answered."""
    return choose_language(request.cookies.get(COOKIE), request.headers.get("accept-language"))


def translate(request: Request, message: str, **facts: object) -> str:
    """Return a message in the language of the request, its facts filled in."""
    text = load_translations(language_of(request)).gettext(message)
    return text % facts if facts else text


def say_in(request: Request) -> Say:
    """Return `translate` for one request."""
    return partial(translate, request)


def address(path: str, query: Mapping[str, object]) -> str:
    """Return path and query; empty values drop out, so that an address says only what was chosen."""
    chosen = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Answer with a page in the reader's language."""
    actor: Actor | None = getattr(request.state, "actor", None)
    language = language_of(request)
    base: dict[str, Any] = {
        "actor": actor,
        "language": language,
        "language_links": _list_languages(request),
        "zone": ZONE.key,
        "role_words": ROLES,
        "menu": list_menu(actor, context.get("here", "")),
        "here": "",
        "search": next((each for each in SEARCHES if allows(actor, each[1])), None),
        "search_text": "",
        "attention": None,
        "reminders": getattr(request.state, "reminders", None),
    }
    now = datetime.now(UTC)
    text = _environment(language).get_template(template, globals={"now": now}).render(base | context)
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def _list_languages(request: Request) -> list[dict[str, str]]:
    back = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        back = f"{back}?{request.url.query}"
    return [
        {"language": each, "name": LANGUAGE_NAMES[each], "href": address(f"/language/{each}", {"back": back})}
        for each in LANGUAGES
    ]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("central.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.install_gettext_translations(load_translations(language), newstyle=True)  # type: ignore[attr-defined]
    locale = find_locale(language)

    def ago(moment: datetime) -> str:
        return moments.say_ago(moment, datetime.now(UTC), language)

    def figure(value: int | None) -> str:
        return "—" if value is None else format_decimal(value, locale=locale)

    def span(moment: datetime) -> str:
        return moments.say_span(moment - datetime.now(UTC), language)

    environment.filters.update(
        ago=ago,
        span=span,
        past=lambda moment: moment <= datetime.now(UTC),
        exact=lambda moment: moments.say_exactly(moment, ZONE),
        instant=moments.say_instant,
        figure=figure,
        marked=mark_text,
    )
    return environment


def mark_text(text: str, sought: str) -> Markup:
    """Return the text with the sought part marked, as far as it stands there literally."""
    at = text.casefold().find(sought.casefold()) if sought else -1
    if at < 0:
        return escape(text)
    end = at + len(sought)
    return Markup("{}<mark>{}</mark>{}").format(text[:at], text[at:end], text[end:])
