"""What runs out, and when. There are no ticks: the runtime sleeps until `next_deadline` and then says it has passed.

Nothing here starts motion; a deadline only ends, drops, or stops.
"""

from __future__ import annotations

from edge.core.answers import Step
from edge.core.effects import Effect
from edge.core.events import DeadlinePassed, Now
from edge.core.motion import expire_request
from edge.core.operations import lose_act
from edge.core.requests import expire_wishes
from edge.core.sessions import expire_session, session_deadline
from edge.core.state import Bank, State, put_bank
from edge.core.stops import sound_alarm


def list_bank_deadlines(bank: Bank, *, recording: bool) -> list[int]:
    """List the moments at which something of a bank runs out; what must be recorded waits for the disk."""
    moments = [wish.expires_mono_ms for wish in bank.queue]
    if bank.prompt is not None:
        moments.append(bank.prompt.wish.expires_mono_ms)
    if recording and bank.request is not None and bank.request.stage != "stopping":
        moments.append(bank.request.deadline_mono_ms)
    if bank.act is not None:
        moments.append(bank.act.deadline_mono_ms)
    if bank.stop is not None and not bank.stop.alarm:
        moments.append(bank.stop.deadline_mono_ms)
    return moments


def next_deadline(state: State) -> int | None:
    """Find the next moment, on the monotonic clock in ms, at which something runs out."""
    recording = state.store == "ok"
    moments = [session_deadline(session) for session in state.sessions.values()] if recording else []
    for bank in state.banks.values():
        moments += list_bank_deadlines(bank, recording=recording)
    return min(moments, default=None)


def pass_deadline(state: State, _event: DeadlinePassed, now: Now) -> Step:
    """Let everything run out whose moment has come."""
    effects: list[Effect] = []
    for bank_id in state.banks:
        bank = state.banks[bank_id]
        kept = expire_wishes(bank, now)
        if kept is not bank:
            state = put_bank(state, bank_id, kept)
        if kept.stop is not None and not kept.stop.alarm and kept.stop.deadline_mono_ms <= now.mono_ms:
            state, more = sound_alarm(state, bank_id, now)
            effects += more
        if kept.act is not None and kept.act.deadline_mono_ms <= now.mono_ms:
            state, more = lose_act(state, bank_id, "no_answer", now)
            effects += more
        request = state.banks[bank_id].request
        if (
            state.store == "ok"
            and request is not None
            and request.stage != "stopping"
            and request.deadline_mono_ms <= now.mono_ms
        ):
            state, more = expire_request(state, bank_id, now)
            effects += more
    for session in state.sessions.values():
        if state.store == "ok" and session_deadline(session) <= now.mono_ms:
            state, more = expire_session(state, session, now)
            effects += more
    return state, effects
