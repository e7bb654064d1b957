"""A run of the world: rooms on one clock, hour after hour, and the sum of what happened."""

from __future__ import annotations

import gc
import hashlib
import heapq
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.core.link import hash_record
from simulators.world.agenda import Deed
from simulators.world.belongings import Belongings
from simulators.world.centre import Centre
from simulators.world.habits import Habits
from simulators.world.layout import lay_out
from simulators.world.mishaps import HOUR_MS, Mishaps
from simulators.world.outages import Outages
from simulators.world.people import People
from simulators.world.room import Room

ROOMS_APART_MS = 50.0  # rooms share nothing but the centre: one may be ahead by as much
COLLECT_AFTER = 100_000  # allocations
DRAIN_MS = 60_000.0  # after the last act: centre up, line clean, everything told


@dataclass
class Report:
    """What one seed, or many, led to."""

    hours: float = 0.0
    seeds: int = 0
    motions: int = 0
    polls: int = 0
    spared: int = 0  # exchanges that were reckoned, not spoken
    counts: Counter[str] = field(default_factory=Counter)
    harm: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)  # by room: of all that was decided and told, if asked for
    wall_s: float = 0.0

    def add(self, other: Report) -> None:
        """Add another report."""
        self.hours += other.hours
        self.seeds += other.seeds
        self.motions += other.motions
        self.polls += other.polls
        self.spared += other.spared
        self.counts += other.counts
        self.harm += other.harm
        self.violations += other.violations
        self.wall_s += other.wall_s


class World:
    """Some rooms of one seed."""

    def __init__(
        self,
        seed: int,
        habits: Habits,
        *,
        hours: float,
        rooms: int = 1,
        kind: str = "",
        shape: str = "",
        folder: Path | None = None,
        every_poll: bool = False,
        keeps_digest: bool = False,
    ) -> None:
        self.seed = seed
        self.hours = hours
        self.habits = habits
        dice = random.Random(seed)  # noqa: S311 - a world by its seed
        self.centre = Centre(dice)
        self.rooms: list[Room] = []
        self.boxes: list[Belongings] = []
        self._staffs: list[list[tuple[People, Mishaps]]] = []
        for number in range(rooms):
            own = random.Random(dice.getrandbits(64))  # noqa: S311 - a world by its seed
            layout = lay_out(f"r{number + 1:02d}", habits, own, kind, shape)
            room = Room(layout, habits, self.centre, own, folder / layout.room_id if folder else None)
            room.never_rests = every_poll
            room.chronicle = hashlib.sha256() if keeps_digest else None
            boxes = Belongings(layout)
            staffs = []
            for site in room.sites:
                people = People(room, site, boxes)
                staffs.append((people, Mishaps(room, site, people)))
            self.rooms.append(room)
            self.boxes.append(boxes)
            self._staffs.append(staffs)

    def run(self) -> Report:
        """Live through all hours, then let everything come to rest and be accounted for."""
        with seldom_collecting():
            return self._live()

    def _live(self) -> Report:
        began = time.perf_counter()
        for room, staffs in zip(self.rooms, self._staffs, strict=True):
            for people, mishaps in staffs:
                room.agenda.begin(self._work(room, people, mishaps))
                mishaps.begin()
            Outages(room).begin()
        self._pass(self.hours * HOUR_MS)
        self._calm()
        self._pass(self.hours * HOUR_MS + DRAIN_MS)
        for room, boxes in zip(self.rooms, self.boxes, strict=True):
            check_books(room, boxes)
            room.disk.close()
        return self._sum_up(time.perf_counter() - began)

    def _work(self, room: Room, people: People, mishaps: Mishaps) -> Deed:
        """Begin acts at the pace of the habits, until the hours are over."""
        yield 3_000.0
        while room.agenda.now_ms < self.hours * HOUR_MS:
            mishaps.look_after()
            people.begin_something()
            yield room.dice.expovariate(self.habits.pace["acts_per_hour"]) * HOUR_MS

    def _pass(self, until_ms: float) -> None:
        """Let time pass in every room, always in the one that comes first."""
        for room in self.rooms:
            room.agenda.after(until_ms - room.agenda.now_ms, room.note_hours_over)
        due = [(room.next_ms(), index) for index, room in enumerate(self.rooms)]
        heapq.heapify(due)
        while due and due[0][0] <= until_ms:
            at_ms, index = due[0]
            room = self.rooms[index]
            others_ms = min((moment for moment, _ in due[1:3]), default=until_ms)
            turn_until_ms = min(until_ms, others_ms + ROOMS_APART_MS)
            while at_ms <= turn_until_ms:
                room.run(max(at_ms, room.agenda.now_ms))
                at_ms = room.next_ms()
            heapq.heapreplace(due, (at_ms, index))

    def _calm(self) -> None:
        self.centre.is_up = True
        for room in self.rooms:
            room.calm()

    def _sum_up(self, wall_s: float) -> Report:
        report = Report(hours=self.hours * len(self.rooms), seeds=1, wall_s=wall_s)
        for room in self.rooms:
            report.motions += sum(site.monitor.motions for site in room.sites)
            report.polls += sum(bus.line.exchanges for bus in room.buses)
            report.spared += sum(bus.line.spared for bus in room.buses)
            report.counts += room.counts
            report.harm += room.harm
            report.violations += [f"seed {self.seed} {room.layout.room_id}: {each}" for each in room.violations]
        report.digests = [room.chronicle.hexdigest() for room in self.rooms if room.chronicle is not None]
        report.violations += [f"seed {self.seed}: {each}" for each in self.centre.faults]
        return report


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the collector of cycles look seldom: a world makes millions of small things, and hardly any in cycles."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def check_books(room: Room, boxes: Belongings) -> None:
    """Compare what was recorded, what the centre has, and what stands where in truth."""
    kept = [line for _, line in room.disk.outbox.read_after(room.disk.outbox.epoch, 0, 1_000_000)]
    told = room.centre.list_lines(room.layout.room_id)
    if [hash_record(line) for line in told] != [hash_record(line) for line in kept]:
        room.note_breach("facts", f"the centre has {len(told)} facts, the gateway recorded {len(kept)}")
    if len(kept) != room.recorded:
        room.note_breach("facts", f"the core made {room.recorded} facts, {len(kept)} were kept")
    ids = [json.loads(line)["id"] for line in told]
    if len(ids) != len(set(ids)):
        room.note_breach("facts", "a fact twice at the centre")
    for job_id, times in room.printer.asked.items():
        if times > 1 + room.prints_allowed[job_id]:
            room.note_breach("printing", f"label {job_id} was handed over {times} times")
    for code in room.layout.boxes:
        box = room.disk.replica.find_box(code)
        if box is None or (box.state == "shelved") == (box.place is None):
            room.note_breach("boxes", f"{code} is nowhere")
            continue
        here = (box.state, box.place.key if box.place else None)
        truth = ("shelved", boxes.shelf[code]) if code in boxes.shelf else ("in_hand", None)
        if code not in boxes.doubtful and here != truth:
            room.note_breach("boxes", f"{code} is recorded as {here}, and is not there")
        at_centre = room.centre.find_box(room.layout.room_id, code)
        if at_centre is not None and at_centre != here:
            room.note_breach("boxes", f"{code}: {here} in the room, {at_centre} at the centre")


def describe_report(report: Report, digest: str) -> dict[str, Any]:
    """Put a report into the words of the summary."""
    counts = dict(sorted(report.counts.items()))
    return {
        "hours": round(report.hours, 3),
        "seeds": report.seeds,
        "acts": counts.pop("acts", 0),
        "motions": report.motions,
        "exchanges": report.polls,
        "polls_leapt_over": report.spared,
        "hazards": counts,
        "violations": len(report.violations),
        "harm": dict(sorted(report.harm.items())),
        "habits_sha256": digest,
        "x_real_time": round(report.hours * 3600 / report.wall_s, 1) if report.wall_s else None,
    }
