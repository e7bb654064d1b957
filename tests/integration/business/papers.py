"""A team with a case whose first step ended: people of all three gates, tasks and papers, on any database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from importlib import resources

from sqlalchemy import delete, select

from central.domain.captures import PageMeasures
from central.domain.organisation import UnitKind
from central.domain.people import Actor, Grant, Role
from central.services.marketing import take_news
from central.services.uploads import CapturePages
from central.store.captures import ReadFile, ReadPage
from central.store.contents import KeptContent
from central.store.documents import DocumentRow, TaskRow
from central.store.grants import load_grants
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow, add_grants
from central.store.templates import TemplateRow
from central.store.tx import Transactions
from tests.integration.business.news import LATER, read, tell

GOOD = PageMeasures(1654, 2339, 200, 420, 0, 900)
LEANING = PageMeasures(1654, 2339, 200, 420, 45, 900)
CASE = "8001"


@dataclass
class PaperHouse:
    """Ids and actors by login."""

    tx: Transactions
    now: datetime = LATER
    units: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def actor(self, login: str) -> Actor:
        """The person with what they may act by now."""
        with self.tx.read() as session:
            grants = load_grants(session, self.people[login], self.now)
        return Actor(self.people[login], login, login, grants)

    def documents(self, step: str = "ACCEPT") -> dict[str, DocumentRow]:
        with self.tx.read() as session:
            rows = session.scalars(select(DocumentRow).where(DocumentRow.step == step))
            return {row.code: row for row in rows if row.voided_at is None}

    def task(self, step: str = "ACCEPT") -> TaskRow:
        with self.tx.read() as session:
            return session.scalars(select(TaskRow).where(TaskRow.step == step)).one()


def capture(
    document_id: str,
    *pages: PageMeasures,
    name: str = "scan.png",
    replace: bool = False,
    page_id: str | None = None,
) -> CapturePages:
    """A file with these pages, as if it had been read."""
    digest = sha256(f"{document_id}{name}".encode()).hexdigest()
    read_pages = tuple(
        ReadPage(KeptContent(sha256(f"{digest}{number}".encode()).hexdigest(), 10), page)
        for number, page in enumerate(pages or (GOOD,))
    )
    file = ReadFile(name, KeptContent(digest, 10), "image/png", read_pages)
    return CapturePages(document_id, (file,), replace, page_id=page_id)


def found_house(tx: Transactions, now: datetime = LATER, handler: str = "li") -> PaperHouse:
    """Found units, people of two teams, one kind of business, and a case of `handler` with one finished step."""
    house = PaperHouse(tx, now)
    with tx.write() as session:
        parent = None
        for kind, name in (
            (UnitKind.DEPARTMENT, "营销部"),
            (UnitKind.CENTRE, "高新供电中心"),
            (UnitKind.TEAM, "业务一班"),
            (UnitKind.TEAM, "业务二班"),
        ):
            house.units[name] = new_id()
            session.add(UnitRow(id=house.units[name], kind=kind, name=name, parent_id=parent, created_at=now))
            session.flush()
            parent = house.units[name] if kind is not UnitKind.TEAM else parent
    team, other, centre = (house.units[each] for each in ("业务一班", "业务二班", "高新供电中心"))
    add_people(
        house,
        [
            (handler, Role.HANDLER, team),
            ("zhao", Role.COLLECTOR, team),
            ("qian", Role.ARCHIVIST, centre),
            ("sun", Role.HANDLER, other),
            ("zhou", Role.COLLECTOR, other),
            ("wu", Role.TEAM_LEADER, team),
        ],
    )
    text = (resources.files("central") / "seeds" / "templates" / "LV-COM.json").read_text("utf-8")
    with tx.write() as session:
        # a centre that was migrated by its command has its templates already
        session.execute(delete(TemplateRow).where(TemplateRow.business == "LV-COM"))
        row = TemplateRow(id=new_id(), business="LV-COM", version=1, name="低压非居民新装", name_en="LV non-resident")
        row.body, row.state, row.effective_from, row.created_at = json.loads(text), "approved", date(2020, 1, 1), now
        session.add(row)
    events = [
        tell(1, "customer_created", -100, customer_no="510100001", name="锦江饭店"),
        tell(
            2, "case_opened", 0, case_no=CASE, business="LV-COM", customers=["510100001"], title="新装", team="业务一班"
        ),
        tell(3, "step_started", 1, case_no=CASE, step="ACCEPT", handler=handler),
        tell(4, "step_completed", 6, case_no=CASE, step="ACCEPT"),
    ]
    with tx.write() as session:
        take_news(session, [read(each) for each in events], "2026-11", now)
    return house


def add_people(house: PaperHouse, wanted: Sequence[tuple[str, Role, str]]) -> None:
    """Found people without a password, each with one role."""
    for login, role, unit_id in wanted:
        with house.tx.write() as session:
            row = PersonRow(id=new_id(), login=login, name=login, unit_id=unit_id, created_at=house.now)
            session.add(row)
            session.flush()
            add_grants(session, row.id, frozenset({Grant(role, None, unit_id)}), house.now, None)
            house.people[login] = row.id
