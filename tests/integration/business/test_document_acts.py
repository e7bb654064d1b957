"""A document's way through the three gates, on both databases: who may, who may not, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.domain.documents import DocumentAct, DocumentState, ReturnReason
from central.domain.permissions import Action
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.tasks import TaskState
from central.services.document_views import find_page, show_document
from central.services.documents import (
    OverrideFinding,
    ReturnDocument,
    accept_document,
    override_finding,
    pass_review,
    return_document,
    self_check_document,
)
from central.services.step_gates import ask_gate
from central.services.tasks import (
    SearchTasks,
    SearchWaiting,
    list_tasks,
    list_waiting_documents,
    send_task,
    show_task,
)
from central.services.uploads import capture_pages
from central.store.audit import AuditRow
from central.store.callbacks import CallbackRow
from central.store.documents import ContentRow, DocumentActRow, PageRow
from central.store.ids import new_id
from central.store.people import AbsenceRow
from central.store.tx import Transactions
from tests.integration.business.papers import CASE, GOOD, LEANING, PaperHouse, capture, found_house


@pytest.fixture
def house(clean_engine: Engine) -> PaperHouse:
    return found_house(Transactions(clean_engine))


def do(house: PaperHouse, login: str, service: Callable[..., object], *arguments: object) -> object:
    house.now += timedelta(minutes=1)
    with house.tx.write() as session:
        return service(session, house.actor(login), *arguments, house.now)


def refused(house: PaperHouse, login: str, service: Callable[..., object], *arguments: object) -> Reason:
    with pytest.raises(Refusal) as caught:
        do(house, login, service, *arguments)
    return caught.value.reason


def bring_to_review(house: PaperHouse) -> list[str]:
    """Capture, check and send every paper of the step; return their ids."""
    ids = [row.id for row in house.documents().values()]
    for document_id in ids:
        do(house, "li", capture_pages, capture(document_id))
        do(house, "li", self_check_document, document_id)
    do(house, "li", send_task, house.task().id)
    return ids


def test_from_due_to_accepted_task_and_gate_follow(house: PaperHouse) -> None:
    assert house.task().state == TaskState.TO_ADD
    ids = [row.id for row in house.documents().values()]
    for document_id in ids:
        do(house, "li", capture_pages, capture(document_id, GOOD, GOOD))
    assert (house.task().state, {row.pages for row in house.documents().values()}) == (TaskState.TO_SEND, {2})
    for document_id in ids:
        do(house, "li", self_check_document, document_id)
    assert do(house, "li", send_task, house.task().id) == len(ids)
    assert house.task().state == TaskState.SENT
    with house.tx.read() as session:
        assert ask_gate(session, None, CASE, "ACCEPT", house.now).answer.state == "closed"
        waits = {
            login: list_waiting_documents(session, house.actor(login), Action.REVIEW_DOCUMENT, SearchWaiting()).items
            for login in ("zhao", "zhou")
        }
        assert {login: len(papers) for login, papers in waits.items()} == {"zhao": len(ids), "zhou": 0}
    for document_id in ids:
        do(house, "zhao", pass_review, document_id)
    with house.tx.read() as session:
        assert ask_gate(session, None, CASE, "ACCEPT", house.now).answer.state == "open"
        told = session.scalars(select(CallbackRow).order_by(CallbackRow.sequence)).all()
        assert told[-1].body["state"] == "open"
    for document_id in ids:
        do(house, "qian", accept_document, document_id)
    assert {row.state for row in house.documents().values()} == {DocumentState.ACCEPTED}
    assert house.task().state == TaskState.DONE
    with house.tx.read() as session:
        acts = session.scalars(
            select(DocumentActRow.act).where(DocumentActRow.document_id == ids[0]).order_by(DocumentActRow.at)
        ).all()
        assert acts == ["capture", "self_check", "send", "pass_review", "accept"]
        audited = session.scalars(select(AuditRow.act).where(AuditRow.subject_id == ids[0]).order_by(AuditRow.at)).all()
    assert audited == [
        AuditAct.DOCUMENT_CAPTURED,
        AuditAct.DOCUMENT_SELF_CHECKED,
        AuditAct.DOCUMENT_SENT,
        AuditAct.DOCUMENT_REVIEWED,
        AuditAct.DOCUMENT_ACCEPTED,
        AuditAct.PAPER_MOVED,
    ]


def test_a_returned_document_is_scanned_anew_and_closes_the_gate(house: PaperHouse) -> None:
    ids = bring_to_review(house)
    for document_id in ids:
        do(house, "zhao", pass_review, document_id)
    command = ReturnDocument(ids[0], Action.ACCEPT_DOCUMENT, ReturnReason.NOT_AS_PAPER, "second page is another one")
    do(house, "qian", return_document, command)
    with house.tx.read() as session:
        assert ask_gate(session, None, CASE, "ACCEPT", house.now).answer.state == "closed"
        shown = show_document(session, house.actor("li"), ids[0])
    assert (shown.state, house.task().state) == (DocumentState.RETURNED, TaskState.TO_ADD)
    assert [act.voided for act in shown.acts if act.act is DocumentAct.PASS_REVIEW] == [True]
    do(house, "li", capture_pages, capture(ids[0], GOOD, name="again.png"))
    assert {row.id: row.pages for row in house.documents().values()}[ids[0]] == 1
    do(house, "li", self_check_document, ids[0])
    do(house, "li", send_task, house.task().id)
    do(house, "zhao", pass_review, ids[0])
    do(house, "qian", accept_document, ids[0])
    assert house.documents()[shown_code(house, ids[0])].state == DocumentState.ACCEPTED


def shown_code(house: PaperHouse, document_id: str) -> str:
    return next(code for code, row in house.documents().items() if row.id == document_id)


def test_what_lies_outside_is_not_found(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    for login, service, *arguments in (
        ("sun", capture_pages, capture(document_id)),
        ("sun", self_check_document, document_id),
        ("sun", send_task, house.task().id),
        ("zhou", pass_review, document_id),
        ("zhou", return_document, ReturnDocument(document_id, Action.REVIEW_DOCUMENT, ReturnReason.OTHER, "x")),
        ("zhao", accept_document, document_id),
        ("zhao", self_check_document, document_id),
        ("wu", pass_review, document_id),
        ("qian", pass_review, document_id),
    ):
        with pytest.raises(NotFound):
            do(house, login, service, *arguments)
    with house.tx.read() as session:
        page_id = session.scalars(select(PageRow.id).where(PageRow.document_id == document_id)).one()
        for stranger in ("sun", "zhou"):
            with pytest.raises(NotFound):
                show_document(session, house.actor(stranger), document_id)
            with pytest.raises(NotFound):
                find_page(session, house.actor(stranger), document_id, page_id)
            with pytest.raises(NotFound):
                show_task(session, house.actor(stranger), house.task().id)
            assert list_tasks(session, house.actor(stranger), SearchTasks(TaskState.SENT)).items == ()
        assert find_page(session, house.actor("wu"), document_id, page_id).number == 1


def test_findings_keep_the_first_gate_shut_until_a_person_says_why(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    assert do(house, "li", capture_pages, replace(capture(document_id, GOOD, LEANING), counted=3)) == 1
    assert refused(house, "li", self_check_document, document_id) is Reason.FINDINGS_OPEN
    with house.tx.read() as session:
        page = show_document(session, house.actor("li"), document_id).pages[1]
    assert page.findings == (("skew", 45), ("page_count", 2))
    assert refused(house, "li", override_finding, OverrideFinding(document_id, page.id, " ")) is Reason.INVALID
    do(house, "li", override_finding, OverrideFinding(document_id, page.id, "the form itself is printed askew"))
    do(house, "li", self_check_document, document_id)
    with house.tx.read() as session:
        seen = show_document(session, house.actor("zhao"), document_id).pages[1]
        audited = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.FINDING_OVERRIDDEN)).one()
    assert (seen.overridden_by, seen.override_note) == ("li", "the form itself is printed askew")
    assert audited.why == "the form itself is printed askew"


def test_the_same_file_again_is_flagged(house: PaperHouse) -> None:
    first, second = (row.id for row in list(house.documents().values())[:2])
    command = capture(first)
    assert do(house, "li", capture_pages, command) == 0
    assert do(house, "li", capture_pages, replace(command, document_id=second)) == 1


def test_nobody_passes_two_gates_nor_has_it_done_by_a_deputy(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    with house.tx.write() as session:
        session.add(
            AbsenceRow(
                id=new_id(),
                person_id=house.people["zhao"],
                deputy_id=house.people["li"],
                from_at=house.now - timedelta(days=1),
                until_at=house.now + timedelta(days=9),
                entered_at=house.now,
            )
        )
    with house.tx.read() as session:
        shown = show_document(session, house.actor("li"), document_id)
    assert shown.banned
    assert DocumentAct.PASS_REVIEW not in shown.may
    assert refused(house, "li", pass_review, document_id) is Reason.GATE_BAN


def test_acts_out_of_turn_are_refused_and_change_nothing(house: PaperHouse) -> None:
    document_id = house.documents()["APPLICATION"].id
    assert refused(house, "li", self_check_document, document_id) is Reason.DOCUMENT_STATE
    assert refused(house, "li", send_task, house.task().id) is Reason.NOTHING_TO_SEND
    assert refused(house, "zhao", pass_review, document_id) is Reason.DOCUMENT_STATE
    assert refused(house, "qian", accept_document, document_id) is Reason.DOCUMENT_STATE
    command = ReturnDocument(document_id, Action.REVIEW_DOCUMENT, ReturnReason.OTHER, "x")
    assert refused(house, "zhao", return_document, command) is Reason.DOCUMENT_STATE
    bring_to_review(house)
    assert refused(house, "zhao", return_document, replace(command, note="")) is Reason.INVALID
    assert refused(house, "zhao", return_document, replace(command, reason=None)) is Reason.INVALID
    assert (
        refused(house, "qian", return_document, replace(command, gate=Action.ACCEPT_DOCUMENT)) is Reason.DOCUMENT_STATE
    )
    assert refused(house, "li", capture_pages, capture(document_id)) is Reason.DOCUMENT_STATE
    with house.tx.read() as session:
        assert session.scalar(select(DocumentActRow).where(DocumentActRow.act == "return")) is None


def test_a_damaged_picture_is_shown_to_nobody(house: PaperHouse) -> None:
    document_id = bring_to_review(house)[0]
    with house.tx.write() as session:
        page = session.scalars(select(PageRow).where(PageRow.document_id == document_id)).one()
        session.get_one(ContentRow, page.image_sha256).state = "wrong"
        page_id = page.id
    with house.tx.read() as session:
        assert show_document(session, house.actor("zhao"), document_id).pages[0].damaged
        with pytest.raises(Refusal, match="content_wrong"):
            find_page(session, house.actor("zhao"), document_id, page_id)
