"""Named states of everything around the core: scanners, camera, printer, link, disk, clock, inbox."""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step, give_answer
from edge.core.effects import Effect
from edge.core.events import (
    ClockChanged,
    DeviceChanged,
    FeedApplied,
    LinkChanged,
    Now,
    OverloadChanged,
    StoreChanged,
)
from edge.core.facts import record_gateway_state
from edge.core.outcomes import begin_reading
from edge.core.requests import void_wishes
from edge.core.state import State, put_bank
from edge.core.stops import stop_bank


def note_state(state: State, name: str, detail: str = "") -> list[Effect]:
    """Record a named state, if the disk takes it."""
    return [record_gateway_state(name, detail)] if state.store == "ok" else []


def change_device(state: State, event: DeviceChanged, _now: Now) -> Step:
    """Note the state of a scanner, camera or printer."""
    before = state.devices.get(event.device_id, "online")
    if before == event.state:
        return state, []
    devices = {name: word for name, word in state.devices.items() if name != event.device_id}
    if event.state != "online":
        devices[event.device_id] = event.state
    state = replace(state, devices=devices)
    return state, note_state(state, f"device_{event.state}", event.device_id)


def change_link(state: State, event: LinkChanged, _now: Now) -> Step:
    """Note the state of the link; offline is normal."""
    if event.state == state.link:
        return state, []
    state = replace(state, link=event.state)
    return state, note_state(state, "link", event.state)


def change_clock(state: State, event: ClockChanged, _now: Now) -> Step:
    """Note a jump of the wall clock; motion is timed by the monotonic one and goes on."""
    if event.steady == state.clock_steady and event.steady:
        return state, []
    state = replace(state, clock_steady=event.steady)
    return state, note_state(state, "clock_steady" if event.steady else "clock_stepped", str(event.step_ms))


def apply_feed(state: State, event: FeedApplied, _now: Now) -> Step:
    """Note the replica's revision."""
    return replace(state, feed_revision=event.revision), []


def halt_motion(state: State, reason: str, now: Now) -> Step:
    """Stop every live act and void every wish."""
    effects: list[Effect] = []
    for bank_id in state.banks:
        bank = void_wishes(state.banks[bank_id])
        state = put_bank(state, bank_id, bank)
        if bank.request is not None and not bank.request.by_restart:
            state, more = stop_bank(state, bank_id, reason, now)
            effects += more
    return state, effects


def change_store(state: State, event: StoreChanged, now: Now) -> Step:
    """Note that the disk takes nothing: no motion, no records; or that it does again: learn what was left open."""
    if event.state != "ok":
        state, effects = halt_motion(state, f"store_{event.state}", now)
        state = replace(state, store=event.state)
        if event.source_id:
            state, more = give_answer(state, now, event.source_id, "no", "refused.store", disk=event.state)
            effects += more
        return state, effects
    if state.store == "ok":
        return state, []
    before = state.store
    state = replace(state, store="ok")
    effects = [record_gateway_state("store_ok", before)]
    for bank_id, bank in state.banks.items():
        if bank.request is not None and bank.stop is None:
            state, more = begin_reading(state, bank_id, bank.request, f"store_{before}", now)
            effects += more
    return state, effects


def change_overload(state: State, event: OverloadChanged, now: Now) -> Step:
    """Note that facts could not be taken in time: leases stop until there is room again."""
    if event.active == state.overloaded:
        return state, []
    state = replace(state, overloaded=event.active)
    effects = note_state(state, "overloaded" if event.active else "overload_over")
    if not event.active:
        return state, effects
    state, more = halt_motion(state, "overloaded", now)
    return state, effects + more
