"""The turn of a bank on a broker, measured: `read` of MOTION to its answer, the worst of a hundred (SPEC 7.11).

It reads under a nonce of its own that it never introduces, so a gateway that runs meanwhile stays the one obeyed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

from edge.drivers.shelf_mqtt import UNIT, RoomBroker, RoomBrokerAddress
from firmware_protocol.pdu import ask_registers
from firmware_protocol.registers import MOTION

READINGS = 100
ANSWER_WAIT_S = 1.0


class TurnUnknownError(Exception):
    """The broker or the bank on it doesn't answer; the text says which."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How long answers took, in milliseconds; `missed`: readings that nobody answered within a second."""

    readings: int
    missed: int
    median_ms: float
    worst_ms: float


def measure_turns(address: RoomBrokerAddress, bank: str, client_id: str, readings: int = READINGS) -> Turns:
    """Read MOTION of a bank so many times; TurnUnknownError when nothing at all answers."""
    broker = RoomBroker(address, client_id)
    broker.start([bank])
    try:
        channel = broker.open_channel(bank)
        asked = ask_registers(UNIT, MOTION.address, MOTION.count)
        turns_ms = []
        for _ in range(readings):
            began = time.monotonic()
            channel.write(asked)
            if channel.read(ANSWER_WAIT_S):
                turns_ms.append((time.monotonic() - began) * 1000)
            elif not turns_ms:
                raise TurnUnknownError(f"bank {bank} does not answer")
    except OSError as error:
        raise TurnUnknownError(str(error)) from error
    finally:
        broker.close()
    return Turns(readings, readings - len(turns_ms), median(turns_ms), max(turns_ms))
