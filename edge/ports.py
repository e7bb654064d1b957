"""What the gateway's rim must offer: one protocol per kind of device. Threads behind a port only push into the sink.

`app` builds the real ones; tests and simulators build others that pass the same contract tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from edge.core.effects import ShelfOrder, Sound
from edge.core.events import Event
from edge.line_view import FrameView, LineCounts, RegisterReading, RoundTrips

# puts an event into the inbox; False: it was refused and the producer must say so where the hand is
Sink = Callable[[Event], bool]


class Shelf(Protocol):
    """All banks of one bus. `submit` never blocks; an order that comes too late is dropped and reported."""

    @property
    def banks(self) -> tuple[str, ...]:
        """Ids of the banks on this bus."""
        ...

    def start(self, sink: Sink) -> None: ...

    def submit(self, order: ShelfOrder) -> None: ...

    def close(self) -> None: ...


class Scanner(Protocol):
    """A scanner or camera. `feedback` sounds and lights where the hand is, if the device can."""

    @property
    def source_id(self) -> str: ...

    def start(self, sink: Sink) -> None: ...

    def feedback(self, kind: Sound) -> None: ...

    def close(self) -> None: ...


class LabelPrinter(Protocol):
    """A label printer. It holds nothing back: what can't be printed is settled as failed."""

    def start(self, sink: Sink) -> None: ...

    def print_label(self, job_id: str, label: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class Link(Protocol):
    """The way to the centre. It reads the outbox by itself after `wake`."""

    def start(self, sink: Sink) -> None: ...

    def wake(self) -> None: ...

    def answer_command(self, command_id: str, result: str, reason: str | None, detail: dict[str, Any]) -> None: ...

    def show_bank(self, bank_id: str, view: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class LineWatch(Protocol):
    """What a bus driver lets a technician see. Reading costs the bus nothing; any thread may ask."""

    @property
    def bus_id(self) -> str: ...

    @property
    def banks(self) -> tuple[str, ...]: ...

    def counts(self) -> LineCounts: ...

    def list_frames(self, most: int = 1000) -> list[FrameView]:
        """List the newest frames, newest last; no more than 1,000 are kept."""
        ...

    def read_registers(self, bank: str) -> list[RegisterReading]:
        """Newest reading of every register that was read of a bank, in the map's order, each with its age."""
        ...

    def list_round_trips(self, bank: str) -> list[RoundTrips]: ...
