"""What shelf drivers report: readings, ring events, controllers that fall silent or start anew, motion of others.

Motion we did not request voids our intent and is logged, never countered.
"""

from __future__ import annotations

from dataclasses import replace

from edge.core.answers import Step
from edge.core.climate import forget_hazards, judge_climate, note_hazards, tell_climate
from edge.core.confirmations import confirm_by_button
from edge.core.effects import Effect, SendDeselect
from edge.core.events import ControllerChanged, DetailArrived, Now, RingEventsRead, RingHistoryRead, SnapshotArrived
from edge.core.facts import record_shelf_event
from edge.core.geometry import list_segment_aisles
from edge.core.motion import is_ours, lose_request, watch_motion
from edge.core.occupancy import presume_occupied
from edge.core.outcomes import finish_request
from edge.core.requests import refresh_prompt, void_wishes
from edge.core.room import BankSettings, find_bank_settings
from edge.core.sensors import judge_sights
from edge.core.snapshot import UNDER_WAY, RingEntry, ShelfDetail, ShelfSnapshot, list_closed_aisles
from edge.core.state import Bank, State, put_bank
from edge.core.stops import stop_bank

# entries after which nobody knows where the columns stand
DOUBTING = frozenset({"power", "power_failed", "handle_moved", "clutch_released"})
# entries at which a motion under way is stopped, unless they lie in an aisle that does not close
STOPPING = frozenset(
    {
        "edge", "sweep", "beam", "occupancy", "door", "trip", "emergency_stop", "lock_set", "fault", "overload",
        "drive_fault", "fire", "smoke", "water", "maintenance",
    }
)  # fmt: skip
LOCAL = frozenset({"beam", "occupancy"})
# trips: prompt and queue are void, whatever the bank does; by ring entry, and by reading should the entry be missed
TRIPS = frozenset({"edge", "sweep", "emergency_stop", "trip", "fire", "smoke", "water"})
TRIP_SIGNS = frozenset({"edge", "sweep", "emergency_stop", "fire", "smoke", "water"})
TRIP_STATES = frozenset({"stopped", "fault"})
# ring entries worth a fact of their own; sensors chatter too much
LOGGED = frozenset(
    {
        "panel_motion", "handle_moved", "clutch_released", "edge", "sweep", "door", "emergency_stop", "trip",
        "power_failed", "power", "fault", "fault_cleared", "overload", "drive_fault", "fire", "fire_over", "smoke",
        "smoke_over", "water", "water_over", "maintenance", "maintenance_over", "lock_set", "lock_released",
    }
)  # fmt: skip


def take_snapshot(state: State, event: SnapshotArrived, now: Now) -> Step:
    """Take a reading in: see reboots and motion of others, then follow our own act."""
    bank = state.banks[event.bank]
    snapshot = event.snapshot
    if event.read_mono_ms < bank.read_mono_ms:
        return state, []  # overtaken by a newer one
    old = bank.snapshot
    moved = old is None or snapshot.state in UNDER_WAY or has_shifted(old, snapshot)
    rebooted = bank.boot_id is not None and bank.boot_id != snapshot.boot_id
    bank = replace(
        bank,
        snapshot=snapshot,
        read_mono_ms=event.read_mono_ms,
        ring_head=snapshot.ring_head,
        boot_id=snapshot.boot_id,
        ring_told=bank.ring_told or (snapshot.boot_id, snapshot.ring_head),
        widths_valid=bank.widths_valid and not moved,
    )
    bank = presume_unseen(old, bank)
    if has_tripped(old, snapshot):
        bank = void_wishes(bank)
    if rebooted:
        return doubt_bank(put_bank(state, event.bank, bank), event.bank, "rebooted", now)
    if snapshot.state in UNDER_WAY and not is_ours(bank, snapshot, now):
        if not bank.foreign:
            return yield_to_others(put_bank(state, event.bank, bank), event.bank, find_mover(snapshot), now)
        return put_bank(state, event.bank, bank), []
    if bank.foreign and snapshot.state not in UNDER_WAY:
        # who opened it may be inside; who was presumed elsewhere still is, but where no gap is left
        closed = list_closed_aisles(snapshot.contacts)
        presumed = {*bank.presumed, *snapshot.open_aisles} - set(closed)
        bank = replace(bank, foreign=False, presumed=tuple(sorted(presumed)))
    settings = find_bank_settings(state.settings, event.bank)
    assert settings is not None
    if bank.prompt is not None:
        bank = refresh_prompt(settings, bank, now)
    facts: list[Effect] = []
    if bank.sights and state.store == "ok":
        bank, facts = judge_sights(settings, event.bank, bank)
    elif bank.sights:
        bank = replace(bank, sights=())  # a mark that can't be recorded is not made
    state, effects = watch_motion(put_bank(state, event.bank, bank), event.bank, now)
    return state, [*effects, *facts]


def presume_unseen(old: ShelfSnapshot | None, bank: Bank) -> Bank:
    """Presume somebody in every aisle that was opened without us, or before this process began to look."""
    assert bank.snapshot is not None
    before = old.open_aisles if old is not None else ()
    if old is not None and bank.request is not None:
        return bank
    for aisle in bank.snapshot.open_aisles:
        if aisle not in before:
            bank = presume_occupied(bank, aisle)
    return bank


def has_tripped(old: ShelfSnapshot | None, new: ShelfSnapshot) -> bool:
    """Tell whether a reading shows a trip or a standstill by fault that the one before did not."""
    signs = TRIP_SIGNS & set(new.safety)
    if old is None:
        return bool(signs) or new.state in TRIP_STATES
    return bool(signs - set(old.safety)) or (new.state in TRIP_STATES and old.state != new.state)


def has_shifted(old: ShelfSnapshot, new: ShelfSnapshot) -> bool:
    """Tell whether columns may have moved between two readings."""
    return old.open_aisles != new.open_aisles or old.contacts != new.contacts or old.ring_head != new.ring_head


def take_detail(state: State, event: DetailArrived, _now: Now) -> Step:
    """Take positions and widths in; they are worth something for decisions only while nothing moved since."""
    bank = state.banks[event.bank]
    at_rest = bank.snapshot is not None and bank.snapshot.state not in UNDER_WAY
    settings = find_bank_settings(state.settings, event.bank)
    signed = settings is not None and settings.positions == "measured"
    measured = signed and bool(event.detail.quality) and set(event.detail.quality) == {"measured"}
    newer = event.read_mono_ms >= bank.read_mono_ms
    alarms = judge_climate(state.settings.climate, event.detail, bank.alarms)
    effects = tell_climate(event.bank, bank, event.detail, alarms) if state.store == "ok" else []
    # while the disk takes nothing an alarm stays as it was, so that its fact is not lost
    alarms = alarms if state.store == "ok" else bank.alarms
    whole = settings is not None and bank.snapshot is not None and is_whole(settings, bank.snapshot, event.detail)
    bank = replace(bank, detail=event.detail, widths_valid=at_rest and measured and newer and whole, alarms=alarms)
    if bank.hazards:
        bank = forget_hazards(bank)
    return put_bank(state, event.bank, bank), effects


def is_whole(settings: BankSettings, snapshot: ShelfSnapshot, detail: ShelfDetail) -> bool:
    """Tell whether the widths can be those of one moment: they sum to the free width, and the same aisles are open.

    The block comes in pieces; a piece from before a motion and one from after it make gaps that never stood so.
    """
    widths = detail.aisle_widths_mm
    for segment in settings.geometry.segments:
        aisles = list_segment_aisles(segment)
        if aisles[-1] > len(widths):
            return False
        mm = {aisle: widths[aisle - 1] or 0 for aisle in aisles}
        # each gap was rounded by itself
        if abs(sum(mm.values()) - segment.free_width_mm) > len(aisles):
            return False
        passable = settings.geometry.passable_gap_mm
        if any(mm[aisle] < passable - 1 for aisle in aisles if aisle in snapshot.open_aisles):
            return False
    return True


def find_mover(snapshot: ShelfSnapshot) -> str:
    """Find who moves the steel, as far as a reading shows it; "" is unknown. In a fire it is the controller itself."""
    return next((sign for sign in ("fire", "maintenance", "panel", "handle") if sign in snapshot.safety), "")


def yield_to_others(state: State, bank_id: str, mover: str, now: Now) -> Step:
    """Give way to motion we did not ask for: our intent is void, nothing is sent against it."""
    bank = void_wishes(state.banks[bank_id])
    state = put_bank(state, bank_id, replace(bank, foreign=True))
    effects: list[Effect] = []
    if state.store == "ok":
        effects.append(record_shelf_event(bank_id, f"foreign_motion_{mover}" if mover else "foreign_motion"))
    request = bank.request
    if request is None:
        return state, effects
    if request.stage == "selecting":
        effects.append(SendDeselect(bank_id))
    state, more = finish_request(state, bank_id, "unknown", "foreign_motion", now)
    return state, effects + more


def doubt_bank(state: State, bank_id: str, reason: str, now: Now) -> Step:
    """Forget where columns and people are: selection, lease and queue are void; a live act ends unknown with STOP."""
    bank = void_wishes(state.banks[bank_id])
    bank = replace(bank, doubted=True, widths_valid=False, indicator=None, sights=())
    state = put_bank(state, bank_id, bank)
    effects: list[Effect] = []
    if state.store == "ok":
        effects.append(record_shelf_event(bank_id, reason))
    if bank.request is None or (bank.request.by_restart and bank.request.stage == "reading"):
        return state, effects
    state, more = lose_request(state, bank_id, reason, now)
    return state, effects + more


def take_ring_events(state: State, event: RingEventsRead, now: Now) -> Step:
    """Take ring entries in: a confirming button, or what kills a confirmation or stops a motion."""
    bank = note_hazards(replace(state.banks[event.bank], ring_head=event.head), event.entries)
    bank = note_told(bank, event.head)
    state = put_bank(state, event.bank, bank)
    effects: list[Effect] = []
    if state.store == "ok":
        effects += [
            record_shelf_event(event.bank, entry.kind, entry.argument, entry.sequence)
            for entry in event.entries
            if entry.kind in LOGGED
        ]
    if any(entry.kind in TRIPS for entry in event.entries):
        bank = void_wishes(bank)
        state = put_bank(state, event.bank, bank)
    doubting: str | None = next((entry.kind for entry in event.entries if entry.kind in DOUBTING), None)
    if event.lost and doubting is None and bank.request is None:
        doubting = "events_lost"  # any of them may have been a handle or the power
    if doubting is not None:
        state, more = doubt_bank(state, event.bank, doubting, now)
    elif any(entry.kind == "panel_motion" for entry in event.entries) and not bank.foreign:
        state, more = yield_to_others(state, event.bank, "panel", now)
    elif bank.request is not None:
        state, more = react_to_ring(state, event, bank, now)
    else:
        state, more = confirm_by_button(state, event, now)
    return state, effects + more


def note_told(bank: Bank, head: int) -> Bank:
    """Note through which entry the ring of this boot has been told: there the next start goes on."""
    return bank if bank.boot_id is None else replace(bank, ring_told=(bank.boot_id, head))


def take_ring_history(state: State, event: RingHistoryRead, _now: Now) -> Step:
    """Take in what happened while nobody looked, for record and doubt. It confirms, stops and starts nothing."""
    bank = note_told(note_hazards(state.banks[event.bank], event.entries), event.head)
    if event.lost or any(entry.kind in DOUBTING for entry in event.entries):
        bank = replace(bank, doubted=True, widths_valid=False)
    state = put_bank(state, event.bank, bank)
    if state.store != "ok":
        return state, []
    # a fact bears the time at which it is recorded, and these are older
    effects: list[Effect] = [
        record_shelf_event(event.bank, f"earlier_{entry.kind}", entry.argument, entry.sequence)
        for entry in event.entries
        if entry.kind in LOGGED
    ]
    if event.lost:
        effects.append(record_shelf_event(event.bank, "earlier_lost", event.lost))
    return state, effects


def react_to_ring(state: State, event: RingEventsRead, bank: Bank, now: Now) -> Step:
    """Kill a confirmation by anything after the press; stop a motion by what endangers somebody."""
    request = bank.request
    assert request is not None
    if request.stage == "selecting":
        later = [e for e in event.entries if not is_own_press(e, request.press_sequence)]
        if later or event.lost:
            state, effects = finish_request(state, event.bank, "refused", "changed", now)
            return state, [SendDeselect(event.bank), *effects]
        # the release of the confirming button is part of the press
        relied_on = replace(request, ring_head=event.head)
        return put_bank(state, event.bank, replace(bank, request=relied_on)), []
    if request.stage not in {"operating", "moving"}:
        return state, []
    if event.lost:
        return stop_bank(state, event.bank, "events_lost", now)
    for entry in event.entries:
        elsewhere = entry.kind in LOCAL and entry.argument != 0 and entry.argument not in request.closing
        if entry.kind in STOPPING and not elsewhere:
            return stop_bank(state, event.bank, entry.kind, now)
    return state, []


def is_own_press(entry: RingEntry, press_sequence: int) -> bool:
    """Tell whether the entry is the confirming press itself or the release that follows it."""
    if press_sequence == 0:
        return False
    return entry.kind in {"button_pressed", "button_released"} and entry.sequence in {
        press_sequence,
        press_sequence + 1,
    }


def change_controller(state: State, event: ControllerChanged, now: Now) -> Step:
    """Note that a controller answers, fell silent, started anew or has another geometry."""
    bank = state.banks[event.bank]
    before = bank.controller
    now_is = "online" if event.state == "rebooted" else event.state
    boot_id = bank.boot_id if event.boot_id is None else event.boot_id
    # a controller that started anew while nobody listened comes back as "online"
    other_boot = bank.boot_id is not None and bank.boot_id != boot_id
    told = bank.capabilities if event.capabilities is None else event.capabilities
    bank = replace(bank, controller=now_is, boot_id=boot_id, capabilities=told)
    state = put_bank(state, event.bank, bank)
    if event.state == "rebooted" or other_boot:
        return doubt_bank(state, event.bank, "rebooted", now)
    if before == now_is:
        return state, []
    effects: list[Effect] = []
    if state.store == "ok":
        effects.append(record_shelf_event(event.bank, f"controller_{now_is}"))
    if now_is == "online":
        return state, effects
    # nobody saw what the sensors said meanwhile
    state = put_bank(state, event.bank, void_wishes(replace(bank, sights=())))
    if bank.request is None or bank.request.by_restart:
        return state, effects
    state, more = lose_request(state, event.bank, f"controller_{now_is}", now)
    return state, effects + more
