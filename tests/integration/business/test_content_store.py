"""The content store: written once, streamed up to a limit, and nothing half-stored whoever is cut off."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central.domain.refusals import Reason, Refusal
from central.store.contents import ContentStore

MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "contents", 4 * MIB)


def files(store: ContentStore, folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "contents").rglob("*") if path.is_file())


def test_bytes_lie_under_their_digest_and_are_written_once(store: ContentStore, tmp_path: Path) -> None:
    kept = store.add([b"paper ", b"and string"])
    assert kept.sha256 == hashlib.sha256(b"paper and string").hexdigest()
    assert store.find_path(kept.sha256).read_bytes() == b"paper and string"
    before = store.find_path(kept.sha256).stat().st_ino
    assert store.add([b"paper and string"]) == kept
    assert store.find_path(kept.sha256).stat().st_ino == before
    assert len(files(store, tmp_path)) == 1


def test_two_gigabytes_are_refused_at_the_limit_in_constant_memory(tmp_path: Path) -> None:
    store, drawn = ContentStore(tmp_path / "contents", 64 * MIB), 0

    def offer() -> Iterator[bytes]:
        nonlocal drawn
        for _ in range(2048):
            drawn += MIB
            yield bytes(MIB)

    tracemalloc.start()
    try:
        with pytest.raises(Refusal) as refused:
            store.add(offer())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.reason is Reason.TOO_LARGE
    assert drawn == 65 * MIB
    assert peak_bytes < 4 * MIB
    assert files(store, tmp_path) == []


def test_a_cut_connection_leaves_nothing(store: ContentStore, tmp_path: Path) -> None:
    def offer() -> Iterator[bytes]:
        yield bytes(MIB)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.add(offer())
    assert files(store, tmp_path) == []


def test_wrong_bytes_are_seen_quarantined_and_healed_by_the_same_paper(store: ContentStore, tmp_path: Path) -> None:
    kept = store.add([b"right"])
    path = store.find_path(kept.sha256)
    path.chmod(0o640)
    path.write_bytes(b"wrong")
    assert not store.is_right(kept.sha256)
    store.quarantine(kept.sha256)
    assert not store.has(kept.sha256)
    assert [each.read_bytes() for each in (tmp_path / "contents" / "quarantine").iterdir()] == [b"wrong"]
    store.add([b"right"])
    assert store.is_right(kept.sha256)


def test_what_a_dead_process_left_goes_after_a_day(store: ContentStore, tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    store.add([b"x"])
    left, fresh = (tmp_path / "contents" / "incoming" / name for name in ("left", "fresh"))
    for path, age in ((left, 25), (fresh, 1)):
        path.write_bytes(b"half")
        moment = (now - timedelta(hours=age)).timestamp()
        os.utime(path, (moment, moment))
    assert store.clear_incoming(now) == 1
    assert (left.exists(), fresh.exists()) == (False, True)
