"""Labels: every one printed is in the ledger before a printer hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.labels import LabelState, settles
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import NotFound
from central.store.audit import add_audit
from central.store.boxes import find_box
from central.store.ids import new_id
from central.store.labels import LabelRow, next_copy_no

DETAIL_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PrintLabel:
    """One label for one box."""

    box_id: str


@dataclass(frozen=True, slots=True)
class LabelIssued:
    """A label in the ledger, and the command by which its room prints it."""

    id: str
    room_id: str
    code: str
    copy_no: int

    def to_command(self) -> dict[str, Any]:
        """Return the body of the gateway's command `print_label`."""
        return {"box_code": self.code, "copy_no": self.copy_no}


def print_label(session: Session, actor: Actor, command: PrintLabel, now: datetime) -> LabelIssued:
    """Enter a label in the ledger, with the next copy number of its code."""
    box = find_box(session, find_scope(actor, Action.PRINT_LABEL), command.box_id)
    if box is None:
        raise NotFound
    row = LabelRow(
        id=new_id(),
        room_id=box.room_id,
        box_id=box.id,
        code=box.code,
        copy_no=next_copy_no(session, box.code),
        state=LabelState.ISSUED.value,
        state_at=now,
        issued_by=actor.person_id,
        issued_at=now,
    )
    session.add(row)
    session.flush()
    after = {"label_id": row.id, "code": row.code, "copy_no": row.copy_no}
    add_audit(session, actor, AuditEntry(AuditAct.LABEL_ISSUED, "box", box.id, box.title, after=after), now)
    return LabelIssued(row.id, box.room_id, row.code, row.copy_no)


def settle_label(session: Session, label_id: str, state: LabelState, detail: str | None, now: datetime) -> None:
    """Write down what the gateway answered, unless more is known already."""
    row = session.get(LabelRow, label_id)
    if row is not None and settles(LabelState(row.state), state):
        row.state, row.state_at = state.value, now
        row.detail = detail[:DETAIL_LENGTH] if detail else None
