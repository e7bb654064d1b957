"""What the centre asks for. A command becomes a prompt for the person on the spot or a label; it never moves steel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from edge.core.answers import Step
from edge.core.effects import AnswerCommand
from edge.core.events import CommandArrived, Now
from edge.core.geometry import find_aisle
from edge.core.printing import is_print_queue_full, queue_label, word_label
from edge.core.requests import REQUEST_MS, ask_aisle
from edge.core.state import PrintJob, State, Target, Wish

TTL_MAX_MS = 5_000
FUTURE_MAX = timedelta(seconds=5)
REMEMBERED = 64


def take_command(state: State, event: CommandArrived, now: Now) -> Step:
    """Answer a command once; the same id again gets the same answer and does nothing."""
    earlier = next((each[1:] for each in state.commands if each[0] == event.command_id), event.earlier)
    if earlier is not None:
        return state, [AnswerCommand(event.command_id, earlier[0], earlier[1])]
    late = find_lateness(event, now)
    handler = COMMANDS.get(event.kind)
    if late is not None:
        return answer(state, event, "refused", late)
    if handler is None:
        return answer(state, event, "refused", "unknown_command")
    if state.store != "ok":
        return state, [AnswerCommand(event.command_id, "refused", "store")]
    return handler(state, event, now)


def answer(state: State, event: CommandArrived, result: str, reason: str | None = None, **detail: Any) -> Step:
    """Answer and remember the answer."""
    remembered = (*state.commands, (event.command_id, result, reason))[-REMEMBERED:]
    state = replace(state, commands=remembered)
    return state, [AnswerCommand(event.command_id, result, reason, detail)]


def find_lateness(event: CommandArrived, now: Now) -> str | None:
    """Find whether a command is too old, by a clock that is right, or of the future."""
    age = now.wall_at - event.issued_at
    ttl = timedelta(milliseconds=min(event.ttl_ms, TTL_MAX_MS))
    if now.clock_ok and (age > ttl or age < -FUTURE_MAX):
        return "expired"
    return None


def ping(state: State, event: CommandArrived, _now: Now) -> Step:
    """Tell that the core lives."""
    return answer(state, event, "done")


def print_label(state: State, event: CommandArrived, _now: Now) -> Step:
    """Queue a label of a box; its outcome follows as a fact."""
    box = event.lookup.box if event.lookup else None
    if box is None or event.fresh is None:
        return answer(state, event, "refused", "unknown_box")
    if is_print_queue_full(state):
        return answer(state, event, "refused", "print_queue_full")
    copy_no = event.payload.get("copy_no", 0)
    job = PrintJob(
        id=event.fresh.ids[0],
        label=word_label(state, box, copy_no if isinstance(copy_no, int) else 0),
        state="queued",
        command_id=event.command_id,
        box_unlabelled=box.state == "nowhere",
    )
    state, effects = queue_label(state, job)
    state, told = answer(state, event, "queued", job_id=job.id)
    return state, effects + told


def propose_aisle(state: State, event: CommandArrived, now: Now) -> Step:
    """Turn a proposal from afar into a prompt in the room; whoever stands there decides."""
    found = find_target(event)
    if isinstance(found, str) or event.fresh is None:
        return answer(state, event, "refused", found if isinstance(found, str) else "unknown_box")
    bank_id, target = found
    wish = Wish(
        id=event.fresh.ids[1],
        bank=bank_id,
        target=target,
        origin="command",
        station="",
        staff_code=None,
        asked_mono_ms=now.mono_ms,
        expires_mono_ms=now.mono_ms + REQUEST_MS,
    )
    state, effects, asked = ask_aisle(state, wish, now, event.readings)
    if asked.result == "open":
        state, told = answer(state, event, "refused", "already_open", aisle=target.aisle)
    else:
        reason = asked.key.removeprefix("refused.") or None
        state, told = answer(state, event, asked.result, reason, aisle=target.aisle, closing=list(asked.closing))
    return state, effects + told


def find_target(event: CommandArrived) -> tuple[str, Target] | str:
    """Find bank and aisle of a proposal, or the reason why there is none."""
    payload = event.payload
    if "box_code" not in payload:
        bank, aisle = payload.get("bank"), payload.get("aisle")
        if isinstance(bank, str) and isinstance(aisle, int):
            return bank, Target("open_aisle", aisle)
        return "malformed"
    box = event.lookup.box if event.lookup else None
    if box is None:
        return "unknown_box"
    if box.place is None or box.state != "shelved":
        return "not_shelved"
    place = box.place
    return place.bank, Target("open_aisle", find_aisle(place.column, place.face), place, box.code, box.title)


COMMANDS: dict[str, Callable[[State, CommandArrived, Now], Step]] = {
    "ping": ping,
    "print_label": print_label,
    "propose_aisle": propose_aisle,
}
