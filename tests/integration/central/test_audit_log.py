"""The audit log on both databases: written with its act, chained after it, and no tampering goes unseen."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor, Role
from central.jobs.audit_chain import AuditChain, read_heads
from central.metrics import Metrics
from central.services.audit import chain_rows, verify_audit
from central.services.page_views import note_page_view
from central.store.audit import AuditLinkRow, AuditPendingRow, AuditRow, add_audit
from tests.integration.central.centre import START, Centre, load_room, open_centre, person
from tests.integration.central.room_files import room_file
from tests.wait import wait_for


@pytest.fixture
def centre(clean_engine: Engine) -> Iterator[Centre]:
    with open_centre(clean_engine) as centre:
        yield centre


def write_rows(centre: Centre, count: int) -> list[str]:
    ids = []
    for no in range(count):
        with centre.tx.write() as session:
            entry = AuditEntry(AuditAct.PERSON_CHANGED, "person", f"p{no}", "李慧", "调岗", {"n": no}, {"n": no + 1})
            ids.append(add_audit(session, person(Role.ADMIN, None), entry, centre.clock()))
        centre.clock.advance(seconds=1)
    return ids


def make_job(centre: Centre, head_file: Path | None = None) -> AuditChain:
    return AuditChain(centre.tx, Metrics(), centre.clock, head_file)


def verify(centre: Centre, heads: tuple[tuple[int, str], ...] = ()) -> tuple[int, str | None, str | None]:
    """(links that hold, kind of the first break, its row)."""
    with centre.tx.read() as session:
        verdict = verify_audit(session, heads)
    broken = verdict.broken
    return verdict.rows, broken.kind if broken else None, broken.row_id if broken else None


def test_a_row_stands_and_falls_with_its_act(centre: Centre) -> None:
    def fail() -> None:
        with centre.tx.write() as session:
            add_audit(session, None, AuditEntry(AuditAct.PERSON_CHANGED, "person", "p1"), START)
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError, match="act"):
        fail()
    with centre.tx.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 0
        assert session.scalar(select(func.count()).select_from(AuditPendingRow)) == 0


def test_rows_are_chained_once_in_order_and_hold(centre: Centre) -> None:
    ids = write_rows(centre, 5)
    job = make_job(centre)
    job.run_round()
    job.run_round()
    with centre.tx.read() as session:
        assert list(session.scalars(select(AuditLinkRow.row_id).order_by(AuditLinkRow.seq))) == ids
        assert session.scalar(select(func.count()).select_from(AuditPendingRow)) == 0
    assert verify(centre) == (5, None, None)


TAMPERS: tuple[tuple[str, str, str], ...] = (
    ("UPDATE audit_rows SET why = 'nothing' WHERE id = '{1}'", "changed", "{1}"),
    ("UPDATE audit_rows SET person_name = 'x' WHERE id = '{1}'", "changed", "{1}"),
    ("UPDATE audit_rows SET after = '{{\"n\": 7}}' WHERE id = '{1}'", "changed", "{1}"),
    ("DELETE FROM audit_rows WHERE id = '{1}'", "missing", "{1}"),
    ("DELETE FROM audit_links WHERE row_id = '{1}'", "gap", "{2}"),
    ("DELETE FROM audit_links WHERE row_id = '{3}'", "head", ""),
    ("UPDATE audit_links SET hash = 'x' WHERE row_id = '{0}'", "changed", "{0}"),
)


@pytest.mark.parametrize(("statement", "kind", "row"), TAMPERS)
def test_tampering_is_found_and_its_row_named(centre: Centre, statement: str, kind: str, row: str) -> None:
    ids = write_rows(centre, 4)
    make_job(centre).run_round()
    with centre.tx.write() as session:
        session.connection().exec_driver_sql(statement.format(*ids))
    _, found, broken_row = verify(centre)
    assert (found, broken_row) == (kind, row.format(*ids))


def test_a_row_taken_out_of_the_queue_is_missed(centre: Centre) -> None:
    write_rows(centre, 2)
    make_job(centre).run_round()
    write_rows(centre, 1)
    with centre.tx.write() as session:
        session.execute(text("DELETE FROM audit_pending"))
    assert verify(centre) == (2, "unchained", "")


def test_a_forged_chain_contradicts_the_published_head(centre: Centre, tmp_path: Path) -> None:
    """Whoever owns the database can chain it anew; the head that was published that day can't be called back."""
    file = tmp_path / "heads.jsonl"
    ids = write_rows(centre, 3)
    make_job(centre, file).run_round()
    heads = tuple(read_heads(file))
    with centre.tx.write() as session:
        session.execute(text("UPDATE audit_rows SET why = 'nothing' WHERE id = :id"), {"id": ids[1]})
        for table in ("audit_links", "audit_heads"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("INSERT INTO audit_pending (row_id, at) SELECT id, at FROM audit_rows"))
    make_job(centre).run_round()
    assert verify(centre) == (3, None, None)
    assert verify(centre, heads) == (2, "head", ids[2])


def test_the_head_is_published_once_a_day(centre: Centre, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    job = make_job(centre, file)
    job.run_round()
    assert not file.exists()
    for _ in range(3):
        write_rows(centre, 2)
        job.run_round()
        job.run_round()
        centre.clock.advance(days=1)
    assert [seq for seq, _ in read_heads(file)] == [2, 4, 6]
    assert verify(centre, tuple(read_heads(file))) == (6, None, None)
    (tmp_path / "bad.jsonl").write_text('"text"\n')
    with pytest.raises(ValueError, match="no head"):
        read_heads(tmp_path / "bad.jsonl")


def test_two_jobs_at_once_make_one_chain(centre: Centre) -> None:
    write_rows(centre, 30)

    def chain(_no: int) -> Callable[[], None]:
        def run() -> None:
            while True:
                with centre.tx.write() as session:
                    if not chain_rows(session, centre.clock()):
                        return

        return run

    threads = [threading.Thread(target=chain(no)) for no in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert verify(centre) == (30, None, None)


def test_the_job_wakes_by_itself_and_ends_with_nothing_left(centre: Centre) -> None:
    job = make_job(centre)
    job.start()
    try:
        write_rows(centre, 3)
        wait_for(lambda: verify(centre)[0] == 3, 20, "the rows to be chained")
        write_rows(centre, 2)
    finally:
        job.close()
    assert verify(centre) == (5, None, None)


def test_who_from_where_and_what_before_and_after(centre: Centre) -> None:
    load_room(centre.tx, room_file())
    keeper = centre.client(Role.ADMIN)
    zhou = centre.found_person("zhou", name="周敏 51010419900101123X")
    keeper.patch(f"/api/v1/people/{zhou}", json={"name": "周敏"})
    (row,) = keeper.get("/api/v1/audit", params={"act": "person_changed"}).json()["items"]
    assert (row["person_name"], row["address"], row["subject_id"]) == ("赵敏", "testclient", zhou)
    assert row["session_id"]
    assert row["before"]["name"] == "周敏 510***********123X"
    assert row["after"]["name"] == "周敏"
    assert keeper.get(f"/api/v1/audit/{row['id']}").json() == row
    (founded,) = keeper.get("/api/v1/audit", params={"act": "person_created"}).json()["items"]
    assert (founded["person_id"], founded["person_name"]) == (None, "command line")


def test_the_log_is_searched_paged_and_exported_by_those_who_may(centre: Centre) -> None:
    load_room(centre.tx, room_file())
    write_rows(centre, 5)
    auditor = centre.client(Role.DEPARTMENT)
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        query = {"act": "person_changed", "limit": 2} | ({"after": after} if after else {})
        page = auditor.get("/api/v1/audit", params=query).json()
        seen += [row["subject_id"] for row in page["items"]]
        after = page["next_after"]
    assert (seen, after) == (["p4", "p3", "p2", "p1", "p0"], None)
    found = auditor.get("/api/v1/audit", params={"text": "调岗", "subject": "p3"}).json()["items"]
    assert [row["subject_id"] for row in found] == ["p3"]
    assert auditor.get("/api/v1/audit", params={"until_at": START.isoformat()}).json()["items"] == []
    lines = list(csv.reader(io.StringIO(auditor.get("/audit.csv", params={"act": "person_changed"}).text)))
    assert len(lines) == 6
    assert "调岗" in lines[1]
    (export,) = auditor.get("/api/v1/audit", params={"act": "audit_exported"}).json()["items"]
    assert export["after"]["act"] == "person_changed"
    for role in (Role.ARCHIVIST, Role.HANDLER, Role.TECHNICIAN):
        client = centre.client(role)
        assert {client.get(path).status_code for path in ("/api/v1/audit", "/audit.csv", "/api/v1/audit/head")} == {403}


def test_every_write_leaves_its_row(centre: Centre) -> None:
    load_room(centre.tx, room_file())

    def view(session: Session) -> None:
        reader: Actor = person(Role.ARCHIVIST)
        note_page_view(session, reader, subject_kind="box", subject_id="d1", subject_name="合同", page_no=3, now=START)

    with centre.tx.write() as session:
        view(session)
    with centre.tx.read() as session:
        acts = dict(session.execute(select(AuditRow.act, AuditRow.after)).all())
    assert acts["page_viewed"] == {"page_no": 3, "printed": False}
    assert acts["room_imported"]["boxes"] == 20


def test_metrics_tell_how_far_the_chain_is_behind(centre: Centre) -> None:
    load_room(centre.tx, room_file())
    write_rows(centre, 2)
    centre.clock.advance(seconds=90)
    client = centre.client()
    before = client.get("/metrics").text
    assert "openaisle_central_audit_waiting 3.0" in before
    lag = next(line for line in before.splitlines() if line.startswith("openaisle_central_audit_lag_seconds"))
    assert float(lag.split()[1]) >= 90
    make_job(centre).run_round()
    after = client.get("/metrics").text
    assert "openaisle_central_audit_waiting 0.0" in after
    assert "openaisle_central_audit_seq 3.0" in after
