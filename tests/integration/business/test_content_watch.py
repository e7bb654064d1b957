"""Contents are read again on schedule: what turned wrong is quarantined, what is missing is said, both once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.jobs.contents import FOLDERS, FOLDERS_AT_ONCE, ContentWatch
from central.jobs.readings import read_metrics
from central.metrics import Metrics
from central.settings import ContentsSettings
from central.store.audit import AuditRow
from central.store.captures import keep_content
from central.store.contents import ContentStore, KeptContent
from central.store.documents import ContentRow
from central.store.tx import Transactions
from tests.integration.central.centre import HandClock


def test_wrong_and_missing_contents_are_found_on_schedule(clean_engine: Engine, tmp_path: Path) -> None:
    tx, clock, store = Transactions(clean_engine), HandClock(), ContentStore(tmp_path / "contents", 1 << 20)
    watch = ContentWatch(tx, store, ContentsSettings(), clock, Metrics())
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


class Cellar:
    """A content store whose watch is asked for whole passes; ages of bytes are set by hand."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.tx, self.clock, self.folder = Transactions(engine), HandClock(), folder / "contents"
        self.store, self.metrics = ContentStore(self.folder, 1 << 20), Metrics()
        settings = ContentsSettings(unowned_days=1)
        self.watch = ContentWatch(self.tx, self.store, settings, self.clock, self.metrics)

    def keep(self, data: bytes, *, days_ago: float, owned: bool = False) -> KeptContent:
        kept = self.store.add([data])
        self.age(self.store.find_path(kept.sha256), days_ago)
        if owned:
            with self.tx.write() as session:
                keep_content(session, kept, "image/png", self.clock())
        return kept

    def age(self, path: Path, days_ago: float) -> None:
        at = self.clock().timestamp() - days_ago * 86_400
        os.utime(path, (at, at))

    def pass_once(self) -> None:
        for _ in range(FOLDERS // FOLDERS_AT_ONCE):
            self.watch.run_round()

    def list_files(self) -> set[str]:
        return {path.read_bytes().decode() for path in self.folder.rglob("*") if path.is_file()}

    def count_cleared(self) -> float | None:
        return self.metrics.registry.get_sample_value("openaisle_central_contents_cleared_total")


def test_bytes_of_a_broken_upload_go_after_a_day_and_no_others(clean_engine: Engine, tmp_path: Path) -> None:
    cellar = Cellar(clean_engine, tmp_path)
    cellar.keep(b"owned", days_ago=40, owned=True)
    cellar.keep(b"on its way", days_ago=0.9)
    left = cellar.keep(b"left", days_ago=1.1)
    cellar.pass_once()
    cellar.pass_once()
    assert cellar.list_files() == {"owned", "on its way"}
    assert cellar.count_cleared() == 1
    with cellar.tx.read() as session:
        (row,) = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.CONTENT_CLEARED)).all()
    assert (row.subject_id, row.before) == (left.sha256, {"size_bytes": 4})


def test_bytes_that_are_wanted_after_all_get_their_name_back(clean_engine: Engine, tmp_path: Path) -> None:
    cellar = Cellar(clean_engine, tmp_path)
    late = cellar.keep(b"written down late", days_ago=2)
    again = cellar.keep(b"sent again", days_ago=2)
    before = cellar.clock() - timedelta(days=1)
    for each in (late, again):
        cellar.store.set_aside(each.sha256, before)
        assert not cellar.store.has(each.sha256)
    with cellar.tx.write() as session:
        keep_content(session, late, "image/png", cellar.clock())
    assert cellar.store.add([b"sent again"]) == again
    cellar.age(cellar.store.find_path(again.sha256), 0)
    cellar.pass_once()
    assert cellar.list_files() == {"written down late", "sent again"}
    assert cellar.store.list_aside() == []
    assert all(cellar.store.has(each.sha256) for each in (late, again))


def test_bytes_brought_in_anew_are_young_again(clean_engine: Engine, tmp_path: Path) -> None:
    cellar = Cellar(clean_engine, tmp_path)
    kept = cellar.keep(b"scanned twice", days_ago=2)
    before = cellar.clock() - timedelta(days=1)
    assert cellar.store.list_old(kept.sha256[:2], before) == [kept.sha256]
    cellar.store.add([b"scanned twice"])
    assert cellar.store.list_old(kept.sha256[:2], datetime.now(UTC) - timedelta(hours=1)) == []
    # as if the second upload had come between the look and the act
    cellar.age(cellar.store.find_path(kept.sha256), 0)
    cellar.store.set_aside(kept.sha256, before)
    assert cellar.store.has(kept.sha256)
    assert cellar.store.list_aside() == []
