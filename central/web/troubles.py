"""The page of a refused or failed request: what happened, what is safe, what to do. The sentences are the domain's."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from central.domain.refusals import Refusal
from central.domain.wording import word_refusal
from central.web.render import render, translate


def put_into_words(request: Request, refusal: Refusal) -> dict[str, str]:
    """Return title, happened, safe and next of a refusal, in the reader's language."""
    wording = word_refusal(refusal.reason)
    facts = {"request_id": request.scope.get("openaisle_request_id", "—")} | refusal.facts
    texts = {
        "title": wording.title,
        "happened": wording.happened,
        "safe": wording.safe,
        "next": wording.next,
    }
    return {name: translate(request, text).format_map(facts) for name, text in texts.items()}


def show_trouble(request: Request, refusal: Refusal) -> HTMLResponse:
    """Answer a request with the page that says what to do; the way back leads to the page before, if it was ours."""
    host = f"{request.url.scheme}://{request.url.netloc}/"
    referer = request.headers.get("referer", "")
    return render(
        request,
        "trouble.html",
        status=word_refusal(refusal.reason).status,
        problem=put_into_words(request, refusal),
        details=refusal.details,
        back=referer if referer.startswith(host) else "/",
    )
