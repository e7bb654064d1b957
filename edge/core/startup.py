"""The first event of a process. What it did not see it does not believe: it reads, never re-sends, never renews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.core.answers import Step
from edge.core.effects import Effect, ReadOutcome, RecallRing, SendStop
from edge.core.events import GatewayStarted, Now
from edge.core.facts import record_gateway_state
from edge.core.room import BankSettings, RoomSettings
from edge.core.sensors import forgive_tested, is_scan_alone_valid
from edge.core.state import Bank, PrintJob, Request, State, StopWatch, Target, Wish

# a controller may need its probe interval and its own start before it answers
RESTART_READING_MS = 15_000


def new_state(settings: RoomSettings) -> State:
    """Make the memory of a room that has none."""
    return State(settings=settings, banks={bank.id: Bank() for bank in settings.banks})


def recall_state(settings: RoomSettings, intents: Sequence[Mapping[str, Any]]) -> State:
    """Make a memory out of the facts alone, when the journal can't be read: of each open intent its request."""
    state = new_state(settings)
    known = {bank.id for bank in settings.banks}
    banks = {body["bank"]: Bank(request=recall_request(body)) for body in intents if body["bank"] in known}
    return replace(state, banks={**state.banks, **banks})


def recall_request(body: Mapping[str, Any]) -> Request:
    """Make of the fact of an intent the request it tells of; good only for reading its outcome."""
    wish = Wish(
        id=body["request_id"],
        bank=body["bank"],
        target=Target(body["operation"], body["aisle"]),
        origin="scan",
        station="",
        staff_code=body.get("staff_code"),
        asked_mono_ms=0,
        expires_mono_ms=0,
    )
    return Request(
        request_id=int(body["request_id"], 16),
        wish=wish,
        closing=(),
        stage="reading",
        point_id=body.get("point_id", ""),
        pressed_mono_ms=0,
        ring_head=0,
        press_sequence=0,
        boot_id=0,
        deadline_mono_ms=0,
    )


def start_gateway(state: State, event: GatewayStarted, now: Now) -> Step:
    """Begin anew: open acts are read or become unknown, prompts and queues are gone, everybody signs on again."""
    banks: dict[str, Bank] = {}
    effects: list[Effect] = [record_gateway_state("started", event.code_version)]
    for each in event.settings.banks:
        old = state.banks.get(each.id, Bank())
        banks[each.id], more = leave_act(each, carry_over(old), old, now)
        banks[each.id] = forgive_tested(each, banks[each.id])
        effects += more + tell_scan_alone(each, now)
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
    return state, [*effects, *(recall_ring(bank_id, bank) for bank_id, bank in banks.items())]


def recall_ring(bank_id: str, bank: Bank) -> RecallRing:
    """Let the event ring be read from behind what the process before has told of it."""
    boot_id, sequence = bank.ring_told or (None, 0)
    return RecallRing(bank_id, boot_id, sequence)


def tell_scan_alone(settings: BankSettings, now: Now) -> list[Effect]:
    """Put on record that a bank opens by scan alone, or that its entry has ended."""
    entry = settings.scan_alone
    if entry is None:
        return []
    active = is_scan_alone_valid(settings, now, steady=True)
    detail = f"{settings.id}: {entry.document}, {', '.join(entry.names)}, {entry.expires_at:%Y-%m-%d}"
    return [record_gateway_state("scan_alone" if active else "scan_alone_ended", detail)]


def carry_over(old: Bank) -> Bank:
    """Keep of a bank what is true beyond a process: who may be inside, what is locked, which sensors failed."""
    return Bank(
        presumed=old.presumed,
        boot_id=old.boot_id,
        ring_told=old.ring_told,
        locks=old.locks,
        faulty=old.faulty,
        alarms=old.alarms,
        hazards=old.hazards,
    )


def rejoin_memory(live: State, remembered: State, now: Now) -> Step:
    """Put the memory of the process before under what this one has seen while the disk could not be read."""
    banks: dict[str, Bank] = {}
    effects: list[Effect] = []
    for each in live.settings.banks:
        old, bank = remembered.banks.get(each.id, Bank()), live.banks[each.id]
        other_boot = old.boot_id is not None and bank.boot_id not in {None, old.boot_id}
        bank = replace(
            bank,
            presumed=tuple(sorted({*bank.presumed, *old.presumed})),
            boot_id=old.boot_id if bank.boot_id is None else bank.boot_id,
            doubted=bank.doubted or other_boot,
            locks=tuple(sorted({*bank.locks, *old.locks})),
            faulty=(*bank.faulty, *(mark for mark in old.faulty if mark not in bank.faulty)),
            hazards=tuple(sorted({*bank.hazards, *old.hazards})),
        )
        banks[each.id], more = leave_act(each, bank, old, now)
        effects += more
    state = replace(
        live,
        banks=banks,
        acts=remembered.acts,
        jobs=tuple(doubt_job(job) for job in remembered.jobs),
        commands=remembered.commands,
        feed_revision=max(live.feed_revision, remembered.feed_revision),
        answer_count=max(live.answer_count, remembered.answer_count),
    )
    return state, effects


def leave_act(settings: BankSettings, bank: Bank, old: Bank, now: Now) -> tuple[Bank, list[Effect]]:
    """Stop an act of the process before and read what became of it; it is never continued."""
    if old.request is None:
        return bank, []
    request = leave_to_reading(old.request, now)
    # STOP is the one thing that may be sent unasked
    watch = StopWatch("restart", now.mono_ms, now.mono_ms + settings.stop_confirm_ms)
    effects: list[Effect] = [SendStop(settings.id, "restart"), ReadOutcome(settings.id, request.request_id)]
    return replace(bank, request=request, stop=watch), effects


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
