"""For machines that watch: is the centre alive, and its metrics."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from central.domain.permissions import Action, needs

router = APIRouter(tags=["watching"])

Up = Literal["ok", "down", "off"]


class HealthOut(BaseModel):
    """`state` is down when the database is; a broker that is away is told but lets the centre live."""

    state: Up
    database: Up
    link: Up


@router.get("/health", response_model=HealthOut, responses={503: {"model": HealthOut}})
@needs(Action.PUBLIC)
def show_health(request: Request, response: Response) -> HealthOut:
    """Say whether the centre can do its work."""
    state = request.app.state
    database: Up = "ok"
    try:
        with state.tx.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        database = "down"
        response.status_code = 503
    link: Up = "off" if state.link is None else "ok" if state.link.status()["connected"] else "down"
    return HealthOut(state=database, database=database, link=link)


@router.get("/metrics", response_class=PlainTextResponse)
@needs(Action.PUBLIC)
def show_metrics(request: Request) -> Response:
    """Give the metrics in Prometheus' text form."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
