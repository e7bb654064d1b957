"""Errors as people and programs read them: application/problem+json in words, or the page that the web part set."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response

from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.wording import word_refusal
from central.store.gate import GateBusyError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT = 50
BUSY_RETRY_S = 2
REASONS = {404: Reason.NOT_FOUND, 405: Reason.METHOD, 413: Reason.TOO_LARGE, 403: Reason.NOT_ALLOWED}

Translate = Callable[[str, str], str]


class Problem(BaseModel):
    """An error after RFC 9457: what happened, what is safe, what to do next."""

    type: str
    title: str
    status: int
    reason: Reason
    detail: str
    safe: str
    next: str
    errors: list[str]
    request_id: str


def choose_language(accept: str | None) -> str:
    """Return zh-CN or en by an Accept-Language header; Chinese where it says neither."""
    for part in (accept or "").split(","):
        wanted = part.split(";")[0].strip().lower()
        if wanted.startswith("en"):
            return "en"
        if wanted.startswith("zh"):
            break
    return "zh-CN"


def describe_refusal(refusal: Refusal, language: str, translate: Translate, request_id: str) -> Problem:
    """Return a refusal in words of a language."""
    wording = word_refusal(refusal.reason)
    facts = {"request_id": request_id} | refusal.facts
    return Problem(
        type=f"urn:openaisle:problem:{refusal.reason.value}",
        title=translate(language, wording.title).format_map(facts),
        status=wording.status,
        reason=refusal.reason,
        detail=translate(language, wording.happened).format_map(facts),
        safe=translate(language, wording.safe).format_map(facts),
        next=translate(language, wording.next).format_map(facts),
        errors=list(refusal.details[:DETAIL_LIMIT]),
        request_id=request_id,
    )


def answer_refusal(request: Request, refusal: Refusal) -> Response:
    """Return the answer to a refused request: a page for people who asked for one, else a problem document."""
    state = request.app.state
    state.metrics.count("openaisle_central_refusals_total", refusal.reason.value)
    wants_page = _wants_page(request)
    if wants_page and refusal.reason is Reason.NOT_LOGGED_IN and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(target, safe='')}", status_code=303)
    if wants_page and refusal.reason is Reason.PASSWORD_DUE and request.method == "GET":
        return RedirectResponse("/me/password", status_code=303)
    page = getattr(state, "refusal_page", None)
    if wants_page and page is not None:
        response: Response = page(request, refusal)
    else:
        language = choose_language(request.headers.get("Accept-Language"))
        problem = describe_refusal(refusal, language, state.translate, find_request_id(request))
        response = JSONResponse(
            problem.model_dump(mode="json"),
            problem.status,
            headers={"Content-Language": language, "Cache-Control": "no-store"},
            media_type=MEDIA_TYPE,
        )
    if refusal.reason is Reason.LOCKED_OUT:
        response.headers["Retry-After"] = str(refusal.facts.get("seconds", BUSY_RETRY_S))
    elif refusal.reason is Reason.BUSY:
        response.headers["Retry-After"] = str(BUSY_RETRY_S)
    elif refusal.reason is Reason.NOT_LOGGED_IN:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def find_request_id(request: Request) -> str:
    """Return the id under which this request is logged."""
    return str(request.scope.get("openaisle_request_id", ""))


def handle_errors(app: FastAPI) -> None:
    """Turn every exception that can leave an endpoint into an answer."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(GateBusyError, _on_busy)
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(IntegrityError, _on_database)
    app.add_exception_handler(Exception, _on_trouble)


def document_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of these error statuses, for a route's `responses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    documented: dict[int | str, dict[str, Any]] = {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in {*statuses, 422, 503}
    }
    return documented


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("Accept", "") and not request.url.path.startswith("/api/")


def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return answer_refusal(request, error)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    rows = tuple(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
    return answer_refusal(request, Refusal(Reason.INVALID, details=rows))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = REASONS.get(error.status_code, Reason.INVALID)
    response = answer_refusal(request, NotFound() if reason is Reason.NOT_FOUND else Refusal(reason))
    if error.headers and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _on_gone(request: Request, _error: Exception) -> Response:
    """Somebody cut the connection in the middle of a body: no failure of ours, and nobody reads the answer."""
    return answer_refusal(request, Refusal(Reason.INVALID, details=("body: cut off",)))


def _on_busy(request: Request, _error: Exception) -> Response:
    return answer_refusal(request, Refusal(Reason.BUSY))


def _on_database(request: Request, error: Exception) -> Response:
    """A locked or absent database, or two who did the same at once, is no fault of the request: it may come again."""
    log.warning("database_unavailable", error=str(getattr(error, "orig", error)))
    return answer_refusal(request, Refusal(Reason.BUSY))


def _on_trouble(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    request.app.state.metrics.count("openaisle_central_failures_total")
    return answer_refusal(request, Refusal(Reason.TROUBLE))
