"""A task is what a completed step asks of its handler (P5): the papers of the step, scanned, checked and sent (P7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from central.domain.documents import PASSED, DocumentState
from central.domain.templates import Need


class TaskState(StrEnum):
    #: Required papers are not scanned yet 待添加.
    TO_ADD = "to_add"
    #: Scanned, but not all sent to the collector 待发送.
    TO_SEND = "to_send"
    SENT = "sent"
    #: Everything has passed the gate that the template demands.
    DONE = "done"
    #: The news that called for it was corrected away.
    VOID = "void"


@dataclass(frozen=True, slots=True)
class PaperFact:
    """What a task needs to know of one of its documents."""

    state: DocumentState
    need: Need
    gate: int


def judge_task(papers: Iterable[PaperFact]) -> TaskState:
    """Return the state of a task from its documents that still count.

    Welcome papers hold nothing up; owed ones hold up nothing but the end. A returned paper is to be scanned anew.
    """
    asked = [paper for paper in papers if paper.need is not Need.WELCOME]
    firm = [paper for paper in asked if paper.need is Need.REQUIRED]
    if all(PASSED[paper.state] >= paper.gate for paper in asked):
        return TaskState.DONE
    if any(paper.state in (DocumentState.DUE, DocumentState.RETURNED) for paper in firm):
        return TaskState.TO_ADD
    # what was captured must be sent, owed or not
    if any(paper.state in (DocumentState.SCANNED, DocumentState.SELF_CHECKED) for paper in asked):
        return TaskState.TO_SEND
    if any(paper.state is DocumentState.RETURNED for paper in asked):
        return TaskState.TO_ADD
    return TaskState.SENT
