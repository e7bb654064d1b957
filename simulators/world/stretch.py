"""Exchanges of a room with one bank that are reckoned instead of spoken, at rest and while a motion is under way.

As long as each answer would say what the one before said, but for its number, its moment and how far the steel has
come, there is nothing new to decide. Such a stretch is reckoned with the schedule's own sums. Steel, sensors and
monitor live through every step of it, and the controller takes every renewal of the lease. What a gateway would still
know of the stretch at its end (the last readings, a DETAIL that is whole, the pieces of one that is not) it is told for
real, at the moments at which it would have heard it. A stretch ends before anything else can happen; an answer that
says something new is never reckoned.
"""

# Sessions, schedule and recorder keep their own time; it is set forward from here and from nowhere else.
# ruff: noqa: SLF001

from __future__ import annotations

from typing import NamedTuple

from edge.runtime.gateway import FLUSH_MS
from firmware_protocol import registers as map_
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.frame import READ_HOLDING
from firmware_protocol.pdu import answer_registers, ask_registers
from firmware_protocol.schedule import _Sent
from simulators.world.agenda import Agenda
from simulators.world.gateway import SteppedRuntime, SteppedShelf
from simulators.world.line import ANSWER_MS, NEVER_MS, VirtualLine
from simulators.world.site import Site

ASK_BYTES, ANSWER_BYTES = 8, 5
SEQUENCE_AT = 11  # in the MOTION block


class Heard(NamedTuple):
    """An answer that the gateway would still know of."""

    kind: Kind
    words: tuple[int, ...]
    sent_ms: float
    heard_ms: float


class Stretch:
    """Sums that rest and motion share, and what the gateway is told at the end."""

    def __init__(self, line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda) -> None:
        assert line.shelf is not None
        assert line.step_due_ms is not None
        self._line, self._site, self._runtime, self._agenda = line, site, runtime, agenda
        self._shelf, self._schedule = line.shelf, line.shelf._schedule
        self._session = session = self._schedule.sessions[site.layout.unit]
        detail = session._detail
        assert detail._began_ms is not None
        self._at_ms, self._quiet_ms = line.step_due_ms, self._schedule._quiet_from_ms
        self._served_ms = self._heard_ms = 0.0
        self._motion_due_ms, self._began_ms = session._motion_due_ms, detail._began_ms
        self._pieces = len(detail._words) // detail._piece
        self._ask_ms, self._silence_ms = line.line.wire_ms(ASK_BYTES), line.line.silence_ms
        self._character_ms = line.line.character_ms
        self._spared = 0
        recorder = runtime._recorder
        self._unkept_ms = recorder.oldest_ms if recorder.waiting else None  # of the oldest step that is not on disk
        self._flushes = 0

    def _find_heard_ms(self, ask_ms: float, answer_bytes: int) -> float:
        """When the last byte of an answer arrives, by the line's own sums."""
        return (self._at_ms + ask_ms) + ANSWER_MS + answer_bytes * self._character_ms

    def _pass_exchange(self, heard_ms: float) -> None:
        self._served_ms = self._at_ms
        self._heard_ms = heard_ms
        self._quiet_ms = self._at_ms = heard_ms + self._silence_ms
        self._spared += 1

    def _note_step(self, heard_ms: float) -> None:
        """Reckon when the disk would have a step that is decided now."""
        now_ms = int(heard_ms)
        if self._unkept_ms is None:
            self._unkept_ms = now_ms
        elif now_ms >= self._unkept_ms + FLUSH_MS:
            self._unkept_ms = now_ms
            self._flushes += 1

    def _tell(self, told: list[Heard]) -> None:
        """Let the gateway hear answers at the moments at which it would have heard them."""
        runtime, recorder = self._runtime, self._runtime._recorder
        if self._flushes and recorder.waiting:
            runtime._flush(runtime._clock.now())
        self._flushes = 0
        for each in told:
            self._hear(each)
        if recorder.waiting:
            assert self._unkept_ms is not None
            recorder.oldest_ms = self._unkept_ms
        else:
            self._unkept_ms = None
        runtime.find_due()

    def _set_clocks(self) -> None:
        """Set what schedule and session remember of time to what it would be."""
        schedule, session = self._schedule, self._session
        schedule._quiet_from_ms = self._quiet_ms
        schedule._served_ms[session.unit] = self._served_ms
        session._motion_due_ms, session._detail._began_ms = self._motion_due_ms, self._began_ms
        session._presence._heard_ms = self._heard_ms

    def _land(self) -> None:
        """Let the line go on from here."""
        self._set_clocks()
        self._shelf.has_news = False
        self._line.step_due_ms = self._at_ms
        self._line.spared += self._spared

    def _hear(self, told: Heard) -> None:
        runtime, session = self._runtime, self._session
        words = told.words
        block_at = (
            map_.MOTION.address if told.kind is Kind.MOTION else map_.DETAIL.address + len(session._detail._words)
        )
        exchange = Exchange(told.kind, ask_registers(session.unit, block_at, len(words)), ANSWER_BYTES + 2 * len(words))
        self._schedule._sent = _Sent(exchange, session, told.sent_ms, told.sent_ms + self._ask_ms)
        self._agenda.now_ms = told.heard_ms
        self._line._hear(answer_registers(session.unit, READ_HOLDING, words), told.heard_ms)
        self._shelf.push_reports()
        if runtime.has_mail:
            runtime._recorder.oldest_ms = int(told.heard_ms)
            runtime.due_ms = NEVER_MS
            runtime.turn()
            if self._site.monitor.presumes:
                self._site.monitor.check_presumed(self._site.bank)


def describe_memory(shelf: SteppedShelf) -> str:
    """Tell all that the sessions of a bus go by."""
    schedule, told = shelf._schedule, []
    for session in schedule.sessions.values():
        lease, detail, watch = session._lease, session._detail, session._watch
        told.append(
            (
                session._motion_due_ms, lease._permit, lease._motion, detail._began_ms, detail._words,
                detail._wear_due_ms, watch.snapshot, watch._dated, session._presence._heard_ms,
            )
        )  # fmt: skip
    return repr((schedule._quiet_from_ms, schedule._leased, schedule._served_ms, told))
