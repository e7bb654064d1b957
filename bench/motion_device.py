"""The simulated controllers of the motion bench as a process: a pty paced at its baud rate, its path printed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from simulators.bank_plan import plan_bank
from simulators.shelf_device import ShelfDevice
from simulators.shelf_words import identify

WARNING_MS = 20_000


def main(baud: int, banks: int) -> None:
    """Serve until standard input ends. The warning is long: nothing shall travel while somebody presses elsewhere."""
    plan = plan_bank()
    plan = replace(plan, times=replace(plan.times, warning_ms=WARNING_MS))
    device = ShelfDevice(dict.fromkeys(range(1, banks + 1), plan), baud=baud)
    device.start()
    with device.controllers[1].at_now() as model:
        geometry = identify(model, "bench").geometry_hash
    sys.stdout.write(json.dumps({"path": device.bus_path, "geometry_hash": geometry}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    device.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
