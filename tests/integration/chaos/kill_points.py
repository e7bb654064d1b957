"""Where a process is killed: at its nth disk sync or wire write, by strace from outside; production code knows nothing of it."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Place = Literal["disk", "wire", "socket"]

CALLS: dict[Place, str] = {"disk": "fdatasync,fsync", "wire": "write", "socket": "write,writev,sendto,sendmsg"}


@dataclass(frozen=True)
class KillPoint:
    """The nth call of one kind, counted by strace for each thread; the process dies on entering it."""

    place: Place
    number: int

    def prefix(self, log: Path, wire: str | None = None) -> list[str]:
        """The command to stand before the victim's own. `wire`: path of the pty that counts as the wire."""
        calls = CALLS[self.place]
        command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none"]
        command += ["-e", f"inject={calls}:signal=KILL:when={self.number}"]
        if self.place == "wire":
            if wire is None:
                raise ValueError("a wire write needs the pty's path")
            command += ["-P", os.path.realpath(wire)]
        return command

    def __str__(self) -> str:
        return f"{self.place} {self.number}"


def draw_points(seed: int, count: int, most: dict[Place, int]) -> list[KillPoint]:
    """`count` seeded points, spread evenly over the kinds and over the way, each moved within its own stretch."""
    rng = random.Random(seed)
    places = sorted(most)
    points = []
    for index in range(count):
        place = places[index % len(places)]
        rounds = (count - index % len(places) + len(places) - 1) // len(places)
        stretch = most[place] / rounds
        start = (index // len(places)) * stretch
        points.append(KillPoint(place, 1 + int(start + rng.random() * stretch)))
    return points
