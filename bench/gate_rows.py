"""A million documents for the bench `gate`: one case written by the services themselves, copied inside the database.

The copies are what the news of so many cases leaves behind, row by row and index by index, but for the bodies of the
news as it came. Ids keep their form; their first eight characters tell the copies apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import String, Table, cast, func, insert, literal, literal_column, select, text, true
from sqlalchemy.orm import Session

from central.domain.marketing import MarketingEvent, read_event
from central.services.marketing import take_news
from central.store.cases import CaseCustomerRow, CaseEventRow, CaseRow, StepRow
from central.store.customers import CustomerRow, DossierRow
from central.store.documents import DocumentRow, TaskRow
from central.store.tx import Transactions

BUSINESS: Final = "LV-COM"
STEPS: Final = ("ACCEPT", "SURVEY", "PLAN", "SIGN", "ENERGISE")
#: Papers that such a case asks for.
DOCUMENTS: Final = 10
MODEL, CUSTOMER = "M0", "MC0"
CASES_AT_ONCE: Final = 5_000
#: Columns that are copied with their first characters changed, or hold a number that must be each case's own.
IDS: Final = frozenset({"id", "case_id", "task_id", "customer_id", "dossier_id"})
NUMBERS: Final = {"case_no": "B", "customer_no": "K", "dossier_no": "K"}
KINDS: Final = (CustomerRow, DossierRow, CaseRow, CaseCustomerRow, CaseEventRow, StepRow, TaskRow, DocumentRow)
#: By which column the model's rows are found, where that is not its case.
_OWNERS: Final[dict[str, tuple[str, Any]]] = {
    "cases": ("case_no", MODEL),
    "customers": ("customer_no", CUSTOMER),
    "dossiers": ("dossier_no", CUSTOMER),
}


def name_case(number: int) -> str:
    """Return the case number of a copy."""
    return f"B{number:09}"


def write_model(tx: Transactions, now: datetime) -> None:
    """Let the services write one case of ten papers, of which one has passed its gate; nothing of it is due yet."""
    began = now - timedelta(hours=8)
    news = [_tell("case_opened", began, business=BUSINESS, customers=[CUSTOMER], attributes={"dual_source": True})]
    for hour, step in enumerate(STEPS, 1):
        news.append(_tell("step_started", began + timedelta(hours=hour), step=step))
        news.append(_tell("step_completed", began + timedelta(hours=hour, minutes=30), step=step))
    with tx.write() as session:
        take_news(session, [_read(event, now) for event in news], "bench", now)
        papers = session.query(DocumentRow).order_by(DocumentRow.id).all()
        if len(papers) != DOCUMENTS:
            raise RuntimeError(f"the model case has {len(papers)} documents")
        papers[0].state = "reviewed"


def copy_cases(tx: Transactions, first: int, last: int) -> None:
    """Copy the model so often, in transactions of some thousand cases; let the planner see what it did."""
    for start in range(first, last + 1, CASES_AT_ONCE):
        with tx.write() as session:
            for kind in KINDS:
                table: Any = kind.__table__
                session.execute(_copy(session, table, start, min(last, start + CASES_AT_ONCE - 1)))
    # What autovacuum does a minute later on PostgreSQL: without it the planner takes the tables for empty.
    with tx.write() as session:
        session.execute(text("ANALYZE"))
    if tx.engine.dialect.name == "sqlite":
        # A log of gigabytes is what this copying leaves, not what a working centre has.
        with tx.engine.connect() as link:
            link.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(session: Session, table: Table, first: int, last: int) -> Any:
    numbers = select(literal(first).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < last))
    number = numbers.c.number
    sqlite = session.get_bind().dialect.name == "sqlite"
    begin = func.printf("%08x", number) if sqlite else func.lpad(func.to_hex(number), 8, "0")
    digits = func.printf("%09d", number) if sqlite else func.lpad(cast(number, String), 9, "0")

    def change(column: Any) -> Any:
        if column.name in IDS:
            return begin.concat(func.substr(column, 9))
        if column.name in NUMBERS:
            return literal(NUMBERS[column.name]).concat(digits)
        if column.name == "event_id":
            return column.concat(digits)
        return literal_column(f"{table.name}.{column.name}")

    columns = [column.name for column in table.columns]
    model = select(CaseRow.id).where(CaseRow.case_no == MODEL).scalar_subquery()
    owner, whose = _OWNERS.get(table.name, ("case_id", model))
    # The numbers lead, as in life: the rows of one case lie together.
    copies = (
        select(*(change(column) for column in table.columns))
        .select_from(numbers.join(table, true()))
        .where(table.c[owner] == whose)
    )
    return insert(table).from_select(columns, copies)


def _tell(kind: str, at: datetime, **data: Any) -> dict[str, Any]:
    facts = {"case_no": MODEL, **data}
    return {
        "specversion": "1.0",
        "id": f"model-{kind}-{data.get('step', '')}",
        "source": "urn:bench",
        "type": f"openaisle.marketing.{kind}",
        "time": at.isoformat(),
        "data": facts,
    }


def _read(event: dict[str, Any], now: datetime) -> MarketingEvent:
    found = read_event(event, now)
    if not isinstance(found, MarketingEvent):
        raise TypeError(f"the bench told nonsense: {found}")
    return found
