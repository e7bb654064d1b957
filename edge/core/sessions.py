"""Who is signed on at which station: badge, PIN once, end code. A scanner belongs to who scanned a badge with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from edge.core.answers import Step, give_answer, tell_place
from edge.core.effects import Effect
from edge.core.events import BadgeTyped, CodeRead, CodeTyped, Fresh, Lookup, Now, PinChecked, Reading, SessionEnded
from edge.core.facts import record_refused_scan, record_session
from edge.core.room import find_station
from edge.core.rows import PlaceRow
from edge.core.state import Origin, Session, State, put_session

PLACE_MS = 60_000  # a scanned place waits so long for its box
IDLE_MS = 30 * 60_000  # nobody stays signed on without a sign of life, unless a box is in hand


@dataclass(frozen=True, slots=True)
class Scan:
    """One code as it came from a scanner, a camera or the keypad."""

    source_id: str
    station: str
    origin: Origin
    text: str
    lookup: Lookup
    fresh: Fresh
    readings: tuple[Reading, ...]
    in_hand: bool = False  # by a scanner in somebody's hand: who scans a place with it stands before that place
    triggered: bool = False  # and that hand pulled a trigger


def make_scan(state: State, event: CodeRead | CodeTyped | BadgeTyped) -> Scan:
    """See all ways of entering a code as one."""
    assert event.fresh is not None, "the runtime adds fresh ids before an event is decided"
    readings = () if isinstance(event, BadgeTyped) else event.readings
    source_id = event.source_id if isinstance(event, CodeRead) else event.point_id
    typed = not isinstance(event, CodeRead) or event.source_kind == "typed"
    return Scan(
        source_id=source_id,
        station=find_station(state.settings, source_id),
        origin="typed" if typed else "scan",
        text=event.text.strip("\r\n").upper(),
        lookup=event.lookup or Lookup(),
        fresh=event.fresh,
        readings=readings,
        in_hand=isinstance(event, CodeRead) and event.source_kind in {"serial", "trigger"},
        triggered=isinstance(event, CodeRead) and event.source_kind == "trigger",
    )


def refuse_scan(state: State, now: Now, scan: Scan, key: str, **params: Any) -> Step:
    """Say no in words, change nothing, and keep the refusal as a fact."""
    session = state.sessions.get(scan.station)
    if session is not None and session.last_text:
        # what was refused may be tried again at once
        state = put_session(state, replace(session, last_text=""))
    state, effects = give_answer(state, now, scan.source_id, "no", key, **params)
    reason = key.split(".", 1)[1]
    effects.append(record_refused_scan(scan.text, scan.source_id, reason, session.staff_code if session else None))
    return state, effects


def sign_on(state: State, scan: Scan, now: Now) -> Step:
    """Bind the station to the person of the badge; the PIN follows at the screen, once."""
    staff = scan.lookup.staff
    if staff is None:
        return refuse_scan(state, now, scan, "scan.unknown_badge", code=scan.text[:64])
    if not staff.active or not staff.badge_valid:
        return refuse_scan(state, now, scan, "scan.badge_invalid", name=staff.name)
    present = state.sessions.get(scan.station)
    if present is not None and present.staff_code == staff.code:
        key = "session.resumed" if present.proven else "session.opened"
        return give_answer(state, now, scan.source_id, "ok", key, name=staff.name)
    if present is not None and present.in_hand:
        # a box in hand must not change hands by a badge
        return refuse_scan(state, now, scan, "session.other", name=present.staff_name)
    effects: list[Effect] = []
    if present is not None:
        state, effects = end_session(state, present)
    proven = any(s.proven and s.staff_code == staff.code for s in state.sessions.values())
    session = Session(
        id=scan.fresh.ids[0],
        station=scan.station,
        staff_code=staff.code,
        staff_name=staff.name,
        proven=proven,
        since_mono_ms=now.mono_ms,
        touched_mono_ms=now.mono_ms,
    )
    state = put_session(state, session)
    if proven:
        effects.append(record_session(session, "opened"))
    key = "session.ready" if proven else "session.opened"
    state, told = give_answer(state, now, scan.source_id, "ok", key, name=staff.name)
    return state, effects + told


def prove_person(state: State, event: PinChecked, now: Now) -> Step:
    """Take the verdict on a PIN: it opens every session of that person that waits for it."""
    if state.store != "ok":
        return give_answer(state, now, event.point_id, "no", "refused.store", disk=state.store)
    waiting = [s for s in state.sessions.values() if s.staff_code == event.staff_code and not s.proven]
    if event.verdict != "ok" or not waiting:
        name = waiting[0].staff_name if waiting else event.staff_code
        key = f"session.{VERDICTS.get(event.verdict, 'none')}"
        return give_answer(state, now, event.point_id, "no", key, tries=event.tries_left, name=name)
    effects: list[Effect] = []
    for session in waiting:
        proven = replace(session, proven=True, touched_mono_ms=now.mono_ms)
        state = put_session(state, proven)
        effects.append(record_session(proven, "opened"))
    state, told = give_answer(state, now, event.point_id, "ok", "session.ready", name=waiting[0].staff_name)
    return state, effects + told


VERDICTS: dict[str, str] = {"wrong": "pin_wrong", "locked": "pin_locked", "no_pin": "no_pin"}


def end_session(state: State, session: Session) -> Step:
    """Take a session off its station."""
    rest = {station: each for station, each in state.sessions.items() if station != session.station}
    effects: list[Effect] = [record_session(session, "closed")] if session.proven else []
    return replace(state, sessions=rest), effects


def sign_off(state: State, station: str, source_id: str, now: Now) -> Step:
    """End the session of a station by end code or at the screen."""
    session = state.sessions.get(station)
    if session is None:
        return give_answer(state, now, source_id, "look", "session.none")
    if state.store != "ok":
        return give_answer(state, now, source_id, "no", "refused.store", disk=state.store)
    state, effects = end_session(state, session)
    state, told = give_answer(state, now, source_id, "ok", "session.ended", name=session.staff_name)
    return state, effects + told


def sign_off_at_screen(state: State, event: SessionEnded, now: Now) -> Step:
    """End a session at the screen; a place still waiting for its box is only cancelled first."""
    station = find_station(state.settings, event.source_id)
    session = state.sessions.get(station)
    if session is not None and session.place is not None:
        place = tell_place(state, session.place)
        state = put_session(state, replace(session, place=None))
        return give_answer(state, now, event.point_id, "look", "session.placed_cancelled", place=place)
    return sign_off(state, station, event.point_id, now)


def touch_session(session: Session, scan: Scan, now: Now) -> Session:
    """Remember the last code read, for repeats and for the sign of life."""
    return replace(session, last_text=scan.text, last_mono_ms=now.mono_ms, touched_mono_ms=now.mono_ms)


def await_box(session: Session, place: PlaceRow, now: Now) -> Session:
    """Expect the box of a place."""
    return replace(session, place=place, place_until_mono_ms=now.mono_ms + PLACE_MS, wanted=None)


def session_deadline(session: Session) -> int:
    """Find the next moment at which something of the session runs out."""
    idle = session.touched_mono_ms + IDLE_MS
    return min(idle, session.place_until_mono_ms) if session.place is not None else idle


def expire_session(state: State, session: Session, now: Now) -> Step:
    """Let a waiting place or an idle session run out."""
    if session.place is not None and session.place_until_mono_ms <= now.mono_ms:
        return put_session(state, replace(session, place=None)), []
    if session.touched_mono_ms + IDLE_MS > now.mono_ms:
        return state, []
    if session.in_hand:
        return put_session(state, replace(session, touched_mono_ms=now.mono_ms)), []
    return end_session(state, session)


Gate = Literal["scan.no_session", "scan.pin_needed"]


def find_gate(state: State, station: str) -> Gate | None:
    """Find what a person must do before scanning counts."""
    session = state.sessions.get(station)
    if session is None:
        return "scan.no_session"
    return None if session.proven else "scan.pin_needed"
