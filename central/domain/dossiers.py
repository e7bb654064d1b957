"""What merging two dossiers of one customer moves, and what taking it back moves again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies in a dossier: documents filed there, and documents cited from it (互见) with the moment of citing."""

    filed: frozenset[str] = frozenset()
    cited: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MergeChange:
    """What one merging changed. A dossier doesn't cite what is filed in it, nor anything twice: such go."""

    documents: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    dropped_from: Mapping[str, str] = field(default_factory=dict)
    dropped_into: Mapping[str, str] = field(default_factory=dict)

    def to_body(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "documents": list(self.documents),
            "moved": dict(self.moved),
            "dropped_from": dict(self.dropped_from),
            "dropped_into": dict(self.dropped_into),
        }


def read_change(body: Mapping[str, Any]) -> MergeChange:
    """Return a change as it was kept."""
    return MergeChange(tuple(body["documents"]), body["moved"], body["dropped_from"], body["dropped_into"])


def plan_merge(source: Papers, target: Papers) -> MergeChange:
    """Return what changes when everything in `source` goes into `target`."""
    there = target.filed | frozenset(target.cited)
    return MergeChange(
        documents=tuple(sorted(source.filed)),
        moved={document: at for document, at in source.cited.items() if document not in there},
        dropped_from={document: at for document, at in source.cited.items() if document in there},
        dropped_into={document: at for document, at in target.cited.items() if document in source.filed},
    )


def plan_undo(change: MergeChange, source: Papers, target: Papers) -> MergeChange:
    """Return which parts of a change are taken back, as the two dossiers stand now; what went elsewhere stays there."""
    documents = tuple(each for each in change.documents if each in target.filed)
    filed_there = target.filed - frozenset(documents)
    filed_back = source.filed | frozenset(documents)
    return MergeChange(
        documents=documents,
        moved={document: at for document, at in change.moved.items() if document in target.cited},
        dropped_from={
            document: at
            for document, at in change.dropped_from.items()
            if document not in filed_back and document not in source.cited
        },
        dropped_into={
            document: at
            for document, at in change.dropped_into.items()
            if document not in filed_there and document not in target.cited
        },
    )
