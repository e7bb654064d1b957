"""Rounds of the main job in which one process is killed, and what must be true after each and after all of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from simulators.demo.program import Program
from simulators.demo.stage import Stage, StageError
from simulators.room_plan import Box, RoomOptions
from tests.integration.chaos.kill_points import KillPoint
from tests.integration.chaos.ledger import Ledger
from tests.integration.chaos.person import PATIENCE_S, Person
from tests.integration.chaos.steel import Steel
from tests.wait import wait_for

# fast and narrow: a journey of about six seconds is still more than ten leases of half a second
SPEED_MM_S = 133
LEASE_S = 0.5
# lease, reaction and braking of the steel, and the pace of whoever watches
STANDSTILL_WITHIN_S = LEASE_S + 0.05 + 0.4 + 0.2
LOOK_AFTER_RESTART_S = 1.0
# the same code within two seconds counts as one reading
RESCAN_S = 2.1
# how often somebody at the kiosk takes notice
GLANCE_S = 0.1


@dataclass
class Tally:
    """What the rounds found; all but the first three must be empty."""

    points: int = 0
    reached: int = 0
    while_moving: int = 0
    not_stopped: list[str] = field(default_factory=list)
    moved_unasked: list[str] = field(default_factory=list)
    wrong_history: list[str] = field(default_factory=list)
    wrong_motions: list[str] = field(default_factory=list)
    broken_chain: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Everything that must not have happened."""
        lists = (
            self.not_stopped,
            self.moved_unasked,
            self.wrong_history,
            self.wrong_motions,
            self.broken_chain,
            self.doubled,
        )
        return [line for each in lists for line in each]


class Rounds:
    """One stage, one person, many kills."""

    def __init__(self, folder: Path, *, boxes: int = 120) -> None:
        self.stage = Stage(folder, RoomOptions(boxes=boxes, speed_mm_s=SPEED_MM_S))
        plan = self.stage.plan
        self.person = Person(self.stage.kiosk_url, plan.staff[0].code, plan.staff[0].pin, "kiosk-a")
        self.steel = Steel(self.stage.control_url)
        self.ledger = Ledger(self.stage.folder / "central.db")
        self.tally = Tally()
        self.done: dict[str, list[str]] = {}
        self._stood_before_it = False
        self._boxes = self._sort_boxes()
        self._aisle = min(self._boxes)

    def start(self) -> None:
        """Bring everything up and sign the person on."""
        self.stage.found_centre()
        self.stage.start()
        self.steel.start()
        self.person.sign_on()

    def close(self) -> None:
        """End all, also what runs under a tracer."""
        self.steel.close()
        for program in self.stage.programs:
            end_group(program)
        self.stage.close()

    def _sort_boxes(self) -> dict[int, deque[Box]]:
        plan = self.stage.plan
        by_aisle: dict[int, deque[Box]] = {}
        for box in plan.boxes:
            by_aisle.setdefault(plan.place_of(box).aisle, deque()).append(box)
        return by_aisle

    def far_box(self) -> Box:
        """A box of another aisle than the last one, so that its job needs a journey."""
        aisles = sorted(self._boxes, key=lambda number: (number % 2, number))
        self._aisle = aisles[(aisles.index(self._aisle) + 1) % len(aisles)]
        return self.near_box()

    def near_box(self) -> Box:
        """A box of the aisle that is open, so that its job is a few scans."""
        boxes = self._boxes[self._aisle]
        boxes.rotate(1)
        return boxes[0]

    # --- the job, done by somebody who only sees the kiosk -----------------------------------

    def open_aisle(self, box: Box, victim: Program | None = None) -> bool:
        """Scan the box and press until its aisle is open; False when the victim died on the way."""
        place = self.stage.plan.place_of(box)
        asked_at = 0.0

        def is_open_or_dead() -> str | None:
            nonlocal asked_at
            if victim is not None and not victim.running:
                return "dead"
            view = self.person.look()
            if view is None:
                return None
            if self.person.heard(view, box, "out"):
                return "open"  # taken out already, as it turns out after a kill
            bank = view["banks"][0]
            aisle = bank["aisles"][place.aisle - 1]
            wanted = any(each["wanted"] and each["wanted"]["code"] == box.code for each in view["sessions"])
            if wanted and aisle["open"] and bank["state"] in {"idle", "stopped"}:
                return "open"
            busy = self.person.press_if_asked(view) or any(each["bank"] for each in view["prompts"])
            if not busy and time.monotonic() - asked_at > RESCAN_S:
                asked_at = time.monotonic()
                self.person.sign_on_once(view)
                self.person.do("code", text=box.code)
            return None

        what = f"aisle {place.aisle} to open"
        self._stood_before_it = wait_for(is_open_or_dead, PATIENCE_S, what, pause_s=GLANCE_S) == "open"
        return self._stood_before_it

    def scan_until(self, texts: tuple[str, ...], box: Box, wanted: str, victim: Program | None = None) -> bool:
        """Scan until the box is where it should be by the kiosk's own words; False when the victim died."""
        scanned_at = 0.0

        def is_told_or_dead() -> str | None:
            nonlocal scanned_at
            if victim is not None and not victim.running:
                return "dead"
            view = self.person.look()
            if view is None:
                return None
            if self.person.heard(view, box, wanted):
                return "told"
            if time.monotonic() - scanned_at > RESCAN_S:
                scanned_at = time.monotonic()
                self.person.sign_on_once(view)
                self.scan_in_turn(texts, box, wanted)
            return None

        return wait_for(is_told_or_dead, PATIENCE_S, f"{box.code} to be {wanted}", pause_s=GLANCE_S) == "told"

    def scan_in_turn(self, texts: tuple[str, ...], box: Box, wanted: str) -> None:
        """Scan one after the other, heeding each answer: nobody scans on when the first says that all is done."""
        for text in texts:
            before = self.person.answer_number()
            if not self.person.do("code", text=text):
                return
            with contextlib.suppress(AssertionError):  # a gateway that dies here answers nothing
                wait_for(partial(self.person.has_answer_after, before), 2, "an answer", pause_s=0.02)
            view = self.person.look()
            if view is None or self.person.heard(view, box, wanted):
                return

    def take_and_return(self, box: Box, victim: Program | None = None) -> bool:
        """The main job for one box, from wherever a kill left it; False when the victim died again."""
        place = self.stage.plan.place_of(box)
        history = self.done.setdefault(box.code, [])
        self._stood_before_it = bool(len(history) % 2)
        if len(history) % 2 == 0:
            if not self.open_aisle(box, victim) or not self.scan_until((box.code,), box, "out", victim):
                return False
            history.append("take_out")
        if not self.scan_until((place.code, box.code), box, "back", victim):
            return False
        history.append("put_away")
        return True

    # --- one round per kind of victim --------------------------------------------------------

    def kill_gateway(self, point: KillPoint) -> None:
        """The gateway dies at the point; the steel stops by itself, and nothing moves until somebody presses again."""
        box = self.far_box()
        gateway = self.stage.gateway
        end_group(gateway)
        log = self.stage.folder / "strace.log"
        gateway.start(point.prefix(log, self.stage.describe()["bus"]))
        self.tally.points += 1
        if self.take_and_return(box, gateway):
            end_group(gateway)
        else:
            self.tally.reached += 1
        died_at = time.monotonic()
        self._judge_standstill(point, died_at)
        before = len(self.steel.motions())
        self.stage.start_gateway()
        resumed_at = time.monotonic()
        wait_for(lambda: time.monotonic() - resumed_at > LOOK_AFTER_RESTART_S, 10, "time to pass")
        if len(self.steel.motions()) != before or self.steel.moved_between(
            died_at + STANDSTILL_WITHIN_S, time.monotonic()
        ):
            self.tally.moved_unasked.append(f"{point}: moved after the restart without a press")
        # before the aisle was open nothing can have been recorded: the next round's journey shows the recovery
        if self._stood_before_it:
            self.take_and_return(box)

    def _judge_standstill(self, point: KillPoint, died_at: float) -> None:
        if self.steel.moved_between(died_at - 0.1, died_at + 0.1):
            self.tally.while_moving += 1
        wait_for(lambda: time.monotonic() - died_at > STANDSTILL_WITHIN_S + 0.3, 10, "time to pass")
        late = self.steel.moved_between(died_at + STANDSTILL_WITHIN_S, time.monotonic())
        if late:
            self.tally.not_stopped.append(f"{point}: still moving {late[-1] - died_at:.2f} s after the kill")

    def kill_beside(self, program: Program, point: KillPoint, jobs: int = 6) -> None:
        """Broker or centre dies at the point while boxes go out and back; the room works on, and all of it arrives."""
        end_group(program)
        start = {"broker": self.stage.start_broker, "centre": self.stage.start_centre}[program.name]
        self.tally.points += 1
        with contextlib.suppress(StageError):  # dying before it is up is a kill point too
            start(point.prefix(self.stage.folder / "strace.log"))
        for _ in range(jobs):
            if not program.running:
                self.tally.reached += 1
                break
            self.take_and_return(self.near_box())
        end_group(program)
        start()

    # --- in the end --------------------------------------------------------------------------

    def settle(self) -> Tally:
        """Wait until the centre has everything, then judge history, motions and chain."""

        def all_there() -> bool:
            return all(len(self.ledger.movements(code)) >= len(history) for code, history in self.done.items())

        try:
            wait_for(all_there, PATIENCE_S, "every movement to reach the centre")
        except AssertionError as error:
            self.tally.wrong_history.append(str(error))
        for code, history in self.done.items():
            told = self.ledger.movements(code)
            if told != history:
                self.tally.wrong_history.append(f"{code}: did {history}, the centre has {told}")
        motions = self.steel.motions()
        if len(set(motions)) != len(motions):
            self.tally.wrong_motions.append(f"a request moved twice: {motions}")
        if len(motions) > len(self.person.presses):
            self.tally.wrong_motions.append(f"{len(motions)} motions for {len(self.person.presses)} presses")
        self.tally.broken_chain += self.ledger.broken_links()
        self.tally.doubled += self.ledger.doubled_facts()
        self.tally.broken_chain += self.replay_journal()
        return self.tally

    def replay_journal(self) -> list[str]:
        """The gateway's journal, run again, reaches the same states and effects."""
        end_group(self.stage.gateway)
        command = [sys.executable, "-m", "edge", "replay", "--journal", str(self.stage.folder / "gateway")]
        # the end of all time: the whole journal, and what the core knew when it was killed for the last time
        command += ["--at", "2999-01-01T00:00:00"]
        told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        if told.returncode != 0:
            return [f"replay: {told.stdout[-400:]}{told.stderr[-400:]}"]
        known = json.loads(told.stdout)["known"]
        return [] if known["state"]["banks"] else ["replay: nothing was known at the moment of the kill"]


def end_group(program: Program) -> None:
    """Kill a program with its tracer, as a power cut would."""
    if program.process is not None and program.running:
        os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait(10)
