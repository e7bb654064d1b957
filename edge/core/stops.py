"""STOP, its read-back, and the alarm when standstill is not confirmed in time.

A STOP may always leave, whatever the disk or the link does; it empties prompt and queue and withdraws every permit.
"""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step
from edge.core.effects import Effect, SendStop
from edge.core.events import Now, StopPressed, StopReadBack
from edge.core.facts import record_shelf_event
from edge.core.outcomes import begin_reading, finish_request
from edge.core.requests import void_wishes
from edge.core.room import find_bank_settings
from edge.core.state import State, StopWatch, put_bank


def press_stop(state: State, event: StopPressed, now: Now) -> Step:
    """Stop one bank or all; from anywhere, by anyone, without signing on."""
    banks = [event.bank] if event.bank in state.banks else list(state.banks)
    effects: list[Effect] = []
    for bank_id in banks:
        assert bank_id is not None
        state, more = stop_bank(state, bank_id, "pressed", now)
        effects += more
        if state.store == "ok":
            effects.append(record_shelf_event(bank_id, "stop_pressed"))
    return state, effects


def stop_bank(state: State, bank_id: str, reason: str, now: Now) -> Step:
    """Send STOP and watch for standstill; a STOP already under watch is sent again but keeps its deadline."""
    bank = void_wishes(state.banks[bank_id])
    settings = find_bank_settings(state.settings, bank_id)
    limit_ms = settings.stop_confirm_ms if settings else 1_000
    watch = bank.stop or StopWatch(reason, now.mono_ms, now.mono_ms + limit_ms)
    request = bank.request
    if request is not None and request.stage != "stopping" and not request.by_restart:
        # without its token it can never be permitted again
        request = replace(request, stage="stopping", fault=request.fault or reason, token=0)
    return put_bank(state, bank_id, replace(bank, stop=watch, request=request)), [SendStop(bank_id, reason)]


def read_stop_back(state: State, event: StopReadBack, now: Now) -> Step:
    """Believe standstill only when it was read back; otherwise sound the alarm at once."""
    bank = state.banks[event.bank]
    if bank.stop is None:
        return state, []
    if not event.standstill:
        return put_bank(state, event.bank, replace(bank, stop=replace(bank.stop, alarm=True))), []
    state = put_bank(state, event.bank, replace(bank, stop=None))
    request = bank.request
    if request is None or request.stage != "stopping":
        return state, []
    return begin_reading(state, event.bank, request, request.fault or "stopped", now)


def sound_alarm(state: State, bank_id: str, now: Now) -> Step:
    """Handle a STOP that was not confirmed in time: nothing is known but that it must be stopped by hand."""
    bank = state.banks[bank_id]
    assert bank.stop is not None
    state = put_bank(state, bank_id, replace(bank, stop=replace(bank.stop, alarm=True)))
    effects: list[Effect] = []
    if state.store == "ok":
        effects.append(record_shelf_event(bank_id, "stop_unconfirmed"))
    if bank.request is None or bank.request.stage != "stopping":
        return state, effects
    state, more = finish_request(state, bank_id, "unknown", "stop_unconfirmed", now)
    return state, effects + more
