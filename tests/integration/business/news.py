"""News as the marketing system sends it, for tests."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.marketing import MarketingEvent, read_event
from central.store.callbacks import CallbackRow
from central.store.cases import CaseCustomerRow, CaseRow, StepRow
from central.store.customers import CitationRow, ContractRow, CustomerRow, DossierRow
from central.store.documents import DocumentRow, TaskRow

START = datetime(2026, 11, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 11, 24, tzinfo=UTC)
SOURCE = "urn:marketing:chengdu"
#: What a fold can't know: ids drawn at random, and when which arrival was written.
ARRIVAL = frozenset(
    [
        "id",
        "case_id",
        "customer_id",
        "task_id",
        "dossier_id",
        "document_id",
        "template_id",
        "merged_into",
        "created_at",
        "folded_at",
        "gate_changed_at",
        "sent_at",
        "done_at",
    ]
)


def tell(number: int, kind: str, hours: float, corrects: str | None = None, **data: Any) -> dict[str, Any]:
    """Return one CloudEvent of the marketing system."""
    event = {
        "specversion": "1.0",
        "id": f"evt-{number:04}",
        "source": SOURCE,
        "type": f"openaisle.marketing.{kind}",
        "time": (START + timedelta(hours=hours)).isoformat(),
        "data": data,
    }
    return event if corrects is None else {**event, "corrects": corrects}


def read(event: dict[str, Any], now: datetime = LATER) -> MarketingEvent:
    """Return the event as the domain reads it."""
    found = read_event(event, max(now, LATER))
    assert isinstance(found, MarketingEvent), found
    return found


HISTORY = [
    tell(1, "customer_created", -100, customer_no="510100001", name="锦江饭店", address="锦江路1号"),
    tell(2, "customer_changed", -50, customer_no="510100001", meter_no="M-77", attributes={"voltage_kv": 10}),
    tell(3, "customer_changed", -20, customer_no="510100001", name="锦江宾馆", attributes={"voltage_kv": 35}),
    tell(4, "case_opened", 0, case_no="8001", business="LV-COM", customers=["510100001", "510100002"], title="新装"),
    tell(5, "step_started", 1, case_no="8001", step="ACCEPT", handler="nobody"),
    tell(6, "case_paused", 2, case_no="8001", reason="customer"),
    tell(7, "case_resumed", 4, case_no="8001"),
    tell(8, "step_completed", 6, case_no="8001", step="ACCEPT", papers={"LICENCE": START.isoformat()}),
    tell(9, "step_started", 7, case_no="8001", step="SURVEY"),
    tell(10, "step_completed", 30, case_no="8001", step="SURVEY"),
    tell(11, "case_opened", 1, "evt-0004", case_no="8001", business="LV-COM", customers=["510100002", "510100001"]),
    tell(
        12,
        "contract_signed",
        40,
        contract_no="HT-1",
        customer_no="510100001",
        signed_on="2026-11-03",
        ends_on="2029-11-02",
    ),
    tell(13, "contract_ended", 90, contract_no="HT-1", ended_on="2026-11-06"),
    tell(14, "customers_merged", 95, from_no="510100003", into_no="510100001"),
    tell(
        15,
        "customer_split",
        96,
        from_no="510100001",
        into=[{"customer_no": "510100004", "name": "锦江商铺", "team": "nobody"}],
    ),
    tell(16, "customer_changed", 97, customer_no="510100004", name="锦江铺面"),
    tell(17, "case_closed", 98, case_no="8001"),
]


def counts(row: Any) -> bool:
    """Whether something still asks for the thing: what was corrected away stays, void, if it was ever there."""
    return getattr(row, "voided_at", None) is None and getattr(row, "state", "") != "void"


def show_end(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the tables say, without ids and moments of arrival."""
    shown = {}
    for kind in (
        CustomerRow,
        DossierRow,
        ContractRow,
        CaseRow,
        CaseCustomerRow,
        StepRow,
        TaskRow,
        DocumentRow,
        CitationRow,
    ):
        names = [column.key for column in kind.__table__.columns if column.key not in ARRIVAL]
        found = [row for row in session.scalars(select(kind)) if counts(row)]
        rows = [tuple(json.dumps(getattr(row, name), sort_keys=True, default=str) for name in names) for row in found]
        shown[kind.__tablename__] = sorted(rows)
    last: dict[str, tuple[Any, ...]] = {}
    for row in session.scalars(select(CallbackRow).order_by(CallbackRow.subject, CallbackRow.sequence)):
        last[row.subject] = (row.body["state"],)
    shown["callbacks"] = [tuple(itertools.chain([subject], state)) for subject, state in sorted(last.items())]
    return shown
