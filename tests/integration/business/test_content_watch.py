"""Contents are read again on schedule: what turned wrong is quarantined, what is missing is said, both once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.jobs.contents import ContentWatch
from central.jobs.readings import read_metrics
from central.store.audit import AuditRow
from central.store.captures import keep_content
from central.store.contents import ContentStore
from central.store.documents import ContentRow
from central.store.tx import Transactions
from tests.integration.central.centre import HandClock


def test_wrong_and_missing_contents_are_found_on_schedule(clean_engine: Engine, tmp_path: Path) -> None:
    tx, clock, store = Transactions(clean_engine), HandClock(), ContentStore(tmp_path / "contents", 1 << 20)
    watch = ContentWatch(tx, store, 30, clock)
    kept = [store.add([f"paper {number}".encode()]) for number in range(3)]
    with tx.write() as session:
        for each in kept:
            keep_content(session, each, "image/png", clock())
    assert watch.run_round() == 0
    wrong, missing = store.find_path(kept[1].sha256), store.find_path(kept[2].sha256)
    wrong.chmod(0o640)
    wrong.write_bytes(b"papel 1")
    missing.unlink()
    clock.advance(days=2)
    assert watch.run_round() == 3
    assert watch.run_round() == 0
    with tx.read() as session:
        rows = {row.sha256: row for row in session.scalars(select(ContentRow))}
        audited = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.CONTENT_QUARANTINED)).all()
    assert [rows[each.sha256].state for each in kept] == ["good", "wrong", "missing"]
    assert {row.next_check_at for row in rows.values()} == {clock() + timedelta(days=30)}
    assert {row.subject_id for row in audited} == {kept[1].sha256, kept[2].sha256}
    readings = read_metrics(tx, None, clock() + timedelta(days=31))
    assert readings["openaisle_central_contents_bad"] == [(("wrong",), 1.0), (("missing",), 1.0)]
    assert readings["openaisle_central_contents_unread_seconds"] == [((), 86400.0)]
    assert not wrong.exists()
    assert [each.read_bytes() for each in (tmp_path / "contents" / "quarantine").iterdir()] == [b"papel 1"]
    clock.advance(days=31)
    assert watch.run_round() == 3
    with tx.read() as session:
        assert len(session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.CONTENT_QUARANTINED)).all()) == 2
    with tx.write() as session:
        keep_content(session, store.add([b"paper 1"]), "image/png", clock())
    with tx.read() as session:
        assert session.get_one(ContentRow, kept[1].sha256).state == "good"
