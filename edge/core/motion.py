"""A confirmed act on the wire: SELECT answered, OPERATE, permits while it moves, outcome.

OPERATE leaves from one function only, in answer to a SELECT answer that is fresh and finds nothing changed since the
press. SELECT and OPERATE are never sent twice: after a time-out the outcome is read by request id.
"""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step
from edge.core.climate import list_hazards
from edge.core.effects import PermitLease, ReadOutcome, SendDeselect, SendOperate
from edge.core.events import Now, OperateAnswered, OutcomeRead, SelectAnswered, WireFailed
from edge.core.occupancy import list_closing_by_contacts, list_locked
from edge.core.operations import lose_act
from edge.core.outcomes import LOW_16, READING_MS, begin_reading, finish_request
from edge.core.room import BankSettings, find_bank_settings
from edge.core.snapshot import UNDER_WAY, SelectAnswer, ShelfSnapshot
from edge.core.state import Bank, Request, State, put_bank
from edge.core.stops import stop_bank

FRESH_MS = 300  # age of the SELECT answer when OPERATE leaves
SELECTION_MS = 2_000  # OPERATE after SELECT
BRAKING_MS = 3_000  # a motion that ended may be seen to turn that long
PERMIT_MS = 250  # age of a permit's snapshot

# an order dropped for these reasons never put its first byte on the wire; any other leaves a doubt
NEVER_LEFT = frozenset({"late", "stopping", "pending", "bus_full", "not_selected", "geometry_mismatch"})


def answer_select(state: State, event: SelectAnswered, now: Now) -> Step:
    """Send OPERATE if the selection is ours, fresh, and nothing changed since the press; else let it go."""
    bank = state.banks[event.bank]
    request = bank.request
    settings = find_bank_settings(state.settings, event.bank)
    if request is None or request.request_id != event.request_id or request.stage != "selecting" or settings is None:
        return state, []
    answer = event.answer
    if answer.reasons:
        return finish_request(state, event.bank, "refused", ",".join(answer.reasons), now)
    reason = find_change(settings, bank, request, event, now)
    if reason:
        state, effects = finish_request(state, event.bank, "refused", reason, now)
        return state, [SendDeselect(event.bank), *effects]
    deadline = min(event.read_mono_ms + FRESH_MS, now.mono_ms + SELECTION_MS, request.wish.expires_mono_ms)
    operating = replace(request, stage="operating", token=answer.token, deadline_mono_ms=deadline + READING_MS)
    order = SendOperate(
        bank=event.bank,
        request_id=request.request_id,
        token=answer.token,
        operation=answer.operation,
        aisle=answer.aisle,
        ring_head=answer.ring_head,
        deadline_mono_ms=deadline,
    )
    return put_bank(state, event.bank, replace(bank, request=operating)), [order]


def find_change(settings: BankSettings, bank: Bank, request: Request, event: SelectAnswered, now: Now) -> str:
    """Find what makes the confirmation dead at the last look before OPERATE; "" if it stands."""
    answer: SelectAnswer = event.answer
    target = request.wish.target
    checks = (
        (answer.operation != target.operation or answer.aisle != target.aisle, "echo_differs"),
        (now.mono_ms - event.read_mono_ms > FRESH_MS, "stale"),
        (now.mono_ms > request.deadline_mono_ms, "expired"),
        (answer.ring_head != request.ring_head, "changed"),
        (any(aisle in answer.occupied for aisle in request.closing), "seen_occupied"),
        (bank.controller != "online" or (bank.boot_id or 0) != request.boot_id, "controller_changed"),
        (bank.stop is not None or bank.foreign or bool(list_hazards(bank)), "changed"),
        (bool(list_locked(bank) & set(request.closing)), "changed"),
        (
            not set(list_closing_by_contacts(settings, bank, target, answer.contacts)) <= set(request.closing),
            "changed",
        ),
    )
    return next((reason for failed, reason in checks if failed), "")


def answer_operate(state: State, event: OperateAnswered, now: Now) -> Step:
    """Note that the controller took the order, or why not; the first permit waits for a snapshot."""
    bank = state.banks[event.bank]
    request = bank.request
    settings = find_bank_settings(state.settings, event.bank)
    if request is None or request.request_id != event.request_id or request.stage != "operating" or settings is None:
        return state, []
    if event.reasons:
        return finish_request(state, event.bank, "refused", ",".join(event.reasons), now)
    return put_bank(state, event.bank, replace(bank, request=begin_moving(settings, request, event.read_mono_ms))), []


def begin_moving(settings: BankSettings, request: Request, start_mono_ms: int) -> Request:
    """Bound the motion by warning time and travel time + 20 %."""
    end = start_mono_ms + settings.warning_ms + settings.travel_ms * 12 // 10
    return replace(request, stage="moving", deadline_mono_ms=end, since_mono_ms=start_mono_ms)


def is_ours(bank: Bank, snapshot: ShelfSnapshot, now: Now) -> bool:
    """Tell whether the motion a snapshot shows is the act we asked for, or the last one still braking."""
    request = bank.request
    if request is not None:
        sent = request.stage != "selecting"
        return sent and snapshot.last_request_low == request.request_id & LOW_16
    return snapshot.last_request_low == bank.ended_low and now.mono_ms - bank.ended_mono_ms <= BRAKING_MS


def watch_motion(state: State, bank_id: str, now: Now) -> Step:
    """Follow a moving request by the newest snapshot: permit, stop or finish."""
    bank = state.banks[bank_id]
    request, snapshot = bank.request, bank.snapshot
    if request is None or snapshot is None or request.stage != "moving" or bank.read_mono_ms <= request.since_mono_ms:
        return state, []
    if snapshot.state in UNDER_WAY or snapshot.outcome == "running":
        return watch_travel(state, bank_id, bank, request, now)
    if snapshot.state in {"fault", "stopped"}:
        reason = ",".join([*snapshot.faults, *snapshot.safety]) or snapshot.state
        return finish_request(state, bank_id, "failed", reason, now)
    if snapshot.outcome in {"done", "refused", "failed"} and snapshot.state != "unknown":
        reason = "" if snapshot.outcome == "done" else "ended_by_controller"
        return finish_request(state, bank_id, snapshot.outcome, reason, now)
    if snapshot.state in {"idle", "asleep", "selected"} and snapshot.outcome == "none":
        return permit_lease(state, bank_id, bank, request, now)
    return lose_request(state, bank_id, "outcome_unreadable", now)


def watch_travel(state: State, bank_id: str, bank: Bank, request: Request, now: Now) -> Step:
    """Permit travel, or stop it for what is seen."""
    snapshot = bank.snapshot
    assert snapshot is not None
    if any(aisle in snapshot.occupied for aisle in request.closing):
        return stop_bank(state, bank_id, "seen_occupied", now)
    if signs := (*snapshot.safety, *(each for each in list_hazards(bank) if each not in snapshot.safety)):
        return stop_bank(state, bank_id, ",".join(signs), now)
    target = request.wish.target
    # homing is what takes a lost position away
    faults = [each for each in snapshot.faults if not (target.operation == "home" and each == "position_lost")]
    if faults:
        return stop_bank(state, bank_id, ",".join(faults), now)
    if target.operation == "open_aisle" and snapshot.target_aisle not in {None, target.aisle}:
        return stop_bank(state, bank_id, "target_differs", now)
    if snapshot.operation not in {"none", target.operation}:
        return stop_bank(state, bank_id, "target_differs", now)
    return permit_lease(state, bank_id, bank, request, now)


def permit_lease(state: State, bank_id: str, bank: Bank, request: Request, now: Now) -> Step:
    """Permit renewals until the snapshot is 250 ms old, never past the end of the travel time."""
    until = min(bank.read_mono_ms + PERMIT_MS, request.deadline_mono_ms)
    if until <= now.mono_ms or bank.stop is not None or state.overloaded or state.store != "ok":
        return state, []
    return state, [PermitLease(bank_id, request.token, until)]


def lose_request(state: State, bank_id: str, reason: str, now: Now) -> Step:
    """End a request whose outcome can't be learnt: unknown, no permits, STOP."""
    state, effects = stop_bank(state, bank_id, reason, now)
    state, more = finish_request(state, bank_id, "unknown", reason, now)
    return state, effects + more


def read_outcome(state: State, event: OutcomeRead, now: Now) -> Step:
    """Settle a request by the controller's own record of it."""
    bank = state.banks[event.bank]
    request = bank.request
    settings = find_bank_settings(state.settings, event.bank)
    if request is None or request.request_id != event.request_id or request.stage != "reading" or settings is None:
        return state, []
    if event.outcome in {"done", "refused", "failed"}:
        return finish_request(state, event.bank, event.outcome, request.fault, now)
    if event.outcome in {None, "none"}:
        # never received, or selected only: nothing moved, and a selection left over is let go
        state, effects = finish_request(state, event.bank, "failed", request.fault or "not_received", now)
        return state, [SendDeselect(event.bank), *effects]
    if event.outcome == "running" and request.by_restart:
        # never renewed: its lease runs out by itself
        return state, [ReadOutcome(event.bank, request.request_id)]
    if event.outcome == "running" and request.token:
        return put_bank(
            state, event.bank, replace(bank, request=begin_moving(settings, request, event.read_mono_ms))
        ), []
    return lose_request(state, event.bank, request.fault or "outcome_unknown", now)


def fail_wire(state: State, event: WireFailed, now: Now) -> Step:
    """Handle an order without a readable answer."""
    bank = state.banks[event.bank]
    request = bank.request
    if bank.act is not None and event.request_id == bank.act.request_id:
        return lose_act(state, event.bank, event.reason, now)
    if request is None or event.request_id != request.request_id:
        return state, []
    if event.stage in {"select", "operate"} and request.stage in {"selecting", "operating"}:
        if event.reason in NEVER_LEFT:
            state, effects = finish_request(state, event.bank, "failed", event.reason, now)
            return state, [*([SendDeselect(event.bank)] if event.stage == "operate" else []), *effects]
        return begin_reading(state, event.bank, request, event.reason, now)
    if event.stage == "outcome" and request.stage == "reading" and not request.by_restart:
        return lose_request(state, event.bank, event.reason, now)
    return state, []


def expire_request(state: State, bank_id: str, now: Now) -> Step:
    """Handle a request whose stage took too long."""
    request = state.banks[bank_id].request
    assert request is not None
    if request.stage in {"selecting", "operating"}:
        return begin_reading(state, bank_id, request, "no_answer", now)
    if request.stage == "moving":
        return stop_bank(state, bank_id, "travel_time", now)
    if request.stage == "reading":
        return lose_request(state, bank_id, request.fault or "no_answer", now)
    return state, []
