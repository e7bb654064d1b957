"""Contents beside the copies of the database: each copied once, proven by its hash, proven anew from time to time.

All copies of the database share one folder of contents, for bytes under their SHA-256 never change. A list beside each
copy says which contents belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from central.store.backups import BackupError
from central.store.contents import CHUNK_BYTES, ContentStore

FOLDER: Final = "contents"
LIST_SUFFIX: Final = ".contents"
#: A backup takes what is there; how large an upload may be is asked where it comes in.
NO_LIMIT: Final = 1 << 62
#: Each content in the folder of copies is read again once in so many days, a part of them by each backup.
PROOF_DAYS: Final = 30
NAMED_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class ContentWanted:
    """A content that the database names; `good` unless it is known to be wrong or missing."""

    sha256: str
    size_bytes: int
    good: bool


@dataclass(slots=True)
class ContentsCopied:
    """What a backup did about contents: how many it holds, how many are new, which can't be had any more."""

    held: int = 0
    added: int = 0
    #: Known to be wrong or missing, and in no copy either.
    lost: list[str] = field(default_factory=list)
    #: Said to be good, but not to be had.
    lacking: list[str] = field(default_factory=list)


def open_copies(folder: Path) -> ContentStore:
    """Return the folder of contents that belongs to a folder of copies."""
    return ContentStore(folder / FOLDER, NO_LIMIT)


def list_path(file: Path) -> Path:
    """Return where the list of contents of a copy lies."""
    return file.with_name(file.name + LIST_SUFFIX)


def copy_contents(
    source: ContentStore, copies: ContentStore, wanted: Iterable[ContentWanted], listed: Path, now: datetime
) -> ContentsCopied:
    """Have every wanted content in the folder of copies, proven, and write the list of them."""
    copies.clear_incoming(now)
    done = ContentsCopied()
    with listed.open("w", encoding="ascii") as lines:
        for each in wanted:
            if not _is_held(copies, each, now):
                if not copy_content(source, copies, each.sha256):
                    (done.lacking if each.good else done.lost).append(each.sha256)
                    continue
                done.added += 1
            done.held += 1
            lines.write(f"{each.sha256} {each.size_bytes}\n")
    return done


def put_contents_back(copies: ContentStore, target: ContentStore, listed: Path) -> int:
    """Bring every content of a list into a store, proven; return how many there are, or raise BackupError."""
    lacking, held = [], 0
    for sha256, _ in read_list(listed):
        if (target.has(sha256) and target.is_right(sha256)) or copy_content(copies, target, sha256):
            held += 1
        else:
            lacking.append(sha256)
    if lacking:
        raise BackupError(f"{name_some(lacking)} not in the folder of copies, or damaged there")
    return held


def copy_content(source: ContentStore, target: ContentStore, sha256: str) -> bool:
    """Copy one content and read the copy back; return whether both ends are what the name says."""
    try:
        with source.find_path(sha256).open("rb") as file, target.open_incoming() as incoming:
            while chunk := file.read(CHUNK_BYTES):
                incoming.write(chunk)
            if incoming.sha256 != sha256:
                return False
            target.keep(incoming)
    except FileNotFoundError:
        return False
    return target.is_right(sha256)


def read_list(listed: Path) -> Iterator[tuple[str, int]]:
    """Yield hash and size of each content of a copy; a copy of before papers has no list."""
    if not listed.exists():
        return
    with listed.open(encoding="ascii") as lines:
        for line in lines:
            sha256, _, size_bytes = line.partition(" ")
            yield sha256, int(size_bytes)


def name_some(hashes: list[str]) -> str:
    """Return how many contents these are, and the first of them by name."""
    shown = ", ".join(each[:16] for each in hashes[:NAMED_MOST])
    return f"{len(hashes)} contents ({shown}{', …' if len(hashes) > NAMED_MOST else ''})"


def _is_held(copies: ContentStore, wanted: ContentWanted, now: datetime) -> bool:
    try:
        size_bytes = copies.find_path(wanted.sha256).stat().st_size
    except FileNotFoundError:
        return False
    due = int(wanted.sha256[:8], 16) % PROOF_DAYS == now.toordinal() % PROOF_DAYS
    return size_bytes == wanted.size_bytes and (not due or copies.is_right(wanted.sha256))
