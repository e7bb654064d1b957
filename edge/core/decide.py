"""The core's one door: an event and a moment in, a new state and effects out. Pure; no clock, lock, disk or chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.core.answers import Step
from edge.core.commands import take_command
from edge.core.confirmations import confirm_at_screen
from edge.core.deadlines import pass_deadline
from edge.core.devices import apply_feed, change_clock, change_device, change_link, change_overload, change_store
from edge.core.effects import Effect
from edge.core.events import (
    ActAnswered,
    BadgeTyped,
    ClockChanged,
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
    OperationAsked,
    OutcomeRead,
    OverloadChanged,
    PinChecked,
    PrintResumed,
    PrintSettled,
    PromptConfirmed,
    PromptDismissed,
    ReprintAsked,
    RequestMoved,
    RequestWithdrawn,
    RingEventsRead,
    RingHistoryRead,
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
from edge.core.operations import answer_act, ask_operation
from edge.core.printing import reprint_label, resume_printing, settle_print
from edge.core.requests import dismiss_prompt, move_wish, promote_queue, withdraw_wish
from edge.core.scans import read_code
from edge.core.sessions import prove_person, sign_off_at_screen
from edge.core.shelves import change_controller, take_detail, take_ring_events, take_ring_history, take_snapshot
from edge.core.startup import start_gateway
from edge.core.state import State
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


def withdraw_request(state: State, event: RequestWithdrawn, _now: Now) -> Step:
    """Take a waiting request out of its queue."""
    return withdraw_wish(state, event.queue_id), []


def move_request(state: State, event: RequestMoved, _now: Now) -> Step:
    """Put a waiting request to another place of its queue."""
    return move_wish(state, event.queue_id, event.place), []


def turn_down_prompt(state: State, event: PromptDismissed, _now: Now) -> Step:
    """Take a prompt off the screen."""
    return dismiss_prompt(state, event.prompt_id), []


HANDLERS: dict[type, Handler] = {
    ActAnswered: answer_act,
    BadgeTyped: read_code,
    ClockChanged: change_clock,
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
    OperationAsked: ask_operation,
    OutcomeRead: read_outcome,
    OverloadChanged: change_overload,
    PinChecked: prove_person,
    PrintResumed: resume_printing,
    PrintSettled: settle_print,
    PromptConfirmed: confirm_at_screen,
    PromptDismissed: turn_down_prompt,
    ReprintAsked: reprint_label,
    RequestMoved: move_request,
    RequestWithdrawn: withdraw_request,
    RingEventsRead: take_ring_events,
    RingHistoryRead: take_ring_history,
    SelectAnswered: answer_select,
    SessionEnded: sign_off_at_screen,
    SnapshotArrived: take_snapshot,
    StopPressed: press_stop,
    StopReadBack: read_stop_back,
    StoreChanged: change_store,
    UndoAsked: undo_act,
    WireFailed: fail_wire,
}
