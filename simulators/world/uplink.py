"""The gateway's link in the world: the real sender between the outbox and the centre, over a network that loses."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from edge.core.events import LinkChanged
from edge.core.link import (
    Action,
    BeginEpoch,
    EpochSpan,
    MarkSafe,
    MarkThrough,
    SendBatch,
    UplinkSender,
    encode_batch,
    parse_ack,
)
from edge.ports import Sink
from simulators.world.agenda import Agenda
from simulators.world.centre import Centre

WAY_MS = 3.0
LOSS = 0.02


class OutboxReader(Protocol):
    """What the sender needs of an outbox, in memory or on disk."""

    def epochs(self) -> list[EpochSpan]: ...

    def read_after(self, epoch: str, seq: int, limit: int) -> list[tuple[int, bytes]]: ...

    def record_hash(self, epoch: str, seq: int) -> str | None: ...

    def mark_through(self, epoch: str, seq: int) -> None: ...

    def mark_safe(self, epoch: str, seq: int) -> None: ...


class WorldLink:
    """One gateway's link, for the life of that process."""

    def __init__(
        self,
        room_id: str,
        *,
        outbox: OutboxReader,
        centre: Centre,
        agenda: Agenda,
        wall_at: Callable[[], datetime],
        dice: random.Random,
    ) -> None:
        self.answers: list[tuple[str, str, str | None]] = []
        self._room_id = room_id
        self._outbox = outbox
        self._centre = centre
        self._agenda = agenda
        self._wall_at = wall_at
        self._dice = dice
        self._sender = UplinkSender(dice)
        self._sink: Sink | None = None
        self._timer_ms = float("inf")
        self._state = ""

    def start(self, sink: Sink) -> None:
        """Greet the centre."""
        self._sink = sink
        self._follow(self._sender.note_connected(self._outbox.epochs(), self._now()))

    def close(self) -> None:
        """Fall silent: the process is gone."""
        self._sink = None

    def wake(self) -> None:
        """Look at the outbox: there are new facts."""
        self._follow(self._sender.note_written(self._outbox.epochs(), self._now()))

    def answer_command(self, command_id: str, result: str, reason: str | None, _detail: dict[str, Any]) -> None:
        """Keep an answer to the centre."""
        self.answers = [*self.answers[-63:], (command_id, result, reason)]

    def show_bank(self, bank_id: str, view: dict[str, Any]) -> None:
        """Nobody watches pages here."""

    def _now(self) -> int:
        return int(self._agenda.now_ms)

    def _follow(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SendBatch():
                    self._publish(action)
                case MarkThrough():
                    self._outbox.mark_through(action.epoch, action.seq)
                case MarkSafe():
                    self._outbox.mark_safe(action.epoch, action.seq)
                case BeginEpoch():
                    self._centre.faults.append(f"{self._room_id}: the gateway left its epoch")
        if self._sender.state.value != self._state and self._sink is not None:
            self._state = self._sender.state.value
            self._sink(LinkChanged(self._state))
        self._set_timer()

    def _publish(self, sent: SendBatch) -> None:
        lines = [line for _, line in self._outbox.read_after(sent.epoch, sent.after, sent.limit)] if sent.limit else []
        payload, _ = encode_batch(
            batch=sent.batch, centre=sent.centre, epoch=sent.epoch, first=sent.after + 1, head=sent.head, lines=lines
        )
        if self._dice.random() >= LOSS:
            self._agenda.after(WAY_MS, lambda: self._arrive(payload))

    def _arrive(self, payload: bytes) -> None:
        answer = self._centre.take(self._room_id, payload, self._wall_at())
        if answer is not None and self._dice.random() >= LOSS:
            self._agenda.after(WAY_MS, lambda: self._hear(answer))

    def _hear(self, answer: bytes) -> None:
        ack = parse_ack(answer)
        if ack is None or self._sink is None:
            return
        self._follow(self._sender.note_ack(ack, self._outbox.record_hash(ack.epoch, ack.through), self._now()))

    def _set_timer(self) -> None:
        due = self._sender.next_deadline()
        if due is None or due >= self._timer_ms:
            return
        self._timer_ms = due
        self._agenda.after(due - self._agenda.now_ms, self._pass_time)

    def _pass_time(self) -> None:
        self._timer_ms = float("inf")
        if self._sink is not None:
            self._follow(self._sender.note_time(self._now()))
