"""States of a printed label. "Sent" is not "done", and "unknown" is settled by looking, never by printing again."""

from __future__ import annotations

from enum import StrEnum


class LabelState(StrEnum):
    ISSUED = "issued"
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


#: What may follow what: a late report never takes a known end back.
FOLLOWS: dict[LabelState, frozenset[LabelState]] = {
    LabelState.ISSUED: frozenset({LabelState.QUEUED, LabelState.DONE, LabelState.FAILED, LabelState.UNKNOWN}),
    LabelState.QUEUED: frozenset({LabelState.DONE, LabelState.FAILED, LabelState.UNKNOWN}),
    LabelState.UNKNOWN: frozenset({LabelState.DONE, LabelState.FAILED}),
    LabelState.DONE: frozenset(),
    LabelState.FAILED: frozenset({LabelState.DONE}),
}


def settles(known: LabelState, told: LabelState) -> bool:
    """Return whether the report `told` says more than what is `known`."""
    return told in FOLLOWS[known]
