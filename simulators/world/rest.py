"""The leap over polls of a room at rest: each would bring what the one before brought, but for its number and moment.

Nothing is assumed to be at rest: lines, sessions, steel and core are asked, and the core itself decides a reading and a
detail as they would come at the end of the leap. Only if they change nothing, and no event, deadline or timer of the
steel lies in between, the line is told where its turns would have come to. The last reading of each bank that the core
takes before anything can happen, and all that follows it, is spoken for real. A history is the same with and without.
"""

# Sessions and schedule keep their own time; it is set forward from here and from nowhere else.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.core.decide import decide
from edge.core.events import DetailArrived, Now, SnapshotArrived
from edge.core.state import State
from edge.drivers.shelf_reports import translate_report
from edge.runtime.gateway import FLUSH_MS, IDLE_READING_MS
from firmware_protocol import registers as map_
from firmware_protocol.blocks import Detail
from firmware_protocol.codes import Capabilities
from firmware_protocol.fields import MessageFault
from firmware_protocol.reports import Condition, DetailRead, MotionRead
from firmware_protocol.session import MOTION_SHAPE, RING_SHAPES, ControllerSession
from firmware_protocol.spare import DETAIL_PIECE, WEAR_PERIOD_MS, WEAR_PIECE
from simulators.world.gateway import SteppedRuntime
from simulators.world.line import ANSWER_MS, LEAST_MS, VirtualLine
from simulators.world.site import Site

LONGEST_MS = 300_000.0  # a session takes a reading for newer that is at most half a round of numbers ahead
WORTH_MS = 1_500.0  # less is spoken
TAIL_MS = 8_000.0  # of the leap, in which its end is looked for
SETTLED_MS = FLUSH_MS + 5  # after so long every step that was decided is on disk
ASK_BYTES, ANSWER_BYTES = 8, 5
OVERDUE, MOTION, DETAIL = 4, 7, 9  # hastes of the schedule
_SEQUENCE_AT = 11  # in the MOTION block
_WAITED_SHAPES = (MOTION_SHAPE, *RING_SHAPES, (0x03, 5 + 2 * DETAIL_PIECE), (0x03, 5 + 2 * WEAR_PIECE))


@dataclass(slots=True)
class Turn:
    """What time changes in one session whose answers stay the same."""

    unit: int
    motion_due_ms: float
    began_ms: float  # the round of DETAIL or WEAR
    wear_due_ms: float
    served_ms: float
    passed_ms: int  # when the core last took a reading
    passes_all: bool
    has_wear: bool
    reads_wear: bool
    poll_ms: float
    period_ms: float
    pieces: int = 0

    def detail_due_ms(self) -> float:
        """When the next piece may be read."""
        return 0.0 if self.pieces else self.began_ms + self.period_ms

    def copy(self) -> Turn:
        """Keep this moment."""
        return replace(self)


@dataclass(frozen=True, slots=True)
class Landing:
    """A step of the schedule from which it may go on for real."""

    at_ms: float
    quiet_ms: float
    spared: int
    turns: tuple[Turn, ...]


def leap(line: VirtualLine, sites: Sequence[Site], runtime: SteppedRuntime, until_ms: float) -> bool:
    """Leap towards `until_ms` in a room where nothing can change before; False: this bus goes on step by step."""
    shelf, start_ms = line.shelf, line.step_due_ms
    if shelf is None or start_ms is None:
        return False
    schedule = shelf._schedule
    if schedule._reader.pending_bytes or schedule._leased or schedule._stop_waits_from_ms is not None:
        return False
    sessions = [schedule.sessions[site.layout.unit] for site in sites]
    if any(session._detail._words for session in sessions):
        return False
    turns = [
        make_turn(site, session, runtime, schedule._served_ms[session.unit])
        for site, session in zip(sites, sessions, strict=True)
    ]
    flight = Flight(line, turns, start_ms, schedule._quiet_from_ms)
    landing = flight.find_landing(min(until_ms, start_ms + LONGEST_MS))
    if landing is None:
        return False
    schedule._quiet_from_ms = landing.quiet_ms
    for turn, site in zip(landing.turns, sites, strict=True):
        schedule._served_ms[turn.unit] = turn.served_ms
        set_session(schedule.sessions[turn.unit], turn)
        runtime.set_passed(site.layout.id, turn.passed_ms)
    line.step_due_ms = landing.at_ms
    line.spared += landing.spared
    return True


# ---- whether anything could change ---------------------------------------------------------------------------------


def find_change_ms(line: VirtualLine, sites: Sequence[Site], state: State, until: Now) -> float:
    """Find until when a line may be polled, and nobody will have learnt anything; 0: something changes at once.

    A DETAIL that the core has not yet is no change before it is read.
    """
    change_ms = float(until.mono_ms)
    if line.shelf is None:
        return 0.0
    for site in sites:
        session = line.shelf._schedule.sessions[site.layout.unit]
        if not is_idle(session) or not is_reading_told(site, session, state, until):
            return 0.0
        if not is_detail_told(site, session, state, until):
            change_ms = min(change_ms, session._detail.due_ms(False))
    return change_ms


def is_idle(session: ControllerSession) -> bool:
    """Whether a session has nothing to do but to read on."""
    presence, orders, detail = session._presence, session._orders, session._detail
    return not (
        presence.condition is not Condition.ONLINE
        or presence.misses
        or session._is_busy
        or session.is_leasing
        or session._stop.is_active
        or session._doubts
        or session._reports
        or session._ring.is_due
        or session._watch.snapshot is None
        or detail._began_ms is None
        or orders.selection is not None
        or orders.deselect
        or orders.split is not None
        or orders._select is not None
        or orders._operate is not None
        or orders._act is not None
        or orders._indicator is not None
        or has_ghosts(session)
    )


def has_ghosts(session: ControllerSession) -> bool:
    """Whether an answer may still come that would be taken for one of those to come."""
    ghosts = session._ghosts._sent_ms
    return bool(ghosts) and any(shape in ghosts for shape in _WAITED_SHAPES)


def is_reading_told(site: Site, session: ControllerSession, state: State, until: Now) -> bool:
    """Whether the controller would show what it has shown, and the core holds just that and would do nothing."""
    bank, read, identity = state.banks[site.layout.id], session._watch.snapshot, session.identity
    if read is None or identity is None or bank.snapshot is None:
        return False
    with site.at_now() as model:
        if not model.powered or not model.rails.arrived:
            return False
        shown = site.controller._image(model, map_.MOTION)
    told = read.to_registers()
    if shown[:_SEQUENCE_AT] != told[:_SEQUENCE_AT] or shown[_SEQUENCE_AT + 1 :] != told[_SEQUENCE_AT + 1 :]:
        return False
    known = translate_report(site.layout.id, identity.columns, MotionRead(read, until.mono_ms))
    assert isinstance(known, SnapshotArrived)
    if known.snapshot != replace(bank.snapshot, sequence=known.snapshot.sequence):
        return False
    return stays(state, SnapshotArrived(site.layout.id, bank.snapshot, until.mono_ms), until)


def is_detail_told(site: Site, session: ControllerSession, state: State, until: Now) -> bool:
    """Whether the core holds the details that the controller would show, and would do nothing were they read again."""
    identity = session.identity
    assert identity is not None
    with site.at_now() as model:
        words = site.controller._image(model, map_.DETAIL)
    shown = Detail.from_registers(words, identity.columns, identity.aisles)
    if isinstance(shown, MessageFault):
        return False
    event = translate_report(site.layout.id, identity.columns, DetailRead(shown, until.mono_ms))
    assert isinstance(event, DetailArrived)
    return event.detail == state.banks[site.layout.id].detail and stays(state, event, until)


def stays(state: State, event: SnapshotArrived | DetailArrived, until: Now) -> bool:
    """Whether an event leaves the state as it is but for the moment of the reading."""
    after, effects = decide(state, event, until)
    if effects:
        return False
    bank = after.banks[event.bank]
    before = state.banks[event.bank]
    return (
        replace(bank, read_mono_ms=before.read_mono_ms) == before
        and replace(after, banks=state.banks) == state
        and all(after.banks[each] is state.banks[each] for each in state.banks if each != event.bank)
    )


# ---- where the turns of the line would have come to ----------------------------------------------------------------


def make_turn(site: Site, session: ControllerSession, runtime: SteppedRuntime, served_ms: float) -> Turn:
    """Take from a session what time changes."""
    bank, detail, settings = runtime.state.banks[site.layout.id], session._detail, session._settings
    assert session.identity is not None
    assert detail._began_ms is not None
    return Turn(
        unit=session.unit,
        motion_due_ms=session._motion_due_ms,
        began_ms=detail._began_ms,
        wear_due_ms=detail._wear_due_ms,
        served_ms=served_ms,
        passed_ms=runtime.find_passed(site.layout.id),
        passes_all=bank.prompt is not None,
        has_wear=bool(session.identity.capabilities & Capabilities.WEAR),
        reads_wear=detail._block is map_.WEAR,
        poll_ms=settings.idle_poll_ms,
        period_ms=settings.detail_period_ms,
    )


def set_session(session: ControllerSession, turn: Turn) -> None:
    """Set a session's time forward."""
    session._motion_due_ms = turn.motion_due_ms
    detail = session._detail
    detail._began_ms, detail._wear_due_ms = turn.began_ms, turn.wear_due_ms
    detail._block, detail._piece = (map_.WEAR, WEAR_PIECE) if turn.reads_wear else (map_.DETAIL, DETAIL_PIECE)


class Flight:
    """The schedule's arithmetic alone: when what would be asked and answered, with the very same sums."""

    def __init__(self, line: VirtualLine, turns: Sequence[Turn], start_ms: float, quiet_ms: float) -> None:
        self._turns = turns
        self._at_ms, self._quiet_ms = start_ms, quiet_ms
        self._ask_ms = line.line.wire_ms(ASK_BYTES)
        self._silence_ms, self._character_ms = line.line.silence_ms, line.line.character_ms
        self._spared = 0
        self._decided_ms = 0.0  # when the core last took a step

    def find_landing(self, until_ms: float) -> Landing | None:
        """Find the last step from which every bank is read, taken in by the core, and on disk, before `until_ms`."""
        tail_ms = until_ms - TAIL_MS
        landings: list[Landing] = []
        needed: dict[int, int] = {}  # by unit: how many landings there were at the last reading that the core took
        if len(self._turns) == 1:
            self._coast(self._turns[0], tail_ms)
        while self._at_ms < until_ms:
            turn, what = self._find_next()
            if turn is None:
                continue
            at_ms = self._at_ms
            if at_ms >= tail_ms and at_ms - self._decided_ms > SETTLED_MS and not any(t.pieces for t in self._turns):
                landings.append(Landing(at_ms, self._quiet_ms, self._spared, tuple(t.copy() for t in self._turns)))
            heard_ms, taken = self._speak(turn, what)
            if heard_ms + LEAST_MS >= until_ms:
                break
            if taken:
                needed[turn.unit] = len(landings)
        if len(needed) < len(self._turns) or not landings:
            return None
        landing = landings[: min(needed.values())][-1:]
        return landing[0] if landing and landing[0].spared else None

    def _coast(self, turn: Turn, until_ms: float) -> None:
        """Let one bank that has the line for itself be read until then: the same sums in fewer words."""
        while self._at_ms < until_ms:
            at_ms, detail_due_ms = self._at_ms, turn.detail_due_ms()
            if at_ms >= turn.motion_due_ms:
                self._speak(turn, MOTION)
            elif at_ms >= detail_due_ms:
                self._speak(turn, DETAIL)
            else:
                self._at_ms = max(self._quiet_ms, min(turn.motion_due_ms, detail_due_ms), at_ms + LEAST_MS)

    def _find_next(self) -> tuple[Turn | None, int]:
        """Find what the schedule would ask at this moment; nothing: go to the next."""
        at_ms, found, rank = self._at_ms, None, (0, 0.0, 0)
        for turn in self._turns:
            if at_ms >= turn.motion_due_ms:
                overdue = at_ms - turn.motion_due_ms >= turn.poll_ms
                mine = (OVERDUE if overdue else MOTION, turn.served_ms, turn.unit)
            elif at_ms >= turn.detail_due_ms():
                mine = (DETAIL, turn.served_ms, turn.unit)
            else:
                continue
            if found is None or mine < rank:
                found, rank = turn, mine
        if found is None:
            dues = [due for turn in self._turns for due in (turn.motion_due_ms, turn.detail_due_ms()) if due > at_ms]
            self._at_ms = max(self._quiet_ms, min(dues), at_ms + LEAST_MS)
        return found, DETAIL if rank[0] == DETAIL else MOTION

    def _speak(self, turn: Turn, what: int) -> tuple[float, bool]:
        """Let an exchange pass; answers when its last byte is heard, and whether the core takes it."""
        at_ms = turn.served_ms = self._at_ms
        words = map_.MOTION.count
        if what == MOTION:
            turn.motion_due_ms = at_ms + turn.poll_ms
        else:
            words = WEAR_PIECE if turn.reads_wear else DETAIL_PIECE
            if not turn.pieces:
                turn.began_ms = at_ms
        heard_ms = (at_ms + self._ask_ms) + ANSWER_MS + (ANSWER_BYTES + 2 * words) * self._character_ms
        self._spared += 1
        self._quiet_ms = self._at_ms = heard_ms + self._silence_ms
        taken = self._take_motion(turn, heard_ms) if what == MOTION else self._take_piece(turn, heard_ms)
        if taken:
            self._decided_ms = heard_ms
        return heard_ms, taken and what == MOTION

    def _take_motion(self, turn: Turn, heard_ms: float) -> bool:
        if not turn.passes_all and int(heard_ms) - turn.passed_ms < IDLE_READING_MS:
            return False
        turn.passed_ms = int(heard_ms)
        return True

    def _take_piece(self, turn: Turn, heard_ms: float) -> bool:
        turn.pieces += 1
        block = map_.WEAR if turn.reads_wear else map_.DETAIL
        if turn.pieces * (WEAR_PIECE if turn.reads_wear else DETAIL_PIECE) < block.count:
            return False
        turn.pieces = 0
        was_wear, turn.reads_wear = turn.reads_wear, False
        if not was_wear and turn.has_wear and heard_ms >= turn.wear_due_ms:
            turn.wear_due_ms = heard_ms + WEAR_PERIOD_MS
            turn.reads_wear = True
        return not was_wear
