"""A bank that is watched: the real shelf model, telling of every start and every step of its steel."""

from __future__ import annotations

from typing import Protocol

from simulators.bank_plan import BankPlan
from simulators.shelf_drive import ACTIVE, Task
from simulators.shelf_model import SEQUENCE_STEP_MS, ShelfModel
from simulators.shelf_record import BankState, Indication, Operation, SelectAnswer

# 1.6 mm at full speed: small beside every distance that is judged
STEP_MS = 20


class BankWatcher(Protocol):
    """Who is told."""

    def note_start(self, task: Task) -> None: ...

    def note_grant(self, before: BankState) -> None: ...

    def note_step(self, before_mm: dict[int, float], after_mm: dict[int, float], narrowing: frozenset[int]) -> None: ...


class WatchedModel(ShelfModel):
    """The model with a watcher beside it; it changes nothing."""

    def __init__(self, plan: BankPlan, *, seed: int = 0) -> None:
        self.watcher: BankWatcher | None = None
        super().__init__(plan, seed=seed, step_ms=STEP_MS)

    @property
    def positions_known(self) -> bool:
        """Whether the controller knows where its columns stand."""
        return self._positions_known

    @property
    def is_driven(self) -> bool:
        """Whether a motion that was asked for over the wire is under way."""
        return self.state in ACTIVE and self._task is not None and self._task.request_id is not None

    @property
    def next_timer_ms(self) -> float:
        """When the controller does something by itself next."""
        return min(self._due.values(), default=float("inf"))

    def find_sequence(self, at_ms: int) -> int:
        """Number of the snapshot that would be shown at this moment of this boot."""
        return ((at_ms - self._booted_ms) // SEQUENCE_STEP_MS + 1) & 0xFFFF

    def find_timer_under_way_ms(self) -> float:
        """When the controller does something by itself next, if every renewal comes in time."""
        return min([at for name, at in self._due.items() if name != "lease"], default=float("inf"))

    def find_narrowing(self, task: Task) -> frozenset[int]:
        """Find the aisles that a task narrows, as the controller reckons them."""
        return frozenset(self._narrowing_for(task.operation, task.aisle))

    def find_shut(self, aisle: int) -> list[int]:
        """Find the aisles that opening this one would narrow from passable to not passable."""
        passable, now = self.plan.passable_gap_mm, self.rails.widths_mm()
        then = self.rails._gaps_for(aisle)  # noqa: SLF001 - the steel's own reckoning, looked at from beside it
        return [no for no, width in then.items() if width < passable <= now[no]]

    def select(self, request_id: int, operation: Operation, wanted: Indication) -> SelectAnswer:
        """Select as ever, and tell in which state that was done."""
        before = self.state
        answer = super().select(request_id, operation, wanted)
        if answer.token and self.watcher is not None:
            self.watcher.note_grant(before)
        return answer

    def _start(self, task: Task) -> None:
        super()._start(task)
        if self.watcher is not None and self.state is BankState.WARNING:
            self.watcher.note_start(task)

    def _tell_step(self, before_mm: dict[int, float], after_mm: dict[int, float], narrowing: frozenset[int]) -> None:
        if self.watcher is not None:
            self.watcher.note_step(before_mm, after_mm, narrowing)
