"""Bytes in a folder under their SHA-256, written once: a name either does not exist or holds exactly its bytes.

What comes in is written beside, flushed to the disk, and renamed; whoever is cut off leaves nothing under a name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from central.domain.captures import MAGIC_LENGTH
from central.domain.refusals import Reason, Refusal
from central.store.ids import new_id

CHUNK_BYTES = 256 * 1024
#: What lies in `incoming` longer than any upload lasts was left by a process that died.
LEFT_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptContent:
    """The name and size of bytes that are on the disk."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file as it was sent, open for reading."""

    name: str
    file: BinaryIO


class Incoming:
    """Bytes on their way in; `keep` gives them their name."""

    def __init__(self, path: Path, file: BinaryIO, limit_bytes: int) -> None:
        self.path = path
        self.head = b""
        self.size_bytes = 0
        self._file = file
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Add bytes; refuse what grows beyond the limit."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise Refusal(Reason.TOO_LARGE)
        if len(self.head) < MAGIC_LENGTH:
            self.head = (self.head + chunk)[:MAGIC_LENGTH]
        self._digest.update(chunk)
        self._file.write(chunk)

    def flush(self) -> None:
        """Bring the bytes to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def sha256(self) -> str:
        """The digest of what came so far."""
        return self._digest.hexdigest()


class ContentStore:
    """The folder of all contents."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    @property
    def _incoming(self) -> Path:
        return self._folder / "incoming"

    @property
    def _aside(self) -> Path:
        return self._folder / "unowned"

    @contextmanager
    def open_incoming(self) -> Iterator[Incoming]:
        """Yield a place to write to; what was not kept by the end is gone."""
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o750)
        path = self._incoming / new_id()
        try:
            with path.open("xb") as file:
                yield Incoming(path, file, self._limit_bytes)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, incoming: Incoming) -> KeptContent:
        """Give the bytes their name; bytes that are there already and still right are not written again."""
        incoming.flush()
        kept = KeptContent(incoming.sha256, incoming.size_bytes)
        target = self.find_path(kept.sha256)
        if self._is_kept(target):
            return kept
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        incoming.path.chmod(0o440)
        incoming.path.rename(target)
        for folder in (target.parent, target.parent.parent, self._folder):
            _sync_folder(folder)
        return kept

    def add(self, chunks: Iterable[bytes]) -> KeptContent:
        """Write bytes and keep them."""
        with self.open_incoming() as incoming:
            for chunk in chunks:
                incoming.write(chunk)
            return self.keep(incoming)

    def add_file(self, file: BinaryIO) -> KeptContent:
        """Copy an open file into the store and keep it."""
        return self.add(iter(lambda: file.read(CHUNK_BYTES), b""))

    def find_path(self, sha256: str) -> Path:
        """Return where the bytes of this name lie, if they do."""
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str) -> bool:
        """Return whether there is something under this name."""
        return self.find_path(sha256).is_file()

    def is_right(self, sha256: str) -> bool:
        """Return whether the bytes under this name are still the ones that gave it."""
        with self.find_path(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def list_old(self, folder_name: str, before: datetime) -> list[str]:
        """Return names in one of the 256 folders whose bytes were last brought in before this moment."""
        paths = (self._folder / folder_name).glob("*/*")
        return sorted(path.name for path in paths if _is_older(path, before))

    def set_aside(self, sha256: str, before: datetime) -> None:
        """Take bytes that nothing refers to from under their name, unless the same came in again meanwhile.

        Not deleted yet: by the age of what lies aside whoever looks next sees whether that was right.
        """
        self._aside.mkdir(parents=True, exist_ok=True, mode=0o750)
        aside = self._aside / sha256
        try:
            self.find_path(sha256).rename(aside)
        except FileNotFoundError:
            return
        if not _is_older(aside, before):
            self.put_back(sha256)

    def list_aside(self) -> list[str]:
        """Return the names of bytes that were set aside."""
        return sorted(path.name for path in self._aside.glob("*"))

    def is_aside_since(self, sha256: str, before: datetime) -> bool:
        """Return whether bytes lie aside that were last brought in before this moment."""
        return _is_older(self._aside / sha256, before)

    def put_back(self, sha256: str) -> None:
        """Give bytes that were set aside their name again; the same bytes that came in meanwhile stay."""
        aside, target = self._aside / sha256, self.find_path(sha256)
        try:
            if target.exists():
                aside.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
                aside.rename(target)
        except FileNotFoundError:
            return  # another process was first

    def clear_aside(self, sha256: str) -> int:
        """Delete bytes that were set aside; return how many there were."""
        aside = self._aside / sha256
        try:
            size_bytes = aside.stat().st_size
            aside.unlink()
        except FileNotFoundError:
            return 0
        return size_bytes

    def quarantine(self, sha256: str) -> None:
        """Take wrong bytes from under their name; they stay readable for whoever looks into it."""
        folder = self._folder / "quarantine"
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.find_path(sha256).rename(folder / f"{sha256}-{new_id()}")

    def clear_incoming(self, now: datetime) -> int:
        """Delete what dead processes left behind; return how many files."""
        left = 0
        for path in self._incoming.glob("*"):
            try:
                if path.stat().st_mtime < (now - LEFT_AFTER).timestamp():
                    path.unlink()
                    left += 1
            except FileNotFoundError:
                continue
        return left

    def _is_kept(self, target: Path) -> bool:
        """Return whether these bytes are there and right; their age begins anew, so that nobody takes them for left."""
        try:
            os.utime(target)
            return self.is_right(target.name)
        except FileNotFoundError:
            return False


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
