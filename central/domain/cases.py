"""A case is a fold of what the marketing system told about it, by (occurred_at, id): any order, repeats, corrections.

Nothing of the state is stored as truth; late news is folded in where it belongs, and what follows is reconciled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from central.domain.clocks import Interval, join_intervals


class CaseEventKind(StrEnum):
    OPENED = "opened"
    STEP_STARTED = "step_started"
    STEP_COMPLETED = "step_completed"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"


class Standing(StrEnum):
    """How a case stands, in one word."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    #: There is news of its steps, but nobody told of its opening yet.
    UNOPENED = "unopened"


def judge_standing(opened_at: datetime | None, closed_at: datetime | None, *, paused: bool) -> Standing:
    """Return how a case stands."""
    if closed_at is not None:
        return Standing.CLOSED
    if opened_at is None:
        return Standing.UNOPENED
    return Standing.PAUSED if paused else Standing.OPEN


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One piece of news. `corrects`: the id of an earlier event that this one takes the place of.

    `facts` by kind: opened: business, customers, attributes, title, team, handler, limit_pack; steps: step, team,
    handler, papers {document code: ISO instant}; paused: reason, step (None for the whole case).
    """

    id: str
    kind: CaseEventKind
    occurred_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which clocks stand, of one step or, with no step, of all."""

    since: datetime
    reason: str
    step: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a case. A step completed without having been started began when it was completed."""

    code: str
    started_at: datetime
    completed_at: datetime | None = None
    handler: str | None = None
    team: str | None = None
    #: When each paper came into being, where the news said so.
    papers: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseState:
    """What is known of a case. `opened_at` None: news of its steps came before the news of its opening."""

    opened_at: datetime | None = None
    business: str = ""
    customers: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    limit_pack: str = ""
    #: Whom the opening named, else the first step that names somebody.
    handler: str | None = None
    team: str | None = None
    steps: tuple[StepState, ...] = ()
    pauses: tuple[Pause, ...] = ()
    closed_at: datetime | None = None
    #: Event ids that contradict the rest, with the reason: shown, never guessed away.
    odd: tuple[tuple[str, str], ...] = ()

    def find_step(self, code: str) -> StepState | None:
        """Return a step by its code, if there is news of it."""
        return next((step for step in self.steps if step.code == code), None)

    @property
    def current_steps(self) -> tuple[StepState, ...]:
        """Steps that are started and not completed."""
        return tuple(step for step in self.steps if step.completed_at is None and self.closed_at is None)

    @property
    def paused(self) -> bool:
        """Whether the whole case stands."""
        return any(pause.until is None and pause.step is None for pause in self.pauses)


def fold_events(events: Iterable[CaseEvent]) -> CaseState:
    """Return the state after all events, whatever their order and however often each came."""
    state = CaseState()
    for event in order_events(events):
        state = _FOLDS[event.kind](state, event)
    return state


def order_events(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    """Return each event once, corrected ones replaced by their correction, in the order in which they happened."""
    by_id = {event.id: event for event in events}
    corrected = {event.corrects for event in by_id.values() if event.corrects is not None}
    kept = [event for event in by_id.values() if event.id not in corrected]
    return sorted(kept, key=lambda event: (event.occurred_at, event.id))


def find_running(state: CaseState, step: StepState) -> tuple[Interval, ...]:
    """Return when the clock of a step ran: from start to end, without the pauses of the case and of the step."""
    pauses = [Interval(pause.since, pause.until) for pause in state.pauses if pause.step in (None, step.code)]
    ended_at = step.completed_at if step.completed_at is not None else state.closed_at
    return join_intervals(step.started_at, ended_at, pauses)


def _open(state: CaseState, event: CaseEvent) -> CaseState:
    if state.opened_at is not None:
        return _note_odd(state, event, "opened_twice")
    facts = event.facts
    return replace(
        state,
        opened_at=event.occurred_at,
        business=facts["business"],
        customers=tuple(facts["customers"]),
        attributes=dict(facts.get("attributes", {})),
        title=facts.get("title", ""),
        limit_pack=facts.get("limit_pack", ""),
        handler=facts.get("handler") or state.handler,
        team=facts.get("team") or state.team,
    )


def _start_step(state: CaseState, event: CaseEvent) -> CaseState:
    code, handler, team = event.facts["step"], event.facts.get("handler"), event.facts.get("team")
    state = replace(state, handler=state.handler or handler, team=state.team or team)
    step = state.find_step(code)
    if step is None:
        return replace(state, steps=(*state.steps, StepState(code, event.occurred_at, handler=handler, team=team)))
    if step.completed_at is None:
        return _note_odd(state, event, "started_twice")
    # Sent back to an earlier step: its clock goes on from here as if it had paused meanwhile.
    gap = Pause(step.completed_at, "reopened", code, event.occurred_at)
    opened = replace(step, completed_at=None, handler=handler or step.handler, team=team or step.team)
    return _put_step(replace(state, pauses=(*state.pauses, gap)), opened)


def _complete_step(state: CaseState, event: CaseEvent) -> CaseState:
    facts = event.facts
    state = replace(state, handler=state.handler or facts.get("handler"), team=state.team or facts.get("team"))
    step = state.find_step(facts["step"]) or StepState(facts["step"], event.occurred_at)
    if step.completed_at is not None:
        return _note_odd(state, event, "completed_twice")
    done = replace(
        step,
        completed_at=event.occurred_at,
        handler=facts.get("handler") or step.handler,
        team=facts.get("team") or step.team,
        papers={**step.papers, **{code: datetime.fromisoformat(at) for code, at in facts.get("papers", {}).items()}},
    )
    return _put_step(state, done)


def _pause(state: CaseState, event: CaseEvent) -> CaseState:
    step = event.facts.get("step")
    if any(pause.until is None and pause.step == step for pause in state.pauses):
        return _note_odd(state, event, "paused_twice")
    return replace(state, pauses=(*state.pauses, Pause(event.occurred_at, event.facts.get("reason", ""), step)))


def _resume(state: CaseState, event: CaseEvent) -> CaseState:
    step = event.facts.get("step")
    if not any(pause.until is None and pause.step == step for pause in state.pauses):
        return _note_odd(state, event, "resumed_without_pause")
    pauses = tuple(
        replace(pause, until=event.occurred_at) if pause.until is None and pause.step == step else pause
        for pause in state.pauses
    )
    return replace(state, pauses=pauses)


def _close(state: CaseState, event: CaseEvent) -> CaseState:
    if state.closed_at is not None:
        return _note_odd(state, event, "closed_twice")
    return replace(state, closed_at=event.occurred_at)


def _put_step(state: CaseState, step: StepState) -> CaseState:
    if state.find_step(step.code) is None:
        return replace(state, steps=(*state.steps, step))
    return replace(state, steps=tuple(step if each.code == step.code else each for each in state.steps))


def _note_odd(state: CaseState, event: CaseEvent, reason: str) -> CaseState:
    return replace(state, odd=(*state.odd, (event.id, reason)))


_FOLDS = {
    CaseEventKind.OPENED: _open,
    CaseEventKind.STEP_STARTED: _start_step,
    CaseEventKind.STEP_COMPLETED: _complete_step,
    CaseEventKind.PAUSED: _pause,
    CaseEventKind.RESUMED: _resume,
    CaseEventKind.CLOSED: _close,
}
