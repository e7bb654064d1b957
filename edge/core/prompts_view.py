"""The one sentence of the upper third: for each bank what is to be looked at and pressed, else what to scan."""

from __future__ import annotations

from typing import Any

from edge.core.answers import tell_place
from edge.core.events import Now
from edge.core.geometry import find_aisle
from edge.core.occupancy import is_open
from edge.core.room import BankSettings
from edge.core.shown import MessageView, PromptView
from edge.core.state import Bank, Prompt, Request, Session, State

# the most urgent first
URGENCY = (
    "stop", "stopping", "moving", "reading", "open", "close_all", "ventilate", "park", "home", "unlock", "waking",
    "info",
)  # fmt: skip


# what is asked before a whole bank moves
CONFIRMATIONS: dict[str, str] = {
    "close_all": "prompt.confirm_close_all",
    "ventilate": "prompt.confirm_ventilate",
    "park": "prompt.confirm_park",
    "home": "prompt.confirm_home",
}


def list_prompts(state: State, now: Now) -> list[PromptView]:
    """List the sentences on show, the most urgent first."""
    prompts = [
        view
        for settings in state.settings.banks
        if (view := show_bank_prompt(state, settings, state.banks[settings.id], now)) is not None
    ]
    prompts += [show_session_prompt(state, session) for session in state.sessions.values()]
    if not prompts:
        prompts.append(say("info", "", "prompt.scan_badge"))
    return sorted(prompts, key=lambda view: URGENCY.index(view["kind"]))


def say(kind: str, bank: str, key: str, **params: Any) -> PromptView:
    """Make a sentence with nothing to press."""
    return PromptView(
        id="",
        kind=kind,
        bank=bank,
        message=MessageView(key=key, params=params),
        opening_aisle=None,
        closing_aisles=[],
        remaining_ms=None,
        confirmable=False,
        points=[],
        box=None,
        place=None,
    )


def show_bank_prompt(state: State, settings: BankSettings, bank: Bank, now: Now) -> PromptView | None:
    """Choose what is said of one bank."""
    if bank.stop is not None:
        if bank.stop.alarm:
            return say("stop", settings.id, "prompt.stop_unconfirmed")
        return say("stopping", settings.id, "prompt.stopping")
    if bank.request is not None:
        return show_request(state, settings, bank.request, now)
    if bank.prompt is not None:
        return show_confirmation(state, settings, bank.prompt, now)
    return None


def show_request(state: State, settings: BankSettings, request: Request, now: Now) -> PromptView:
    """Say what a confirmed act is doing."""
    if request.stage == "reading":
        return say("reading", settings.id, "prompt.reading")
    target = request.wish.target
    closing = list(request.closing)
    view = say("moving", settings.id, "prompt.starting")
    if request.stage == "moving":
        seconds = count_seconds(settings, request, now)
        key = "prompt.closing" if closing else "prompt.opening"
        key = key if target.operation == "open_aisle" else "prompt.closing_all" if closing else "prompt.all_moving"
        params = {"closing": closing, "aisle": target.aisle, "seconds": seconds}
        view = say("moving", settings.id, key, **params)
        view["remaining_ms"] = max(0, request.deadline_mono_ms - now.mono_ms)
    view["opening_aisle"] = target.aisle or None
    view["closing_aisles"] = closing
    add_goods(view, request.wish.target.box_code, request.wish.target.box_title)
    view["place"] = tell_place(state, target.place) if target.place is not None else None
    return view


def count_seconds(settings: BankSettings, request: Request, now: Now) -> int:
    """Count the seconds left of warning and longest travel, never less than one while it moves."""
    end_mono_ms = request.since_mono_ms + settings.warning_ms + settings.travel_ms
    return max(1, -((now.mono_ms - end_mono_ms) // 1000))


def show_confirmation(state: State, settings: BankSettings, prompt: Prompt, now: Now) -> PromptView:
    """Ask for the look and the press."""
    target = prompt.wish.target
    closing = list(prompt.closing)
    awake = prompt.shown_mono_ms != 0
    if not awake:
        view = say("waking", settings.id, "prompt.waking")
    elif target.operation == "unlock":
        key = "prompt.confirm_unlock" if target.aisle else "prompt.confirm_unlock_all"
        view = say("unlock", settings.id, key, aisle=target.aisle)
    elif target.operation != "open_aisle":
        view = say(target.operation, settings.id, CONFIRMATIONS[target.operation], closing=closing)
    elif closing:
        view = say("open", settings.id, "prompt.confirm_close", closing=closing, aisle=target.aisle)
    else:
        view = say("open", settings.id, "prompt.confirm_open", aisle=target.aisle)
    view["id"] = prompt.wish.id if awake else ""
    view["opening_aisle"] = target.aisle or None
    view["closing_aisles"] = closing
    view["remaining_ms"] = max(0, prompt.wish.expires_mono_ms - now.mono_ms)
    view["confirmable"] = awake
    view["points"] = [{"id": point.id, "kind": point.kind, "name": point.name} for point in settings.points]
    add_goods(view, target.box_code, target.box_title)
    view["place"] = tell_place(state, target.place) if target.place is not None else None
    return view


def add_goods(view: PromptView, code: str | None, title: str) -> None:
    """Name the box the act is for."""
    view["box"] = {"code": code, "title": title} if code is not None else None


def show_session_prompt(state: State, session: Session) -> PromptView:
    """Tell a person what to scan next."""
    if not session.proven:
        return say("info", "", "prompt.enter_pin", name=session.staff_name)
    if session.place is not None:
        view = say("info", "", "prompt.put", place=tell_place(state, session.place))
        view["place"] = tell_place(state, session.place)
        return view
    wanted = session.wanted
    if wanted is not None and wanted.place is not None and wanted.place.bank in state.banks:
        aisle = find_aisle(wanted.place.column, wanted.place.face)
        if is_open(state.banks[wanted.place.bank], aisle):
            place = tell_place(state, wanted.place)
            view = say("info", "", "prompt.take", aisle=aisle, place=place)
            view["place"] = place
            add_goods(view, wanted.code, wanted.title)
            return view
    return say("info", "", "prompt.scan_box")
