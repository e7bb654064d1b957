"""What is read in a bus's spare time, in pieces a running lease has room for: event ring, DETAIL, WEAR."""

from __future__ import annotations

from firmware_protocol.blocks import Detail, Identity, RingEvent, ring_slot
from firmware_protocol.codes import Capabilities
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.fields import MessageFault, is_newer
from firmware_protocol.frame import READ_HOLDING
from firmware_protocol.pdu import ask_registers
from firmware_protocol.registers import DETAIL, RING_ENTRIES, RING_ENTRY_REGISTERS, WEAR
from firmware_protocol.reports import DetailRead, RingRead, RingRecalled, WearRead
from firmware_protocol.wear import Wear

# Events that wait longer go before MOTION, one read at a time.
STARVED_MS = 300.0
# Counts of registers differ between all kinds of reads, so that a late answer can't pass for another's (SPEC 6.10).
RING_READ_ENTRIES = 2
DETAIL_PIECE, WEAR_PIECE = 14, 11
WEAR_PERIOD_MS = 60_000.0


class RingReader:
    """Follows the event ring up to its head; where it recalls, from what earlier runs have told of it."""

    def __init__(self, *, recalls: bool = False) -> None:
        """Start knowing nothing: the first head seen is where following begins; a recall is waited for."""
        self._recalls = self._waits = recalls
        self._told: tuple[int, int] | None = None  # low half of a boot id, and through which entry
        self._read: int | None = None
        self._first = self._head = 0  # head when following began: what lies before it is history
        self._lost = 0
        self._waits_from_ms = 0.0

    def recall(self, boot_low: int | None, sequence: int) -> None:
        """Follow the ring from here on, behind the entry told last of this boot; None: nothing was ever told."""
        if self._waits:
            self._waits = False
            self._told = None if boot_low is None else (boot_low, sequence)

    def see_head(self, head: int, boot_low: int, now_ms: float) -> None:
        """Take the head that a snapshot shows."""
        if self._waits:
            return
        if self._read is None:
            self._begin(head, boot_low)
        if not self._missing or self._is_behind:
            self._waits_from_ms = now_ms
        self._head = head
        if self._missing > RING_ENTRIES:
            self._lost += self._missing - RING_ENTRIES
            self._read = (head - RING_ENTRIES) & 0xFFFF

    def _begin(self, head: int, boot_low: int) -> None:
        """Of the boot known go on behind what was told, of another begin with its first entry."""
        told = head
        if self._told is not None and self._told[0] != boot_low:
            told = 0
        elif self._told is not None and is_newer(head, self._told[1]):
            told = self._told[1]
        self._read, self._first = told, head
        if self._recalls:
            self._told = boot_low, told

    def forget(self) -> None:
        """Begin anew, after another boot."""
        self._read = None
        self._lost = 0

    @property
    def _missing(self) -> int:
        return 0 if self._read is None else (self._head - self._read) & 0xFFFF

    @property
    def _history(self) -> int:
        """How many entries from before the first look are still to be read."""
        left = 0 if self._read is None else (self._first - self._read) & 0xFFFF
        return left if left < 0x8000 else 0

    @property
    def _is_behind(self) -> bool:
        return self._head == self._first and self._history > 0

    def is_starved(self, now_ms: float) -> bool:
        """Whether events have waited for so long that MOTION may wait for them; history may wait longer."""
        return self.is_due and not self._is_behind and now_ms - self._waits_from_ms >= STARVED_MS

    @property
    def is_due(self) -> bool:
        """Whether events wait to be read."""
        return self._missing > 0

    def ask(self, unit: int) -> Exchange:
        """Build the read of the next entries; a read never runs over the ring's end."""
        assert self._read is not None
        first = (self._read + 1) & 0xFFFF
        entries = min(RING_READ_ENTRIES, self._history or self._missing, RING_ENTRIES - first % RING_ENTRIES)
        count = entries * RING_ENTRY_REGISTERS
        return Exchange(Kind.RING, ask_registers(unit, ring_slot(first), count), 5 + 2 * count)

    def take(self, words: tuple[int, ...], now_ms: float) -> RingRead | RingRecalled:
        """Turn the answer into events; an entry that is no longer the one asked for counts as lost."""
        assert self._read is not None
        self._waits_from_ms = now_ms
        is_history = self._history > 0
        events = []
        for at in range(0, len(words), RING_ENTRY_REGISTERS):
            self._read = (self._read + 1) & 0xFFFF
            event = RingEvent.from_registers(words[at : at + RING_ENTRY_REGISTERS])
            if isinstance(event, MessageFault) or event.sequence != self._read:
                self._lost += 1
            else:
                events.append(event)
        lost, self._lost = self._lost, 0
        if is_history:
            return RingRecalled(tuple(events), self._read, lost, now_ms)
        return RingRead(tuple(events), self._read, lost > 0, now_ms)


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
