"""The sentence and sound given to whoever scanned, typed or pressed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge.core.effects import Effect, GiveFeedback, Sound
from edge.core.events import Now
from edge.core.room import find_bank_settings, find_station
from edge.core.rows import PlaceRow
from edge.core.state import Answer, State

Step = tuple[State, list[Effect]]


def give_answer(state: State, now: Now, source_id: str, sound: Sound, key: str, **params: Any) -> Step:
    """Show the sentence at the source's station and sound it where the hand is."""
    number = state.answer_count + 1
    station = find_station(state.settings, source_id)
    answer = Answer(station, source_id, sound, key, params, number, now.mono_ms)
    state = replace(state, answers={**state.answers, station: answer}, answer_count=number)
    return state, [GiveFeedback(source_id, sound, key, params)]


def tell_place(state: State, place: PlaceRow) -> dict[str, Any]:
    """Name a place's parts for `messages.tell_place`."""
    bank = find_bank_settings(state.settings, place.bank)
    return {
        "bank_name": bank.name if bank else place.bank,
        "column": place.column,
        "face": place.face,
        "section": place.section,
        "tier": place.tier,
        "slot": place.slot,
    }
