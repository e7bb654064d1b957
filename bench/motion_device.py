"""The simulated controller of the motion bench as a process: a pty paced at its baud rate, its path printed."""

from __future__ import annotations

import json
import sys

from simulators.bank_plan import plan_bank
from simulators.shelf_device import ShelfDevice
from simulators.shelf_words import identify


def main(baud: int) -> None:
    """Serve until standard input ends."""
    device = ShelfDevice({1: plan_bank()}, baud=baud)
    device.start()
    with device.controllers[1].at_now() as model:
        geometry = identify(model, "bench").geometry_hash
    sys.stdout.write(json.dumps({"path": device.bus_path, "geometry_hash": geometry}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    device.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
