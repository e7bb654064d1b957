"""From a press to OPERATE acknowledged: real runtime, real store (intent on disk, FULL), real driver, a paced pty.

Counted from the later of the press and the bus being free with its silence over, as the goal says. Idle polling runs
on at four a second. Each act is stopped again in its warning time, so that nothing has to travel.
"""

from __future__ import annotations

import functools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final

from edge.core.events import PromptConfirmed, StopPressed
from edge.drivers.shelf_line import ShelfTransport, open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from firmware_protocol.registers import OPERATE, SELECT
from firmware_protocol.timing import OPERATE_BYTES, SELECT_BYTES, Line
from tests.integration.edge_core.driven_room import BOXES, DrivenRoom
from tests.wait import wait_for

BAUD: Final = 19200
TRIALS: Final = 40
FIRST_P50_MS, FIRST_P99_MS = 3.0, 10.0
RATIO_P50, RATIO_P99 = 1.15, 1.8
MAX_BYTES: Final = 90
OPERATE_ANSWER_BYTES: Final = OPERATE_BYTES[1]


class TimedLine:
    """A line that notes when bytes left and came."""

    def __init__(self, line: ShelfTransport) -> None:
        self._line = line
        self.notes: list[tuple[float, str, bytes]] = []

    def read(self, timeout_s: float) -> bytes:
        octets = self._line.read(timeout_s)
        if octets:
            self.notes.append((time.monotonic_ns() / 1e6, "heard", octets))
        return octets

    def write(self, octets: bytes) -> None:
        self.notes.append((time.monotonic_ns() / 1e6, "sent", octets))
        self._line.write(octets)

    def wake(self) -> None:
        self._line.wake()

    def close(self) -> None:
        self._line.close()


def run(scale: float) -> dict[str, Any]:
    """Let somebody press again and again; p50 and p99 over all, and over quarters and halves of the presses."""
    trials = max(4, int(TRIALS * scale))
    wire_ms = Line(BAUD).wire_ms(*SELECT_BYTES, *OPERATE_BYTES)
    found = press_often(trials)
    sizes = [summarise(found[: max(2, int(trials * part))], wire_ms) for part in (0.25, 0.5, 1)]
    last = sizes[-1]
    frame_bytes = max(trial["bytes"] for trial in found)
    ok = (
        last["ratio_p50"] <= RATIO_P50
        and last["ratio_p99"] <= RATIO_P99
        and last["first_byte_p50_ms"] <= FIRST_P50_MS
        and last["first_byte_p99_ms"] <= FIRST_P99_MS
        and frame_bytes <= MAX_BYTES
    )
    return {
        "value": last["whole_p50_ms"],
        "limit_or_peer": round(wire_ms, 2),
        "ratio": last["ratio_p50"],
        "goal": RATIO_P50,
        "ok": ok,
        "n": trials,
        "versions": {},
        "unit": "ms from the press (or the free bus) to OPERATE acknowledged",
        "goals": {
            "ratio_p99": RATIO_P99, "first_byte_p50_ms": FIRST_P50_MS, "first_byte_p99_ms": FIRST_P99_MS,
            "bytes": MAX_BYTES,
        },
        "bytes": frame_bytes,
        "sizes": sizes,
    }  # fmt: skip


def press_often(trials: int) -> list[dict[str, float]]:
    """Run room and controller, and press."""
    with (
        tempfile.TemporaryDirectory(prefix="openaisle-bench-") as folder,
        subprocess.Popen(
            [sys.executable, "-m", "bench.motion_device", str(BAUD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as device,
    ):  # fmt: skip
        assert device.stdout is not None
        assert device.stdin is not None
        told = json.loads(device.stdout.readline())
        lines: list[TimedLine] = []
        open_timed = functools.partial(open_noted, told["path"], lines)
        shelf: Any = SerialShelf("bus1", open_timed, [ShelfBank("A", 1, told["geometry_hash"])], baud=BAUD)
        room = DrivenRoom(Path(folder), shelf=shelf)
        try:
            wait_for(lambda: room.runtime.state.banks["A"].snapshot is not None, 10, "a reading")
            room.sign_on()
            random = Random(1)  # noqa: S311  # phases of presses
            boxes = cycle(BOXES)
            return [press_once(room, lines[0], boxes, random.uniform(0, 0.25)) for _ in range(trials)]
        finally:
            room.close()
            device.stdin.close()


def open_noted(path: str, lines: list[TimedLine]) -> TimedLine:
    """Open the pty and keep the line for its notes."""
    lines.append(TimedLine(open_line(path, baud=BAUD, parity="N", stop_bits=2)))
    return lines[-1]


def press_once(room: DrivenRoom, line: TimedLine, boxes: Iterator[str], phase_s: float) -> dict[str, float]:
    """Scan, wait for the prompt and for any moment between two polls, press, and stop what was begun."""

    def bank() -> Any:
        return room.runtime.state.banks["A"]

    def is_decided() -> bool:
        return bank().prompt is None and (bank().request is None or bank().request.stage == "moving")

    while True:
        room.scan(next(boxes))  # another one each time: the same again is "already"
        wait_for(lambda: bank().prompt, 5, f"a prompt, not {room.said()}")
        threading.Event().wait(phase_s)
        prompt, noted = bank().prompt, len(line.notes)
        pressed_ms = time.monotonic_ns() / 1e6
        room.post(PromptConfirmed("kiosk-a", prompt.wish.id))
        wait_for(is_decided, 5, f"OPERATE acknowledged, not {room.said()}")
        if bank().request is not None:
            break
        # a prompt whose text changed under the finger takes no press: look and press again
        wait_for(lambda: bank().stop is None, 5, "standstill")
    notes = line.notes[:]
    room.post(StopPressed("kiosk-a"))
    wait_for(lambda: bank().stop is None and bank().request is None, 5, "standstill")
    return read_notes(notes, noted, pressed_ms)


def read_notes(notes: list[tuple[float, str, bytes]], noted: int, pressed_ms: float) -> dict[str, float]:
    """Find the press's SELECT and OPERATE among what was on the line."""
    line = Line(BAUD)
    select_at = find_note(notes, noted, lambda octets: octets[6:8] == SELECT.address.to_bytes(2, "big"))
    operate_at = find_note(notes, select_at, lambda octets: octets[6:8] == OPERATE.address.to_bytes(2, "big"))
    free_ms = max(
        at + line.silence_ms + (line.sending_ms(len(octets)) if way == "sent" else 0.0)
        for at, way, octets in notes[max(0, select_at - 12) : select_at]
    )
    heard = 0
    acknowledged_ms = 0.0
    for at, way, octets in notes[operate_at + 1 :]:
        if way == "heard" and heard < OPERATE_ANSWER_BYTES:
            heard += len(octets)
            acknowledged_ms = at
    begun_ms = max(pressed_ms, free_ms)
    select, operate = notes[select_at], notes[operate_at]
    return {
        "first_byte_ms": select[0] - begun_ms,
        "whole_ms": acknowledged_ms - begun_ms,
        "from_press_ms": acknowledged_ms - pressed_ms,
        "bytes": len(select[2]) + SELECT_BYTES[1] + len(operate[2]) + OPERATE_ANSWER_BYTES,
    }


def find_note(notes: list[tuple[float, str, bytes]], start: int, fits: Callable[[bytes], bool]) -> int:
    """Return the index of the first function 23 request from here that fits."""
    return next(
        index
        for index, (_, way, octets) in enumerate(notes)
        if index >= start and way == "sent" and octets[1] == 0x17 and fits(octets)
    )


def summarise(trials: list[dict[str, float]], wire_ms: float) -> dict[str, float]:
    """Put the percentiles of some presses together."""
    whole = sorted(trial["whole_ms"] for trial in trials)
    first = sorted(trial["first_byte_ms"] for trial in trials)
    pressed = sorted(trial["from_press_ms"] for trial in trials)
    return {
        "presses": len(trials),
        "whole_p50_ms": round(statistics.median(whole), 2),
        "whole_p99_ms": round(take_p99(whole), 2),
        "ratio_p50": round(statistics.median(whole) / wire_ms, 3),
        "ratio_p99": round(take_p99(whole) / wire_ms, 3),
        "first_byte_p50_ms": round(statistics.median(first), 3),
        "first_byte_p99_ms": round(take_p99(first), 3),
        "from_press_p50_ms": round(statistics.median(pressed), 2),
    }


def take_p99(ordered: list[float]) -> float:
    """Return the 99th percentile of ordered figures, the largest when there are fewer than a hundred."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
