"""Hangs all pages into the application: routers, static files, the page of refusals, the reader of the live board."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.datastructures import State
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from central.web import (
    acts,
    approvals,
    audit,
    boxes,
    calendars,
    callbacks,
    case_page,
    cases,
    channels,
    customer_imports,
    deliveries,
    documents,
    dossier_merges,
    dossiers,
    gateways,
    home,
    login,
    me,
    organisation,
    page_order,
    papers,
    people,
    person,
    person_roles,
    reminder_lists,
    reminders,
    rooms,
    rules,
    scans,
    tasks,
    template_changes,
    template_editor,
    template_founding,
    template_pages,
    uploads,
)
from central.web.live import Fan
from central.web.reminders import load_reminders, make_fan
from central.web.troubles import show_trouble

ROUTERS = (
    login.router,
    home.router,
    rooms.router,
    boxes.router,
    acts.router,
    dossiers.router,
    dossier_merges.router,
    customer_imports.router,
    approvals.router,
    approvals.files,
    gateways.router,
    people.router,
    person.router,
    person_roles.router,
    organisation.router,
    audit.router,
    cases.router,
    case_page.router,
    # Before the versions: /templates/new is the id of none.
    template_founding.router,
    template_changes.router,
    template_editor.router,
    template_pages.router,
    calendars.router,
    rules.router,
    tasks.router,
    documents.router,
    uploads.router,
    papers.router,
    page_order.router,
    scans.router,
    scans.files,
    me.router,
    reminders.router,
    # After the stream: /reminders/live is none of the six.
    reminder_lists.router,
    channels.router,
    deliveries.router,
    callbacks.router,
)


class Assets(StaticFiles):
    """Files of ours; browsers ask each time whether they changed, so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file, and how long it may be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def furnish_pages(state: State) -> None:
    """Put beside the parts in this state what the pages of all readers share."""
    state.fan = Fan(state.live)
    state.reminder_fan = make_fan(state.tx)
    state.refusal_page = show_trouble


def mount_pages(app: FastAPI) -> None:
    """Add the pages to an application."""
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False, dependencies=[Depends(load_reminders)])
    app.mount("/static", Assets(directory=Path(str(resources.files("central.web"))) / "static"), name="static")
    app.mount("/ui", Assets(directory=Path(str(resources.files("ui")))), name="ui")
