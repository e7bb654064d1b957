"""The first event of a process. What it did not see it does not believe: it reads, never re-sends, never renews."""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step
from edge.core.effects import Effect, ReadOutcome, SendStop
from edge.core.events import GatewayStarted, Now
from edge.core.facts import record_gateway_state
from edge.core.room import RoomSettings
from edge.core.state import Bank, PrintJob, Request, State, StopWatch

# a controller may need its probe interval and its own start before it answers
RESTART_READING_MS = 15_000


def new_state(settings: RoomSettings) -> State:
    """Make the memory of a room that has none."""
    return State(settings=settings, banks={bank.id: Bank() for bank in settings.banks})


def start_gateway(state: State, event: GatewayStarted, now: Now) -> Step:
    """Begin anew: open acts are read or become unknown, prompts and queues are gone, everybody signs on again."""
    banks: dict[str, Bank] = {}
    effects: list[Effect] = [record_gateway_state("started", event.code_version)]
    for each in event.settings.banks:
        old = state.banks.get(each.id, Bank())
        request = None if old.request is None else leave_to_reading(old.request, now)
        watch = None
        if request is not None:
            # an act of the process before is never continued; STOP is the one thing that may be sent unasked
            watch = StopWatch("restart", now.mono_ms, now.mono_ms + each.stop_confirm_ms)
            effects += [SendStop(each.id, "restart"), ReadOutcome(each.id, request.request_id)]
        banks[each.id] = Bank(request=request, presumed=old.presumed, boot_id=old.boot_id, stop=watch)
    state = State(
        settings=event.settings,
        boot_id=event.boot_id,
        code_version=event.code_version,
        banks=banks,
        acts=state.acts,
        jobs=tuple(doubt_job(job) for job in state.jobs),
        commands=state.commands,
        feed_revision=state.feed_revision,
        answer_count=state.answer_count,
    )
    return state, effects


def leave_to_reading(request: Request, now: Now) -> Request:
    """Keep an open act only to learn what became of it; its token is forgotten."""
    return replace(
        request,
        stage="reading",
        token=0,
        by_restart=True,
        fault="restart",
        deadline_mono_ms=now.mono_ms + RESTART_READING_MS,
    )


def doubt_job(job: PrintJob) -> PrintJob:
    """Tell that nobody knows whether a label given to the printer came out."""
    return replace(job, state="unknown") if job.state == "queued" else job
