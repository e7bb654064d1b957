"""Files of customers that were read: looked through, applied as one batch in short steps, taken back likewise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.customer_files import RowFault, read_fault
from central.domain.masking import mask_id_number
from central.domain.people import Actor
from central.domain.permissions import Action, find_scope
from central.domain.refusals import Reason, Refusal
from central.store import customer_imports as store
from central.store.audit import add_audit
from central.store.customers import CustomerRow, DossierRow, ImportLineRow, ImportRow, keep_dossier
from central.store.people import PersonRow, load_names

#: States in which an import has steps to be done.
WORKING: Final = ("applying", "reversing", "dropping")
LIST_LIMIT: Final = 100
FAULTS_SHOWN: Final = 200
LINES_SHOWN: Final = 20
OBSTACLES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ImportSeen:
    """A file of customers and how far it is."""

    id: str
    name: str
    state: str
    rows: int
    rows_done: int
    rows_faulty: int
    rows_known: int
    #: Customers that stayed when the rest was taken back, since they are in use.
    rows_kept: int
    #: Headings that mean nothing here.
    ignored: tuple[str, ...]
    created_at: datetime
    created_by_name: str
    applied_at: datetime | None
    reversed_at: datetime | None
    #: The very same file was applied before and not taken back.
    applied_before: bool
    #: How many hundredths of the file were read.
    share_read: int
    #: Why the file was refused while it was read; empty if it wasn't.
    fault: str


@dataclass(frozen=True, slots=True)
class LineSeen:
    """One row of a file, as it was read; `number` is the row's in the spreadsheet."""

    number: int
    fields: Mapping[str, str]
    fault: RowFault | None


def check_right(actor: Actor) -> None:
    """Refuse whoever may not take files of customers over."""
    if not find_scope(actor, Action.IMPORT_CUSTOMERS).everything:
        raise Refusal(Reason.NOT_ALLOWED)


def start_applying(session: Session, actor: Actor, import_id: str) -> None:
    """Let the rows without a fault be applied."""
    check_right(actor)
    row = store.hold_import(session, import_id, "checked")
    if row.rows == row.rows_faulty:
        raise Refusal(Reason.IMPORT_STATE)
    row.state = "applying"
    store.write_detail(row, by=_name_actor(actor))


def cancel_import(session: Session, actor: Actor, import_id: str) -> None:
    """Drop a file that isn't applied, read or not; take back what an application under way has done so far."""
    check_right(actor)
    row = store.find_import(session, import_id, lock=True)
    if row.state not in {"staging", "checked", "applying"}:
        raise Refusal(Reason.IMPORT_STATE)
    row.state = "reversing" if row.state == "applying" else "dropping"
    store.write_detail(row, at=1, by=_name_actor(actor))


def find_obstacles(session: Session, actor: Actor, import_id: str) -> tuple[str, ...]:
    """Return numbers of customers who keep an applied file from being taken back."""
    check_right(actor)
    store.find_import(session, import_id)
    added = select(CustomerRow.id).where(CustomerRow.import_id == import_id)
    return tuple(store.find_used(session, import_id, added, OBSTACLES_SHOWN))


def start_reversal(session: Session, actor: Actor, import_id: str) -> None:
    """Let an applied file be taken back."""
    check_right(actor)
    row = store.hold_import(session, import_id, "applied")
    row.state = "reversing"
    store.write_detail(row, at=1, by=_name_actor(actor))


def run_step(session: Session, chunk: int, now: datetime, skipped: Sequence[str] = ()) -> str | None:
    """Do the next step of the oldest import that has one; return its id, None if there is none."""
    row = store.find_working(session, WORKING, skipped)
    if row is None:
        return None
    detail = store.read_detail(row)
    first = int(detail["at"])
    last = first + chunk - 1
    if row.state == "applying":
        row.rows_done += _apply(session, row, first, last, detail["given"])
    elif row.state == "reversing":
        kept = _take_back(session, row, first, last)
        store.write_detail(row, kept=detail.get("kept", 0) + kept)
    else:
        store.drop_lines(session, row.id, first, last)
    store.write_detail(row, at=last + 1)
    if last >= detail.get("last", 0):
        _finish(session, row, now)
    return row.id


def list_imports(session: Session, actor: Actor) -> tuple[ImportSeen, ...]:
    """Return the files of customers, the newest first."""
    check_right(actor)
    return _see(session, store.list_imports(session, LIST_LIMIT))


def show_import(session: Session, actor: Actor, import_id: str) -> ImportSeen:
    """Return one file and how far it is."""
    check_right(actor)
    return _see(session, [store.find_import(session, import_id)])[0]


def list_faults(session: Session, actor: Actor, import_id: str, after: int = 0) -> tuple[LineSeen, ...]:
    """Return the first rows with a fault after a row number."""
    check_right(actor)
    return tuple(_see_line(line) for line in store.load_faults(session, import_id, after, FAULTS_SHOWN))


def list_first_lines(session: Session, actor: Actor, import_id: str) -> tuple[LineSeen, ...]:
    """Return the first rows without a fault."""
    check_right(actor)
    return tuple(_see_line(line) for line in store.load_first_lines(session, import_id, LINES_SHOWN))


def _name_actor(actor: Actor) -> dict[str, str]:
    return {"person_id": actor.person_id, "address": actor.address, "session_id": actor.session_id}


def _apply(session: Session, row: ImportRow, first: int, last: int, given: Sequence[str]) -> int:
    known = store.list_known(session, row.id, first, last)
    added = store.add_new(session, row, (first, last), known, given)
    if known:
        customers = store.load_customers(session, set(known.values()))
        dossiers = store.load_dossiers(session, customers)
        for line in store.load_lines(session, row.id, set(known)):
            customer = customers[known[line.number]]
            dossier = dossiers.get(customer.id) or keep_dossier(
                session, customer.customer_no, unit_id=None, handler_id=None, now=row.created_at
            )
            _change_known(row, line, customer, dossier)
    return added + len(known)


def _change_known(row: ImportRow, line: ImportLineRow, customer: CustomerRow, dossier: DossierRow) -> None:
    """Take over each field whose newest news this file is; remember what it was."""
    at, tag = row.created_at.astimezone(UTC).isoformat(), store.make_tag(row.id)
    before: dict[str, Any] = {"fields": {}, "dossier": [dossier.unit_id, dossier.handler_id]}
    stamps = dict(customer.told)
    for name in filter(None, line.fields[store.GIVEN].split(",")):
        if tuple(stamps.get(name, ("", ""))) <= (at, tag):
            before["fields"][name] = [getattr(customer, name), stamps.get(name)]
            setattr(customer, name, line.fields[name])
            stamps[name] = [at, tag]
    customer.told = stamps
    dossier.unit_id, dossier.handler_id = customer.unit_id, customer.handler_id
    line.before = before


def _take_back(session: Session, row: ImportRow, first: int, last: int) -> int:
    """Delete customers that came with these rows, put back what the others changed; return how many had to stay."""
    added = store.list_added(session, row.id, first, last)
    used = set(store.find_used(session, row.id, added, len(added))) if added else set()
    numbers = dict(
        session.execute(select(CustomerRow.id, CustomerRow.customer_no).where(CustomerRow.id.in_(added))).all()
    )
    store.remove_customers(session, [each for each in added if numbers[each] not in used])
    if used:
        store.forget_import(session, row.id, [each for each in added if numbers[each] in used])
    changed = store.load_changed(session, row.id, first, last)
    if changed:
        known = session.scalars(
            select(CustomerRow).where(CustomerRow.customer_no.in_([line.fields["customer_no"] for line in changed]))
        )
        customers = {each.customer_no: each for each in known}
        dossiers = store.load_dossiers(session, [each.id for each in customers.values()])
        for line in changed:
            customer = customers[line.fields["customer_no"]]
            _put_back(row, line, customer, dossiers[customer.id])
    row.rows_done = max(0, row.rows_done - len(added) - len(changed))
    return len(used)


def _put_back(row: ImportRow, line: ImportLineRow, customer: CustomerRow, dossier: DossierRow) -> None:
    """Give a customer back what a row changed, except what was told anew since."""
    tag, stamps = store.make_tag(row.id), dict(customer.told)
    before: dict[str, Any] = line.before or {"fields": {}}
    told = customer.unit_id, customer.handler_id
    for name, (value, stamp) in before["fields"].items():
        if stamps.get(name, ("", ""))[1] == tag:
            setattr(customer, name, value)
            if stamp is None:
                del stamps[name]
            else:
                stamps[name] = stamp
    customer.told = stamps
    if "dossier" in before and (dossier.unit_id, dossier.handler_id) == told:
        dossier.unit_id, dossier.handler_id = before["dossier"]
    line.before = null()


def _finish(session: Session, row: ImportRow, now: datetime) -> None:
    detail = store.read_detail(row)
    if row.state == "dropping":
        row.state = "refused" if detail.get("fault") else "canceled"
        return
    applied = row.state == "applying"
    act = AuditAct.IMPORT_APPLIED if applied else AuditAct.IMPORT_REVERSED
    if applied:
        row.state, row.applied_at = "applied", now
    else:
        row.state, row.reversed_at = "reversed", now
    after = {"rows": row.rows - row.rows_faulty, "known": row.rows_known, "kept": detail.get("kept", 0)}
    entry = AuditEntry(act, "import", row.id, row.name, after={**after, "sha256": row.sha256})
    add_audit(session, _load_author(session, row), entry, now)


def _load_author(session: Session, row: ImportRow) -> Actor:
    """The steps are done by the machine, in the name of whoever pressed for them."""
    by = store.read_detail(row).get("by") or {"person_id": row.created_by}
    person = session.get_one(PersonRow, by["person_id"])
    address, session_id = by.get("address", ""), by.get("session_id", "")
    return Actor(person.id, person.login or "", person.name, frozenset(), session_id=session_id, address=address)


def _see(session: Session, rows: Sequence[ImportRow]) -> tuple[ImportSeen, ...]:
    names = load_names(session, [row.created_by for row in rows])
    same = select(ImportRow.sha256, ImportRow.id).where(
        ImportRow.state == "applied", ImportRow.sha256.in_([row.sha256 for row in rows])
    )
    applied: dict[str, set[str]] = {}
    for sha256, import_id in session.execute(same):
        applied.setdefault(sha256, set()).add(import_id)
    return tuple(
        ImportSeen(
            id=row.id,
            name=row.name,
            state=row.state,
            rows=row.rows,
            rows_done=row.rows_done,
            rows_faulty=row.rows_faulty,
            rows_known=row.rows_known,
            rows_kept=int(store.read_detail(row).get("kept", 0)),
            ignored=tuple(store.read_detail(row).get("ignored", ())),
            created_at=row.created_at,
            created_by_name=names[row.created_by],
            applied_at=row.applied_at,
            reversed_at=row.reversed_at,
            applied_before=bool(applied.get(row.sha256, set()) - {row.id}),
            share_read=int(store.read_detail(row).get("share", 0)),
            fault=str(store.read_detail(row).get("fault", "")),
        )
        for row in rows
    )


def _see_line(line: store.Line) -> LineSeen:
    shown = {name: text for name, text in line.fields.items() if name in {"customer_no", "name", "address", "meter_no"}}
    if "id_number" in line.fields:
        shown["id_number"] = mask_id_number(line.fields["id_number"])
    return LineSeen(line.number, shown, read_fault(line.fault) if line.fault else None)
