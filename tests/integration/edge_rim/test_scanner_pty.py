"""The serial scanner over a real pty: codes in, beeps out, noise survived, unplugged and plugged in again."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from edge.core.events import CodeRead, DeviceChanged, Event
from edge.drivers.scanner_serial import SerialScanner
from tests.wait import wait_for


class Plug:
    """A pty whose scanner end can be pulled and plugged in again under the same name."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = -1

    def insert(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.link.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull(self) -> None:
        self.link.unlink()
        os.close(self.master)
        self.master = -1

    def type(self, data: bytes) -> None:
        os.write(self.master, data)


class Bench:
    """A scanner driver on a plug, with all it reported."""

    def __init__(self, plug: Plug, trigger: bool) -> None:
        self.plug = plug
        self.events: list[Event] = []
        self.has_room = True
        self.scanner = SerialScanner("scan-1", self.open, trigger=trigger, reopen_wait_s=0.02)

    def open(self) -> serial.Serial:
        return serial.Serial(str(self.plug.link), 9600, timeout=0.02, write_timeout=0.2, exclusive=True)

    def hear(self, event: Event) -> bool:
        self.events.append(event)
        return self.has_room

    def codes(self) -> list[tuple[str, str]]:
        return [(event.source_kind, event.text) for event in self.events if isinstance(event, CodeRead)]

    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, DeviceChanged)]

    def await_state(self, state: str) -> None:
        wait_for(lambda: self.states()[-1:] == [state], 5, f"scanner {state}")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    plug = Plug(tmp_path / "scanner")
    plug.insert()
    bench = Bench(plug, trigger=True)
    bench.scanner.start(bench.hear)
    yield bench
    bench.scanner.close()


def test_code_arrives_with_its_kind(bench: Bench) -> None:
    bench.await_state("online")
    bench.plug.type(b"bx010000019\r\n")
    wait_for(bench.codes, 5, "a code")
    assert bench.codes() == [("trigger", "BX010000019")]
    assert bench.scanner.codes_read == 1


def test_scanner_without_trigger_says_so(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    plug.insert()
    bench = Bench(plug, trigger=False)
    bench.scanner.start(bench.hear)
    bench.await_state("online")
    plug.type(b"CF010000010\r")
    wait_for(bench.codes, 5, "a code")
    assert bench.codes() == [("serial", "CF010000010")]
    bench.scanner.close()


def test_noise_is_counted_and_survived(bench: Bench) -> None:
    bench.await_state("online")
    noise = bytes(range(128, 256)) * 8 + b"\r" + b"Z" * 500 + b"\r"
    bench.plug.type(noise)
    bench.plug.type(b"BX010000019\r")
    wait_for(bench.codes, 5, "a code after the noise")
    assert bench.codes() == [("trigger", "BX010000019")]
    assert bench.scanner.garbage_bytes >= 1024


def test_feedback_beeps_at_the_hand(bench: Bench) -> None:
    bench.await_state("online")
    for kind in ("ok", "look", "no"):
        bench.scanner.feedback(kind)  # type: ignore[arg-type]
    heard = b""

    def listen() -> bool:
        nonlocal heard
        heard += os.read(bench.plug.master, 16)
        return len(heard) >= 3

    wait_for(listen, 5, "three beeps")
    assert heard == b"\x06\x07\x15"


def test_code_that_the_gateway_could_not_take_beeps_no(bench: Bench) -> None:
    bench.await_state("online")
    bench.has_room = False
    bench.plug.type(b"BX010000019\r")
    assert os.read(bench.plug.master, 16) == b"\x15"


def test_unplugged_scanner_is_named_and_comes_back_by_itself(bench: Bench) -> None:
    bench.await_state("online")
    for _ in range(2):
        bench.plug.pull()
        bench.await_state("unplugged")
        bench.plug.insert()
        bench.await_state("online")
    bench.plug.type(b"BX010000019\r")
    wait_for(bench.codes, 5, "a code after plugging in again")
    assert bench.states() == ["online", "unplugged", "online", "unplugged", "online"]


def test_scanner_missing_at_start_is_waited_for(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    bench = Bench(plug, trigger=True)
    bench.scanner.start(bench.hear)
    bench.await_state("unplugged")
    plug.insert()
    bench.await_state("online")
    bench.scanner.close()
