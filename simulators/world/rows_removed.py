"""The rows of the refusal table, each taken away together with what stands for it in the other layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge.core import decide, motion, shelves
from edge.core.events import OverloadChanged
from edge.runtime.recording import Recorder
from edge.store import StoreUnavailableError
from firmware_protocol.presence import Presence
from firmware_protocol.schedule import BusSchedule
from firmware_protocol.session import ControllerSession
from simulators import interlocks
from simulators.occupancy import Occupancy
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Reason, SafetyInput
from simulators.world.patches import (
    Patch,
    blind_watch,
    deaf_ring,
    without_hazard,
    without_reasons,
    without_rows,
    without_states,
)


def remove_store() -> list[Patch]:
    """A full disk lets nothing start. Twin: the runtime adopts no step that it could not write down."""
    original = Recorder.commit

    def commit(recorder: Recorder, boot_id: str) -> None:
        try:
            original(recorder, boot_id)
        except StoreUnavailableError:
            recorder.drop()

    return [without_rows("refused.store"), (Recorder, "commit", commit)]


def remove_overload() -> list[Patch]:
    """An inbox that has lost something lets nothing start. Twin: it ends every motion and wish."""
    return [
        without_rows("refused.overloaded"),
        (decide, "HANDLERS", {**decide.HANDLERS, OverloadChanged: lambda state, _event, _now: (state, [])}),
    ]


def remove_silence() -> list[Patch]:
    """A silent controller is asked for nothing. Twins: the wire's layer, and the age of the reading behind it."""
    return [
        without_rows("refused.controller_silent", "refused.stale"),
        (Presence, "block", property(lambda _presence: "")),
    ]


def remove_staleness() -> list[Patch]:
    """An old reading is none. Twin: the wire's layer calls a controller silent that answers nothing."""
    return [without_rows("refused.stale"), (Presence, "is_lost", lambda _presence, _now_ms: False)]


def remove_geometry() -> list[Patch]:
    """A gateway made for other steel moves nothing. Twin: the wire's layer, and the last look before OPERATE."""
    original = motion.find_change

    def find_change(settings: Any, bank: Any, request: Any, event: Any, now: Any) -> str:
        return original(settings, replace(bank, controller="online"), request, event, now)

    return [
        without_rows("refused.geometry_mismatch"),
        (motion, "find_change", find_change),
        (Presence, "block", property(lambda presence: "" if presence.is_online else "silent")),
    ]


def remove_stopping() -> list[Patch]:
    """While a STOP is not read back nothing is asked for. Twin: the wire's layer."""
    original = motion.find_change

    def find_change(settings: Any, bank: Any, request: Any, event: Any, now: Any) -> str:
        return original(settings, replace(bank, stop=None), request, event, now)

    def find_block(session: ControllerSession) -> str:
        return session._presence.block  # noqa: SLF001 - the switch stands outside on purpose

    return [
        without_rows("refused.stopping"),
        (motion, "find_change", find_change),
        (ControllerSession, "_find_block", find_block),
    ]


def remove_edge() -> list[Patch]:
    """An edge stops motion. Twin: the controller's trip."""
    nobody: frozenset[int] = frozenset()
    return [
        without_rows("refused.edge", "refused.seen_occupied"),
        blind_watch("edge", "other", occupied=True),
        deaf_ring("edge", "occupancy"),
        (Occupancy, "touched", lambda *_: nobody),
        *without_reasons(Reason.OCCUPIED),
    ]


def remove_sign(sign: str, ring: tuple[str, ...], held: SafetyInput) -> Callable[[], list[Patch]]:
    """Make the switch of one local safety device."""

    def remove() -> list[Patch]:
        reasons = {key: value for key, value in interlocks._INPUT_REASONS.items() if key is not held}  # noqa: SLF001
        return [
            without_rows(f"refused.{sign}", "refused.local"),
            blind_watch(sign, "other"),
            deaf_ring(*ring),
            (shelves, "TRIPS", shelves.TRIPS - set(ring)),
            (shelves, "TRIP_SIGNS", shelves.TRIP_SIGNS - {sign}),
            (interlocks, "_INPUT_REASONS", reasons),
            without_hazard(sign),
        ]

    return remove


def remove_fault() -> list[Patch]:
    """A bank with a fault stands. Twin: the controller's state, and its list of faults."""
    original = ShelfModel._select_reasons  # noqa: SLF001 - the switch stands outside on purpose

    def select_reasons(model: ShelfModel, request_id: int, operation: Any, wanted: Any) -> frozenset[Reason]:
        return original(model, request_id, operation, wanted) - {Reason.FAULT}

    return [without_rows("refused.bank_fault"), (ShelfModel, "_select_reasons", select_reasons)]


def remove_busy() -> list[Patch]:
    """One request at a time. Twin: the controller holds one selection."""
    return [without_rows("refused.busy"), without_states(BankState.SELECTED)]


def remove_moving() -> list[Patch]:
    """Nothing is asked of steel that moves, by whomever. Twin: the controller takes no selection meanwhile."""
    return [
        without_rows("refused.busy", "refused.moving", "refused.foreign_motion"),
        without_states(BankState.SELECTED, BankState.WARNING, BankState.MOVING, BankState.SETTLING),
    ]


def remove_bus_limit() -> list[Patch]:
    """No more banks move on a bus than its leases allow. Twin: the bus schedule."""

    def order_select(schedule: BusSchedule, unit: int, request: Any, deadline_ms: float) -> None:
        schedule.sessions[unit].order_select(request, deadline_ms)

    return [without_rows("refused.bus_full"), (BusSchedule, "order_select", order_select)]


def remove_water() -> list[Patch]:
    """Water in the room holds everything that the gateway is asked for. No twin: no drive is held by it."""
    return [
        without_rows("refused.water"),
        (shelves, "TRIPS", shelves.TRIPS - {"water"}),
        (shelves, "TRIP_SIGNS", shelves.TRIP_SIGNS - {"water"}),
        deaf_ring("water"),
        without_hazard("water"),
    ]


def remove_locks_by_wire() -> list[Patch]:
    """An aisle that was locked at a screen does not narrow. Twin: the controller holds the lock too."""
    return [
        without_rows("refused.locked"),
        (motion, "list_locked", lambda _bank: frozenset()),
        *without_reasons(Reason.LOCKED),
    ]
