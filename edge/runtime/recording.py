"""Steps on their way to disk: gathered, then committed together with the facts they made, in one transaction."""

from __future__ import annotations

import uuid_utils

from edge.core.effects import AnswerCommand, Effect, RecordFact
from edge.core.events import Event, Now
from edge.core.outcomes import format_at
from edge.core.state import State
from edge.store import Store
from edge.store.journal import Step
from edge.store.outbox import Fact

# more than this many steps are not gathered between two commits
STEPS_MAX = 256


class Recorder:
    """Writes the journal of one gateway. Used by the executor alone."""

    def __init__(self, store: Store, code_version: str) -> None:
        self._store = store
        self._code_version = code_version
        self._steps: list[Step] = []
        self.follows = False  # the next segment begins where the steps before it lead
        self.oldest_ms = 0

    @property
    def waiting(self) -> int:
        """Count the steps that are not on disk."""
        return len(self._steps)

    def add(self, event: Event, now: Now, effects: list[Effect]) -> None:
        """Gather one step."""
        if not self._steps:
            self.oldest_ms = now.mono_ms
        self._steps.append(Step(event, now, effects))

    def is_flush_due(self, now_ms: int, flush_ms: int) -> bool:
        """Tell whether the oldest step waits long enough, or too many wait."""
        return bool(self._steps) and (now_ms - self.oldest_ms >= flush_ms or len(self._steps) >= STEPS_MAX)

    def drop(self) -> None:
        """Give up what could not be written; the journal goes on with a state of its own."""
        self._steps.clear()
        self.follows = False

    def begin_segment(self, state: State) -> None:
        """Begin a segment with the state as it is."""
        self._store.journal.begin_segment(state, self._code_version, follows=self.follows)
        self.follows = True

    def rotate(self, state: State) -> None:
        """Begin a new segment when the present one is long; all steps must have been committed."""
        if self._store.journal.needs_segment and not self._steps:
            self.begin_segment(state)

    def commit(self, boot_id: str) -> None:
        """Put every gathered step and fact on disk; StoreUnavailableError if the disk takes nothing."""
        if not self._steps:
            return
        with self._store.database.write() as connection:
            size = self._store.journal.write_steps(connection, self._steps)
            for step in self._steps:
                for effect in step.effects:
                    if isinstance(effect, RecordFact):
                        fact = make_fact(effect, step.now, boot_id)
                        epoch, seq = self._store.outbox.append(connection, fact)
                        if fact.kind == "movement":
                            self._store.replica.apply_movement(connection, epoch, seq, fact.fact_id, fact.body)
                    elif isinstance(effect, AnswerCommand):
                        answer = (effect.command_id, effect.result, effect.reason)
                        self._store.journal.remember_command(connection, answer)
        self._store.journal.note_written(len(self._steps), size)
        self._steps.clear()


def make_fact(effect: RecordFact, now: Now, boot_id: str) -> Fact:
    """Give a fact its moment and, where the core drew none, its id."""
    return Fact(
        fact_id=effect.fact_id or str(uuid_utils.uuid7()),
        kind=effect.kind,
        body=effect.body,
        at=format_at(now),
        at_ms=int(now.wall_at.timestamp() * 1000),
        clock_ok=now.clock_ok,
        boot=boot_id,
        mono_ms=now.mono_ms,
    )
