"""The gateway's real driver on a paced pty whose line spoils frames both ways; the clock is the wall's."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections import Counter
from dataclasses import replace

from edge.core import effects, events
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from simulators import shelf_words
from simulators.bank_plan import plan_bank
from simulators.faults import FaultPlan
from simulators.pty_line import PtyLine
from simulators.pty_port import PtyPort
from simulators.shelf_controller import ShelfController, Station, count_milliseconds
from simulators.shelf_model import ShelfModel
from tests.integration.wires.bad_lines import Tally, find_accepted
from tests.integration.wires.wired_core import WiredCore, now_ms
from tests.wait import wait_for

BAUD = 115200
BAD_S = 0.8
POLL_MS = 250
# Bits and bytes per byte, the rest per frame: together they spoil every second frame or so.
FAULTS = FaultPlan(
    bit_flip=0.004, loss=0.003, insertion=0.003, cut_per_frame=0.08, echo_per_frame=0.05, late_per_frame=0.03,
    late_ms=120, silence_per_frame=0.05,
)  # fmt: skip


class _Person(WiredCore):
    """Opens aisle after aisle; remembers what was ordered."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.ordered: dict[int, int] = {}
        self.accepted: Counter[tuple[int, int]] = Counter()
        self._heard = b""
        self.dice = dice
        self.online = threading.Event()

    def __call__(self, event: events.Event) -> bool:
        taken = super().__call__(event)
        if isinstance(event, events.SelectAnswered) and event.answer.token:
            self.ordered[event.request_id] = event.answer.aisle
            self.operate(event)
        elif isinstance(event, events.WireFailed):
            self.shelf.submit(effects.SendStop("A", "stale"))
        elif isinstance(event, events.ControllerChanged):
            (self.online.set if event.state == "online" else self.online.clear)()
        return taken

    def listen(self, station: Station, octets: bytes, silence: bool) -> list[bytes]:
        """Stand between line and controllers, and note which OPERATE is accepted."""
        self._heard += octets
        answers = station.hear(octets, silence)
        for answer in answers:
            found = find_accepted(self._heard, answer)
            if found is not None:
                self.accepted[found[1], found[2]] += 1
        if silence or answers:
            self._heard = b""
        return answers

    def ask(self) -> None:
        order = effects.SendSelect(
            "A", self.dice.getrandbits(63) + 1, "open_aisle", self.dice.randint(1, 4), "", 0, 0, now_ms() + 400
        )
        self.shelf.submit(order)


def run_pty(spoiled: int, seed: int) -> Tally:
    """Go on until so many frames were spoiled; the last stretches are good ones."""
    plan = plan_bank(moving=3, speed_mm_s=800)
    plan = replace(plan, times=replace(plan.times, warning_ms=600))
    controller = ShelfController(ShelfModel(plan, seed=seed), 1, count_milliseconds())
    with controller.at_now() as model:
        geometry = shelf_words.identify(model, "test").geometry_hash
    person = _Person(random.Random(seed))
    line = PtyLine(PtyPort(), functools.partial(person.listen, Station([controller])), baud=BAUD)
    line.start()
    opener = functools.partial(open_line, line.port.path, baud=BAUD, parity="N", stop_bits=2)
    shelf = SerialShelf("bus", opener, [ShelfBank("A", 1, geometry, idle_poll_ms=POLL_MS)], baud=BAUD)
    person.start(shelf)
    tally = Tally("pty")
    try:
        person.wait(events.SnapshotArrived)
        while tally.spoiled < spoiled:
            _run_stretch(tally, person, line, seed + tally.exchanges)
            _judge(tally, person, controller)
    finally:
        shelf.close()
        line.close()
    tally.exchanges, tally.timeouts = shelf.counters.exchanges, shelf.counters.timeouts
    return tally


def _run_stretch(tally: Tally, person: _Person, line: PtyLine, seed: int) -> None:
    before = sum(line.wire.counts.values())
    line.wire.change_plan(replace(FAULTS, seed=seed))
    person.ask()
    tally.asked += 1
    threading.Event().wait(BAD_S)
    line.wire.change_plan(FaultPlan())
    tally.exchanges = person.shelf.counters.exchanges
    tally.spoiled += sum(line.wire.counts.values()) - before
    begun_s, read = time.monotonic(), len(person.all(events.SnapshotArrived))
    was_online = person.online.is_set()
    wait_for(lambda: len(person.all(events.SnapshotArrived)) > read, 10, "a reading of a good line")
    if was_online and person.online.is_set():
        tally.recoveries_ms.append((time.monotonic() - begun_s) * 1000)
    else:
        tally.fell_silent += 1
    person.events.clear()


def _judge(tally: Tally, person: _Person, controller: ShelfController) -> None:
    tally.begun = sum(person.accepted.values())
    twice = sum(times - 1 for times in person.accepted.values())
    unasked = sum(person.ordered.get(request_id) != aisle for request_id, aisle in person.accepted)
    with controller.at_now() as model:
        loose = model.rails.moving and model.motions[-1][0] not in {each for each, _ in person.accepted}
    for why, count in (("motion twice", twice), ("motion nobody asked for", unasked), ("steel by itself", int(loose))):
        if count:
            tally.unwanted[why] = count
