"""A gateway runtime over a real store and a shelf that answers in the same process; shared by the tests beside it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from edge.core.codes import format_code
from edge.core.effects import (
    PermitLease,
    ReadOutcome,
    SendDeselect,
    SendOperate,
    SendSelect,
    SendStop,
    ShelfOrder,
)
from edge.core.events import (
    CodeRead,
    ControllerChanged,
    Event,
    OperateAnswered,
    OutcomeRead,
    PromptConfirmed,
    SelectAnswered,
    SnapshotArrived,
    StopReadBack,
)
from edge.core.geometry import Column, Geometry, Segment
from edge.core.link import FeedRow
from edge.core.room import BankSettings, Point, RoomSettings, Source
from edge.core.snapshot import Contact, SelectAnswer, ShelfSnapshot
from edge.ports import Sink
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import Store, open_store
from tests.wait import wait_for

CENTRE = "c" * 32
BADGE = format_code("ST", "01", 7)
BOXES = tuple(format_code("BX", "01", 100 + n) for n in range(6))
PLACES = tuple(format_code("PL", "01", 900 + n) for n in range(6))
PIN = "2468"
COLUMNS = 11
# cheap on purpose: what is tested is counting, not hardness
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def make_room() -> RoomSettings:
    """One bank as in the demo."""
    steel = tuple(Column(n, 550, ("B",) if n == 1 else ("A", "B"), fixed=n == 1) for n in range(1, COLUMNS + 1))
    geometry = Geometry(steel, (Segment(1, COLUMNS, 800),), 4, 6, 17)
    bank = BankSettings("A", "1区", "bus1", geometry, (Point("kiosk-a", "kiosk", "入口屏"),))
    return RoomSettings("r01", "档案库房", "01", (bank,), (Source("scan-1", "扫描枪", "kiosk-a"),), (("bus1", 2),))


def make_rows(revision: int = 1) -> list[FeedRow]:
    """A feed of six boxes in six places, box n in aisle n + 4, and one person."""
    staff = {"code": BADGE, "name": "李敏", "active": True, "pin_hash": HASHER.hash(PIN)}
    rows = [FeedRow("staff", BADGE, revision, staff, None, 0)]
    for number, (box, place) in enumerate(zip(BOXES, PLACES, strict=True)):
        column = 5 + number
        key = f"A-{column:02d}-A-1-2-{number + 1}"
        body: dict[str, Any] = {"code": place, "bank": "A", "column": column, "face": "A"}
        body |= {"section": 1, "tier": 2, "slot": number + 1}
        rows.append(FeedRow("place", key, revision, body, None, 0))
        shelved = {"code": box, "title": f"盒{number}", "state": "shelved", "place_key": key}
        rows.append(FeedRow("box", box, revision, shelved, None, 0))
    return rows


def fill_replica(store: Store) -> None:
    """Load the feed as a first whole load."""
    store.replica.begin_reload(CENTRE)
    store.replica.apply_rows(CENTRE, make_rows(), 1)
    store.replica.finish_reload()


class PromptShelf:
    """A shelf whose controller answers at once and arrives after five permits. Keeps every order."""

    banks = ("A",)

    def __init__(self, on_order: Callable[[ShelfOrder], None] | None = None) -> None:
        self.orders: list[ShelfOrder] = []
        self.open_aisle = 3
        self.request: SendSelect | None = None
        self.state: Any = "idle"
        self.outcome: Any = "none"
        self.permits = 0
        self.sequence = 0
        self.arrives_after = 5
        self._on_order = on_order
        self._sink: Sink = lambda _event: True
        self._lock = threading.Lock()

    def start(self, sink: Sink) -> None:
        self._sink = sink
        sink(ControllerChanged("A", "online", 7))
        self.tell()

    def close(self) -> None:
        self._sink = lambda _event: True

    def snapshot(self) -> ShelfSnapshot:
        self.sequence += 1
        gaps = () if self.state == "moving" else (self.open_aisle,)
        return ShelfSnapshot(
            state=self.state,
            open_aisles=gaps,
            sequence=self.sequence,
            ring_head=1,
            boot_id=7,
            target_aisle=self.request.aisle if self.request else None,
            contacts=self.contacts(),
            last_request_low=self.request.request_id & 0xFFFF if self.request else 0,
            outcome=self.outcome,
        )

    def contacts(self) -> tuple[Contact, ...]:
        open_aisle = self.open_aisle
        return tuple(Contact(left=n > 1 and n - 1 != open_aisle, right=n != open_aisle) for n in range(1, COLUMNS + 1))

    def tell(self) -> None:
        """Push a reading."""
        self._sink(SnapshotArrived("A", self.snapshot(), read_mono_ms()))

    def submit(self, order: ShelfOrder) -> None:
        if self._on_order is not None:
            self._on_order(order)
        with self._lock:
            self.orders.append(order)
            self._answer(order)

    def _answer(self, order: ShelfOrder) -> None:
        if isinstance(order, SendSelect):
            self.request, self.permits = order, 0
            answer = SelectAnswer(order.operation, order.aisle, (), 99, self.sequence, 1, (), self.contacts())
            self._sink(SelectAnswered("A", order.request_id, answer, read_mono_ms()))
        elif isinstance(order, SendOperate):
            self.state, self.outcome = "moving", "running"
            self._sink(OperateAnswered("A", order.request_id, (), read_mono_ms() - 1))
            self.tell()
        elif isinstance(order, PermitLease):
            self.permits += 1
            if self.permits >= self.arrives_after and self.request is not None:
                self.state, self.outcome, self.open_aisle = "idle", "done", self.request.aisle
            self.tell()
        elif isinstance(order, SendStop):
            if self.state == "moving":
                self.state, self.outcome = "stopped", "failed"
            self._sink(StopReadBack("A", True, read_mono_ms()))
        elif isinstance(order, ReadOutcome):
            known = self.request is not None and self.request.request_id == order.request_id
            self._sink(OutcomeRead("A", order.request_id, self.outcome if known else None, read_mono_ms()))
        elif isinstance(order, SendDeselect):
            self.tell()


class DrivenRoom:
    """A running gateway and the hands of its one archivist."""

    def __init__(self, folder: Path, *, shelf: PromptShelf | None = None, clock: Any = None, fill: bool = True) -> None:
        self.store = open_store(folder, read_wall_ms)
        if fill and self.store.replica.feed_position().centre is None:
            fill_replica(self.store)
        self.shelf = shelf or PromptShelf()
        self.link_wakes = 0
        self.runtime = GatewayRuntime(
            make_room(), self.store, shelves=[self.shelf], scanners={}, code_version="test", clock=clock
        )
        self.runtime.start()

    def close(self) -> None:
        self.runtime.close()
        self.store.close()

    def post(self, event: Event) -> None:
        assert self.runtime.post(event)

    def scan(self, text: str) -> None:
        """Read a label and wait for the sentence."""
        before = self.runtime.state.answer_count
        self.post(CodeRead("scan-1", "trigger", text, read_mono_ms()))
        wait_for(lambda: self.runtime.state.answer_count > before, 5, f"an answer to {text}")

    def said(self) -> str:
        return self.runtime.state.answers["kiosk-a"].key

    def sign_on(self) -> None:
        self.scan(BADGE)
        assert self.runtime.check_pin("kiosk-a", BADGE, PIN) == "ok"
        wait_for(lambda: self.runtime.state.sessions["kiosk-a"].proven, 5, "the PIN's verdict")

    def press(self) -> None:
        prompt = self.runtime.state.banks["A"].prompt
        assert prompt is not None, self.said()
        self.post(PromptConfirmed("kiosk-a", prompt.wish.id))

    def fetch(self, box: str, aisle: int) -> None:
        """Scan a box, press, and wait until its aisle is open."""
        self.shelf.tell()
        self.scan(box)
        wait_for(lambda: self.runtime.state.banks["A"].prompt is not None, 5, f"a prompt, not {self.said()}")
        self.press()
        wait_for(lambda: self.runtime.state.banks["A"].request is None and self.is_open(aisle), 5, f"aisle {aisle}")

    def is_open(self, aisle: int) -> bool:
        snapshot = self.runtime.state.banks["A"].snapshot
        return snapshot is not None and aisle in snapshot.open_aisles

    def states(self) -> list[str]:
        view = self.runtime.board.latest()[1]
        return [state["key"] for state in view["states"]] if view is not None else []


def work_until_killed(folder: Path) -> None:
    """Fetch boxes for ever, saying on stdout what has been ordered; somebody outside ends this process."""

    def tell(order: ShelfOrder) -> None:
        if isinstance(order, (SendSelect, SendOperate)):
            sys.stdout.write(f"{type(order).__name__} {order.request_id:016x}\n")
            sys.stdout.flush()

    shelf = PromptShelf(tell)
    shelf.open_aisle = 11
    room = DrivenRoom(folder, shelf=shelf)
    room.sign_on()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for number, box in enumerate(BOXES):
            room.fetch(box, 4 + number)


if __name__ == "__main__":
    work_until_killed(Path(sys.argv[1]))
