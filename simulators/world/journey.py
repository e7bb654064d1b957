"""Steel under way in a room with one bank: readings, pieces and renewals are reckoned, news are told as they come."""

# Sessions, schedule and recorder keep their own time; it is set forward from here and from nowhere else.
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from edge.core.decide import decide
from edge.core.effects import Effect, PermitLease
from edge.core.events import DetailArrived, SnapshotArrived
from edge.core.motion import PERMIT_MS
from edge.core.snapshot import ShelfDetail
from edge.core.state import Bank, Request, State
from edge.drivers.shelf_reports import translate_report
from edge.runtime.clock import make_now
from edge.runtime.gateway import IDLE_READING_MS
from firmware_protocol import registers as map_
from firmware_protocol.blocks import Detail
from firmware_protocol.exchange import Kind
from firmware_protocol.fields import MessageFault, split_u32
from firmware_protocol.reports import Condition, DetailRead, MotionRead
from firmware_protocol.session import ControllerSession
from firmware_protocol.spare import DETAIL_PIECE
from firmware_protocol.timing import LEASE_BYTES, MOTION_BYTES
from simulators.shelf_drive import ACTIVE
from simulators.shelf_record import Indication
from simulators.world.agenda import Agenda
from simulators.world.bank import WatchedModel
from simulators.world.gateway import SteppedRuntime
from simulators.world.line import LEAST_MS, VirtualLine
from simulators.world.rest import has_ghosts
from simulators.world.site import Site
from simulators.world.stretch import ANSWER_BYTES, SEQUENCE_AT, Heard, Stretch

PROGRESS_AT, CONTACTS_AT = 3, 8  # in the MOTION block
LEASE_LEFT_AT = 35  # in DETAIL


class Steel(NamedTuple):
    """What of DETAIL changes while steel is under way."""

    lefts_mm: list[float]
    lease_left_ms: int
    lights: frozenset[int]
    indication: Indication | None
    is_known: bool


class Piece(NamedTuple):
    """A piece of DETAIL that was read, to be drawn if anybody will know of it."""

    number: int
    steel: Steel
    sent_ms: float
    heard_ms: float


class Journey(Stretch):
    """Steel under way, by order of the gateway (with its lease) or by others. What says something new is heard at once.

    A reading that differs in more than number and progress is told as it comes; the journey goes on only if the core
    has nothing to say to it.
    """

    def __init__(
        self, line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda, request: Request | None
    ) -> None:
        super().__init__(line, site, runtime, agenda)
        session, lease = self._session, self._session._lease
        read = session._watch.snapshot
        assert read is not None
        self._request, self._motion = request, lease._motion
        self._counter, self._tried_ms = (
            (0, 0.0) if lease._motion is None else (lease._motion.counter, lease._motion.tried_ms)
        )
        self._permit_until_ms = lease._permit.until_ms if lease._motion and lease._permit else -1.0
        self._lease_period_ms = self._schedule._lease_periods_ms[1]
        self._has_leased = session.unit in self._schedule._leased
        self._watch_ms, self._round_ms = session._settings.watch_period_ms, session._detail._busy_period_ms
        self._sequence, self._shown = read.sequence, read.to_registers()
        self._passed_ms, self._passed = runtime.find_passed(site.layout.id), self._shown  # what the core took last
        self._lease_ask_ms = line.line.wire_ms(LEASE_BYTES[0])
        self._last: Heard | None = None  # the last reading that the core takes
        self._untaken: Heard | None = None  # one after that: known by its age alone
        self._whole: list[Piece] = []  # the pieces of the last DETAIL that was read to its end
        self._begun: list[Piece] = []
        self._rounds = 0
        self._is_over = False

    def pass_until(self, until_ms: float) -> bool:
        """Let exchanges pass as long as each is over before `until_ms`; False: not one was."""
        here_ms = self._agenda.now_ms
        with self._site.controller._lock:
            while self._at_ms < until_ms and self._pass_one(until_ms):
                pass
        if not self._is_over:
            self._agenda.now_ms = here_ms
        if not self._spared:
            return False
        self._arrive()
        return True

    def _pass_one(self, until_ms: float) -> bool:
        """Let the next exchange pass, or time until there is one; False: it is to be spoken, or the journey is over."""
        at_ms = self._at_ms
        is_due = at_ms <= self._permit_until_ms and at_ms - self._tried_ms >= self._lease_period_ms
        is_due = is_due and self._motion is not None and at_ms <= self._motion.end_ms
        if is_due and not self._has_leased:
            return self._renew(until_ms)
        if at_ms >= self._motion_due_ms:
            return self._watch(until_ms)
        if self._pieces or at_ms >= self._began_ms + self._round_ms:
            return self._read_piece(until_ms)
        if is_due:
            return self._renew(until_ms)
        self._has_leased = False
        dues = [self._motion_due_ms, self._began_ms + self._round_ms]
        if self._motion is not None and self._tried_ms + self._lease_period_ms > at_ms:
            dues.append(self._tried_ms + self._lease_period_ms)
        self._at_ms = max(self._quiet_ms, min(dues), at_ms + LEAST_MS)
        return True

    def _let_pass(self, arrives_ms: float) -> None:
        """Let the steel move on until a request arrives."""
        self._agenda.now_ms = arrives_ms
        model = self._site.model
        model.advance(max(model.now_ms, int(arrives_ms)))

    def _renew(self, until_ms: float) -> bool:
        at_ms, counter = self._at_ms, (self._counter + 1) & 0xFFFF
        heard_ms = self._find_heard_ms(self._lease_ask_ms, LEASE_BYTES[1])
        if heard_ms + LEAST_MS >= until_ms:
            return False
        assert self._motion is not None
        self._agenda.now_ms = at_ms
        self._site.monitor.note_renewal(counter, self._sequence)
        self._let_pass(at_ms + self._lease_ask_ms)
        words = (*split_u32(self._motion.token), counter, self._sequence)
        if self._site.controller._renew(self._site.model, words) is not None:
            return False
        self._counter, self._tried_ms, self._has_leased = counter, at_ms, True
        self._pass_exchange(heard_ms)
        return True

    def _watch(self, until_ms: float) -> bool:
        at_ms = self._at_ms
        heard_ms = self._find_heard_ms(self._ask_ms, MOTION_BYTES[1])
        if heard_ms + LEAST_MS >= until_ms:
            return False
        self._let_pass(at_ms + self._ask_ms)
        words = self._site.controller._image(self._site.model, map_.MOTION)
        heard = Heard(Kind.MOTION, words, at_ms, heard_ms)
        self._has_leased = False
        self._motion_due_ms = at_ms + self._watch_ms
        self._sequence = words[SEQUENCE_AT]
        self._pass_exchange(heard_ms)
        if not says_the_same(words, self._shown):
            return self._hear_news(heard)
        if self._request is not None:
            # as the core permits, and the lease's keeper bounds it
            self._permit_until_ms = min(int(heard_ms) + PERMIT_MS, self._request.deadline_mono_ms)
        elif words[PROGRESS_AT] == self._passed[PROGRESS_AT] and int(heard_ms) - self._passed_ms < IDLE_READING_MS:
            self._untaken = heard
            return True
        self._last, self._untaken, self._passed, self._passed_ms = heard, None, words, int(heard_ms)
        self._note_step(heard_ms)
        return True

    def _hear_news(self, heard: Heard) -> bool:
        """Hear a reading that says something new as it comes; False: there was something to be said to it."""
        self._set_clocks()
        if not says_only_travel(heard.words, self._shown):
            self._catch_up()  # what the core does may rest on what it heard before
        self._note_step(heard.heard_ms)
        self._tell([heard])
        self._last = self._untaken = None
        self._shown, self._passed, self._passed_ms = heard.words, heard.words, int(heard.heard_ms)
        session, shelf, bank = self._session, self._shelf, self._runtime.state.banks[self._site.layout.id]
        if self._request is None:
            goes_on = bank.foreign and bank.request is None and not bank.sights
        else:
            permit = session._lease._permit
            goes_on = bank.request is self._request and session._lease._motion is self._motion and permit is not None
            self._permit_until_ms = -1.0 if permit is None else permit.until_ms
        self._is_over = not goes_on or is_asked(bank) or session._ring.is_due or session._stop.is_active
        self._is_over = self._is_over or shelf.is_stirred or bool(session._reports)
        if self._is_over:
            self._catch_up()
            self._agenda.now_ms = heard.heard_ms
        return not self._is_over

    def _read_piece(self, until_ms: float) -> bool:
        at_ms = self._at_ms
        heard_ms = self._find_heard_ms(self._ask_ms, ANSWER_BYTES + 2 * DETAIL_PIECE)
        if heard_ms + LEAST_MS >= until_ms:
            return False
        self._let_pass(at_ms + self._ask_ms)
        if not self._pieces:
            self._began_ms = at_ms
        self._begun.append(Piece(self._pieces, see_steel(self._site.model), at_ms, heard_ms))
        self._has_leased = False
        self._pieces += 1
        self._pass_exchange(heard_ms)
        if self._pieces * DETAIL_PIECE >= map_.DETAIL.count:
            self._whole, self._begun, self._pieces = self._begun, [], 0
            self._rounds += 1
            self._note_step(heard_ms)
        return True

    def _catch_up(self) -> None:
        """Tell what the gateway would still know, in the order in which it would have heard it."""
        if self._rounds > 1:
            self._session._detail.drop()  # of the round that was begun before, the rest was read long ago
        told = [self._draw(piece) for piece in (*self._whole, *self._begun)]
        told += [reading for reading in (self._last, self._untaken) if reading is not None]
        self._tell(sorted(told, key=lambda each: each.heard_ms))
        self._last = self._untaken = None
        self._whole, self._begun, self._rounds = [], [], 0

    def _draw(self, piece: Piece) -> Heard:
        """Draw a piece of DETAIL as it would have been read."""
        first = piece.number * DETAIL_PIECE
        with recalled(self._site.model, piece.steel) as model:
            image = self._site.controller._image(model, map_.DETAIL)
        words = (*image[:LEASE_LEFT_AT], piece.steel.lease_left_ms, *image[LEASE_LEFT_AT + 1 :])
        return Heard(Kind.DETAIL, words[first : first + DETAIL_PIECE], piece.sent_ms, piece.heard_ms)

    def _set_clocks(self) -> None:
        super()._set_clocks()
        if self._motion is not None:
            self._motion.counter, self._motion.tried_ms = self._counter, self._tried_ms
        self._schedule._leased.clear()
        if self._has_leased:
            self._schedule._leased.add(self._session.unit)

    def _arrive(self) -> None:
        session, request = self._session, self._request
        if not self._is_over:
            self._catch_up()
            bank = self._runtime.state.banks[self._site.layout.id]
            if bank.request is not request or session._lease._motion is not self._motion or bank.stop is not None:
                raise RuntimeError("a reading that said nothing new changed something")
        self._land()
        if self._is_over:
            self._line.step_due_ms = None  # whatever was ordered meanwhile has its say


def see_steel(model: WatchedModel) -> Steel:
    """Look at all of DETAIL that changes while steel is under way."""
    return Steel(
        [drive.x_mm for drive in model.rails._drives],
        model.lease_left_ms,
        frozenset(model.lights),
        model.indication,
        model._positions_known,
    )


@contextmanager
def recalled(model: WatchedModel, steel: Steel) -> Iterator[WatchedModel]:
    """Put the steel back to where it was, for as long as it is looked at."""
    rails = model.rails
    now, widths, lights = see_steel(model), rails._widths, model.lights
    set_steel(model, steel)
    rails._widths = None
    try:
        yield model
    finally:
        set_steel(model, now)
        rails._widths, model.lights = widths, lights


def set_steel(model: WatchedModel, steel: Steel) -> None:
    """Set columns and lights."""
    for drive, x_mm in zip(model.rails._drives, steel.lefts_mm, strict=True):
        drive.x_mm = x_mm
    model.lights, model.indication, model._positions_known = set(steel.lights), steel.indication, steel.is_known


def says_the_same(words: tuple[int, ...], shown: tuple[int, ...]) -> bool:
    """Whether two MOTION blocks differ in nothing but number and progress."""
    return (
        words[:PROGRESS_AT] == shown[:PROGRESS_AT]
        and words[PROGRESS_AT + 1 : SEQUENCE_AT] == shown[PROGRESS_AT + 1 : SEQUENCE_AT]
        and words[SEQUENCE_AT + 1 :] == shown[SEQUENCE_AT + 1 :]
    )


def says_only_travel(words: tuple[int, ...], shown: tuple[int, ...]) -> bool:
    """Whether two MOTION blocks tell of nothing but columns that part from others, pass, and touch."""
    return (
        words[0] == shown[0]
        and words[2] == shown[2]
        and words[5:CONTACTS_AT] == shown[5:CONTACTS_AT]
        and words[SEQUENCE_AT + 1 :] == shown[SEQUENCE_AT + 1 :]
    )


def is_steady(site: Site, session: ControllerSession, state: State, now_ms: float) -> bool:
    """Whether session, controller and core are of one mind about a motion, and would go on as they do."""
    bank, read, identity = state.banks[site.layout.id], session._watch.snapshot, session.identity
    if read is None or identity is None or bank.snapshot is None or is_asked(bank) or bank.sights:
        return False
    if not is_reading_on(session) or not is_lease_known(session, bank.request):
        return False
    with site.at_now() as model:
        task = model.task
        if not model.powered or model.state not in ACTIVE or task is None:
            return False
        words = site.controller._image(model, map_.MOTION)
        whole = site.controller._image(model, map_.DETAIL)
    if not says_the_same(words, read.to_registers()):
        return False
    known = translate_report(site.layout.id, identity.columns, MotionRead(read, bank.read_mono_ms))
    assert isinstance(known, SnapshotArrived)
    if known.snapshot != bank.snapshot or not is_danger_told(site, whole, bank, identity.columns, identity.aisles):
        return False
    return watches_on(state, bank, site.layout.id, int(now_ms))


def is_asked(bank: Bank) -> bool:
    """Whether anything is asked of a bank that the next reading could answer; behind a request everything waits."""
    waits = bank.request is None and (bank.prompt or bank.queue)
    return bool(waits or bank.stop or bank.act or bank.hazards)


def is_lease_known(session: ControllerSession, request: Request | None) -> bool:
    """Whether the session renews the lease of just this request's motion; of none if others move the steel."""
    motion, permit = session._lease._motion, session._lease._permit
    if request is None or motion is None or permit is None:
        return request is None and motion is None
    return motion.token == permit.token == request.token and not motion.failures


def is_reading_on(session: ControllerSession) -> bool:
    """Whether a session does nothing but read, and perhaps renew a lease."""
    orders, detail = session._orders, session._detail
    return not (
        session._presence.condition is not Condition.ONLINE
        or session._presence.misses
        or session._stop.is_active
        or session._doubts
        or session._reports
        or session._ring.is_due
        or detail._began_ms is None
        or detail._block is not map_.DETAIL
        or detail._resting
        or orders.is_claiming(0.0)
        or orders.deselect
        or orders._act is not None
        or orders.asked_act is not None
        or orders._indicator is not None
        or has_ghosts(session)
    )


def is_danger_told(site: Site, words: tuple[int, ...], bank: Bank, columns: int, aisles: int) -> bool:
    """Whether the core knows of everything in DETAIL that it would stop a motion for."""
    shown = Detail.from_registers(words, columns, aisles)
    if isinstance(shown, MessageFault) or bank.detail is None:
        return False
    event = translate_report(site.layout.id, columns, DetailRead(shown, 0))
    assert isinstance(event, DetailArrived)
    return without_travel(event.detail) == without_travel(bank.detail)


def without_travel(detail: ShelfDetail) -> ShelfDetail:
    """Leave out what changes as columns go."""
    return replace(detail, positions_mm=(), aisle_widths_mm=(), lights=())


def watches_on(state: State, bank: Bank, bank_id: str, now_ms: int) -> bool:
    """Whether the core, given one more such reading, would remember it and do nothing but permit renewals."""
    assert bank.snapshot is not None
    request, now_ms = bank.request, max(now_ms, bank.read_mono_ms)
    now = make_now(now_ms, now_ms, clock_ok=True)
    after, effects = decide(state, SnapshotArrived(bank_id, bank.snapshot, now_ms), now)
    expected: list[Effect] = []
    if request is not None:
        expected = [PermitLease(bank_id, request.token, min(now_ms + PERMIT_MS, request.deadline_mono_ms))]
    same = replace(after.banks[bank_id], read_mono_ms=bank.read_mono_ms)
    return effects == expected and same == bank and replace(after, banks=state.banks) == state
