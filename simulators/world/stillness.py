"""A bank that stands, in a room of its own: its polls are reckoned, and the last of them are told."""

# Sessions, schedule and recorder keep their own time; it is set forward from here and from nowhere else.
# ruff: noqa: SLF001

from __future__ import annotations

from dataclasses import replace

from edge.core.events import Now
from edge.core.snapshot import list_said
from edge.core.state import State
from edge.runtime.gateway import IDLE_READING_MS
from firmware_protocol import registers as map_
from firmware_protocol.codes import Capabilities
from firmware_protocol.exchange import Kind
from firmware_protocol.session import ControllerSession
from firmware_protocol.spare import DETAIL_PIECE, WEAR_PERIOD_MS, WEAR_PIECE
from simulators.world.agenda import Agenda
from simulators.world.gateway import SteppedRuntime
from simulators.world.line import LEAST_MS, VirtualLine
from simulators.world.rest import LONGEST_MS, find_change_ms, is_detail_told, is_idle, is_reading_told
from simulators.world.site import Site
from simulators.world.stretch import ANSWER_BYTES, SEQUENCE_AT, Heard, Stretch


class Stillness(Stretch):
    """A bank that stands, and a gateway that has been told so."""

    def __init__(self, line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda) -> None:
        super().__init__(line, site, runtime, agenda)
        detail, settings, identity = self._session._detail, self._session._settings, self._session.identity
        assert identity is not None
        self._bank = bank = runtime.state.banks[site.layout.id]
        self._passes_all = bank.prompt is not None
        self._passed_ms = runtime.find_passed(site.layout.id)
        self._reads_wear, self._wear_due_ms = detail._block is map_.WEAR, detail._wear_due_ms
        self._has_wear = bool(identity.capabilities & Capabilities.WEAR)
        self._poll_ms, self._period_ms = settings.idle_poll_ms, detail._period_ms
        self._taken: tuple[float, float] | None = None  # sent and heard: the last reading that the core takes
        self._last: tuple[float, float] | None = None

    def pass_until(self, until_ms: float) -> bool:
        """Let exchanges pass as long as each is over before `until_ms`; False: not one was."""
        motion_heard_ms = 2 * map_.MOTION.count + ANSWER_BYTES
        until_ms = min(until_ms, self._at_ms + LONGEST_MS)
        while self._at_ms < until_ms:
            at_ms = self._at_ms
            detail_due_ms = 0.0 if self._pieces else self._began_ms + self._period_ms
            if at_ms >= self._motion_due_ms:
                heard_ms = self._find_heard_ms(self._ask_ms, motion_heard_ms)
                if heard_ms + LEAST_MS >= until_ms:
                    break
                self._motion_due_ms = at_ms + self._poll_ms
                self._take_motion(at_ms, heard_ms)
            elif at_ms >= detail_due_ms:
                heard_ms = self._find_heard_ms(
                    self._ask_ms, ANSWER_BYTES + 2 * (WEAR_PIECE if self._reads_wear else DETAIL_PIECE)
                )
                if heard_ms + LEAST_MS >= until_ms:
                    break
                self._take_piece(at_ms, heard_ms)
            else:
                self._at_ms = max(self._quiet_ms, min(self._motion_due_ms, detail_due_ms), at_ms + LEAST_MS)
                continue
            self._pass_exchange(heard_ms)
        if not self._spared:
            return False
        self._arrive()
        return True

    def _take_motion(self, sent_ms: float, heard_ms: float) -> None:
        self._last = sent_ms, heard_ms
        if self._passes_all or int(heard_ms) - self._passed_ms >= IDLE_READING_MS:
            self._passed_ms = int(heard_ms)
            self._taken = self._last
            self._note_step(heard_ms)

    def _take_piece(self, at_ms: float, heard_ms: float) -> None:
        if not self._pieces:
            self._began_ms = at_ms
        self._pieces += 1
        block = map_.WEAR if self._reads_wear else map_.DETAIL
        if self._pieces * (WEAR_PIECE if self._reads_wear else DETAIL_PIECE) < block.count:
            return
        self._pieces = 0
        was_wear, self._reads_wear = self._reads_wear, False
        if was_wear:
            return
        self._note_step(heard_ms)
        if self._has_wear and heard_ms >= self._wear_due_ms:
            self._wear_due_ms = heard_ms + WEAR_PERIOD_MS
            self._reads_wear = True

    def _arrive(self) -> None:
        """Tell the last reading that the core takes, and the last one of all."""
        site, detail = self._site, self._session._detail
        with site.at_now() as model:
            image = site.controller._image(model, map_.MOTION)
            block, piece = (map_.WEAR, WEAR_PIECE) if self._reads_wear else (map_.DETAIL, DETAIL_PIECE)
            words = site.controller._image(model, block)[: self._pieces * piece] if self._pieces else ()
        detail._block, detail._piece, detail._wear_due_ms = block, piece, self._wear_due_ms
        detail._words = tuple(map(int, words))
        told: list[Heard] = []
        for moments in (self._taken, self._last):
            if moments is not None and (not told or told[0].sent_ms != moments[0]):
                sent_ms, heard_ms = moments
                number = site.model.find_sequence(int(sent_ms + self._ask_ms))
                numbered = (*image[:SEQUENCE_AT], number, *image[SEQUENCE_AT + 1 :])
                told.append(Heard(Kind.MOTION, numbered, sent_ms, heard_ms))
        here_ms = self._agenda.now_ms
        self._tell(told)
        self._agenda.now_ms = here_ms
        self._land()
        after = self._runtime.state.banks[site.layout.id]
        if (after.request, after.prompt, after.queue, after.stop) != (None, self._bank.prompt, self._bank.queue, None):
            raise RuntimeError("a reading of a bank at rest changed something")


class Notebook:
    """What the core was last asked about one bank at rest: it need not be asked the same again.

    With nobody in the queue nothing at rest depends on the time (a prompt runs out at a deadline of its own), so that
    the same bank, given the same reading and the same detail, remembers and does the same: nothing.
    """

    def __init__(self) -> None:
        self.wall_offset_ms = 0  # of the room
        self._noted: tuple[object, ...] | None = None
        self._knows_all = False  # DETAIL too

    def find_change_ms(self, line: VirtualLine, site: Site, state: State, until: Now) -> float:
        """Find until when nobody will have learnt anything, as the core says, or has said before."""
        bank, shelf = state.banks[site.layout.id], line.shelf
        if shelf is None or bank.queue or bank.snapshot is None:
            return find_change_ms(line, (site,), state, until)
        session = shelf._schedule.sessions[site.layout.unit]
        read = session._watch.snapshot
        if read is None or not is_idle(session):
            return 0.0
        with site.at_now() as model:
            shown = site.controller._image(model, map_.MOTION), site.controller._image(model, map_.DETAIL)
        seen = (
            shown[0][:SEQUENCE_AT],
            shown[0][SEQUENCE_AT + 1 :],
            shown[1],
            replace(read, sequence=0),
            replace(bank, read_mono_ms=0, snapshot=None),
            list_said(bank.snapshot),
        )
        if seen != self._noted:
            if not is_reading_told(site, session, state, until):
                return 0.0
            self._noted, self._knows_all = seen, is_detail_told(site, session, state, until)
        change_ms = float(until.mono_ms)
        return change_ms if self._knows_all else min(change_ms, session._detail.due_ms(False))


def is_piece_true(site: Site, session: ControllerSession) -> bool:
    """Whether what has been read of a block that is not whole is still what it says."""
    detail = session._detail
    with site.at_now() as model:
        return not detail._words or site.controller._image(model, detail._block)[: len(detail._words)] == detail._words
