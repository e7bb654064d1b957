"""A centre with templates, calendar, a handler and the news of two cases, for tests of pages and services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from central.domain.audit import AuditAct
from central.domain.people import Grant, Role
from central.services.business_seed import seed_business
from central.services.marketing import take_news
from central.store.audit import AuditRow
from central.store.cases import CaseRow
from central.store.templates import TemplateRow
from tests.integration.business.news import LATER, read, tell
from tests.integration.central.centre import Centre, open_centre

#: Case 8001 belongs to wang.fang and has news that contradict each other; 8002 to somebody unknown.
NEWS = [
    tell(101, "customer_created", -100, customer_no="510100001", name="锦江饭店"),
    tell(
        102,
        "case_opened",
        0,
        case_no="8001",
        business="LV-COM",
        customers=["510100001"],
        title="新装",
        handler="wang.fang",
    ),
    tell(103, "step_started", 1, case_no="8001", step="ACCEPT", handler="wang.fang"),
    tell(104, "step_completed", 3, case_no="8001", step="ACCEPT", handler="wang.fang"),
    tell(105, "step_completed", 4, case_no="8001", step="ACCEPT", handler="wang.fang"),
    tell(106, "step_started", 5, case_no="8001", step="PLAN", handler="wang.fang"),
    tell(107, "case_opened", 0, case_no="8002", business="METER", customers=["510100002"], title="换表"),
    tell(108, "step_started", 1, case_no="8002", step="ACCEPT"),
]


@contextmanager
def open_office(engine: Engine) -> Iterator[Centre]:
    """A centre with its business at LATER."""
    with open_centre(engine) as centre:
        centre.clock.now = LATER
        centre.found_person("wang.fang", Grant(Role.HANDLER, None, centre.found_unit(Role.HANDLER)), name="王芳")
        for login in ("zhao.min", "sun.li"):
            centre.found_person(login, Grant(Role.DEPARTMENT))
        with centre.tx.write() as session:
            seed_business(session, LATER)
        hear(centre, NEWS)
        yield centre


def hear(centre: Centre, news: Sequence[dict[str, Any]]) -> None:
    """Take news as the marketing system sends it."""
    with centre.tx.write() as session:
        take_news(session, [read(event, centre.clock()) for event in news], "k", centre.clock())


def case_id(centre: Centre, case_no: str) -> str:
    """The id of a case."""
    with centre.tx.read() as session:
        return session.scalars(select(CaseRow.id).where(CaseRow.case_no == case_no)).one()


def version_id(centre: Centre, business: str, version: int = 1) -> str:
    """The id of a version of a template."""
    with centre.tx.read() as session:
        query = select(TemplateRow.id).where(TemplateRow.business == business, TemplateRow.version == version)
        return session.scalars(query).one()


def list_acts(centre: Centre, act: AuditAct) -> list[AuditRow]:
    """The rows of the audit log of one kind of act."""
    with centre.tx.read() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.act == act.value).order_by(AuditRow.at)))


def page(client: TestClient, path: str) -> str:
    """The text of a page that has to be there, in Chinese."""
    answer = client.get(path, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
    assert answer.status_code == 200, answer.text
    text: str = answer.text
    return text
