"""What is shown once and kept nowhere: a one-time password."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from central.domain.wording import N_
from central.web.render import render, say_in


def show_one_time(request: Request, person_id: str, *, name: str, login: str, password: str) -> HTMLResponse:
    """Show a one-time password, this once."""
    say = say_in(request)
    return render(
        request,
        "secret.html",
        here="people",
        title=say(N_("One-time password of %(name)s"), name=name),
        lead=say(N_("Good for three days; at the first log-in they choose their own.")),
        name=name,
        back=f"/people/{person_id}",
        facts=[(say(N_("Log-in name")), login), (say(N_("One-time password")), password)],
    )
