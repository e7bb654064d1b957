"""A house for tests of time: one centre with a team, people at every level, and things that fall due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from central.domain.people import Grant, Role
from central.store.cases import CaseRow, StepRow
from central.store.customers import ContractRow, CustomerRow
from central.store.documents import DocumentRow, TaskRow
from central.store.ids import new_id
from central.store.organisation import UnitRow
from central.store.people import PersonRow, add_grants
from central.store.tx import Transactions

#: A Tuesday, 16:00 in China.
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class House:
    """Names of people and units to ids."""

    tx: Transactions
    people: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def found(self) -> House:
        """Found the organisation and one person for each level."""
        with self.tx.write() as session:
            for kind, parent in (("department", None), ("centre", "department"), ("team", "centre")):
                self.units[kind] = new_id()
                session.add(
                    UnitRow(
                        id=self.units[kind],
                        kind=kind,
                        name=kind,
                        parent_id=self.units[parent] if parent else None,
                        created_at=NOW,
                    )
                )
                session.flush()
            for role, unit in (
                (Role.HANDLER, "team"),
                (Role.COLLECTOR, "team"),
                (Role.TEAM_LEADER, "team"),
                (Role.CENTRE_MANAGER, "centre"),
            ):
                self.add_person(session, role.value, Grant(role, None, self.units[unit]))
        return self

    def add_person(self, session: Session, login: str, *grants: Grant) -> str:
        """Add an active person with these roles."""
        self.people[login] = new_id()
        session.add(PersonRow(id=self.people[login], name=login, login=login, created_at=NOW - 99 * HOUR))
        session.flush()
        add_grants(session, self.people[login], grants, NOW - 99 * HOUR)
        return self.people[login]

    def add_case(self, session: Session, number: str = "8001") -> str:
        """Add a case of the handler."""
        case = CaseRow(
            id=new_id(),
            case_no=number,
            title="新装",
            attributes={},
            odd=[],
            unit_id=self.units["team"],
            handler_id=self.people["handler"],
            opened_at=NOW - 99 * HOUR,
            created_at=NOW,
            folded_at=NOW,
        )
        session.add(case)
        session.flush()
        return case.id

    def add_task(self, session: Session, case_id: str, step: str, due_at: datetime, state: str = "to_add") -> str:
        """Add a task whose 48 hours end then."""
        task = TaskRow(
            id=new_id(),
            case_id=case_id,
            step=step,
            state=state,
            unit_id=self.units["team"],
            handler_id=self.people["handler"],
            created_at=NOW,
            step_ended_at=due_at - 48 * HOUR,
            due_at=due_at,
            warn_at=due_at - 12 * HOUR,
            next_check_at=due_at - 12 * HOUR,
        )
        session.add(task)
        session.flush()
        return task.id

    def add_step(self, session: Session, case_id: str, code: str, due_at: datetime, *, assessed: bool = True) -> str:
        """Add a running step whose limit ends then."""
        step = StepRow(
            id=new_id(),
            case_id=case_id,
            code=code,
            position=0,
            unit_id=self.units["team"],
            handler_id=self.people["handler"],
            started_at=due_at - 99 * HOUR,
            due_at=due_at,
            warn_at=due_at - 24 * HOUR,
            next_check_at=due_at - 24 * HOUR,
            assessed=assessed,
        )
        session.add(step)
        session.flush()
        return step.id

    def add_document(self, session: Session, task_id: str, code: str, due_at: datetime, state: str = "due") -> str:
        """Add a paper of a task, to be scanned by then."""
        task = session.get_one(TaskRow, task_id)
        document = DocumentRow(
            id=new_id(),
            task_id=task_id,
            case_id=task.case_id,
            step=task.step,
            code=code,
            name="申请书",
            name_en="application",
            medium="paper",
            need="required",
            gate=2,
            retention="permanent",
            state=state,
            unit_id=task.unit_id,
            handler_id=task.handler_id,
            paper_created_at=due_at - 48 * HOUR,
            due_at=due_at,
            warn_at=due_at - 12 * HOUR,
            next_check_at=due_at - 12 * HOUR if state == "due" else None,
        )
        session.add(document)
        session.flush()
        return document.id

    def add_contract(self, session: Session, number: str, ends_on: date) -> str:
        """Add a contract of a customer of the handler."""
        customer = CustomerRow(
            id=new_id(), customer_no=f"K{number}", name="锦江宾馆", attributes={}, told={}, created_at=NOW
        )
        session.add(customer)
        session.flush()
        contract = ContractRow(
            id=new_id(),
            contract_no=number,
            customer_id=customer.id,
            unit_id=self.units["team"],
            handler_id=self.people["handler"],
            signed_on=ends_on - timedelta(days=700),
            ends_on=ends_on,
            told_at=NOW,
            next_check_at=NOW - 99 * HOUR,
        )
        session.add(contract)
        session.flush()
        return contract.id
