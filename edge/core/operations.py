"""What can be asked of a bank beside an aisle. What moves steel only becomes a prompt; the rest never starts motion.

From afar a prompt may be prepared, a lock set, a light lit; nothing is released, cleared or darkened from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge.core.answers import Step, give_answer
from edge.core.effects import Effect, SendAct, SendDeselect, SendWake
from edge.core.events import ActAnswered, Fresh, Now, OperationAsked
from edge.core.facts import record_shelf_event
from edge.core.geometry import list_aisles
from edge.core.outcomes import finish_request
from edge.core.requests import REQUEST_MS, ask_aisle, offers
from edge.core.room import find_bank_settings, find_station
from edge.core.snapshot import MOVING, UNDER_WAY, Operation
from edge.core.state import Bank, PendingAct, State, Target, Wish, put_bank
from edge.core.stops import stop_bank

# until an act that moves nothing must have been answered
ACT_MS = 2_000
# these let go of something: only a person in the room may ask for them
RELEASING: frozenset[Operation] = frozenset({"unlock", "light_off", "clear_fault"})
OF_THE_BANK: frozenset[Operation] = frozenset({"close_all", "ventilate", "park", "home"})


def name_operation(operation: Operation) -> dict[str, Any]:
    """Name an operation for a sentence."""
    return {"key": f"operation.{operation}", "params": {}}


def ask_operation(state: State, event: OperationAsked, now: Now) -> Step:
    """Answer a wish for an operation, in words at once."""
    settings = find_bank_settings(state.settings, event.bank)
    assert settings is not None
    bank = state.banks[event.bank]
    if event.fresh is None:
        return state, []
    named = name_operation(event.operation)
    if event.operation not in ASKABLE or not offers(bank, event.operation):
        return give_answer(state, now, event.point_id, "no", "refused.not_offered", operation=named)
    if event.aisle is not None and event.aisle not in list_aisles(settings.geometry):
        return give_answer(state, now, event.point_id, "no", "refused.no_aisle")
    if event.afar and event.operation in RELEASING:
        return give_answer(state, now, event.point_id, "no", "refused.afar")
    if event.operation in MOVING or event.operation == "unlock":
        return propose_operation(state, event, now)
    return ASKABLE[event.operation](state, event, bank, now)


def propose_operation(state: State, event: OperationAsked, now: Now) -> Step:
    """Prepare a prompt for the person on the spot; what is pressed for stands in it."""
    assert event.fresh is not None
    if (event.operation in OF_THE_BANK) != (event.aisle is None) and event.operation != "unlock":
        return give_answer(state, now, event.point_id, "no", "refused.no_aisle")
    if event.operation == "unlock":
        against = find_lock_objection(state.banks[event.bank], event.aisle)
        if against is not None:
            return give_answer(state, now, event.point_id, "no", against)
    station = find_station(state.settings, event.point_id)
    session = None if event.afar else state.sessions.get(station)
    wish = Wish(
        id=event.fresh.ids[1],
        bank=event.bank,
        target=Target(event.operation, event.aisle or 0),
        origin="afar" if event.afar else "kiosk",
        station=station,
        staff_code=session.staff_code if session else None,
        asked_mono_ms=now.mono_ms,
        expires_mono_ms=now.mono_ms + REQUEST_MS,
    )
    state, effects, asked = ask_aisle(state, wish, now, event.readings)
    params: dict[str, Any] = {"operation": name_operation(event.operation)}
    if asked.result == "refused":
        state, told = give_answer(state, now, event.point_id, "no", asked.key, **(asked.params or {}))
    elif asked.result == "queued":
        params["reason"] = {"key": asked.key, "params": asked.params or {}}
        state, told = give_answer(state, now, event.point_id, "look", "operation.queued", **params)
    elif asked.result == "open":
        state, told = give_answer(state, now, event.point_id, "ok", "motion.done", aisle=wish.target.aisle)
    else:
        state, told = give_answer(state, now, event.point_id, "look", "operation.prompted", **params)
    return state, effects + told


def find_lock_objection(bank: Bank, aisle: int | None) -> str | None:
    """Find why a lock can't be released from here: only what was set over the wire may be."""
    inside = bank.detail.locked if bank.detail is not None else ()
    ours = {*bank.locks, *(bank.detail.gateway_locked if bank.detail is not None else ())}
    if aisle is not None and aisle in ours:
        return None
    if aisle is None and ours:
        return None
    held = inside if aisle is None else tuple(no for no in inside if no == aisle)
    return "refused.lock_inside" if held else "operation.not_locked"


def send_act(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Send an act that moves nothing; one at a time."""
    assert event.fresh is not None
    if bank.act is not None:
        return give_answer(state, now, event.point_id, "look", "refused.act_pending")
    if bank.controller != "online":
        return give_answer(state, now, event.point_id, "no", "refused.controller_silent")
    target = Target(event.operation, event.aisle or 0)
    return order_act(state, event.bank, begin_act(target, event.point_id, event.fresh, now))


def begin_act(target: Target, source_id: str, fresh: Fresh, now: Now) -> PendingAct:
    """Word an act that is about to be sent."""
    return PendingAct(fresh.request_id, target.operation, target.aisle, source_id, now.mono_ms + ACT_MS)


def order_act(state: State, bank_id: str, act: PendingAct) -> Step:
    """Give the act to the controller and wait for its answer."""
    state = put_bank(state, bank_id, replace(state.banks[bank_id], act=act))
    effects: list[Effect] = [SendAct(bank_id, act.request_id, act.operation, act.aisle, act.deadline_mono_ms)]
    if state.store == "ok":
        effects.append(record_shelf_event(bank_id, f"asked_{act.operation}", act.aisle))
    return state, effects


def lock_aisles(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Hold an aisle, or all: this gateway asks for nothing more that narrows it, even if the controller won't."""
    settings = find_bank_settings(state.settings, event.bank)
    assert settings is not None
    aisles = list_aisles(settings.geometry) if event.aisle is None else (event.aisle,)
    bank = replace(bank, locks=tuple(sorted({*bank.locks, *aisles})))
    state = put_bank(state, event.bank, bank)
    effects: list[Effect] = []
    request = bank.request
    if request is not None and request.stage in {"operating", "moving"} and set(request.closing) & set(aisles):
        state, effects = stop_bank(state, event.bank, "locked", now)
    elif request is not None and request.stage == "selecting" and set(request.closing) & set(aisles):
        state, effects = finish_request(state, event.bank, "refused", "changed", now)
        effects = [SendDeselect(event.bank), *effects]
    state, more = send_act(state, event, state.banks[event.bank], now)
    return state, effects + more


def unlock_aisles(state: State, bank_id: str, act: PendingAct, now: Now) -> Step:
    """Release what this gateway has locked, after a look; a lock inside the aisle is not touched."""
    bank = state.banks[bank_id]
    if bank.act is not None:
        return give_answer(state, now, act.source_id, "look", "refused.act_pending")
    kept = () if act.aisle == 0 else tuple(no for no in bank.locks if no != act.aisle)
    return order_act(put_bank(state, bank_id, replace(bank, prompt=None, locks=kept)), bank_id, act)


def darken(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Put a light out, but not over somebody who is seen."""
    seen = bank.snapshot.occupied if bank.snapshot is not None else ()
    there = [aisle for aisle in seen if event.aisle in {None, aisle}]
    if there:
        return give_answer(state, now, event.point_id, "no", "refused.lit", aisles=there)
    return send_act(state, event, bank, now)


def clear_fault(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Ask the controller to forget a fault whose cause is gone; smoke and water that only the ring told of go with it.

    A fire is never cleared from here: its panel is reset, and the controller tells of it.
    """
    if bank.request is not None or bank.stop is not None:
        return give_answer(state, now, event.point_id, "no", "refused.busy")
    state, effects = send_act(state, event, bank, now)
    if state.banks[event.bank].act is not bank.act:
        bank = state.banks[event.bank]
        state = put_bank(state, event.bank, replace(bank, hazards=tuple(h for h in bank.hazards if h == "fire")))
    return state, effects


def wake_bank(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Wake a sleeping bank; waking moves nothing."""
    settings = find_bank_settings(state.settings, event.bank)
    assert settings is not None
    if bank.snapshot is None or bank.snapshot.state != "asleep":
        return give_answer(state, now, event.point_id, "look", "operation.awake")
    state, told = give_answer(state, now, event.point_id, "ok", "operation.waking")
    return state, [SendWake(event.bank, now.mono_ms + settings.wake_ms), *told]


def send_to_sleep(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Let a bank at rest sleep."""
    moving = bank.snapshot is not None and bank.snapshot.state in UNDER_WAY
    if bank.request is not None or bank.prompt is not None or moving:
        return give_answer(state, now, event.point_id, "no", "refused.busy")
    return send_act(state, event, bank, now)


def let_go(state: State, event: OperationAsked, bank: Bank, now: Now) -> Step:
    """Take back prompt and selection; a motion is ended by STOP, not by this."""
    request = bank.request
    if request is not None and request.stage != "selecting":
        return give_answer(state, now, event.point_id, "no", "refused.under_way")
    state = put_bank(state, event.bank, replace(bank, prompt=None))
    state, effects = finish_request(state, event.bank, "refused", "deselected", now)
    state, told = give_answer(state, now, event.point_id, "ok", "operation.let_go")
    return state, [SendDeselect(event.bank), *effects, *told]


def answer_act(state: State, event: ActAnswered, now: Now) -> Step:
    """Tell what became of an act; a lock that the controller refused is held by the gateway alone."""
    bank = state.banks[event.bank]
    act = bank.act
    if act is None or act.request_id != event.request_id:
        return state, []
    state = put_bank(state, event.bank, replace(bank, act=None))
    named = name_operation(act.operation)
    if not event.reasons:
        return give_answer(state, now, act.source_id, "ok", "operation.done", operation=named)
    key = "refused.lock_inside" if act.operation == "unlock" and "local" in event.reasons else "operation.refused"
    return give_answer(state, now, act.source_id, "no", key, operation=named, reasons=list(event.reasons))


def lose_act(state: State, bank_id: str, reason: str, now: Now) -> Step:
    """Tell that nobody knows what became of an act; a lock asked for is held by the gateway all the same."""
    act = state.banks[bank_id].act
    assert act is not None
    state = put_bank(state, bank_id, replace(state.banks[bank_id], act=None))
    named = name_operation(act.operation)
    return give_answer(state, now, act.source_id, "no", "operation.unknown", operation=named, reason=reason)


Act = Callable[[State, OperationAsked, Bank, Now], Step]


def propose(state: State, event: OperationAsked, _bank: Bank, now: Now) -> Step:
    """Prepare a prompt."""
    return propose_operation(state, event, now)


ASKABLE: dict[Operation, Act] = {
    "open_aisle": propose,
    "close_all": propose,
    "ventilate": propose,
    "park": propose,
    "home": propose,
    "unlock": propose,
    "lock": lock_aisles,
    "light_on": send_act,
    "light_off": darken,
    "clear_fault": clear_fault,
    "wake": wake_bank,
    "sleep": send_to_sleep,
    "deselect": let_go,
}
