"""The numbered rules of the law, each taken away in both layers at once. What its twin is, stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge.core import boxes, confirmations, deadlines, decide, motion, requests, scans, shelves, stops
from edge.core.events import DeadlinePassed, PromptConfirmed
from edge.core.geometry import find_aisle
from edge.core.occupancy import list_closing
from edge.core.room import find_bank_settings
from edge.core.state import Prompt
from firmware_protocol import orders as wire_orders
from firmware_protocol.json_gate import RequestGate
from firmware_protocol.lease import LeaseKeeper
from firmware_protocol.session import ControllerSession
from simulators.shelf_drive import ShelfDrive
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Reason
from simulators.world import stranger
from simulators.world.patches import (
    LONG_MS,
    Patch,
    blind_watch,
    deaf_ring,
    draw_fresh,
    without_lateness,
    without_reasons,
    without_rows,
    without_states,
)

Step = Callable[..., Any]
PRESUME_INSIDE: Step = scans.presume_inside
PERMIT: Step = LeaseKeeper.permit


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


def remove_press() -> list[Patch]:
    """Rule 1: a scan proposes, a person starts. The controller has no twin: it never knew of presses."""
    original = confirmations.find_objection

    def find_objection(state: Any, now: Any, wish: Any, prompt: Any, press: Any) -> Any:
        settings, bank = find_bank_settings(state.settings, wish.bank), state.banks[wish.bank]
        assert settings is not None
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
        _, effects = PRESUME_INSIDE(replace(state, banks=kept), scan, now)
        return state, effects

    return [(scans, "presume_inside", presume_inside)]


def remove_calling_back() -> list[Patch]:
    """Rule 2: a place scanned before OPERATE has left calls it back, also one of the aisle that opens. No twin."""

    def presume_inside(state: Any, scan: Any, now: Any) -> Any:
        hidden = {bank_id: hide_opening(bank, scan.lookup.place) for bank_id, bank in state.banks.items()}
        after, effects = PRESUME_INSIDE(replace(state, banks=hidden), scan, now)
        kept = {
            bank_id: replace(bank, request=state.banks[bank_id].request) if hidden[bank_id] is not state.banks[bank_id]
            else bank
            for bank_id, bank in after.banks.items()
        }  # fmt: skip
        return replace(after, banks=kept), effects

    def hide_opening(bank: Any, place: Any) -> Any:
        request = bank.request
        if request is None or request.stage != "operating" or place is None:
            return bank
        opens = request.wish.bank == place.bank and request.wish.target.aisle == find_aisle(place.column, place.face)
        return replace(bank, request=None) if opens else bank

    return [(scans, "presume_inside", presume_inside)]


def remove_fifteen_seconds() -> list[Patch]:
    """Rule 2: a confirmation lives 15 s. Twin: the wire's layer drops a SELECT whose time has passed."""
    return [(confirmations, "CONFIRMATION_MS", LONG_MS), without_lateness()]


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


def remove_lock() -> list[Patch]:
    """Rule 6: a lock set from inside. Twin: the controller's lock."""
    return [
        without_rows("refused.aisle_lock", "refused.locked"),
        (motion, "list_locked", lambda _bank: frozenset()),
        blind_watch("aisle_lock"),
        deaf_ring("lock_set"),
        *without_reasons(Reason.LOCKED),
    ]


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


def remove_presumption() -> list[Patch]:
    """Rule 7: a place scanned inside makes its aisle count as occupied. No twin: the controller knows of no scans."""
    return [(module, "presume_occupied", lambda bank, _aisle: bank) for module in (scans, boxes, shelves)]


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


def remove_freshness() -> list[Patch]:
    """Rule 9: OPERATE relies on an answer of at most 300 ms. Twin: the wire's layer drops an OPERATE that is late."""
    return [(motion, "FRESH_MS", LONG_MS), without_lateness()]


def remove_position_unknown() -> list[Patch]:
    """Rule 10: positions unknown refuse. Twin: the controller's state."""
    return [without_rows("refused.position_unknown"), without_states(BankState.UNKNOWN)]


def remove_yielding() -> list[Patch]:
    """Rule 11: motion of others is not countered. No twin."""
    return [(shelves, "yield_to_others", lambda state, bank_id, _mover, now: stops.stop_bank(state, bank_id, "x", now))]


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


def remove_two_seconds() -> list[Patch]:
    """Rule 12: a selection dies after 2 s, in the core, on the wire, at the controller; the 300 ms stand before it."""
    return [
        (motion, "FRESH_MS", LONG_MS),
        (motion, "SELECTION_MS", LONG_MS),
        (wire_orders, "SELECTION_MS", float(LONG_MS)),
        without_lateness(),
        (ShelfDrive, "_expire_selection", lambda _model: None),
    ]


def remove_lease() -> list[Patch]:
    """Rule 13: motion dies with its lease. Twin: the controller's own clock."""

    def permit(keeper: LeaseKeeper, token: int, _until_ms: float, now_ms: float) -> None:
        PERMIT(keeper, token, now_ms + LONG_MS, now_ms + LONG_MS)

    return [(LeaseKeeper, "permit", permit), (ShelfDrive, "_lapse", lambda _model: None)]


def remove_stop() -> list[Patch]:
    """Rule 14: STOP stops. Twin: the controller always obeys."""
    return [
        (stops, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (motion, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (shelves, "stop_bank", lambda state, _bank_id, _reason, _now: (state, [])),
        (ShelfModel, "stop", lambda *_: None),
    ]


def remove_broker_rules() -> list[Patch]:
    """Rule 16: only the gateway may speak to banks on a broker. Twin: the controller obeys one gateway's nonce."""
    return [(stranger, "is_listed", lambda _user: True), (RequestGate, "admit", lambda _gate, _asked: None)]


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


def remove_waking() -> list[Patch]:
    """Rule 19: a sleeping bank is woken first; the prompt appears when it is awake. Twin: the controller's state."""
    original = requests.show_prompt

    def show_prompt(state: Any, wish: Any, now: Any) -> Any:
        state, _ = original(state, wish, now)
        bank = state.banks[wish.bank]
        shown = replace(bank.prompt, shown_mono_ms=now.mono_ms)
        return replace(state, banks={**state.banks, wish.bank: replace(bank, prompt=shown)}), []

    return [(requests, "show_prompt", show_prompt), without_states(BankState.ASLEEP, BankState.WAKING)]
