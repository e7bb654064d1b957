"""The end of a request: done, refused, failed or unknown; recorded, told, and shown among the last acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from edge.core.answers import Step, give_answer
from edge.core.effects import Effect, ReadOutcome, SetIndicator, Sound
from edge.core.events import Now
from edge.core.facts import format_request_id, record_outcome
from edge.core.occupancy import forget_closed
from edge.core.snapshot import Operation
from edge.core.state import Act, Request, State, put_bank

ACTS_MAX = 10
LOW_16 = 0xFFFF
READING_MS = 1_500  # to learn an outcome after a time-out


def format_at(now: Now) -> str:
    """Write the wall time as the contract has it."""
    return format_wall(now, 0)


def format_wall(now: Now, age_ms: int) -> str:
    """Write the wall time of something that is so many milliseconds old."""
    return format_instant(now.wall_at - timedelta(milliseconds=age_ms) if age_ms else now.wall_at)


def format_instant(at: datetime) -> str:
    """Write an instant, which is in UTC everywhere in the core."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


# what is said when a whole bank has moved
DONE: dict[Operation, str] = {
    "close_all": "motion.closed_all",
    "ventilate": "motion.ventilated",
    "park": "motion.parked",
    "home": "motion.homed",
}


def push_act(state: State, act: Act) -> State:
    """Put an act at the head of the last ten."""
    return replace(state, acts=(act, *state.acts)[:ACTS_MAX])


def finish_request(state: State, bank_id: str, outcome: str, reason: str, now: Now) -> Step:
    """End the bank's request. While the disk takes nothing it stays open, so that its outcome is not lost."""
    bank = state.banks[bank_id]
    request = bank.request
    if request is None or state.store != "ok":
        return state, []
    effects: list[Effect] = [record_outcome(request, outcome, reason)]
    done = outcome == "done"
    bank = replace(
        bank,
        request=None,
        doubted=bank.doubted or outcome == "unknown",
        ended_low=request.request_id & LOW_16,
        ended_mono_ms=now.mono_ms,
    )
    if done:
        bank = replace(forget_closed(bank, request.closing), indicator=request.wish.target.place)
        effects += light_place(bank_id, request)
        state = push_act(state, describe_motion_act(bank_id, request, now))
    state = put_bank(state, bank_id, bank)
    if request.by_restart:
        return state, effects
    sound, key, params = choose_sentence(request, outcome, reason)
    state, told = give_answer(state, now, request.wish.station or request.point_id, sound, key, **params)
    return state, effects + told


def light_place(bank_id: str, request: Request) -> list[Effect]:
    """Light the indicator of the place the aisle was opened for."""
    place = request.wish.target.place
    if place is None:
        return []
    return [SetIndicator(bank_id, request.wish.target.aisle, place.face, place.section, place.tier)]


def describe_motion_act(bank_id: str, request: Request, now: Now) -> Act:
    """Describe a finished motion for the list of last acts."""
    target = request.wish.target
    return Act(
        id=format_request_id(request.request_id),
        kind="motion",
        at=format_at(now),
        key=DONE.get(target.operation, "act.motion"),
        params={} if target.operation in DONE else {"aisle": target.aisle},
        bank=bank_id,
        before_aisle=request.closing[0] if len(request.closing) == 1 else None,
    )


def choose_sentence(request: Request, outcome: str, reason: str) -> tuple[Sound, str, dict[str, Any]]:
    """Choose what people are told of an outcome."""
    if outcome == "done":
        if request.wish.target.operation in DONE:
            return "ok", DONE[request.wish.target.operation], {}
        return "ok", "motion.done", {"aisle": request.wish.target.aisle}
    if reason == "changed":
        return "no", "motion.changed", {}
    if outcome == "refused":
        return "no", "motion.refused", {"reasons": reason}
    if outcome == "failed":
        return "no", "motion.failed", {"reason": reason}
    return "no", "motion.unknown", {"reason": reason}


def begin_reading(state: State, bank_id: str, request: Request, fault: str, now: Now) -> Step:
    """Read the outcome by request id instead of sending anything again."""
    reading = replace(request, stage="reading", fault=fault, deadline_mono_ms=now.mono_ms + READING_MS)
    bank = replace(state.banks[bank_id], request=reading)
    effects: list[Effect] = [ReadOutcome(bank_id, request.request_id)]
    return put_bank(state, bank_id, bank), effects
