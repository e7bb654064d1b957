"""Rules taken away, each in both layers at once: does the world miss them? Production code knows nothing of it.

A switch replaces names in modules and classes for as long as it is held. What a rule's twin is, stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from edge.core import boxes, confirmations, deadlines, decide, motion, refusals, requests, scans, shelves, stops
from edge.core.events import DeadlinePassed, Fresh, PromptConfirmed
from edge.core.occupancy import list_closing
from edge.core.state import Prompt
from firmware_protocol.lease import LeaseKeeper
from firmware_protocol.session import ControllerSession
from simulators import interlocks, shelf_drive, shelf_model
from simulators.occupancy import Occupancy
from simulators.shelf_drive import ShelfDrive
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Reason, SafetyInput

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


# ---- the rules ---------------------------------------------------------------------------------------


def remove_seen_occupied() -> list[Patch]:
    """Rule 2 and 7: seen occupied refuses and stops. Twin: the controller's own interlock."""
    original = motion.find_change

    def find_change(settings: Any, bank: Any, request: Any, event: Any, now: Any) -> str:
        return original(settings, bank, request, replace(event, answer=replace(event.answer, occupied=())), now)

    return [
        without_rows("refused.seen_occupied"),
        (motion, "find_change", find_change),
        blind_watch(occupied=True),
        deaf_ring("occupancy"),
        *without_reasons(Reason.OCCUPIED),
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


def remove_sign(sign: str, ring: str, held: SafetyInput) -> Callable[[], list[Patch]]:
    """Make the switch of one local safety device."""

    def remove() -> list[Patch]:
        reasons = {key: value for key, value in interlocks._INPUT_REASONS.items() if key is not held}  # noqa: SLF001
        return [
            without_rows(f"refused.{sign}", "refused.local"),
            blind_watch(sign, "other"),
            deaf_ring(ring),
            (shelves, "TRIPS", shelves.TRIPS - {ring}),
            (shelves, "TRIP_SIGNS", shelves.TRIP_SIGNS - {sign}),
            (interlocks, "_INPUT_REASONS", reasons),
        ]

    return remove


def remove_lock() -> list[Patch]:
    """Rule 6: a lock set from inside. Twin: the controller's lock."""
    return [
        without_rows("refused.aisle_lock"),
        blind_watch("aisle_lock"),
        deaf_ring("lock_set"),
        *without_reasons(Reason.LOCKED),
    ]


def remove_fault() -> list[Patch]:
    """A bank with a fault stands. Twin: the controller's state."""
    return [without_rows("refused.bank_fault"), without_states(BankState.FAULT)]


def remove_position_unknown() -> list[Patch]:
    """Rule 10: positions unknown refuse. Twin: the controller's state."""
    return [without_rows("refused.position_unknown"), without_states(BankState.UNKNOWN)]


def remove_busy() -> list[Patch]:
    """One motion at a time. Twin: the controller takes no selection while it moves."""
    return [
        without_rows("refused.busy", "refused.moving", "refused.foreign_motion"),
        without_states(BankState.SELECTED, BankState.WARNING, BankState.MOVING, BankState.SETTLING),
    ]


def remove_own_start() -> list[Patch]:
    """Rule 0: no timer starts anything. Here a prompt that runs out is taken for a press."""
    original = deadlines.pass_deadline

    def pass_deadline(state: Any, event: Any, now: Any) -> Any:
        effects: list[Any] = []
        for bank in state.banks.values():
            prompt = bank.prompt
            if prompt is not None and prompt.wish.expires_mono_ms <= now.mono_ms:
                wish = replace(prompt.wish, expires_mono_ms=now.mono_ms + 5_000)
                press = confirmations.Press("kiosk", "kiosk", (), draw_fresh(now.mono_ms), now.mono_ms)
                state, more = confirmations.select_aisle(state, now, wish, prompt, press)
                effects += more
        state, more = original(state, event, now)
        return state, effects + more

    return [(decide, "HANDLERS", {**decide.HANDLERS, DeadlinePassed: pass_deadline})]


def draw_fresh(seed: int) -> Fresh:
    """Make ids for a press that nobody gave."""
    return Fresh(seed | 1 << 62, tuple(f"{seed:08x}-0000-7000-8000-{n:012x}" for n in range(4)))


def remove_press() -> list[Patch]:
    """Rule 1: a scan proposes, a person starts. The controller has no twin: it never knew of presses."""
    original = confirmations.find_objection

    def find_objection(state: Any, now: Any, wish: Any, prompt: Any, press: Any) -> Any:
        settings, bank = state.settings.banks[0], state.banks[wish.bank]
        closing = list_closing(settings, bank, wish.target)
        return original(state, now, wish, prompt or Prompt(wish, closing, 1, bank.ring_head), press)

    return [
        (boxes, "may_open_by_scan", lambda _state, _wish, scan, _now: scan.origin == "scan"),
        (confirmations, "find_objection", find_objection),
    ]


def remove_death_by_scan() -> list[Patch]:
    """Rule 2: a place scanned after the press kills the confirmation. No twin."""

    def presume_inside(state: Any, scan: Any, now: Any) -> Any:
        kept = {bank_id: replace(bank, request=None) for bank_id, bank in state.banks.items()}
        _, effects = ORIGINALS["presume_inside"](replace(state, banks=kept), scan, now)
        return state, effects

    return [(scans, "presume_inside", presume_inside)]


def remove_afar() -> list[Patch]:
    """Rule 3: nothing moves from afar. No twin."""
    original = decide.HANDLERS[PromptConfirmed]
    return [
        (
            decide,
            "HANDLERS",
            {**decide.HANDLERS, PromptConfirmed: lambda s, event, now: original(s, replace(event, afar=False), now)},
        )
    ]


def remove_new_press() -> list[Patch]:
    """Rule 4: what waited needs a new press. Here it starts as soon as its obstacle is gone. No twin."""
    original = requests.promote_queue

    def promote_queue(state: Any, bank_id: str, now: Any) -> Any:
        before = state.banks[bank_id].prompt
        state, effects = original(state, bank_id, now)
        prompt = state.banks[bank_id].prompt
        if prompt is None or prompt is before or prompt.shown_mono_ms == 0:
            return state, effects
        press = confirmations.Press("kiosk", "kiosk", (), draw_fresh(now.mono_ms), now.mono_ms)
        state, more = confirmations.select_aisle(state, now, prompt.wish, prompt, press)
        return state, effects + more

    return [(decide, "promote_queue", promote_queue)]


def remove_ring_head() -> list[Patch]:
    """Rules 2 and 9: anything after the press kills it. Twin: the controller compares the head at OPERATE."""
    change, react, operate = motion.find_change, shelves.react_to_ring, ShelfModel.operate

    def find_change(settings: Any, bank: Any, request: Any, event: Any, now: Any) -> str:
        return change(settings, bank, replace(request, ring_head=event.answer.ring_head), event, now)

    def react_to_ring(state: Any, event: Any, bank: Any, now: Any) -> Any:
        return (state, []) if bank.request.stage == "selecting" else react(state, event, bank, now)

    def take(model: ShelfModel, request_id: int, token: int, operation: Any, aisle: int, _head: int) -> Any:
        return operate(model, request_id, token, operation, aisle, model.ring_head)

    return [
        (motion, "find_change", find_change),
        (shelves, "react_to_ring", react_to_ring),
        (ShelfModel, "operate", take),
    ]


def remove_yielding() -> list[Patch]:
    """Rule 11: motion of others is not countered. No twin."""
    return [(shelves, "yield_to_others", lambda state, bank_id, now: stops.stop_bank(state, bank_id, "foreign", now))]


def remove_once() -> list[Patch]:
    """Rule 12: SELECT and OPERATE are never sent twice. Twin: the controller refuses an id it has had."""

    def doubt_orders(session: ControllerSession) -> None:
        orders = session._orders  # noqa: SLF001 - the switch stands outside on purpose
        if orders.asked_select is not None:
            orders._select = orders.asked_select, float(LONG_MS)  # noqa: SLF001
        if orders.asked_operate is not None:
            orders._operate = orders.asked_operate, float(LONG_MS)  # noqa: SLF001
        orders.take_asked()

    original = ShelfModel._select_reasons  # noqa: SLF001

    def select_reasons(model: ShelfModel, request_id: int, operation: Any, wanted: Any) -> frozenset[Reason]:
        model._log.pop(request_id, None)  # noqa: SLF001
        return original(model, request_id, operation, wanted)

    return [(ControllerSession, "_doubt_orders", doubt_orders), (ShelfModel, "_select_reasons", select_reasons)]


def remove_lease() -> list[Patch]:
    """Rule 13: motion dies with its lease. Twin: the controller's own clock."""

    def permit(keeper: LeaseKeeper, token: int, _until_ms: float, now_ms: float) -> None:
        ORIGINALS["permit"](keeper, token, now_ms + LONG_MS, now_ms + LONG_MS)

    return [(LeaseKeeper, "permit", permit), (ShelfDrive, "_lapse", lambda _model: None)]


def remove_stop() -> list[Patch]:
    """Rule 14: STOP stops. Twin: the controller always obeys."""
    return [
        (stops, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (motion, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (shelves, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (ShelfModel, "stop", lambda *_: None),
    ]


def remove_warning() -> list[Patch]:
    """Rule 19: light and sound come before motion. The core only bounds it."""
    original = ShelfDrive._enter  # noqa: SLF001

    def enter(model: ShelfDrive, state: BankState, **due_in_ms: int) -> None:
        original(model, state, **{name: 0 if name == "warning" else ms for name, ms in due_in_ms.items()})

    return [(ShelfDrive, "_enter", enter)]


def remove_travel_time() -> list[Patch]:
    """Rule 19: no motion beyond the bank's travel time. Twin: the controller's bound, and its watch for jams."""
    begin, start = motion.begin_moving, LeaseKeeper.start

    def begin_moving(settings: Any, request: Any, start_mono_ms: int) -> Any:
        return replace(begin(settings, request, start_mono_ms), deadline_mono_ms=LONG_MS)

    def start_motion(keeper: LeaseKeeper, token: int, now_ms: float, _longest_ms: float) -> None:
        start(keeper, token, now_ms, float(LONG_MS))

    return [
        (motion, "begin_moving", begin_moving),
        (LeaseKeeper, "start", start_motion),
        (ShelfDrive, "_end_overlong_travel", lambda _model: None),
        (ShelfDrive, "_watch_jam", lambda _model: None),
    ]


ORIGINALS: dict[str, Callable[..., Any]] = {
    "presume_inside": scans.presume_inside,
    "permit": LeaseKeeper.permit,
}
SWITCHES: dict[str, Callable[[], list[Patch]]] = {
    "0 nothing starts by itself": remove_own_start,
    "1 a person starts": remove_press,
    "2 a place scan kills the confirmation": remove_death_by_scan,
    "3 nothing from afar": remove_afar,
    "4 what waited needs a new press": remove_new_press,
    "6 in-aisle lock": remove_lock,
    "7 seen occupied": remove_seen_occupied,
    "9 nothing since the press": remove_ring_head,
    "10 position unknown": remove_position_unknown,
    "11 motion of others": remove_yielding,
    "12 never twice": remove_once,
    "13 lease": remove_lease,
    "14 STOP": remove_stop,
    "19 warning": remove_warning,
    "19 travel time": remove_travel_time,
    "refused.busy": remove_busy,
    "refused.edge": remove_edge,
    "refused.beam": remove_sign("beam", "beam", SafetyInput.BEAM),
    "refused.emergency_stop": remove_sign("emergency_stop", "emergency_stop", SafetyInput.EMERGENCY_STOP),
    "refused.fire": remove_sign("fire", "trip", SafetyInput.FIRE),
    "refused.maintenance": remove_sign("maintenance", "trip", SafetyInput.MAINTENANCE),
    "refused.bank_fault": remove_fault,
}
ALL_OFF = ("1 a person starts", "refused.edge", "13 lease", "14 STOP", "19 warning", "6 in-aisle lock")


@contextmanager
def removed(*names: str) -> Iterator[None]:
    """Live without these rules for a while."""
    before: list[Patch] = []
    try:
        for name in names:
            for target, attribute, value in SWITCHES[name]():
                before.append((target, attribute, vars(target)[attribute]))
                setattr(target, attribute, value)
        yield
    finally:
        for target, attribute, value in reversed(before):
            setattr(target, attribute, value)
