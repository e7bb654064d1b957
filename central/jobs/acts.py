"""Acts that reach into a room: write, ask the gateway outside any transaction, write what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from central.domain.labels import LabelState
from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.services.aisles import Proposal, ProposeAisle, propose_aisle, propose_box_aisle
from central.services.commands import CommandAnswer, CommandPort, send_command
from central.services.labels import PrintLabel, print_label, settle_label
from central.store.tx import Transactions

#: Each act keeps a request thread for as long as its gateway takes to answer; most threads must stay free.
ACTS_AT_ONCE = 8

LABEL_STATES = {
    "done": LabelState.DONE,
    "queued": LabelState.QUEUED,
    "refused": LabelState.FAILED,
    "failed": LabelState.FAILED,
}


@dataclass(frozen=True, slots=True)
class LabelPrinted:
    """A label of the ledger and what its room answered; `queued` is settled later by a fact."""

    label_id: str
    code: str
    copy_no: int
    answer: CommandAnswer


@dataclass(frozen=True, slots=True)
class AisleProposed:
    """An aisle and what its room answered: prompted, queued or refused, never opened."""

    room_id: str
    bank: str
    aisle: int
    answer: CommandAnswer


class Acts:
    """The acts that pages and API offer; `port` is None where no broker is set."""

    def __init__(self, tx: Transactions, port: CommandPort | None, read_clock: Callable[[], datetime]) -> None:
        self._tx = tx
        self._port = port
        self._read_clock = read_clock
        self._places = threading.BoundedSemaphore(ACTS_AT_ONCE)

    def print_label(self, actor: Actor, command: PrintLabel) -> LabelPrinted:
        """Enter a label in the ledger, have its room print it, and enter the answer."""
        with self._take_place():
            with self._tx.write() as session:
                issued = print_label(session, actor, command, self._read_clock())
            answer = self._ask(issued.room_id, "print_label", issued.to_command(), actor)
            state = LABEL_STATES.get(answer.result, LabelState.UNKNOWN)
            with self._tx.write() as session:
                settle_label(session, issued.id, state, answer.reason, self._read_clock())
        return LabelPrinted(issued.id, issued.code, issued.copy_no, answer)

    def propose_aisle(self, actor: Actor, command: ProposeAisle) -> AisleProposed:
        """Have a room show a prompt for an aisle."""
        with self._take_place():
            with self._tx.read() as session:
                proposal = propose_aisle(session, actor, command)
            return self._propose(proposal, actor)

    def propose_box_aisle(self, actor: Actor, box_id: str) -> AisleProposed:
        """Have a room show a prompt for the aisle of a box."""
        with self._take_place():
            with self._tx.read() as session:
                proposal = propose_box_aisle(session, actor, box_id)
            return self._propose(proposal, actor)

    def _propose(self, proposal: Proposal, actor: Actor) -> AisleProposed:
        answer = self._ask(proposal.room_id, "propose_aisle", proposal.body, actor)
        return AisleProposed(proposal.room_id, proposal.bank, proposal.aisle, answer)

    def _ask(self, room_id: str, kind: str, body: dict[str, Any], actor: Actor) -> CommandAnswer:
        if self._port is None:
            return CommandAnswer("", "failed", "no_broker")
        return send_command(self._port, room_id, kind, body, asked_by=actor.name, now=self._read_clock())

    @contextmanager
    def _take_place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Refusal(Reason.BUSY)
        try:
            yield
        finally:
            self._places.release()
