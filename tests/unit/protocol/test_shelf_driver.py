"""The serial shelf driver by byte transcripts: what pymodbus would send is what it sends, what it hears is what it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from edge.core import effects, events
from edge.core.snapshot import RingEntry
from edge.drivers.shelf_serial import MAX_WAITING_ORDERS, SerialShelf, ShelfBank
from firmware_protocol.registers import MAP_HASH
from tests.conformance.protocol.recreate_vectors import read_vectors, recipes
from tests.wait import wait_for

T = TypeVar("T")
UNIT, GEOMETRY, ID, TOKEN = 17, 0x89ABCDEF, 0x1122334455667788, 0xDEADBEE1
VECTORS = {vector["id"]: vector["hex"] for vector in read_vectors()}
IDENTITY = recipes.build_by_pymodbus(
    recipes.told([0x0101, MAP_HASH >> 16, MAP_HASH & 0xFFFF, *recipes.IDENTITY_WORDS[3:]])
).hex()
ASK_IDENTITY, ASK_MOTION = "11030000003c", VECTORS["read-motion"][:-4]


def motion(sequence: int, ring_head: int = 0x0102) -> str:
    words = recipes.changed(recipes.changed(recipes.MOTION_WORDS, 13, 0x0304), 11, sequence)
    return str(recipes.build_by_pymodbus(recipes.told(recipes.changed(words, 12, ring_head))).hex())


class TranscriptLine:
    """A line that answers as written down: requests by their beginning, answers in full; silence for all else."""

    def __init__(self, answers: dict[str, Callable[[], str] | str]) -> None:
        self.answers = answers
        self.sent: list[str] = []
        self.broken = False
        self._heard = b""
        self._ready = threading.Condition()

    def write(self, octets: bytes) -> None:
        with self._ready:
            self.sent.append(octets.hex())
            answer = next((a for asked, a in self.answers.items() if octets.hex().startswith(asked)), "")
            self._heard += bytes.fromhex(answer() if callable(answer) else answer)

    def read(self, timeout_s: float) -> bytes:
        with self._ready:
            if not self._heard and not self.broken:
                self._ready.wait(timeout_s)
            if self.broken:
                raise OSError("unplugged")
            heard, self._heard = self._heard[:11], self._heard[11:]
            return heard

    def wake(self) -> None:
        with self._ready:
            self._ready.notify_all()

    def unplug(self) -> None:
        self.broken = True
        self.wake()

    def close(self) -> None:
        self.broken = True

    def find(self, prefix: str) -> list[str]:
        return [octets for octets in self.sent if octets.startswith(prefix)]


@dataclass
class Sink:
    events: list[events.Event] = field(default_factory=list)

    def __call__(self, event: events.Event) -> bool:
        self.events.append(event)
        return True

    def all(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait(self, kind: type[T]) -> T:
        return wait_for(lambda: self.all(kind), 5, kind.__name__)[0]


def now_ms() -> int:
    return time.monotonic_ns() // 10**6


@pytest.fixture
def line() -> TranscriptLine:
    started = time.monotonic()
    return TranscriptLine({
        ASK_IDENTITY: IDENTITY,
        ASK_MOTION: lambda: motion(100 + int((time.monotonic() - started) * 100)),
        "1117": lambda: VECTORS["select-answer"],
        "1110085000": VECTORS["lease-answer"],
        "1106086000": VECTORS["stop-unicast"],
    })  # fmt: skip


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def shelf(line: TranscriptLine, sink: Sink) -> Iterator[SerialShelf]:
    shelf = SerialShelf("bus", lambda: line, [ShelfBank("A", UNIT, GEOMETRY)], baud=115200)
    shelf.start(sink)
    sink.wait(events.SnapshotArrived)
    yield shelf
    shelf.close()


def test_says_what_pymodbus_would_say(line: TranscriptLine, sink: Sink, shelf: SerialShelf) -> None:
    """SPEC 5.4, 5.5, 5.7: SELECT, OPERATE, lease and STOP byte for byte."""
    assert shelf.banks == ("A",)
    line.answers["1117"] = VECTORS["select-answer"]
    shelf.submit(effects.SendSelect("A", ID, "open_aisle", 7, "B", 2, 5, now_ms() + 1000))
    answered = sink.wait(events.SelectAnswered)
    assert line.find("1117") == [VECTORS["select"]]
    answer = answered.answer
    assert (answered.request_id, answer.operation, answer.aisle, answer.reasons) == (ID, "open_aisle", 7, ())
    assert (answer.token, answer.sequence, answer.ring_head, answer.occupied) == (TOKEN, 0x0102, 0x0304, (6,))
    assert [c.left + 2 * c.right for c in answer.contacts] == [3, 1, 2, 0, 3, 1, 2, 0, 1, 0, 0]

    line.answers["1117"] = VECTORS["operate-answer"]
    shelf.submit(effects.SendOperate("A", ID, TOKEN, "open_aisle", 7, 0x0304, now_ms() + 300))
    assert sink.wait(events.OperateAnswered).reasons == ()
    assert line.find("1117")[1:] == [VECTORS["operate"]]

    shelf.submit(effects.PermitLease("A", TOKEN, now_ms() + 250))
    leases = wait_for(lambda: line.find("1110085000"), 2, "a renewal")
    assert leases[0][14:26] == "deadbee10001"

    shelf.submit(effects.SendStop("A", "pressed"))
    wait_for(lambda: line.find("11060860"), 2, "STOP")
    assert line.find("11060860")[0] == VECTORS["stop-unicast"]
    wait_for(lambda: line.find("00060860"), 2, "STOP to everybody")
    renewed = len(line.find("1110085000"))
    shelf.submit(effects.PermitLease("A", TOKEN, now_ms() + 250))
    wait_for(lambda: len(line.find("11060860")) >= 3, 2, "STOP again")
    assert len(line.find("1110085000")) == renewed, "no renewal after STOP"


def test_a_refusal_comes_in_words(line: TranscriptLine, sink: Sink, shelf: SerialShelf) -> None:
    """SPEC 5.6."""
    line.answers["1117"] = VECTORS["select-refused"]
    shelf.submit(effects.SendSelect("A", ID, "open_aisle", 7, "", 0, 0, now_ms() + 1000))
    answer = sink.wait(events.SelectAnswered).answer
    assert (answer.reasons, answer.token) == (("occupied", "locked", "fire"), 0)


def test_an_exception_is_a_failed_order(line: TranscriptLine, sink: Sink, shelf: SerialShelf) -> None:
    """SPEC 2.6."""
    line.answers["1117"] = recipes.build_by_pymodbus(recipes.ExceptionResponse(23, 6, UNIT)).hex()
    shelf.submit(effects.SendSelect("A", ID, "open_aisle", 7, "A", 1, 1, now_ms() + 1000))
    assert sink.wait(events.WireFailed) == events.WireFailed("A", ID, "select", "exception_6")


def test_late_orders_never_leave(line: TranscriptLine, sink: Sink, shelf: SerialShelf) -> None:
    """SPEC 6.3."""
    shelf.submit(effects.SendSelect("A", ID, "open_aisle", 7, "A", 1, 1, now_ms() - 5))
    assert sink.wait(events.WireFailed) == events.WireFailed("A", ID, "select", "late")
    assert line.find("1117") == []


def test_ring_entries_come_in_words(line: TranscriptLine, sink: Sink, shelf: SerialShelf) -> None:
    """SPEC 5.10, 6.12: entry 0x0103 lies in slot 3."""
    assert shelf.banks == ("A",)
    line.answers["1103040c0004"] = recipes.build_by_pymodbus(recipes.told([0x0103, 8, 9, 5])).hex()
    line.answers[ASK_MOTION] = lambda: motion(5000 + now_ms() // 10 % 20_000, 0x0103)
    read = sink.wait(events.RingEventsRead)
    assert (read.entries, read.head, read.lost) == ((RingEntry(0x0103, "edge", 9, 50),), 0x0103, False)


def test_button_press_and_release_carry_the_number() -> None:
    """SPEC 5.10."""
    from edge.drivers.shelf_words import describe_ring_event
    from firmware_protocol.blocks import RingEvent
    from firmware_protocol.codes import EventKind

    pressed = describe_ring_event(RingEvent(7, EventKind.BUTTON, 0x0301, 20))
    released = describe_ring_event(RingEvent(8, EventKind.BUTTON, 0x0300, 10))
    assert (pressed, released) == (RingEntry(7, "button_pressed", 3, 20), RingEntry(8, "button_released", 3, 10))


def test_a_lost_line_is_reopened_for_ever(line: TranscriptLine, sink: Sink) -> None:
    """SPEC 6.1: silent at once, found again, nothing of before believed."""
    opened: list[TranscriptLine] = []

    def open_transport() -> TranscriptLine:
        opened.append(TranscriptLine(line.answers))
        if len(opened) in {1, 3}:
            raise OSError("no such device")
        return opened[-1]

    shelf = SerialShelf("bus", open_transport, [ShelfBank("A", UNIT, GEOMETRY)], baud=115200, reopen_wait_s=0.01)
    shelf.start(sink)
    try:
        sink.wait(events.SnapshotArrived)
        opened[-1].unplug()
        wait_for(lambda: shelf.reopened == 1 and len(opened) == 4, 5, "another opening")
        states = wait_for(
            lambda: len(found := [e.state for e in sink.all(events.ControllerChanged)]) >= 4 and found,
            5,
            "online again",
        )
        assert states[:4] == ["silent", "online", "silent", "online"]
    finally:
        shelf.close()


def test_orders_are_bounded_but_a_stop_is_always_taken(sink: Sink) -> None:
    """SPEC 6.8."""

    def never() -> TranscriptLine:
        raise OSError("not yet")

    shelf = SerialShelf("bus", never, [ShelfBank("A", UNIT, GEOMETRY)], baud=19200)
    for number in range(MAX_WAITING_ORDERS + 5):
        shelf.submit(effects.ReadOutcome("A", number + 1))
    shelf.submit(effects.SendStop("A", "pressed"))
    shelf.start(sink)
    wait_for(lambda: len(sink.all(events.WireFailed)) >= MAX_WAITING_ORDERS, 5, "answers to all orders")
    shelf.close()
    assert len(sink.all(events.WireFailed)) == MAX_WAITING_ORDERS
