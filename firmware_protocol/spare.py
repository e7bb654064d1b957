"""What is read in a bus's spare time, in pieces a running lease has room for: event ring, DETAIL, WEAR."""

from __future__ import annotations

from firmware_protocol.blocks import Detail, Identity, RingEvent, ring_slot
from firmware_protocol.codes import Capabilities
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.fields import MessageFault
from firmware_protocol.frame import READ_HOLDING
from firmware_protocol.pdu import ask_registers
from firmware_protocol.registers import DETAIL, RING_ENTRIES, RING_ENTRY_REGISTERS, WEAR
from firmware_protocol.reports import DetailRead, RingRead, WearRead
from firmware_protocol.wear import Wear

# Events that wait longer go before MOTION, one read at a time.
STARVED_MS = 300.0
# Counts of registers differ between all kinds of reads, so that a late answer can't pass for another's (SPEC 6.10).
RING_READ_ENTRIES = 2
DETAIL_PIECE, WEAR_PIECE = 14, 11
WEAR_PERIOD_MS = 60_000.0


class RingReader:
    """Follows the event ring up to its head."""

    def __init__(self) -> None:
        """Start knowing nothing: the first head seen is where following begins."""
        self._read: int | None = None
        self._head = 0
        self._lost = False
        self._waits_from_ms = 0.0

    def see_head(self, head: int, now_ms: float) -> None:
        """Take the head that a snapshot shows."""
        if self._read is None:
            self._read = head
        if not self._missing:
            self._waits_from_ms = now_ms
        self._head = head
        if self._missing > RING_ENTRIES:
            self._lost = True
            self._read = (head - RING_ENTRIES) & 0xFFFF

    def forget(self) -> None:
        """Begin anew, after another boot."""
        self._read = None
        self._lost = False

    @property
    def _missing(self) -> int:
        return 0 if self._read is None else (self._head - self._read) & 0xFFFF

    def is_starved(self, now_ms: float) -> bool:
        """Whether events have waited for so long that MOTION may wait for them."""
        return self.is_due and now_ms - self._waits_from_ms >= STARVED_MS

    @property
    def is_due(self) -> bool:
        """Whether events wait to be read."""
        return self._missing > 0

    def ask(self, unit: int) -> Exchange:
        """Build the read of the next entries; a read never runs over the ring's end."""
        assert self._read is not None
        first = (self._read + 1) & 0xFFFF
        entries = min(RING_READ_ENTRIES, self._missing, RING_ENTRIES - first % RING_ENTRIES)
        count = entries * RING_ENTRY_REGISTERS
        return Exchange(Kind.RING, ask_registers(unit, ring_slot(first), count), 5 + 2 * count)

    def take(self, words: tuple[int, ...], now_ms: float) -> RingRead:
        """Turn the answer into events; an entry that is no longer the one asked for counts as lost."""
        assert self._read is not None
        self._waits_from_ms = now_ms
        events = []
        for at in range(0, len(words), RING_ENTRY_REGISTERS):
            self._read = (self._read + 1) & 0xFFFF
            event = RingEvent.from_registers(words[at : at + RING_ENTRY_REGISTERS])
            if isinstance(event, MessageFault) or event.sequence != self._read:
                self._lost = True
            else:
                events.append(event)
        lost, self._lost = self._lost, False
        return RingRead(tuple(events), self._read, lost, now_ms)


class SlowReader:
    """Gathers DETAIL piece by piece, and now and then, while nothing moves, WEAR."""

    def __init__(self, period_ms: float, busy_period_ms: float) -> None:
        """Begin a new round this often: seldom at rest, oftener while columns travel."""
        self._period_ms = period_ms
        self._busy_period_ms = busy_period_ms
        self._words: tuple[int, ...] = ()
        self._began_ms: float | None = None
        self._wear_due_ms = 0.0
        self._resting = True
        self._block, self._piece = DETAIL, DETAIL_PIECE

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the next answer."""
        return READ_HOLDING, 5 + 2 * self._piece

    def due_ms(self, busy: bool) -> float:
        """When the next piece may be read."""
        if self._words or self._began_ms is None:
            return 0.0
        return self._began_ms + (self._busy_period_ms if busy else self._period_ms)

    def ask(self, unit: int, now_ms: float) -> Exchange:
        """Build the read of the next piece."""
        if not self._words:
            self._began_ms = now_ms
        address = self._block.address + len(self._words)
        return Exchange(Kind.DETAIL, ask_registers(unit, address, self._piece), 5 + 2 * self._piece)

    def take(
        self, words: tuple[int, ...], identity: Identity | None, now_ms: float, *, busy: bool
    ) -> DetailRead | WearRead | None:
        """Take a piece; the last one completes the block."""
        if len(words) != self._piece or identity is None:
            self.drop()
            return None
        self._words += words
        if len(self._words) < self._block.count:
            return None
        block, whole = self._block, self._words
        self.drop()
        if block is WEAR:
            wear = Wear.from_registers(whole, identity.columns, identity.aisles)
            return None if isinstance(wear, MessageFault) else WearRead(wear, now_ms)
        if identity.capabilities & Capabilities.WEAR and now_ms >= self._wear_due_ms and not busy:
            self._wear_due_ms = now_ms + WEAR_PERIOD_MS
            self._block, self._piece = WEAR, WEAR_PIECE
        detail = Detail.from_registers(whole, identity.columns, identity.aisles)
        return None if isinstance(detail, MessageFault) else DetailRead(detail, now_ms)

    def see(self, *, resting: bool) -> None:
        """Give up the round when motion begins or ends: pieces from before and after make a bank that never was."""
        if resting != self._resting and self._words:
            self.drop()
        self._resting = resting

    def drop(self) -> None:
        """Give up this round."""
        self._words = ()
        self._block, self._piece = DETAIL, DETAIL_PIECE
