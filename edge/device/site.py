"""The device page's web application: the routes of one table, each behind its need. Nothing is served beside them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import structlog
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from edge.device import acts, pages
from edge.device.accounts import Accounts
from edge.device.entrance import Entrance
from edge.device.guard import Guard
from edge.device.house import House
from edge.device.lockout import Lockout
from edge.device.log_ins import LogIns
from edge.device.needs import ROUTES, RouteDef
from edge.device.rendering import Renderer
from edge.device.streaming import Streams
from edge.device.troubles import BadRequestError, NotFoundError
from edge.device.visits import LANGUAGE_COOKIE, LOG_IN_COOKIE, Visit
from edge.store.database import StoreUnavailableError

log = structlog.get_logger(__name__)

HANDLERS_AT_ONCE = 12  # a replay or a label takes one for seconds
FIELDS_MOST = 8

Handler = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]


class DeviceSite:
    """Admits requests to handlers."""

    def __init__(self, house: House, accounts: Accounts, mono_ms: Callable[[], int]) -> None:
        self._house = house
        self._renderer = Renderer(house.zone, house.room.name)
        self._accounts = accounts
        self.log_ins = LogIns(mono_ms)
        self.streams = Streams(self.log_ins)
        self._entrance = Entrance(accounts, Lockout(mono_ms), self.log_ins)
        self._limiter: anyio.CapacityLimiter | None = None

    def find_handler(self, name: str) -> Handler:
        """Find the handler that a route names; a route without one is a mistake at start."""
        for place in (self._entrance, self.streams, pages, acts):
            handler: Handler | None = getattr(place, name, None)
            if handler is not None:
                return handler
        raise AttributeError(name)

    def bind(self, route: RouteDef) -> Callable[[Request], Awaitable[Response]]:
        """Put a handler behind what its route needs."""
        handler = self.find_handler(route.name)

        async def endpoint(request: Request) -> Response:
            visit = await self._receive(request, route)
            if route.need != "open" and (visit.log_in is None or not self._accounts.knows(visit.name)):
                return visit.go("/login")
            if route.method == "POST" and route.need != "open" and not visit.is_ours():
                return visit.page("trouble.html", 403, trouble="csrf")
            return await self._answer(handler, visit)

        endpoint.__doc__ = route.words
        return endpoint

    async def _receive(self, request: Request, route: RouteDef) -> Visit:
        form: dict[str, str] = {}
        if route.method == "POST":
            async with request.form(max_files=0, max_fields=FIELDS_MOST) as sent:
                form = {key: value for key, value in sent.items() if isinstance(value, str)}
        token = request.cookies.get(LOG_IN_COOKIE, "")
        words = self._renderer.words(request.cookies.get(LANGUAGE_COOKIE))
        log_in = self.log_ins.find(token) if token else None
        return Visit(request, self._house, self._renderer, words, log_in, form)

    async def _answer(self, handler: Handler, visit: Visit) -> Response:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(HANDLERS_AT_ONCE)
        try:
            if inspect.iscoroutinefunction(handler):
                answer: Response = await handler(visit)
                return answer
            made: Any = await run_sync(handler, visit, limiter=self._limiter)
        except NotFoundError:
            return visit.page("trouble.html", 404, trouble="unknown")
        except BadRequestError as error:
            log.info("device_field_refused", field=str(error), path=visit.request.url.path[:80])
            return visit.page("trouble.html", 400, trouble="field")
        except StoreUnavailableError as error:
            log.warning("device_page_without_disk", condition=error.condition)
            return visit.page("trouble.html", 503, trouble="disk")
        return made  # type: ignore[no-any-return]


def create_device_site(house: House, accounts: Accounts, names: tuple[str, ...], mono_ms: Callable[[], int]) -> FastAPI:
    """Build the application; every route of the table, and a guard before them."""
    site = DeviceSite(house, accounts, mono_ms)
    app = FastAPI(title="OpenAisle device page", docs_url=None, redoc_url=None, openapi_url=None)
    for route in ROUTES:
        app.add_api_route(route.path, site.bind(route), methods=[route.method], response_model=None, name=route.name)
    app.add_exception_handler(HTTPException, answer_plainly)
    app.add_exception_handler(Exception, answer_failure)
    app.add_middleware(Guard, names=names)
    return app


async def answer_plainly(_request: Request, error: Exception) -> Response:
    """Answer what no route takes without echoing what was asked."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Response(f'{{"refused": "{status}"}}', status_code=status, media_type="application/json")


async def answer_failure(request: Request, error: Exception) -> Response:
    """Answer for a mistake of ours; the log holds it whole, the page nothing of it."""
    log.error("device_page_failed", path=request.url.path[:80], exc_info=error)
    return Response('{"refused": "500"}', status_code=500, media_type="application/json")
