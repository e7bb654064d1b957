"""What the centre's database holds in the end, read from outside and judged without any code of ours."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ledger:
    """The centre's SQLite file."""

    file: Path

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of one read-only query."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)
        try:
            return list(connection.execute(question, values))
        finally:
            connection.close()

    def movements(self, box_code: str) -> list[str]:
        """What gateways reported of a box, in the order of their log."""
        rows = self.ask(
            "select action from movements where box_code = ? and source = 'gateway' order by up_epoch, up_seq", box_code
        )
        return [str(row[0]) for row in rows]

    def place(self, box_code: str) -> tuple[Any, ...]:
        """State, place and holder as derived by the centre."""
        return self.ask("select state, place_key, holder_code from box_locations where box_code = ?", box_code)[0]

    def doubled_facts(self) -> list[str]:
        """Ids of facts that arrived under more than one number."""
        seen: dict[str, int] = {}
        for (line,) in self.ask("select line from link_records"):
            fact = json.loads(line)["id"]
            seen[fact] = seen.get(fact, 0) + 1
        return [fact for fact, times in seen.items() if times > 1]

    def broken_links(self) -> list[str]:
        """Places where the chain over the stored bytes doesn't hold, or a number is missing."""
        broken = []
        previous: tuple[int, int, str] | None = None
        for cursor, seq, line in self.ask("select cursor_id, seq, line from link_records order by cursor_id, seq"):
            record = json.loads(line)
            first = previous is None or previous[0] != cursor
            due_seq, due_prev = (1, "0" * 64) if first or previous is None else (previous[1] + 1, previous[2])
            if (record["seq"], record["prev"]) != (due_seq, due_prev) or seq != due_seq:
                broken.append(f"cursor {cursor} record {seq}")
            previous = (cursor, record["seq"], hashlib.sha256(line).hexdigest())
        return broken

    def quarantined(self) -> int:
        """How many batches were set aside."""
        return int(str(self.ask("select count(*) from link_quarantine")[0][0]))
