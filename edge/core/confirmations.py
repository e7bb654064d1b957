"""A press at a point in sight of the bank, and the one place where SELECT is made.

Four handlers may start an act: a press on a screen, a confirm card, a button at the bank, and a scan when no gap
narrows below the passable gap. Each prompt serves one SELECT; it leaves with the press that answered it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.core.answers import Step, give_answer
from edge.core.effects import Effect, SendSelect
from edge.core.events import CodeRead, Fresh, Now, PromptConfirmed, Reading, RingEventsRead
from edge.core.facts import record_intent, record_shelf_event
from edge.core.occupancy import list_closing
from edge.core.operations import begin_act, name_operation, unlock_aisles
from edge.core.refusals import Situation, find_refusal
from edge.core.requests import newest_read_ms, newest_ring_head
from edge.core.room import Point, find_bank_settings, find_point
from edge.core.sensors import may_scan_narrow
from edge.core.sessions import Scan
from edge.core.snapshot import MOVING, RingEntry
from edge.core.state import Bank, Prompt, Request, State, Wish, put_bank

# from press to SELECT
CONFIRMATION_MS = 15_000
# an entry's age is that of the moment it was answered: the answer's own way makes the press look younger than it is
RING_LAG_MS = 100


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody in sight of the bank has looked and pressed; or scanned where nothing narrows."""

    point_id: str
    source_id: str  # where the answer is given
    readings: Sequence[Reading]
    fresh: Fresh
    pressed_mono_ms: int  # 15 s begin then, however late it was told
    ring_head: int | None = None  # known exactly for a button at the bank
    ring_sequence: int = 0


def find_prompt(state: State, prompt_id: str) -> tuple[str, Prompt] | None:
    """Find a prompt on show by its id."""
    for bank_id, bank in state.banks.items():
        if bank.prompt is not None and bank.prompt.wish.id == prompt_id:
            return bank_id, bank.prompt
    return None


def confirm_at_screen(state: State, event: PromptConfirmed, now: Now) -> Step:
    """Handle a touch on the confirming field."""
    found = find_prompt(state, event.prompt_id)
    if found is None or event.fresh is None:
        return give_answer(state, now, event.point_id, "no", "scan.no_prompt")
    bank_id, prompt = found
    if event.afar:
        return give_answer(state, now, event.point_id, "no", "refused.afar")
    point = find_point(state.settings, bank_id, event.point_id)
    if point is None or point.kind != "kiosk":
        return refuse_point(state, now, event.point_id, bank_id)
    press = Press(point.id, event.point_id, event.readings, event.fresh, now.mono_ms)
    return select_aisle(state, now, prompt.wish, prompt, press)


def confirm_by_card(state: State, event: CodeRead, code: str, now: Now) -> Step:
    """Handle a confirm card; it counts once per prompt, after it, and only from a trigger-operated scanner."""
    points = list_card_points(state, code)
    if not points or event.fresh is None:
        return give_answer(state, now, event.source_id, "no", "scan.card_unknown", code=code)
    if event.source_kind != "trigger":
        return give_answer(state, now, event.source_id, "no", "scan.card_not_trigger")
    shown = [(point, bank_id, prompt) for point, bank_id in points if (prompt := shown_prompt(state, bank_id, event))]
    if not shown:
        return give_answer(state, now, event.source_id, "no", "scan.card_no_prompt")
    if len(shown) > 1:
        return give_answer(state, now, event.source_id, "look", "scan.card_ambiguous")
    point, _, prompt = shown[0]
    press = Press(point.id, event.source_id, event.readings, event.fresh, min(event.read_mono_ms, now.mono_ms))
    return select_aisle(state, now, prompt.wish, prompt, press)


def confirm_by_button(state: State, event: RingEventsRead, now: Now) -> Step:
    """Handle a button at the bank: the last press after the prompt, followed by nothing but its own release."""
    bank = state.banks[event.bank]
    prompt = bank.prompt
    entry = find_press(event.entries)
    if prompt is None or entry is None or event.fresh is None or event.lost:
        return state, []
    settings = find_bank_settings(state.settings, event.bank)
    points = settings.points if settings else ()
    point = next((p for p in points if p.kind == "button" and p.button == entry.argument), None)
    pressed_mono_ms = event.read_mono_ms - entry.age_ms - RING_LAG_MS
    if point is None or prompt.shown_mono_ms == 0 or pressed_mono_ms <= prompt.shown_mono_ms:
        return state, []
    source_id = prompt.wish.station or point.id
    press = Press(point.id, source_id, event.readings, event.fresh, pressed_mono_ms, event.head, entry.sequence)
    return select_aisle(state, now, prompt.wish, prompt, press)


def open_by_scan(state: State, wish: Wish, scan: Scan, now: Now) -> Step:
    """Start an act on the scan alone; `select_aisle` refuses it if any gap narrows below the passable gap."""
    press = Press("", scan.source_id, scan.readings, scan.fresh, now.mono_ms)
    return select_aisle(state, now, wish, None, press)


def list_card_points(state: State, code: str) -> list[tuple[Point, str]]:
    """List the points at which this card hangs, with the bank in sight of each."""
    return [(p, bank.id) for bank in state.settings.banks for p in bank.points if p.card_code == code]


def shown_prompt(state: State, bank_id: str, event: CodeRead) -> Prompt | None:
    """Find the bank's prompt if it was on show before the card was read."""
    prompt = state.banks[bank_id].prompt
    if prompt is None or prompt.shown_mono_ms == 0 or event.read_mono_ms <= prompt.shown_mono_ms:
        return None
    return prompt


def find_press(entries: Sequence[RingEntry]) -> RingEntry | None:
    """Find the press in new ring entries; None when anything but its own release came after it."""
    presses = [n for n, entry in enumerate(entries) if entry.kind == "button_pressed"]
    if not presses:
        return None
    press = entries[presses[-1]]
    after = entries[presses[-1] + 1 :]
    if any(entry.kind != "button_released" or entry.argument != press.argument for entry in after):
        return None
    return press


def refuse_point(state: State, now: Now, source_id: str, bank_id: str) -> Step:
    """Say that the bank can't be seen from there."""
    settings = find_bank_settings(state.settings, bank_id)
    return give_answer(state, now, source_id, "no", "refused.point", bank=settings.name if settings else bank_id)


def select_aisle(state: State, now: Now, wish: Wish, prompt: Prompt | None, press: Press) -> Step:
    """Ask the controller for the act: intent first, then SELECT. `prompt` None: started by scan alone."""
    settings = find_bank_settings(state.settings, wish.bank)
    assert settings is not None
    bank = state.banks[wish.bank]
    closing = list_closing(settings, bank, wish.target)
    target = wish.target
    against = find_objection(state, now, wish, prompt, press)
    if against is not None:
        key, params = against
        return give_answer(state, now, press.source_id, "no", key, **params)
    if target.operation not in MOVING:
        return unlock_aisles(state, wish.bank, begin_act(target, press.source_id, press.fresh, now), now)
    request = make_request(bank, wish, closing, press)
    state = put_bank(state, wish.bank, replace(bank, prompt=None, request=request))
    place = target.place
    effects: list[Effect] = [
        record_intent(request),
        SendSelect(
            bank=wish.bank,
            request_id=request.request_id,
            operation=target.operation,
            aisle=target.aisle,
            face=place.face if place else "",
            section=place.section if place else 0,
            tier=place.tier if place else 0,
            deadline_mono_ms=request.deadline_mono_ms,
        ),
    ]
    if prompt is None and closing:
        effects.insert(0, record_shelf_event(wish.bank, "opened_by_scan_alone", target.aisle))
    if closing:
        state, told = give_answer(state, now, press.source_id, "ok", "scan.confirmed", closing=list(closing))
    elif target.operation == "open_aisle":
        state, told = give_answer(state, now, press.source_id, "ok", "scan.opening", aisle=target.aisle)
    else:
        named = name_operation(target.operation)
        state, told = give_answer(state, now, press.source_id, "ok", "operation.begun", operation=named)
    return state, effects + told


def find_objection(
    state: State, now: Now, wish: Wish, prompt: Prompt | None, press: Press
) -> tuple[str, dict[str, Any]] | None:
    """Find what stands against acting on this press, as a sentence."""
    settings = find_bank_settings(state.settings, wish.bank)
    assert settings is not None
    bank = state.banks[wish.bank]
    closing = list_closing(settings, bank, wish.target)
    if min(wish.expires_mono_ms, press.pressed_mono_ms + CONFIRMATION_MS) <= now.mono_ms:
        return "refused.expired", {}
    if prompt is None and (not settings.scan_opens or wish.target.operation != "open_aisle"):
        return "scan.no_prompt", {}
    if prompt is None and closing and not may_scan_narrow(settings, bank, closing, now, steady=state.clock_steady):
        return "scan.no_prompt", {}
    if prompt is not None and prompt.shown_mono_ms == 0:
        return "scan.no_prompt", {}
    if prompt is not None and not set(closing) <= set(prompt.closing):
        return "motion.changed", {}
    read_ms = newest_read_ms(bank, wish.bank, press.readings)
    own, operation = prompt is not None, wish.target.operation
    judged = Situation(state, settings, bank, closing, now.mono_ms, read_ms, own, operation)
    refusal = find_refusal(judged)
    return None if refusal is None else (refusal[0].key, refusal[1])


def make_request(bank: Bank, wish: Wish, closing: tuple[int, ...], press: Press) -> Request:
    """Bind the press to what was known when it was given."""
    head = newest_ring_head(bank, wish.bank, press.readings) if press.ring_head is None else press.ring_head
    return Request(
        request_id=press.fresh.request_id,
        wish=wish,
        closing=closing,
        stage="selecting",
        point_id=press.point_id,
        pressed_mono_ms=press.pressed_mono_ms,
        ring_head=head,
        press_sequence=press.ring_sequence,
        boot_id=bank.boot_id or 0,
        deadline_mono_ms=min(press.pressed_mono_ms + CONFIRMATION_MS, wish.expires_mono_ms),
    )
