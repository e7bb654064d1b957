"""Papers in backups: every content proven by its hash, put back the same, and never less whole than the copy before."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select

from central.domain.audit import AuditAct
from central.jobs.backup import make_backup, mend_contents, restore_backup
from central.jobs.content_copies import PROOF_DAYS, open_copies
from central.jobs.contents import ContentWatch
from central.metrics import Metrics
from central.services.backups import find_newest
from central.services.contents import count_bad
from central.settings import ContentsSettings
from central.store.audit import AuditRow
from central.store.backups import BackupError
from central.store.base import open_engine
from central.store.captures import keep_content
from central.store.contents import ContentStore
from central.store.documents import ContentRow
from central.store.migrate import upgrade_schema
from central.store.tx import Transactions
from tests.plugins.postgres import PostgresServer
from tests.wait import wait_for

NOW = datetime(2026, 11, 24, 3, 33, 7, tzinfo=UTC)
MIB = 1 << 20
#: More than one chunk, so that bytes are cut somewhere.
BODIES = [b"application", b"licence" * 90_000, b"contract"]


class Papers:
    """A database that names contents, the store that has them, and a folder for copies."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.tx = Transactions(engine)
        self.store, self.folder = ContentStore(folder / "contents", MIB), folder / "copies"
        self.hashes = [self.add(body) for body in BODIES]

    def add(self, body: bytes) -> str:
        kept = self.store.add([body])
        with self.tx.write() as session:
            keep_content(session, kept, "application/pdf", NOW)
        return kept.sha256

    def back_up(self, days: int = 0) -> Path:
        return make_backup(self.tx, self.store, self.folder, NOW + timedelta(days=days)).file

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())

    def damage(self, store: ContentStore, digest: str) -> None:
        path = store.find_path(digest)
        body = bytearray(path.read_bytes())
        body[0] ^= 1
        path.chmod(0o640)
        path.write_bytes(body)


@pytest.fixture
def papers(clean_engine: Engine, tmp_path: Path) -> Papers:
    return Papers(clean_engine, tmp_path)


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, clean_engine: Engine, tmp_path: Path) -> Iterator[str]:
    """URL of a database of the same kind without any table."""
    if clean_engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database(empty=True)
    yield url
    server.drop_database(url)


def read_all(store: ContentStore, hashes: list[str]) -> list[bytes]:
    return [store.find_path(each).read_bytes() for each in hashes]


def test_a_restored_centre_shows_the_same_papers(papers: Papers, empty_url: str, tmp_path: Path) -> None:
    copy = papers.back_up()
    later = papers.add(b"after the copy")
    note = json.loads(copy.with_name(f"{copy.name}.json").read_text(encoding="utf-8"))
    assert note["contents"] == {"held": 3, "lost": []}
    restored = ContentStore(tmp_path / "restored", MIB)
    assert restore_backup(copy, empty_url, restored, NOW).contents == 3
    engine = open_engine(empty_url)
    try:
        with Transactions(engine).read() as session:
            rows = {row.sha256: row.size_bytes for row in session.scalars(select(ContentRow))}
    finally:
        engine.dispose()
    assert rows == {sha256(body).hexdigest(): len(body) for body in BODIES}
    assert read_all(restored, papers.hashes) == BODIES
    assert not restored.has(later)


def test_contents_are_copied_once_and_proven_anew_in_turn(papers: Papers) -> None:
    papers.back_up()
    copies = open_copies(papers.folder)
    before = copies.find_path(papers.hashes[0]).stat().st_ino
    papers.add(b"new")
    made = make_backup(papers.tx, papers.store, papers.folder, NOW + timedelta(hours=1))
    assert (made.contents.held, made.contents.added) == (4, 1)
    assert copies.find_path(papers.hashes[0]).stat().st_ino == before
    papers.damage(copies, papers.hashes[0])
    copies.find_path(papers.hashes[1]).unlink()
    turn = int(papers.hashes[0][:8], 16) % PROOF_DAYS
    days = (turn - NOW.toordinal()) % PROOF_DAYS + PROOF_DAYS
    made = make_backup(papers.tx, papers.store, papers.folder, NOW + timedelta(days=days))
    # one is missing and seen at once, the damaged one is seen when its turn comes
    assert (made.contents.held, made.contents.added) == (4, 2)
    assert all(copies.is_right(each) for each in papers.hashes)


@pytest.mark.parametrize("fault", ["damaged", "missing"])
def test_a_content_that_is_not_what_its_name_says_makes_nothing_safe(papers: Papers, fault: str) -> None:
    before = papers.back_up()
    names = papers.names()
    lost = papers.add(b"never copied")
    if fault == "damaged":
        papers.damage(papers.store, lost)
    else:
        papers.store.find_path(lost).unlink()
    with pytest.raises(BackupError, match="1 contents"):
        papers.back_up(days=1)
    assert papers.names() == names
    with papers.tx.read() as session:
        assert find_newest(session) == NOW
        # the fixity job looks at it in its next round, and then the loss is known and holds up no copy any more
        assert session.get_one(ContentRow, lost).next_check_at == NOW + timedelta(days=1)
    with papers.tx.write() as session:
        session.get_one(ContentRow, lost).state = "wrong"
    made = make_backup(papers.tx, papers.store, papers.folder, NOW + timedelta(days=2))
    assert (made.contents.held, made.contents.lost) == (3, [lost])
    assert before.is_file()


def test_what_the_store_lost_the_copies_still_have(papers: Papers, empty_url: str, tmp_path: Path) -> None:
    papers.back_up()
    papers.store.find_path(papers.hashes[2]).unlink()
    copy = papers.back_up(days=1)
    restored = ContentStore(tmp_path / "restored", MIB)
    restore_backup(copy, empty_url, restored, NOW)
    assert read_all(restored, papers.hashes) == BODIES


def test_damaged_papers_are_mended_from_the_copies(papers: Papers) -> None:
    papers.back_up()
    lost = papers.add(b"after the copy")
    papers.damage(papers.store, papers.hashes[0])
    for digest in (papers.hashes[1], lost):
        papers.store.find_path(digest).unlink()
    watch = ContentWatch(papers.tx, papers.store, ContentsSettings(), lambda: NOW + timedelta(days=2), Metrics())
    assert watch.run_round() == 4
    assert mend_contents(papers.tx, papers.store, papers.folder, NOW) == (2, [lost])
    assert read_all(papers.store, papers.hashes) == BODIES
    with papers.tx.read() as session:
        assert count_bad(session) == {"wrong": 0, "missing": 1}
        mended = session.scalars(select(AuditRow.subject_id).where(AuditRow.act == AuditAct.CONTENT_MENDED)).all()
    assert sorted(mended) == sorted(papers.hashes[:2])


def test_a_copy_without_all_its_papers_is_not_put_back(papers: Papers, empty_url: str, tmp_path: Path) -> None:
    copy = papers.back_up()
    papers.damage(open_copies(papers.folder), papers.hashes[1])
    with pytest.raises(BackupError, match="1 contents"):
        restore_backup(copy, empty_url, ContentStore(tmp_path / "restored", MIB), NOW)
    engine = open_engine(empty_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_killed_backup_leaves_the_one_before_whole(tmp_path: Path) -> None:
    """The process dies while it reads a content: a pipe in its place holds it there until then."""
    url = f"sqlite:///{tmp_path}/central.db"
    engine = open_engine(url)
    upgrade_schema(engine)
    papers = Papers(engine, tmp_path)
    before = papers.back_up()
    names = papers.names()
    stuck = papers.add(b"stuck")
    pipe = papers.store.find_path(stuck)
    pipe.unlink()
    os.mkfifo(pipe)
    settings = tmp_path / "central.toml"
    settings.write_text(f'[database]\nurl = "{url}"\n[contents]\ndir = "{tmp_path}/contents"\n', encoding="utf-8")
    command = [sys.executable, "-m", "central", "--config", str(settings), "backup", "--to", str(papers.folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ends: list[int] = []

    def is_read() -> bool:
        try:
            ends.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            assert error.errno == errno.ENXIO  # noqa: PT017 - nobody reads yet
        return bool(ends)

    wait_for(is_read, 60, "the backup reads the content")
    process.kill()
    process.wait()
    os.close(ends[0])
    left = [name for name in papers.names() if name not in names]
    assert left
    assert all(".part" in name or name.startswith("openaisle_verify_") for name in left)
    restored = ContentStore(tmp_path / "restored", MIB)
    assert restore_backup(before, f"sqlite:///{tmp_path}/empty.db", restored, NOW).contents == 3
    assert read_all(restored, papers.hashes) == BODIES
    pipe.unlink()
    papers.store.add([b"stuck"])
    papers.back_up(days=400)
    assert [name for name in papers.names() if name in left] == []
    assert open_copies(papers.folder).is_right(stuck)
    engine.dispose()
