"""Run the journal again: the same events must lead to the same effects and states, also after a kill."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.core.decide import decide
from edge.core.events import Event, Now
from edge.core.state import State
from edge.store.database import Database
from edge.store.encoding import EncodingError, encode, to_readable
from edge.store.journal import Segment, list_segments, read_segment, read_steps

DIFFERENCES_MAX = 20


@dataclass(slots=True)
class Replayed:
    """What a replay found."""

    state: State | None = None
    now: Now | None = None  # moment of the last step replayed
    event: Event | None = None  # and what happened then
    segments: int = 0
    steps: int = 0
    differences: list[str] = field(default_factory=list)  # empty: everything was reached again
    code_versions: list[str] = field(default_factory=list)

    def note(self, difference: str) -> None:
        """Keep the first differences."""
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(difference)


def tell_known(found: Replayed) -> dict[str, Any]:
    """Tell what the core knew when the replay ended, for people: moment, last event, whole state."""
    return {
        "moment": found.now.wall_at.isoformat() if found.now is not None else None,
        "mono_ms": found.now.mono_ms if found.now is not None else None,
        "last_event": type(found.event).__name__ if found.event is not None else None,
        "event": to_readable(found.event),
        "state": to_readable(found.state),
    }


def replay(journal_dir: Path, at: datetime | None = None) -> Replayed:
    """Replay the journal in a folder, up to a wall time if one is given."""
    database = Database(journal_dir)
    try:
        return replay_database(database, at)
    finally:
        database.close()


def replay_database(database: Database, at: datetime | None = None) -> Replayed:
    """Replay an open journal and compare effects step by step and states segment by segment."""
    found = Replayed()
    for number in list_segments(database):
        try:
            if replay_segment(database, read_segment(database, number), found, at):
                break
        except EncodingError as error:
            found.note(f"segment {number}: not readable by this version of the code: {error}")
            found.state = None
    return found


def replay_segment(database: Database, segment: Segment, found: Replayed, at: datetime | None) -> bool:
    """Replay one segment; True if the moment to stop at was reached."""
    if segment.follows and found.state is not None and encode(found.state) != encode(segment.checkpoint):
        found.note(f"segment {segment.id}: the state reached is not the one it begins with")
    state = segment.checkpoint
    found.segments += 1
    if segment.code_version not in found.code_versions:
        found.code_versions.append(segment.code_version)
    for number, step in enumerate(read_steps(database, segment), start=segment.first_step):
        if at is not None and step.now.wall_at > at:
            found.state = state
            return True
        state, effects = decide(state, step.event, step.now)
        if encode(tuple(effects)) != encode(tuple(step.effects)):
            found.note(f"step {number}: {type(step.event).__name__} led to other effects")
        found.steps += 1
        found.now, found.event = step.now, step.event
    found.state = state
    return False
