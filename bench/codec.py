"""Decode a 16-register block and encode its request, against pymodbus doing the same, turn by turn in one process.

Both begin at the bytes of the answer and end at its register values; both build the next request's frame.
"""

from __future__ import annotations

import importlib.metadata
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse

from firmware_protocol import pdu
from firmware_protocol.blocks import MotionSnapshot
from firmware_protocol.frame import Frame, FrameReader, Role

GOAL: Final = 4.0
WORDS: Final = [6, 0x0204, 0x0107, 333, 0x1C00, 16, 32, 0x0401, 0x2727, 1, 0x8000, 0xABCD, 258, 0x3C5A, 0x7788, 0x0200]
UNIT: Final = 17
FRAMES: Final = 4_000
ROUNDS: Final = 9


def run(scale: float) -> dict[str, Any]:
    """Measure three sizes; the figures of the largest count."""
    ours, peer, snapshots = build_ours(), build_peer(), build_snapshots()
    sizes = [max(100, int(FRAMES * scale * part)) for part in (0.25, 0.5, 1)]
    found = [measure_size(size, ours, peer, snapshots) for size in sizes]
    best = found[-1]
    return {
        "value": best["ours_per_s"],
        "limit_or_peer": best["pymodbus_per_s"],
        "ratio": best["ratio"],
        "goal": GOAL,
        "ok": best["ratio"] >= GOAL,
        "n": sizes[-1] * ROUNDS,
        "versions": {"pymodbus": importlib.metadata.version("pymodbus")},
        "unit": "decodes + encodes per second",
        "typed_snapshots_per_s": best["snapshots_per_s"],
        "sizes": found,
    }


def build_ours() -> Callable[[], object]:
    """Make our side of the comparison."""
    octets = make_answer()
    reader = FrameReader(Role.RESPONSE)

    def decode_and_encode() -> object:
        frame = reader.feed(octets, False)[0]
        assert isinstance(frame, Frame)
        answer = pdu.read_answer(frame)
        pdu.ask_registers(UNIT, 0x0100, 16)
        return answer

    assert list(decode_and_encode().values) == WORDS  # type: ignore[attr-defined]
    return decode_and_encode


def build_snapshots() -> Callable[[], object]:
    """Make our side with the typed snapshot at its end: what the driver does per reading."""
    octets = make_answer()
    reader = FrameReader(Role.RESPONSE)

    def decode() -> object:
        frame = reader.feed(octets, False)[0]
        assert isinstance(frame, Frame)
        answer = pdu.read_answer(frame)
        assert isinstance(answer, pdu.RegistersRead)
        return MotionSnapshot.from_registers(answer.values)

    return decode


def build_peer() -> Callable[[], object]:
    """Make the peer's side."""
    octets = make_answer()
    framer = FramerRTU(DecodePDU(False))

    def decode_and_encode() -> object:
        _, answer = framer.handleFrame(octets, UNIT, 0)
        framer.buildFrame(ReadHoldingRegistersRequest(address=0x0100, count=16, dev_id=UNIT))
        return answer

    assert list(decode_and_encode().registers) == WORDS  # type: ignore[attr-defined]
    return decode_and_encode


def make_answer() -> bytes:
    """Let the peer build the bytes both decode."""
    framer = FramerRTU(DecodePDU(True))
    return bytes(framer.buildFrame(ReadHoldingRegistersResponse(registers=list(WORDS), dev_id=UNIT)))


def measure_size(
    size: int, ours: Callable[[], object], peer: Callable[[], object], snapshots: Callable[[], object]
) -> dict[str, float]:
    """Take turns, so that both meet the same machine; medians of ratios of neighbouring turns."""
    ratios, ours_s, peer_s, snapshots_s = [], [], [], []
    for _ in range(ROUNDS):
        ours_s.append(time_calls(ours, size))
        peer_s.append(time_calls(peer, size))
        snapshots_s.append(time_calls(snapshots, size))
        ratios.append(peer_s[-1] / ours_s[-1])
    return {
        "frames": size,
        "ours_per_s": round(size / statistics.median(ours_s)),
        "pymodbus_per_s": round(size / statistics.median(peer_s)),
        "snapshots_per_s": round(size / statistics.median(snapshots_s)),
        "ratio": round(statistics.median(ratios), 2),
    }


def time_calls(call: Callable[[], object], count: int) -> float:
    """Return the seconds of processor time that so many calls take: neighbours on the machine do not count."""
    begun = time.thread_time()
    for _ in range(count):
        call()
    return time.thread_time() - begun
