"""A controller of one block on a paced pty, as a process: the least a peer can do, so that the bus is what is measured.

It answers every 8-byte read with a MOTION or IDENTITY image when the line would have carried request and answer.
"""

from __future__ import annotations

import os
import select
import sys
import time
import tty

from firmware_protocol.blocks import Identity, MotionSnapshot
from firmware_protocol.codes import BankState, Capabilities, EndCause, FaultBits, Outcome, SafetyBits
from firmware_protocol.messages import NO_TARGET
from firmware_protocol.pdu import answer_registers

BOOT, GEOMETRY = 0x01020304, 0x0BADCAFE
# A timer of the system wakes some 60 us late; the last stretch is waited for awake.
AWAKE_NS = 150_000
PIECE_BYTES = 16


def main(baud: int) -> None:
    """Serve until standard input ends; prints the path of the pty first."""
    master, slave = os.openpty()
    tty.setraw(slave)
    sys.stdout.write(os.ttyname(slave) + "\n")
    sys.stdout.flush()
    character_ns = 11_000_000_000 / baud
    identity = Identity(
        GEOMETRY, BOOT, 11, 11, 4, 6, 700, 1500, 80, 12_000, 2000, 300, 40, 12, Capabilities.NONE
    ).to_registers()  # fmt: skip
    sequence = 0x1234
    while True:
        ready, _, _ = select.select([master, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        asked = os.read(master, 512)
        heard_ns = time.monotonic_ns()
        if len(asked) != 8 or asked[1] != 3:
            continue
        count = asked[5]
        sequence = (sequence + 1) & 0xFFFF
        image = show_motion(sequence) if asked[2] == 1 else identity[:count] + (0,) * (count - len(identity[:count]))
        answer = answer_registers(asked[0], 3, image)
        begun_ns = heard_ns + round((len(asked) + 3.5) * character_ns)
        for at in range(0, len(answer), PIECE_BYTES):
            piece = answer[at : at + PIECE_BYTES]
            wait_until(begun_ns + round((at + len(piece)) * character_ns))
            os.write(master, piece)


def show_motion(sequence: int) -> tuple[int, ...]:
    """Show a bank at rest; the sequence rises with every reading, so that each is news."""
    return MotionSnapshot(
        BankState.IDLE, 4, NO_TARGET, 0, SafetyBits.STANDSTILL, FaultBits.NONE, 0, 0, (0, 0, 0), sequence, 1,
        BOOT & 0xFFFF, 0, Outcome.NONE, EndCause.NONE,
    ).to_registers()  # fmt: skip


def wait_until(moment_ns: int) -> None:
    """Sleep, then wait awake, until this moment."""
    left_ns = moment_ns - time.monotonic_ns() - AWAKE_NS
    if left_ns > 0:
        time.sleep(left_ns / 1e9)
    while time.monotonic_ns() < moment_ns:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]))
