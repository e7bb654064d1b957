"""Requests whose outcome nobody told: read by request id, never sent again (SPEC 6.2)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from firmware_protocol.blocks import LogEntry
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.pdu import ask_registers
from firmware_protocol.registers import LOG_ENTRIES, LOG_ENTRY_REGISTERS, REQUEST_LOG
from firmware_protocol.reports import Stage

# Entries read at the first and at the second attempt: unlike lengths, so a late answer fits neither (SPEC 6.10).
_READS = (2, 1)


@dataclass(slots=True)
class Doubt:
    """`absent`: the log doesn't hold the id; a later MOTION must still prove that the boot is the same."""

    request_id: int
    stage: Stage
    token: int = 0
    page: int = 0
    attempt: int = 0
    absent: bool = False


class DoubtBook:
    """Doubts in the order they came; the first is cleared up before the next."""

    def __init__(self) -> None:
        """Start without doubts."""
        self._doubts: deque[Doubt] = deque()

    def __bool__(self) -> bool:
        return bool(self._doubts)

    def add(self, request_id: int, stage: Stage, token: int = 0) -> None:
        """Enter a request, once; a doubt from an order's own failure outranks a mere question."""
        known = next((doubt for doubt in self._doubts if doubt.request_id == request_id), None)
        if known is None:
            self._doubts.append(Doubt(request_id, stage, token))
        elif stage is not Stage.OUTCOME:
            known.stage, known.token = stage, token

    @property
    def is_due(self) -> bool:
        """Whether the log should be read."""
        return bool(self._doubts) and not self._doubts[0].absent

    def ask(self, unit: int) -> Exchange:
        """Build the read of the next log entries."""
        doubt = self._doubts[0]
        entries = _READS[doubt.attempt]
        first = min(doubt.page, LOG_ENTRIES - entries)  # the last page may begin with an entry read before
        count = entries * LOG_ENTRY_REGISTERS
        address = REQUEST_LOG.address + first * LOG_ENTRY_REGISTERS
        return Exchange(Kind.OUTCOME, ask_registers(unit, address, count), 5 + 2 * count)

    def take(self, entries: tuple[LogEntry, ...]) -> tuple[Doubt, LogEntry] | None:
        """Look the first doubt up in these entries; found, it is settled."""
        doubt = self._doubts[0]
        for entry in entries:
            if entry.request_id == doubt.request_id:
                self._doubts.popleft()
                return doubt, entry
        doubt.page += _READS[doubt.attempt]
        doubt.attempt = 0
        doubt.absent = not entries or doubt.page >= LOG_ENTRIES
        return None

    def take_silence(self) -> Doubt | None:
        """Allow one more attempt; after that give the doubt up and return it: unknown."""
        doubt = self._doubts[0]
        doubt.attempt += 1
        return self._doubts.popleft() if doubt.attempt >= len(_READS) else None

    def take_boot_proof(self) -> Doubt | None:
        """Settle a doubt whose request the same boot never got."""
        return self._doubts.popleft() if self._doubts and self._doubts[0].absent else None

    def clear(self) -> list[Doubt]:
        """Give all up, e.g. after another boot."""
        doubts = list(self._doubts)
        self._doubts.clear()
        return doubts
