"""The kiosk's web application: page, stream, presses as JSON or as plain forms, metrics and health."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from edge.kiosk.desk import Desk
from edge.kiosk.guard import Guard
from edge.kiosk.presses import press_routes
from edge.kiosk.rendering import Renderer
from edge.kiosk.streaming import Streams

log = structlog.get_logger(__name__)

LANGUAGE_COOKIE = "openaisle_language"
BankName = Annotated[str, Query(max_length=32)]
Health = Callable[[], tuple[bool, dict[str, Any]]]


def create_site(
    desk: Desk, renderer: Renderer, registry: CollectorRegistry, health: Health, refusals: Counter | None = None
) -> FastAPI:
    """Build the application of one kiosk."""
    app = FastAPI(title="OpenAisle kiosk", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(page_routes(desk, renderer))
    app.include_router(live_routes(desk, renderer))
    app.include_router(press_routes(desk))
    app.include_router(ops_routes(registry, health))
    app.mount("/ui", StaticFiles(directory=str(files("ui"))), name="ui")
    app.mount("/kiosk", StaticFiles(directory=str(files("edge.kiosk").joinpath("static"))), name="kiosk")
    app.add_exception_handler(RequestValidationError, functools.partial(answer_invalid, refusals))
    app.add_middleware(Guard, refusals=refusals)
    return app


def page_routes(desk: Desk, renderer: Renderer) -> APIRouter:
    """Routes a person's browser opens."""
    routes = APIRouter()

    def show_view(request: Request, template: str, bank: str) -> HTMLResponse:
        view = desk.board.latest()[1]
        language = request.cookies.get(LANGUAGE_COOKIE)
        if view is None:
            return HTMLResponse(renderer.render_plain("starting.html", language), status_code=503)
        return HTMLResponse(renderer.render_page(view, language, template, bank))

    @routes.get("/", response_class=HTMLResponse)
    def show_page(request: Request, bank: BankName = "") -> HTMLResponse:
        """The kiosk: prompt, plan, last acts, queue and people, alive by its stream."""
        return show_view(request, "kiosk.html", bank)

    @routes.get("/operations", response_class=HTMLResponse)
    def show_operations(request: Request, bank: BankName = "") -> HTMLResponse:
        """What can be asked of a bank, as a page of its own for a browser without script."""
        return show_view(request, "operations.html", bank)

    @routes.get("/queue", response_class=HTMLResponse)
    def show_queue(request: Request) -> HTMLResponse:
        """All that waits, as a page of its own for a browser without script."""
        return show_view(request, "queue.html", "")

    @routes.get("/keypad", response_class=HTMLResponse)
    def show_keypad(request: Request) -> HTMLResponse:
        """The keypad as a page of its own for a browser without script."""
        return HTMLResponse(
            renderer.render_plain(
                "keypad.html", request.cookies.get(LANGUAGE_COOKIE), pin_asked=desk.awaited_staff() is not None
            )
        )

    @routes.post("/language")
    def choose(language: Annotated[str, Form(max_length=8)]) -> RedirectResponse:
        """Remember the language in this browser."""
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(LANGUAGE_COOKIE, renderer.wording(language).language, httponly=True, samesite="strict")
        return answer

    return routes


def live_routes(desk: Desk, renderer: Renderer) -> APIRouter:
    """Routes that follow the view."""
    routes = APIRouter()
    streams = Streams(desk.board, renderer)

    @routes.get("/stream", response_class=EventSourceResponse, dependencies=[Depends(streams.admit)])
    async def follow(request: Request) -> AsyncIterator[ServerSentEvent]:
        """The page's one event stream."""
        async for event in streams.follow(request.cookies.get(LANGUAGE_COOKIE) or renderer.default_language):
            yield event

    @routes.get("/api/view")
    def read_view() -> dict[str, Any]:
        """The newest view as JSON, for tools on this machine."""
        number, view = desk.board.latest()
        return {"number": number, "point_id": desk.point_id, "view": view}

    return routes


def ops_routes(registry: CollectorRegistry, health: Health) -> APIRouter:
    """Routes of technicians' tools."""
    routes = APIRouter()

    @routes.get("/metrics")
    def read_metrics() -> Response:
        """All metrics in Prometheus' text form."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/health")
    def read_health() -> JSONResponse:
        """Whether the gateway can do its work, and what is the matter."""
        good, detail = health()
        return JSONResponse(detail, status_code=200 if good else 503)

    return routes


def answer_invalid(refusals: Counter | None, request: Request, error: Exception) -> JSONResponse:
    """Name the fields that are wrong, without echoing what was sent."""
    log.warning("kiosk_request_invalid", path=request.url.path[:80])
    if refusals is not None:
        refusals.labels(reason="invalid").inc()
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    fields = sorted({str(problem["loc"][-1]) for problem in problems})
    return JSONResponse({"refused": "invalid", "fields": fields}, status_code=422)
