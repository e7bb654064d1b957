"""Pieces that switches are made of: rows, interlocks, watches taken out. Production code knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge.core import climate, motion, refusals, shelves
from edge.core.events import Fresh
from firmware_protocol.orders import OrderBook
from simulators import interlocks, shelf_drive, shelf_model
from simulators.shelf_record import BankState, Reason

Patch = tuple[object, str, Any]
LONG_MS = 10**9


def without_rows(*keys: str) -> Patch:
    """Take rows out of the core's table of refusals."""
    return refusals, "REFUSALS", tuple(row for row in refusals.REFUSALS if row.key not in keys)


def without_reasons(*reasons: Reason) -> list[Patch]:
    """Let the controller's interlocks never give these reasons."""
    gone = frozenset(reasons)

    original: Callable[..., frozenset[Reason]] = vars(shelf_drive)[
        "motion_reasons"
    ]  # as it is now: another switch may be held already

    def judge(*args: Any) -> frozenset[Reason]:
        return original(*args) - gone

    return [(module, "motion_reasons", judge) for module in (shelf_drive, shelf_model)]


def without_states(*states: BankState) -> Patch:
    """Let the controller take a selection in these states."""
    original = interlocks.state_reasons
    return shelf_model, "state_reasons", lambda state: frozenset() if state in states else original(state)


def blind_watch(*signs: str, occupied: bool = False) -> Patch:
    """Let the core not see these signs while a motion runs."""
    original = motion.watch_travel

    def watch(state: Any, bank_id: str, bank: Any, request: Any, now: Any) -> Any:
        snapshot = replace(
            bank.snapshot,
            safety=tuple(sign for sign in bank.snapshot.safety if sign not in signs),
            occupied=() if occupied else bank.snapshot.occupied,
        )
        return original(state, bank_id, replace(bank, snapshot=snapshot), request, now)

    return motion, "watch_travel", watch


def deaf_ring(*kinds: str) -> Patch:
    """Let the core not stop a motion for these ring entries."""
    return shelves, "STOPPING", shelves.STOPPING - frozenset(kinds)


def without_hazard(hazard: str) -> Patch:
    """Let the core not think of this danger, neither before OPERATE nor while a motion runs."""
    original = climate.list_hazards
    return motion, "list_hazards", lambda bank: tuple(each for each in original(bank) if each != hazard)


def draw_fresh(seed: int) -> Fresh:
    """Make ids for a press that nobody gave."""
    return Fresh(seed | 1 << 62, tuple(f"{seed:08x}-0000-7000-8000-{n:012x}" for n in range(4)))


def without_lateness() -> Patch:
    """Let the wire's layer never drop an order because its time has passed."""
    return OrderBook, "drop_late", lambda _book, _now_ms: None
