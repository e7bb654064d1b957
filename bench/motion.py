"""From a press to OPERATE acknowledged: real runtime, real store (intent on disk, FULL), real driver, a paced pty.

Counted from the later of the press and the bus being free with its silence over, as the goal says. Idle polling runs
on at four a second and bank. Each act is stopped again in its warning time, so that nothing has to travel. Then the
same with eight banks on two buses: at rest, and with as many others moving as their line allows.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from bench.motion_room import BenchRoom, Layout, run_room
from firmware_protocol.registers import OPERATE, SELECT
from firmware_protocol.timing import OPERATE_BYTES, SELECT_BYTES, Line
from tests.wait import wait_for

BAUD: Final = 19200
TRIALS: Final = 50
EIGHT_TRIALS, MOVING_TRIALS = 16, 6
FIRST_P50_MS, FIRST_P99_MS = 3.0, 10.0
RATIO_P50, RATIO_P99 = 1.15, 1.8
MAX_BYTES: Final = 90
OPERATE_ANSWER_BYTES: Final = OPERATE_BYTES[1]


def run(scale: float) -> dict[str, Any]:
    """Let somebody press again and again; p50 and p99 over all, and over quarters and halves of the presses."""
    trials = max(4, int(TRIALS * scale))
    wire_ms = Line(BAUD).wire_ms(*SELECT_BYTES, *OPERATE_BYTES)
    found = press_often(trials, Layout(1, 1, BAUD))
    sizes = [summarise(found[: max(2, int(trials * part))], wire_ms) for part in (0.25, 0.5, 1)]
    last = sizes[-1]
    frame_bytes = max(trial["bytes"] for trial in found)
    eight = Layout(2, 4, BAUD)
    resting = press_often(max(4, int(EIGHT_TRIALS * scale)), eight)
    moving = press_often(max(2, int(MOVING_TRIALS * scale)), eight, others_moving=True)
    eight_banks = {
        "at_rest": summarise(resting, wire_ms),
        "others_moving": summarise(moving, wire_ms),
        "moving_a_bus": Line(BAUD).max_moving_banks,
    }
    return {
        "value": last["whole_p50_ms"],
        "limit_or_peer": round(wire_ms, 2),
        "ratio": last["ratio_p50"],
        "goal": RATIO_P50,
        "ok": is_within(last) and is_within(eight_banks["at_rest"]) and frame_bytes <= MAX_BYTES,
        "n": trials,
        "versions": {},
        "unit": "ms from the press (or the free bus) to OPERATE acknowledged",
        "goals": {
            "ratio_p99": RATIO_P99, "first_byte_p50_ms": FIRST_P50_MS, "first_byte_p99_ms": FIRST_P99_MS,
            "bytes": MAX_BYTES,
        },
        "bytes": frame_bytes,
        "sizes": sizes,
        "eight_banks": eight_banks,
    }  # fmt: skip


def is_within(found: Any) -> bool:
    """Whether a summary meets the goals."""
    return bool(
        found["ratio_p50"] <= RATIO_P50
        and found["ratio_p99"] <= RATIO_P99
        and found["first_byte_p50_ms"] <= FIRST_P50_MS
        and found["first_byte_p99_ms"] <= FIRST_P99_MS
    )


def press_often(trials: int, layout: Layout, *, others_moving: bool = False) -> list[dict[str, float]]:
    """Run room and controllers, and press at one bank after another."""
    random = Random(1)  # noqa: S311  # phases of presses
    banks = layout.all_banks
    with run_room(layout) as room:
        found = []
        for trial in range(trials):
            bank = banks[trial % len(banks)]
            if others_moving:
                begin_others(room, bank)
            found.append(press_once(room, bank, random.uniform(0, 0.25)))
        return found


def begin_others(room: BenchRoom, bank: str) -> None:
    """Have as many others move on every bus as the line allows beside this bank."""
    most = Line(room.layout.baud).max_moving_banks
    for bus in range(1, room.layout.buses + 1):
        others = [other for other in room.layout.banks(bus) if other != bank]
        for other in others[: most - (bank[0] == str(bus))]:
            room.begin(other)


def press_once(room: BenchRoom, bank: str, phase_s: float) -> dict[str, float]:
    """Scan, wait for the prompt and for any moment between two polls, press, and stop what was begun."""
    while True:
        wish_id = room.ask(bank)
        threading.Event().wait(phase_s)
        line = room.line(bank)
        noted = len(line.notes)
        pressed_ms = time.monotonic_ns() / 1e6
        room.press(wish_id)
        wait_for(lambda: room.is_decided(bank), 5, f"OPERATE acknowledged, not {room.said()}")
        if room.bank(bank).request is not None:
            break
        # a prompt whose text changed under the finger takes no press: look and press again
        wait_for(lambda: room.bank(bank).stop is None, 5, "standstill")
    notes = line.notes[:]
    room.stop()
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
