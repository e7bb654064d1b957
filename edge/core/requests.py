"""Wishes for an aisle: they become a prompt or wait in the bank's queue. Nothing here starts motion.

A queue is visible, can be withdrawn from, runs out, and only ever yields prompts that need a press of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from edge.core.effects import Effect, SendWake
from edge.core.events import Now, Reading
from edge.core.geometry import find_segment
from edge.core.occupancy import is_open, list_closing
from edge.core.refusals import Situation, find_refusal
from edge.core.room import BankSettings, find_bank_settings
from edge.core.snapshot import Capability, Operation
from edge.core.state import Bank, Prompt, State, Target, Wish, put_bank

# from scan to OPERATE
REQUEST_MS = 30_000
# how long a request waits in the queue; then it is dropped, and whoever still wants it asks again
QUEUE_MS = 300_000
QUEUE_MAX = 8

Result = Literal["open", "prompted", "queued", "refused"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish at once."""

    result: Result
    key: str = ""  # the refusal, for `queued` and `refused`
    params: dict[str, Any] | None = None
    closing: tuple[int, ...] = ()


def newest_read_ms(bank: Bank, bank_id: str, readings: Sequence[Reading]) -> int:
    """Find the moment of the newest reading, in memory or brought along by the event."""
    return max([bank.read_mono_ms, *(r.read_mono_ms for r in readings if r.bank == bank_id)])


def newest_ring_head(bank: Bank, bank_id: str, readings: Sequence[Reading]) -> int:
    """Find the newest event-ring head, in memory or brought along by the event."""
    newer = [r for r in readings if r.bank == bank_id and r.read_mono_ms > bank.read_mono_ms]
    return max(newer, key=lambda r: r.read_mono_ms).ring_head if newer else bank.ring_head


def is_target_known(settings: BankSettings, target: Target) -> bool:
    """Tell whether the bank has such an aisle; 0 is the whole bank, which can't be opened."""
    whole = target.operation != "open_aisle" and target.aisle == 0
    return whole or find_segment(settings.geometry, target.aisle) is not None


NEEDED: dict[Operation, Capability] = {
    "close_all": "close_all",
    "ventilate": "ventilate",
    "park": "park",
    "home": "home",
    "lock": "lock",
    "unlock": "lock",
    "light_on": "light",
    "light_off": "light",
    "clear_fault": "clear_fault",
    "wake": "wake",
    "sleep": "sleep",
}


def offers(bank: Bank, operation: Operation) -> bool:
    """Tell whether the controller can. One that did not tell refuses by itself; sleep alone must have been told."""
    needed = NEEDED.get(operation)
    if needed is None:
        return operation in {"open_aisle", "deselect"}
    if bank.capabilities is None:
        return operation != "sleep"
    return needed in bank.capabilities


def ask_aisle(state: State, wish: Wish, now: Now, readings: Sequence[Reading]) -> tuple[State, list[Effect], Asked]:
    """Turn a wish into a prompt or a place in the queue, or refuse it; an aisle already open is just told."""
    settings = find_bank_settings(state.settings, wish.bank)
    if settings is None or not is_target_known(settings, wish.target):
        key = "refused.unknown_bank" if settings is None else "refused.no_aisle"
        return state, [], Asked("refused", key, {})
    bank = state.banks[wish.bank]
    if wish.target.operation == "open_aisle" and is_open(bank, wish.target.aisle) and not bank.foreign:
        return state, [], Asked("open")
    closing = list_closing(settings, bank, wish.target)
    read_ms = newest_read_ms(bank, wish.bank, readings)
    if not offers(bank, wish.target.operation):
        named = {"key": f"operation.{wish.target.operation}", "params": {}}
        return state, [], Asked("refused", "refused.not_offered", {"operation": named})
    judged = Situation(state, settings, bank, closing, now.mono_ms, read_ms, operation=wish.target.operation)
    refusal = find_refusal(judged)
    if refusal is None:
        state, effects = show_prompt(state, wish, now)
        return state, effects, Asked("prompted", closing=closing)
    row, params = refusal
    if not row.waits or len(bank.queue) >= QUEUE_MAX:
        key = "refused.queue_full" if row.waits else row.key
        return state, [], Asked("refused", key, {} if row.waits else params, closing)
    waits = replace(wish, reason=row.key, expires_mono_ms=now.mono_ms + QUEUE_MS)
    waiting = replace(bank, queue=(*bank.queue, waits))
    return put_bank(state, wish.bank, waiting), [], Asked("queued", row.key, params, closing)


def show_prompt(state: State, wish: Wish, now: Now) -> tuple[State, list[Effect]]:
    """Put a wish on show; a sleeping bank is woken first and the prompt can be confirmed only when it is awake."""
    settings = find_bank_settings(state.settings, wish.bank)
    assert settings is not None
    bank = state.banks[wish.bank]
    snapshot = bank.snapshot
    asleep = snapshot is not None and snapshot.state in {"asleep", "waking"}
    prompt = Prompt(
        wish=replace(wish, reason=""),
        closing=list_closing(settings, bank, wish.target),
        shown_mono_ms=0 if asleep else now.mono_ms,
        ring_head=bank.ring_head,
    )
    effects: list[Effect] = []
    if snapshot is not None and snapshot.state == "asleep":
        effects.append(SendWake(wish.bank, now.mono_ms + settings.wake_ms))
    return put_bank(state, wish.bank, replace(bank, prompt=prompt)), effects


def refresh_prompt(settings: BankSettings, bank: Bank, now: Now) -> Bank:
    """Keep the prompt on show true: awake banks show it, and it always names what would close now."""
    prompt = bank.prompt
    if prompt is None or bank.snapshot is None:
        return bank
    if prompt.shown_mono_ms == 0:
        if bank.snapshot.state in {"asleep", "waking"}:
            return bank
        prompt = replace(prompt, shown_mono_ms=now.mono_ms)
    closing = list_closing(settings, bank, prompt.wish.target)
    if closing != prompt.closing:
        # another text than the one looked at: a press given to the old one must not count
        prompt = replace(prompt, closing=closing, shown_mono_ms=now.mono_ms, wish=rename_wish(prompt.wish))
    return bank if prompt is bank.prompt else replace(bank, prompt=prompt)


def rename_wish(wish: Wish) -> Wish:
    """Give a prompt that changed another id, so that a press on the old one misses it."""
    stem, _, turn = wish.id.partition("~")
    return replace(wish, id=f"{stem}~{int(turn or 0) + 1}")


def promote_queue(state: State, bank_id: str, now: Now) -> tuple[State, list[Effect]]:
    """Show the first waiting wish whose obstacle is gone. It needs a press of its own."""
    bank = state.banks[bank_id]
    settings = find_bank_settings(state.settings, bank_id)
    if not bank.queue or bank.prompt is not None or bank.request is not None or settings is None:
        return state, []
    for wish in bank.queue:
        closing = list_closing(settings, bank, wish.target)
        operation = wish.target.operation
        judged = Situation(state, settings, bank, closing, now.mono_ms, bank.read_mono_ms, operation=operation)
        if wish.expires_mono_ms > now.mono_ms and find_refusal(judged) is None:
            rest = tuple(each for each in bank.queue if each is not wish)
            state = put_bank(state, bank_id, replace(bank, queue=rest))
            if operation == "open_aisle" and is_open(bank, wish.target.aisle):
                return state, []
            # what waited is asked anew: its own 30 s begin when somebody can see and press it
            renewed = replace(wish, asked_mono_ms=now.mono_ms, expires_mono_ms=now.mono_ms + REQUEST_MS)
            return show_prompt(state, renewed, now)
    return state, []


def withdraw_wish(state: State, queue_id: str) -> State:
    """Take a waiting wish out of its queue."""
    for bank_id, bank in state.banks.items():
        rest = tuple(wish for wish in bank.queue if wish.id != queue_id)
        if len(rest) != len(bank.queue):
            return put_bank(state, bank_id, replace(bank, queue=rest))
    return state


def move_wish(state: State, queue_id: str, place: int) -> State:
    """Put a waiting wish to another place of its bank's queue; a place beyond the end is the end."""
    for bank_id, bank in state.banks.items():
        moved = next((wish for wish in bank.queue if wish.id == queue_id), None)
        if moved is not None:
            rest = [wish for wish in bank.queue if wish is not moved]
            rest.insert(min(max(0, place), len(rest)), moved)
            return put_bank(state, bank_id, replace(bank, queue=tuple(rest)))
    return state


def dismiss_prompt(state: State, prompt_id: str) -> State:
    """Take a prompt off the screen."""
    for bank_id, bank in state.banks.items():
        if bank.prompt is not None and bank.prompt.wish.id == prompt_id:
            return put_bank(state, bank_id, replace(bank, prompt=None))
    return state


def void_wishes(bank: Bank) -> Bank:
    """Empty prompt and queue: after STOP, trip, power loss, restart or motion of others."""
    if bank.prompt is None and not bank.queue:
        return bank
    return replace(bank, prompt=None, queue=())


def expire_wishes(bank: Bank, now: Now) -> Bank:
    """Drop what ran out."""
    queue = tuple(wish for wish in bank.queue if wish.expires_mono_ms > now.mono_ms)
    prompt = bank.prompt
    if prompt is not None and prompt.wish.expires_mono_ms <= now.mono_ms:
        prompt = None
    if prompt is bank.prompt and len(queue) == len(bank.queue):
        return bank
    return replace(bank, prompt=prompt, queue=queue)
