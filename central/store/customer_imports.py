"""Staged rows of files of customers, and what applying and taking back does with some of them at a time.

New customers are written by statements that work on whole sets inside the database: row by row an import of a hundred
thousand took many times as long as the database needs for the rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from central.domain.customer_files import TOLD, CustomerLine
from central.domain.refusals import NotFound, Reason, Refusal
from central.store.base import Document, Instant
from central.store.cases import CaseCustomerRow
from central.store.customers import (
    ACTIVE,
    OPEN,
    CitationRow,
    ContractRow,
    CustomerRow,
    DossierMergeRow,
    DossierRow,
    ImportLineRow,
    ImportPieceRow,
    ImportRow,
)
from central.store.documents import DocumentRow
from central.store.ids import new_id

Line = Row[*tuple[Any, ...]]

_LINES: Any = ImportLineRow.__table__
_CUSTOMERS: Any = CustomerRow.__table__
_DOSSIERS: Any = DossierRow.__table__
#: Part of a staged row: which fields it tells, so that few values of `told` serve all rows.
GIVEN: Final = "given"


def make_tag(import_id: str) -> str:
    """Return what stands in `told` for news that came with a file."""
    return f"import#{import_id}"


def stage_lines(session: Session, import_id: str, lines: Sequence[CustomerLine]) -> None:
    """Store some rows of a file; nobody sees them. As one document: row by row the database waits for each."""
    rows = [
        {
            "number": line.number,
            "fault": line.fault.to_text() if line.fault is not None else None,
            "fields": {
                **line.fields,
                "customer_id": new_id(),
                "dossier_id": new_id(),
                GIVEN: name_given(line.fields),
            },
        }
        for line in lines
    ]
    item = _unfold(session, rows)
    chosen = select(
        literal(import_id), item["number"].as_integer(), item["fields"], cast(item["fault"].as_string(), String)
    )
    columns = ["import_id", "number", "fields", "fault"]
    session.execute(insert(_LINES).from_select(columns, chosen, include_defaults=False))


def name_given(fields: Mapping[str, str]) -> str:
    """Return one text for the fields that a row tells."""
    return ",".join(name for name in TOLD if name in fields)


def list_known(session: Session, import_id: str, first: int, last: int) -> dict[int, str]:
    """Return the rows whose customer is known already: row number -> customer id."""
    lines = select(_LINES.c.number, _text("customer_no")).where(*_chunk(import_id, first, last))
    numbers = {customer_no: number for number, customer_no in session.execute(lines)}
    known = select(CustomerRow.customer_no, CustomerRow.id).where(_is_one_of(session, numbers))
    return {numbers[customer_no]: customer_id for customer_no, customer_id in session.execute(known)}


def add_new(
    session: Session, row: ImportRow, chunk: tuple[int, int], known: Collection[int], given: Sequence[str]
) -> int:
    """Write the customers, each with a dossier, of rows whose number nobody knew; return how many."""
    rows = [*_chunk(row.id, *chunk), _LINES.c.number.not_in(known)]
    at = literal(row.created_at, Instant)
    told = case(
        *((_text(GIVEN) == each, literal(tell(each, row), Document)) for each in given),
        else_=literal({}, Document),
    )
    customers: dict[str, ColumnElement[Any]] = {
        "id": _text("customer_id"),
        "customer_no": _text("customer_no"),
        "name": _text("name"),
        "address": func.coalesce(_text("address"), ""),
        "meter_no": func.coalesce(_text("meter_no"), ""),
        "id_number": func.coalesce(_text("id_number"), ""),
        "attributes": literal({}, Document),
        "unit_id": _text("unit_id"),
        "handler_id": _text("handler_id"),
        "state": literal(ACTIVE),
        "told": told,
        "created_at": at,
        "import_id": literal(row.id),
    }
    added = _insert_from(session, _CUSTOMERS, customers, rows)
    dossiers: dict[str, ColumnElement[Any]] = {
        "id": _text("dossier_id"),
        "customer_id": _text("customer_id"),
        "dossier_no": _text("customer_no"),
        "unit_id": _text("unit_id"),
        "handler_id": _text("handler_id"),
        "state": literal(OPEN),
        "opened_at": at,
    }
    _insert_from(session, _DOSSIERS, dossiers, rows)
    return added


def tell(given: str, row: ImportRow) -> dict[str, Any]:
    """Return when and by what each field was told: by this file, when it came."""
    stamp = [row.created_at.astimezone(UTC).isoformat(), make_tag(row.id)]
    return dict.fromkeys(given.split(","), stamp) if given else {}


def load_lines(session: Session, import_id: str, numbers: Collection[int]) -> Sequence[ImportLineRow]:
    """Return these rows."""
    query = select(ImportLineRow).where(ImportLineRow.import_id == import_id, ImportLineRow.number.in_(numbers))
    return session.scalars(query.order_by(ImportLineRow.number)).all()


def load_customers(session: Session, customer_ids: Collection[str]) -> dict[str, CustomerRow]:
    """Return these customers, held until the commit."""
    query = select(CustomerRow).where(CustomerRow.id.in_(sorted(customer_ids))).order_by(CustomerRow.id)
    return {row.id: row for row in session.scalars(query.with_for_update())}


def load_dossiers(session: Session, customer_ids: Collection[str]) -> dict[str, DossierRow]:
    """Return the own dossiers of these customers by customer, merged ones as they are."""
    query = select(DossierRow).where(DossierRow.customer_id.in_(sorted(customer_ids))).order_by(DossierRow.id)
    return {row.customer_id: row for row in session.scalars(query.with_for_update())}


def load_changed(session: Session, import_id: str, first: int, last: int) -> Sequence[ImportLineRow]:
    """Return the rows that changed a customer who was known before."""
    query = select(ImportLineRow).where(
        ImportLineRow.import_id == import_id, ImportLineRow.number.between(first, last), _was_known()
    )
    return session.scalars(query.order_by(ImportLineRow.number)).all()


def list_added(session: Session, import_id: str, first: int, last: int) -> list[str]:
    """Return the customers that some rows brought."""
    ids = select(_text("customer_id")).where(*_chunk(import_id, first, last))
    # Wrapped, so that SQLite looks up these few, not all customers of the file for these few.
    came_with = func.coalesce(CustomerRow.import_id, "") == import_id
    query = select(CustomerRow.id).where(CustomerRow.id.in_(ids), came_with)
    return list(session.scalars(query))


def find_used(session: Session, import_id: str, customer_ids: Select[Any] | Sequence[str], limit: int) -> list[str]:
    """Return numbers of customers that came with the file and have got something since: they can't go."""
    tag = make_tag(import_id)
    papers = or_(
        select(DocumentRow.id).where(DocumentRow.dossier_id == DossierRow.id).exists(),
        select(CitationRow.document_id).where(CitationRow.dossier_id == DossierRow.id).exists(),
        select(DossierMergeRow.id)
        .where(or_(DossierMergeRow.from_id == DossierRow.id, DossierMergeRow.into_id == DossierRow.id))
        .exists(),
    )
    other = CustomerRow.__table__.alias("other")
    used = or_(
        select(CaseCustomerRow.case_id).where(CaseCustomerRow.customer_no == CustomerRow.customer_no).exists(),
        select(ContractRow.id).where(ContractRow.customer_id == CustomerRow.id).exists(),
        select(DossierRow.id).where(DossierRow.customer_id == CustomerRow.id, papers).exists(),
        CustomerRow.merged_into.is_not(None),
        select(other.c.id).where(other.c.merged_into == CustomerRow.id).exists(),
        # Its name was told anew: by then the marketing system knew it.
        cast(CustomerRow.told["name"][1].as_string(), String) != tag,
    )
    # Not by the import besides, for the same reason as above.
    query = select(CustomerRow.customer_no).where(CustomerRow.id.in_(customer_ids), used)
    return list(session.scalars(query.order_by(CustomerRow.customer_no).limit(limit)))


def remove_customers(session: Session, customer_ids: Sequence[str]) -> None:
    """Delete customers with their empty dossiers."""
    session.execute(delete(DossierRow).where(DossierRow.customer_id.in_(customer_ids)))
    session.execute(delete(CustomerRow).where(CustomerRow.id.in_(customer_ids)))


def forget_import(session: Session, import_id: str, customer_ids: Sequence[str]) -> None:
    """Let customers stay that are in use: they are no longer the file's."""
    kept = CustomerRow.import_id == import_id, CustomerRow.id.in_(customer_ids)
    session.execute(update(CustomerRow).where(*kept).values(import_id=None))


def drop_lines(session: Session, import_id: str, first: int, last: int) -> None:
    """Delete some staged rows."""
    where = ImportLineRow.import_id == import_id, ImportLineRow.number.between(first, last)
    session.execute(delete(ImportLineRow).where(*where))


def list_staging(session: Session, limit: int) -> Sequence[ImportRow]:
    """Return the oldest imports that are to be read, held until the commit; those held by others are left out."""
    query = select(ImportRow).where(ImportRow.state == "staging").order_by(ImportRow.created_at, ImportRow.id)
    return session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()


def load_piece(session: Session, import_id: str, number: int) -> bytes | None:
    """Return one piece of the file that was sent; None after the last."""
    return session.scalar(
        select(ImportPieceRow.data).where(ImportPieceRow.import_id == import_id, ImportPieceRow.number == number)
    )


def drop_piece(session: Session, states: Collection[str]) -> bool:
    """Delete a piece of a file whose import is in none of these states; return whether there was one."""
    left = select(ImportPieceRow.import_id, ImportPieceRow.number).join(
        ImportRow, ImportRow.id == ImportPieceRow.import_id
    )
    found = session.execute(left.where(ImportRow.state.not_in(states)).limit(1)).first()
    if found is None:
        return False
    import_id, number = found
    where = ImportPieceRow.import_id == import_id, ImportPieceRow.number == number
    session.execute(delete(ImportPieceRow).where(*where))
    return True


def load_faults(session: Session, import_id: str, after: int, limit: int) -> Sequence[Line]:
    """Return rows with a fault, from a row number on."""
    query = select(ImportLineRow.number, ImportLineRow.fields, ImportLineRow.fault).where(
        ImportLineRow.import_id == import_id, ImportLineRow.fault.is_not(None), ImportLineRow.number > after
    )
    return session.execute(query.order_by(ImportLineRow.number).limit(limit)).all()


def find_states(session: Session, customer_nos: Collection[str]) -> dict[str, str]:
    """Return the states of those customers who are known, by number."""
    query = select(CustomerRow.customer_no, CustomerRow.state).where(_is_one_of(session, customer_nos))
    return {str(customer_no): state for customer_no, state in session.execute(query)}


def load_first_lines(session: Session, import_id: str, limit: int) -> Sequence[Line]:
    """Return the first rows without a fault."""
    query = select(ImportLineRow.number, ImportLineRow.fields, ImportLineRow.fault).where(
        ImportLineRow.import_id == import_id, ImportLineRow.fault.is_(None)
    )
    return session.execute(query.order_by(ImportLineRow.number).limit(limit)).all()


def list_imports(session: Session, limit: int) -> Sequence[ImportRow]:
    """Return the files of customers, the newest first."""
    return session.scalars(
        select(ImportRow).order_by(ImportRow.created_at.desc(), ImportRow.id.desc()).limit(limit)
    ).all()


def find_working(session: Session, states: Collection[str], skipped: Collection[str] = ()) -> ImportRow | None:
    """Return the oldest import in one of these states that nobody else is working on, held until the commit."""
    query = select(ImportRow).where(ImportRow.state.in_(states), ImportRow.id.not_in(skipped))
    return session.scalars(
        query.order_by(ImportRow.created_at, ImportRow.id).limit(1).with_for_update(skip_locked=True)
    ).first()


def read_detail(row: ImportRow) -> dict[str, Any]:
    """Return what is kept beside the figures of an import."""
    found: dict[str, Any] = json.loads(row.detail) if row.detail else {}
    return found


def write_detail(row: ImportRow, **parts: Any) -> None:
    """Change some of what is kept beside the figures of an import."""
    row.detail = json.dumps(read_detail(row) | parts, ensure_ascii=False)


def find_import(session: Session, import_id: str, *, lock: bool = False) -> ImportRow:
    """Return an import, locked if asked for; refuse what is none."""
    row = session.get(ImportRow, import_id, with_for_update=lock or None)
    if row is None:
        raise NotFound
    return row


def hold_import(session: Session, import_id: str, state: str) -> ImportRow:
    """Return an import in this state, locked; refuse any other."""
    row = find_import(session, import_id, lock=True)
    if row.state != state:
        raise Refusal(Reason.IMPORT_STATE)
    return row


def _unfold(session: Session, rows: Sequence[Any]) -> Any:
    """Return the column that holds the rows of a JSON document, one by one: a single parameter for any number."""
    text: ColumnElement[Any] = literal(json.dumps(rows, ensure_ascii=False))
    if session.get_bind().dialect.name == "sqlite":
        return func.json_each(text).table_valued(column("value", Document)).c.value
    return func.jsonb_array_elements(cast(text, Document)).table_valued(column("value", Document)).c.value


def _is_one_of(session: Session, customer_nos: Collection[str]) -> ColumnElement[bool]:
    rows = _unfold(session, [{"no": each} for each in customer_nos])
    return CustomerRow.customer_no.in_(select(rows["no"].as_string()))


def _text(name: str) -> ColumnElement[str | None]:
    """Return a part of the staged row as text; NULL without it."""
    found: ColumnElement[str | None] = _LINES.c.fields[name].as_string()
    return found


def _chunk(import_id: str, first: int, last: int) -> tuple[ColumnElement[bool], ...]:
    return _LINES.c.import_id == import_id, _LINES.c.number.between(first, last), _LINES.c.fault.is_(None)


def _was_known() -> ColumnElement[bool]:
    # The SQL NULL of rows that changed nobody, not the null of JSON.
    return ImportLineRow.before.is_not(null())


def _insert_from(
    session: Session, table: Any, columns: Mapping[str, ColumnElement[Any]], rows: Sequence[ColumnElement[bool]]
) -> int:
    values = [value.label(name) for name, value in columns.items()]
    chosen = select(*values).where(*rows)
    statement = insert(table).from_select(list(columns), chosen, include_defaults=False)
    ran: Any = session.execute(statement, execution_options={"preserve_rowcount": True})
    return int(ran.rowcount)
