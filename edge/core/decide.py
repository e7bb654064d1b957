"""The core's one door: an event and a moment in, a new state and effects out. Pure; no clock, lock, disk or chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.core.answers import Step, give_answer
from edge.core.commands import take_command
from edge.core.confirmations import confirm_at_screen
from edge.core.deadlines import pass_deadline
from edge.core.devices import apply_feed, change_clock, change_device, change_link, change_overload, change_store
from edge.core.effects import Effect, Sound
from edge.core.events import (
    BadgeTyped,
    ClockChanged,
    CloseAllAsked,
    CodeRead,
    CodeTyped,
    CommandArrived,
    ControllerChanged,
    DeadlinePassed,
    DetailArrived,
    DeviceChanged,
    Event,
    FeedApplied,
    GatewayStarted,
    LinkChanged,
    Now,
    OperateAnswered,
    OutcomeRead,
    OverloadChanged,
    PinChecked,
    PrintResumed,
    PrintSettled,
    PromptConfirmed,
    PromptDismissed,
    ReprintAsked,
    RequestWithdrawn,
    RingEventsRead,
    SelectAnswered,
    SessionEnded,
    SnapshotArrived,
    StopPressed,
    StopReadBack,
    StoreChanged,
    UndoAsked,
    WireFailed,
)
from edge.core.motion import answer_operate, answer_select, fail_wire, read_outcome
from edge.core.printing import reprint_label, resume_printing, settle_print
from edge.core.requests import REQUEST_MS, ask_aisle, dismiss_prompt, promote_queue, withdraw_wish
from edge.core.room import find_station
from edge.core.scans import read_code
from edge.core.sessions import prove_person, sign_off_at_screen
from edge.core.shelves import change_controller, take_detail, take_ring_events, take_snapshot
from edge.core.startup import start_gateway
from edge.core.state import State, Target, Wish
from edge.core.stops import press_stop, read_stop_back
from edge.core.undo import undo_act

Handler = Callable[[State, Any, Now], Step]


def decide(state: State, event: Event, now: Now) -> tuple[State, list[Effect]]:
    """Decide what an event means at this moment."""
    bank_id = getattr(event, "bank", None)
    if bank_id is not None and bank_id not in state.banks and not isinstance(event, StopPressed):
        return state, []  # a bank that the settings do not name; a STOP for it stops every bank
    state, effects = HANDLERS[type(event)](state, event, now)
    for each, bank in state.banks.items():
        if bank.queue:
            state, more = promote_queue(state, each, now)
            effects = effects + more
    return state, effects


def ask_close_all(state: State, event: CloseAllAsked, now: Now) -> Step:
    """Propose to gather the free width; it closes an aisle too and needs its press."""
    if event.afar:
        return give_answer(state, now, event.point_id, "no", "refused.afar")
    if event.fresh is None:
        return state, []
    station = find_station(state.settings, event.point_id)
    session = state.sessions.get(station)
    wish = Wish(
        id=event.fresh.ids[1],
        bank=event.bank,
        target=Target("close_all", 0),
        origin="kiosk",
        station=station,
        staff_code=session.staff_code if session else None,
        asked_mono_ms=now.mono_ms,
        expires_mono_ms=now.mono_ms + REQUEST_MS,
    )
    state, effects, asked = ask_aisle(state, wish, now, event.readings)
    if asked.result == "prompted":
        return state, effects
    sound: Sound = "look" if asked.result == "queued" else "no"
    state, told = give_answer(state, now, event.point_id, sound, asked.key, **(asked.params or {}))
    return state, effects + told


def withdraw_request(state: State, event: RequestWithdrawn, _now: Now) -> Step:
    """Take a waiting request out of its queue."""
    return withdraw_wish(state, event.queue_id), []


def turn_down_prompt(state: State, event: PromptDismissed, _now: Now) -> Step:
    """Take a prompt off the screen."""
    return dismiss_prompt(state, event.prompt_id), []


HANDLERS: dict[type, Handler] = {
    BadgeTyped: read_code,
    ClockChanged: change_clock,
    CloseAllAsked: ask_close_all,
    CodeRead: read_code,
    CodeTyped: read_code,
    CommandArrived: take_command,
    ControllerChanged: change_controller,
    DeadlinePassed: pass_deadline,
    DetailArrived: take_detail,
    DeviceChanged: change_device,
    FeedApplied: apply_feed,
    GatewayStarted: start_gateway,
    LinkChanged: change_link,
    OperateAnswered: answer_operate,
    OutcomeRead: read_outcome,
    OverloadChanged: change_overload,
    PinChecked: prove_person,
    PrintResumed: resume_printing,
    PrintSettled: settle_print,
    PromptConfirmed: confirm_at_screen,
    PromptDismissed: turn_down_prompt,
    ReprintAsked: reprint_label,
    RequestWithdrawn: withdraw_request,
    RingEventsRead: take_ring_events,
    SelectAnswered: answer_select,
    SessionEnded: sign_off_at_screen,
    SnapshotArrived: take_snapshot,
    StopPressed: press_stop,
    StopReadBack: read_stop_back,
    StoreChanged: change_store,
    UndoAsked: undo_act,
    WireFailed: fail_wire,
}
