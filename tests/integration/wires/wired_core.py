"""A core in a few lines for tests of wires: remembers what a driver tells, and permits a lease on every fresh reading."""

from __future__ import annotations

import threading
import time
from typing import Any, TypeVar

from edge.core import effects, events
from edge.core.snapshot import Operation
from tests.wait import wait_for

T = TypeVar("T")
REQUEST_ID = 0x1122334455667788


def now_ms() -> int:
    return time.monotonic_ns() // 10**6


class WiredCore:
    """The sink of one shelf driver, and the hand that gives it orders."""

    def __init__(self) -> None:
        self.shelf: Any = None
        self.permitting = True
        self.events: list[events.Event] = []
        self._tokens: dict[str, int] = {}
        self._lock = threading.Lock()

    def start(self, shelf: Any) -> None:
        self.shelf = shelf
        shelf.start(self)

    def __call__(self, event: events.Event) -> bool:
        with self._lock:
            self.events.append(event)
        if isinstance(event, events.SnapshotArrived) and self.permitting and event.bank in self._tokens:
            self.shelf.submit(effects.PermitLease(event.bank, self._tokens[event.bank], event.read_mono_ms + 250))
        return True

    def all(self, kind: type[T], bank: str = "A") -> list[T]:
        with self._lock:
            told = list(self.events)
        return [event for event in told if isinstance(event, kind) and getattr(event, "bank", "A") == bank]

    def wait(self, kind: type[T], bank: str = "A", timeout_s: float = 5) -> T:
        return wait_for(lambda: self.all(kind, bank), timeout_s, f"{kind.__name__} of {bank}, not {self.events[-5:]}")[
            0
        ]

    def wait_state(self, *states: str, bank: str = "A", timeout_s: float = 10) -> Any:
        def newest() -> Any:
            seen = self.all(events.SnapshotArrived, bank)
            return seen[-1].snapshot if seen and seen[-1].snapshot.state in states else None

        return wait_for(newest, timeout_s, f"{bank} to be {states}")

    def wait_condition(self, state: str, bank: str = "A", timeout_s: float = 10, after: int = 0) -> int:
        """Wait until the controller is told to be so, and return how much was told by then."""

        def told() -> int:
            found = self.all(events.ControllerChanged, bank)
            return next((n for n, event in enumerate(found, 1) if n > after and event.state == state), 0)

        return wait_for(told, timeout_s, f"{bank} {state}, not {self.all(events.ControllerChanged, bank)}")

    # ------------------------------------------------------------ orders

    def select(
        self, aisle: int = 3, bank: str = "A", request_id: int = REQUEST_ID, operation: Operation = "open_aisle"
    ) -> events.SelectAnswered:
        before = len(self.all(events.SelectAnswered, bank))
        self.shelf.submit(effects.SendSelect(bank, request_id, operation, aisle, "", 0, 0, now_ms() + 1000))
        answered = wait_for(
            lambda: self.all(events.SelectAnswered, bank)[before:], 5, f"an answer to SELECT, not {self.events[-5:]}"
        )
        return answered[0]

    def operate(self, selected: events.SelectAnswered) -> None:
        answer, bank = selected.answer, selected.bank
        self._tokens[bank] = answer.token
        order = effects.SendOperate(
            bank, selected.request_id, answer.token, answer.operation, answer.aisle, answer.ring_head, now_ms() + 300
        )
        self.shelf.submit(order)

    def open_aisle(self, aisle: int = 3, bank: str = "A", request_id: int = REQUEST_ID) -> None:
        self.operate(self.select(aisle, bank, request_id))

    def act(self, operation: Operation, aisle: int = 0, bank: str = "A") -> events.ActAnswered:
        """Have something done that moves no steel, and return what the controller said."""
        request_id = REQUEST_ID + 100 + len(self.all(events.ActAnswered, bank))
        self.shelf.submit(effects.SendAct(bank, request_id, operation, aisle, now_ms() + 1000))
        told = wait_for(
            lambda: [e for e in self.all(events.ActAnswered, bank) if e.request_id == request_id], 5, operation
        )
        return told[0]

    def stop(self, bank: str = "A") -> None:
        self.shelf.submit(effects.SendStop(bank, "pressed"))
