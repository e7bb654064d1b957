"""A gateway's disk in memory, with the meaning of the real store: what was committed survives a kill, the rest doesn't.

Journal, outbox and replica of the real package are used where a run can afford SQLite; this one is for long runs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge.core.decide import decide
from edge.core.link import ZERO_HASH, BoxPlace, EpochSpan, encode_record, hash_record
from edge.core.room import RoomSettings
from edge.core.rows import BoxRow, PlaceRow, StaffRow
from edge.core.startup import new_state
from edge.core.state import State
from edge.store import StoreUnavailableError
from edge.store.journal import Step
from edge.store.outbox import Fact
from edge.store.standings import MOVES

SEGMENT_STEPS = 500


class MemoryDatabase:
    """Transactions of one writer: everything in one succeeds."""

    def __init__(self) -> None:
        self.is_full = False

    @contextmanager
    def write(self) -> Iterator[MemoryDatabase]:
        """Begin and end a transaction."""
        self.check_room()
        yield self

    def check_room(self) -> None:
        """Refuse as a full disk does."""
        if self.is_full:
            raise StoreUnavailableError("full", "no space left")


class MemoryJournal:
    """The state at the last checkpoint and every committed step since."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self.checkpoint: State | None = None
        self.steps: list[Step] = []
        self.commands: dict[str, tuple[str, str | None]] = {}

    @property
    def needs_segment(self) -> bool:
        """Tell whether the next step should begin a new segment."""
        return len(self.steps) >= SEGMENT_STEPS

    def begin_segment(self, state: State, _code_version: str, *, follows: bool) -> None:
        """Begin with the whole state."""
        del follows
        self._database.check_room()
        self.checkpoint = state
        self.steps = []

    def write_steps(self, _connection: object, steps: Sequence[Step]) -> int:
        """Keep steps."""
        self.steps.extend(steps)
        return 0

    def note_written(self, count: int, size: int) -> None:
        """Nothing is numbered here."""

    def remember_command(self, _connection: object, answer: tuple[str, str, str | None]) -> None:
        """Keep the answer to a command."""
        self.commands.setdefault(answer[0], answer[1:])

    def find_command(self, command_id: str) -> tuple[str, str | None] | None:
        """Find the answer given to a command."""
        return self.commands.get(command_id)


class MemoryOutbox:
    """Facts numbered and chained by the real codec."""

    def __init__(self, dice: random.Random) -> None:
        self.epoch = f"{dice.getrandbits(128):032x}"
        self.lines: list[bytes] = []
        self.hashes: list[str] = [ZERO_HASH]
        self.through = 0
        self.intents: set[int] = set()  # request ids whose intent is on disk

    def append(self, _connection: object, fact: Fact) -> tuple[str, int]:
        """Number and chain one fact."""
        if fact.kind == "motion" and fact.body["phase"] == "intent":
            self.intents.add(int(fact.body["request_id"], 16))
        seq = len(self.lines) + 1
        line = encode_record(
            epoch=self.epoch, seq=seq, prev=self.hashes[-1], fact_id=fact.fact_id, kind=fact.kind, at=fact.at,
            clock_ok=fact.clock_ok, boot=fact.boot, mono_ms=fact.mono_ms, body=fact.body,
        )  # fmt: skip
        self.lines.append(line)
        self.hashes.append(hash_record(line))
        return self.epoch, seq

    def epochs(self) -> list[EpochSpan]:
        """List the one epoch."""
        return [EpochSpan(self.epoch, self.through, len(self.lines))]

    def read_after(self, _epoch: str, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Read records above a number."""
        return list(enumerate(self.lines[seq : seq + limit], seq + 1))

    def record_hash(self, _epoch: str, seq: int) -> str | None:
        """Hash of a record."""
        return self.hashes[seq] if seq < len(self.hashes) else None

    def mark_through(self, _epoch: str, seq: int) -> None:
        """Note up to where the centre has committed."""
        self.through = seq

    def mark_safe(self, epoch: str, seq: int) -> None:
        """Nothing is old enough to leave."""


class MemoryReplica:
    """Boxes, places and staff of one room, with own movements on top."""

    def __init__(self, boxes: dict[str, tuple[str, str]], places: dict[str, PlaceRow], staff: dict[str, str]) -> None:
        self._titles = {code: title for code, (title, _) in boxes.items()}
        self._places = places
        self._by_code = {place.code: place for place in places.values()}
        self._staff = staff
        self.standing = {code: BoxPlace("shelved", key, None) for code, (_, key) in boxes.items()}
        self._at_place = {key: code for code, (_, key) in boxes.items()}
        self._own: dict[str, tuple[str, BoxPlace, BoxPlace]] = {}

    def revision(self) -> int:
        """Tell the revision of the rows."""
        return 1

    def note_heard(self) -> None:
        """Badges never run out here."""

    def find_box(self, code: str) -> BoxRow | None:
        """Find a box with its place, or who has it."""
        if code not in self._titles:
            return None
        place = self.standing[code]
        own = self._own.get(code)
        return BoxRow(
            code=code,
            title=self._titles[code],
            state=place.state,  # type: ignore[arg-type]  # a word of the contract
            place=self.find_place_by_key(place.place_key) if place.place_key else None,
            holder_code=place.holder_code,
            movement_id=own[0] if own is not None and own[1] == place else None,
        )

    def find_place(self, code: str) -> PlaceRow | None:
        """Find a place by its printed code."""
        place = self._by_code.get(code)
        return None if place is None else self.find_place_by_key(place.key)

    def find_place_by_key(self, key: str) -> PlaceRow | None:
        """Find a place by its key."""
        place = self._places.get(key)
        if place is None:
            return None
        box = self._at_place.get(key)
        if box is None:
            return place
        return PlaceRow(
            place.code, key, place.bank, place.column, place.face, place.section, place.tier, place.slot, box
        )

    def find_staff(self, code: str, *, online: bool) -> StaffRow | None:
        """Find a person by badge."""
        del online
        return StaffRow(code, self._staff[code]) if code in self._staff else None

    def apply_movement(
        self, _connection: object, _epoch: str, _seq: int, movement_id: str, body: dict[str, Any]
    ) -> None:
        """Move a box by an own fact."""
        code, action = str(body["box_code"]), str(body["action"])
        before = self.standing[code]
        if action == "undo":
            own = self._own.get(code)
            after = own[2] if own is not None and own[0] == body.get("undo_of") else before
        else:
            after = MOVES[action](before, body)
        if before.place_key is not None:
            self._at_place.pop(before.place_key, None)
        if after.place_key is not None:
            self._at_place[after.place_key] = code
        self._own[code] = (movement_id, after, before)
        self.standing[code] = after


class MemoryDisk:
    """The store of one gateway, for as long as the world lasts."""

    def __init__(self, replica: MemoryReplica, dice: random.Random) -> None:
        self.database = MemoryDatabase()
        self.journal = MemoryJournal(self.database)
        self.outbox = MemoryOutbox(dice)
        self.replica = replica

    def recover(self, settings: RoomSettings) -> tuple[State, bool]:
        """Find the last state that the journal leads to, by deciding its steps again."""
        state = self.journal.checkpoint
        if state is None:
            return new_state(settings), False
        for step in self.journal.steps:
            state, _ = decide(state, step.event, step.now)
        return state, True

    def close(self) -> None:
        """Nothing is open."""
