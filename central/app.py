"""Puts the centre together: database, services' tools, link, API, pages. The one place where parts are chosen."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi_offline import FastAPIOffline
from starlette.datastructures import State

from central.api import (
    approvals,
    audit,
    boxes,
    calendars,
    callbacks,
    cases,
    customer_imports,
    documents,
    dossiers,
    gateways,
    health,
    marketing,
    papers,
    people,
    reminders,
    roles,
    rooms,
    rules,
    scans,
    sessions,
    tasks,
    templates,
    units,
)
from central.api.guard import guard_request
from central.api.middleware import RequestFrame
from central.api.problems import Problem, handle_errors
from central.api.server_log import ServerLog
from central.domain.permissions import Action, find_need, needs
from central.jobs import link as link_job
from central.jobs.acts import Acts
from central.jobs.audit_chain import AuditChain
from central.jobs.calendars import CalendarRecount
from central.jobs.callbacks import CallbackSender, read_keys
from central.jobs.contents import ContentWatch
from central.jobs.customer_imports import CustomerImports
from central.jobs.deliveries import Courier
from central.jobs.live_board import LiveBoard
from central.jobs.readings import read_metrics
from central.jobs.scans import ScanWatch
from central.jobs.sweep import Sweeper
from central.jobs.uploads import UploadDesk
from central.metrics import Metrics
from central.settings import CentralSettings, LogSettings
from central.store.base import open_engine
from central.store.contents import ContentStore
from central.store.migrate import newest_revision, read_revision
from central.store.passwords import SecretHasher
from central.store.tx import Transactions
from central.web.language import load_translations
from central.web.pages import furnish_pages, mount_pages

log = structlog.get_logger(__name__)

API_ROUTERS = (
    sessions.router,
    rooms.router,
    boxes.router,
    dossiers.router,
    customer_imports.router,
    gateways.router,
    people.router,
    roles.router,
    units.router,
    approvals.router,
    audit.router,
    tasks.router,
    documents.router,
    papers.router,
    scans.router,
    marketing.router,
    callbacks.router,
    cases.router,
    templates.router,
    calendars.router,
    rules.router,
    reminders.router,
    health.router,
)
DOCS_PATHS = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc"})
#: Routes that no guard sees: the description of the interface, and files that anyone may have.
OPEN_PATHS = frozenset({"/openapi.json", "/static-offline-docs", "/static", "/ui"})


class SchemaBehindError(Exception):
    """The database is not at the revision that this code was written for."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a centre is made of; tests hand in their own clock and link."""

    settings: CentralSettings
    tx: Transactions
    link: link_job.CentralLink | None
    metrics: Metrics
    hasher: SecretHasher
    read_clock: Callable[[], datetime]


def read_clock() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


def make_hasher(settings: CentralSettings) -> SecretHasher:
    """Return the hasher of the set cost."""
    return SecretHasher(time_cost=settings.password.time_cost, memory_kib=settings.password.memory_kib)


def open_store(settings: CentralSettings) -> Transactions:
    """Open the database; refuse one at another revision."""
    engine = open_engine(settings.database.url, pool_size=settings.database.connections)
    found, wanted = read_revision(engine), newest_revision()
    if found != wanted:
        engine.dispose()
        raise SchemaBehindError(f"the database is at revision {found}, this code needs {wanted}: run `migrate` first")
    return Transactions(engine, pool_size=settings.database.connections)


def build_app(settings: CentralSettings) -> FastAPI:
    """Open everything that the settings name and return the application; its lifespan starts and stops the link."""
    tx = open_store(settings)
    link = link_job.CentralLink(settings.mqtt, tx) if settings.mqtt.enabled else None
    return compose_app(Parts(settings, tx, link, Metrics(), make_hasher(settings), read_clock))


def compose_app(parts: Parts) -> FastAPI:
    """Return the application made of these parts."""
    app = build_routes()
    furnish_app(app, parts)
    return app


def build_routes() -> FastAPI:
    """Return an application of doors alone: every route, checked, and nothing behind it yet."""
    app = FastAPIOffline(
        title="OpenAisle centre",
        version="1",
        description="Rooms, boxes, gateways and people of the archive. Errors are problem documents in words.",
        lifespan=_run_link,
        dependencies=[Depends(guard_request)],
    )
    app.add_middleware(RequestFrame)
    handle_errors(app)
    for router in API_ROUTERS:
        app.include_router(router)
    mount_pages(app)
    _describe_problems(app)
    _check_routes(app)
    return app


def furnish_app(app: FastAPI, parts: Parts) -> None:
    """Put these parts behind the doors; what stood there before is forgotten."""
    state = app.state = State()
    state.settings, state.tx, state.link, state.metrics = parts.settings, parts.tx, parts.link, parts.metrics
    state.hasher, state.read_clock = parts.hasher, parts.read_clock
    state.session_times = parts.settings.session.to_times()
    state.translate = _translate
    state.live = parts.link.state_board if parts.link is not None else LiveBoard(parts.read_clock)
    state.audit_chain = AuditChain(parts.tx, parts.metrics, parts.read_clock, parts.settings.audit.head_file)
    state.marketing_keys = read_keys(parts.settings.marketing)
    state.callbacks = CallbackSender(parts.tx, parts.settings.marketing, state.marketing_keys, parts.read_clock)
    state.sweeper = Sweeper(parts.tx, parts.settings.messages, parts.metrics, parts.read_clock)
    state.courier = Courier(parts.tx, parts.settings.messages, _translate, parts.read_clock)
    state.calendar_recount = CalendarRecount(parts.tx, parts.read_clock)
    state.customer_imports = CustomerImports(parts.tx, parts.read_clock)
    state.acts = Acts(parts.tx, parts.link, parts.read_clock)
    contents = parts.settings.contents
    state.body_limit_bytes = parts.settings.http.body_limit_kib * 1024
    state.upload_limit_bytes = contents.upload_limit_mib * 1024 * 1024
    state.contents = ContentStore(contents.dir, state.upload_limit_bytes)
    state.uploads = UploadDesk(parts.tx, state.contents, contents, parts.read_clock)
    state.scan_watch = ScanWatch(parts.tx, state.uploads, contents.scan_dir, parts.read_clock)
    state.content_watch = ContentWatch(parts.tx, state.contents, contents, parts.read_clock, parts.metrics)
    furnish_pages(state)
    parts.tx.observe_hold(lambda held_s: parts.metrics.observe("openaisle_central_write_held_seconds", held_s))
    parts.metrics.compute(lambda: read_metrics(parts.tx, parts.link, parts.read_clock()))


def set_up_logging(settings: LogSettings) -> None:
    """Log to standard error: JSON unless a person is looking at it."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    json = settings.form == "json" or (settings.form == "auto" and not sys.stderr.isatty())
    # Plain tracebacks: the fancy ones print local variables, and some of those are passwords.
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@asynccontextmanager
async def _run_link(app: FastAPI) -> AsyncIterator[None]:
    link = app.state.link
    if link is not None:
        link.start()
    app.state.audit_chain.start()
    app.state.callbacks.start()
    app.state.customer_imports.start()
    app.state.calendar_recount.start()
    app.state.content_watch.start()
    app.state.scan_watch.start()
    app.state.sweeper.start()
    app.state.courier.start()
    server_log = ServerLog(app.state.metrics)
    logging.getLogger("uvicorn.error").addHandler(server_log)
    log.info("centre_started", link=link is not None)
    try:
        yield
    finally:
        if link is not None:
            link.close()
        app.state.courier.close()
        app.state.sweeper.close()
        app.state.scan_watch.close()
        app.state.content_watch.close()
        app.state.customer_imports.close()
        app.state.callbacks.close()
        app.state.calendar_recount.close()
        app.state.audit_chain.close()
        app.state.tx.engine.dispose()
        logging.getLogger("uvicorn.error").removeHandler(server_log)
        log.info("centre_stopped")


def _translate(language: str, message: str) -> str:
    return load_translations(language).gettext(message)


def _describe_problems(app: FastAPI) -> None:
    """Put the schema of problem documents into the interface description, where every route refers to it."""
    describe = app.openapi

    def describe_with_problems() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas |= problem.pop("$defs", {}) | {"Problem": problem}
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe_with_problems  # type: ignore[method-assign]


def _check_routes(app: FastAPI) -> None:
    """Refuse to start with an endpoint that doesn't say what it needs."""
    for route in iter_route_contexts(app.routes):
        if route.path in DOCS_PATHS and route.endpoint is not None:
            needs(Action.PUBLIC)(route.endpoint)
        elif route.path not in OPEN_PATHS and find_need(route.endpoint) is None:
            raise RuntimeError(f"the endpoint of {route.path} doesn't say what it needs: add @needs(...)")
