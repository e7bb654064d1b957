"""The centre's receiving end for all rooms of a world: real parsing and judging, a database that survives its kills."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from central.domain import ingest, link
from central.domain.locations import Action, Location, Movement, State, fold_movements


@dataclass
class _RoomLog:
    records: dict[str, list[ingest.Record]] = field(default_factory=dict)
    orders: list[datetime] = field(default_factory=list)
    movements: dict[str, list[Movement]] = field(default_factory=dict)


class Centre:
    """Takes batches while it is up. `faults` collects what may never happen."""

    def __init__(self, dice: random.Random) -> None:
        self.epoch = f"{dice.getrandbits(128):032x}"
        self.is_up = True
        self.faults: list[str] = []
        self._rooms: dict[str, _RoomLog] = {}

    def register(self, room_id: str, boxes: Mapping[str, str], at: datetime) -> None:
        """Know where the boxes of a room stand when it begins: by an import, not by any gateway."""
        room = self._rooms.setdefault(room_id, _RoomLog())
        for code, place_key in boxes.items():
            room.movements[code] = [
                Movement(code, room_id, code, Action.PUT_AWAY, place_key, None, at, at, source="import")
            ]

    def take(self, room_id: str, payload: bytes, received_at: datetime) -> bytes | None:
        """Commit what is fresh in a batch and answer; None while nobody is there."""
        if not self.is_up:
            return None
        batch = ingest.parse_batch(payload)
        if batch is None:
            self.faults.append(f"{room_id}: a batch without a readable header")
            return None
        room = self._rooms.setdefault(room_id, _RoomLog())
        records = room.records.setdefault(batch.epoch, [])
        before = records[-1].hash if records else ingest.ZERO_HASH
        cursor = ingest.Cursor(ingest.EpochState.ADMITTED, len(records), before)
        last = batch.first + len(batch.records) - 1
        known = {each.seq: each.hash for each in records[max(0, batch.first - 1) : max(0, last)]}
        verdict = ingest.judge_batch(cursor, batch, known)
        if verdict.state not in {ingest.AckState.OK, ingest.AckState.GAP}:
            self.faults.append(f"{room_id}: {verdict.state} {verdict.reason}")
        self._commit(room_id, room, verdict.fresh, received_at)
        records.extend(verdict.fresh)
        return link.encode_ack(
            batch=batch.batch,
            centre=self.epoch,
            epoch=batch.epoch,
            state=verdict.state,
            through=len(records),
            through_hash=records[-1].hash if records else ingest.ZERO_HASH,
            safe=0,
            fork_at=verdict.fork_at,
            reason=verdict.reason,
        )

    def _commit(self, room_id: str, room: _RoomLog, fresh: tuple[ingest.Record, ...], received_at: datetime) -> None:
        newest = room.orders[-1] if room.orders else None
        orders = ingest.order_facts(fresh, newest, received_at)
        room.orders.extend(orders)
        for record, order_at in zip(fresh, orders, strict=True):
            if record.kind != "movement":
                continue
            movement = ingest.read_movement(record, room_id, order_at)
            if isinstance(movement, str):
                self.faults.append(f"{room_id}: a movement with a wrong {movement}")
            else:
                room.movements.setdefault(movement.box_code, []).append(movement)

    def list_lines(self, room_id: str) -> list[bytes]:
        """List every committed record of a room, as it came."""
        room = self._rooms.get(room_id, _RoomLog())
        return [record.line for records in room.records.values() for record in records]

    def find_box(self, room_id: str, code: str) -> tuple[str, str | None] | None:
        """Tell where a moved box is, as word and place; None when nothing was ever told of it."""
        room = self._rooms.get(room_id, _RoomLog())
        location: Location | None = fold_movements(room.movements.get(code, ()))
        if location is None:
            return None
        return location.state.value, location.place_key if location.state is State.SHELVED else None
