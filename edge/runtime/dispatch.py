"""Effects to ports: each kind of effect goes to the one device that carries it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from edge.core.effects import AnswerCommand, Effect, GiveFeedback, PrintLabel, RecordFact, SendStop, ShelfOrder
from edge.core.shown import BankView
from edge.core.state import State
from edge.ports import LabelPrinter, Link, Scanner, Shelf, Sink


class Dispatcher:
    """The ports of one gateway."""

    def __init__(
        self,
        shelves: Sequence[Shelf],
        scanners: Mapping[str, Scanner],
        printer: LabelPrinter | None,
        link: Link | None,
    ) -> None:
        self._shelves = tuple(shelves)
        self._by_bank = {bank: shelf for shelf in shelves for bank in shelf.banks}
        self._scanners = dict(scanners)
        self._printer = printer
        self._link = link

    def start(self, sink: Sink) -> None:
        """Let every port begin to push."""
        for port in self._ports():
            port.start(sink)

    def close(self) -> None:
        """Close every port, the shelves last."""
        for port in reversed(self._ports()):
            port.close()

    def send(self, effects: Sequence[Effect]) -> None:
        """Carry effects out, in their order."""
        for effect in effects:
            if isinstance(effect, RecordFact):
                continue  # carried out by the commit
            if isinstance(effect, GiveFeedback):
                scanner = self._scanners.get(effect.source_id)
                if scanner is not None:
                    scanner.feedback(effect.sound)
            elif isinstance(effect, PrintLabel):
                if self._printer is not None:
                    self._printer.print_label(effect.job_id, effect.label)
            elif isinstance(effect, AnswerCommand):
                if self._link is not None:
                    self._link.answer_command(effect.command_id, effect.result, effect.reason, effect.detail)
            else:
                self._submit(effect)

    def _submit(self, order: ShelfOrder) -> None:
        shelf = self._by_bank.get(order.bank)
        if shelf is not None:
            shelf.submit(order)

    def stop_moving(self, state: State, reason: str) -> None:
        """Stop every bank that has a live act."""
        for bank_id, bank in state.banks.items():
            if bank.request is not None:
                self._submit(SendStop(bank_id, reason))

    def stop_all(self, state: State, reason: str) -> None:
        """Stop every bank."""
        for bank_id in state.banks:
            self._submit(SendStop(bank_id, reason))

    def wake_link(self) -> None:
        """Tell the link that there are new facts."""
        if self._link is not None:
            self._link.wake()

    def show_banks(self, views: Sequence[BankView]) -> None:
        """Give the bank views to the link, for pages only."""
        if self._link is not None:
            for view in views:
                self._link.show_bank(view["bank"], cast("dict[str, Any]", view))

    def _ports(self) -> list[Shelf | Scanner | LabelPrinter | Link]:
        others: list[Shelf | Scanner | LabelPrinter | Link] = [*self._shelves, *self._scanners.values()]
        if self._printer is not None:
            others.append(self._printer)
        if self._link is not None:
            others.append(self._link)
        return others
