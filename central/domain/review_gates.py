"""The bans of the review gates: nobody passes the same document through two of them. Pure, and per document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Gate(IntEnum):
    """The three review gates, in order."""

    HANDLER = 1
    COLLECTOR = 2
    ARCHIVIST = 3


@dataclass(frozen=True, slots=True)
class GatePass:
    """A document passed a gate: who let it through, and for which absent person if they were a deputy."""

    gate: Gate
    person_id: str
    acting_for: str | None = None

    @property
    def people(self) -> frozenset[str]:
        """Everybody whose word this pass rests on."""
        return frozenset({self.person_id} | ({self.acting_for} if self.acting_for is not None else set()))


@dataclass(frozen=True, slots=True)
class Ban:
    """Why somebody may not pass a document: whose word it has at which other gate already."""

    gate: Gate
    person_id: str


def may_pass(history: Iterable[GatePass], candidate: GatePass) -> Ban | None:
    """Return None if `candidate` may be added to the passes of one document, else the ban.

    The whole history counts, returned rounds too. A deputy brings the absent person's word with them: whoever passed
    a gate in their own name can't have it passed through another one by somebody who acts for them, nor the reverse.
    Passing the *same* gate again after a return is no second gate.
    """
    for passed in history:
        shared = passed.people & candidate.people
        if passed.gate != candidate.gate and shared:
            return Ban(passed.gate, min(shared))
    return None
