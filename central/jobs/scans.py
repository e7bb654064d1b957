"""The job that takes in what scanners put into the folder of a team: each bundle behind its cover sheet.

A file is taken whole or not at all: what no cover sheet places waits for a person of the team, what can't be read is
laid aside in the same folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.domain.captures import split_bundles
from central.domain.people import Actor
from central.domain.refusals import Refusal
from central.jobs.uploads import UploadDesk
from central.services.scans import find_bundle_owner, find_team_id
from central.services.unassigned_scans import keep_unassigned
from central.services.uploads import CapturePages, capture_pages
from central.store.captures import ReadFile
from central.store.contents import OfferedFile
from central.store.gate import GateBusyError
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 5.0
#: A scanner may still be writing to a file that changed later than this.
SETTLED_AFTER = timedelta(seconds=10)
REFUSED = "refused"


class ScanWatch:
    """Looks into the folders in rounds; without a folder in the settings it does nothing."""

    def __init__(
        self, tx: Transactions, desk: UploadDesk, folder: Path | None, read_clock: Callable[[], datetime]
    ) -> None:
        self._tx = tx
        self._desk = desk
        self._folder = folder
        self._read_clock = read_clock
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        if self._folder is not None:
            self._thread = threading.Thread(target=self._run, name="scans", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the file that is being read."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(30)

    def run_round(self) -> int:
        """Take in every settled file; return how many were taken or laid aside."""
        done = 0
        for team, path in self._list_files():
            if self._ended.is_set():
                break
            with self._tx.read() as session:
                unit_id = find_team_id(session, team)
            if unit_id is not None:
                self._take(unit_id, path)
                done += 1
        return done

    def _list_files(self) -> Iterator[tuple[str, Path]]:
        if self._folder is None:
            return
        settled = (self._read_clock() - SETTLED_AFTER).timestamp()
        for team in sorted(each for each in self._folder.iterdir() if each.is_dir() and not each.is_symlink()):
            for path in sorted(each for each in team.iterdir() if each.is_file() and not each.is_symlink()):
                if path.stat().st_mtime <= settled and not path.name.startswith("."):
                    yield team.name, path

    def _take(self, unit_id: str, path: Path) -> None:
        try:
            with path.open("rb") as file:
                scanned = self._desk.read_offered(OfferedFile(path.name, file))
        except Refusal as refusal:
            log.warning("scan_refused", file=path.name, reason=refusal.reason.value, details=refusal.details)
            _lay_aside(path)
            return
        bundles = self._assign(unit_id, scanned)
        if bundles is None:
            with self._tx.write() as session:
                keep_unassigned(session, unit_id, scanned, self._read_clock())
            path.unlink()
            log.warning("scan_unassigned", file=path.name)
            return
        # All documents of a file in one transaction: after a crash the file is still there and comes in once.
        with self._tx.write() as session:
            for actor, command in bundles:
                capture_pages(session, actor, command, self._read_clock())
        path.unlink()
        log.info("scan_taken", file=path.name, documents=len(bundles))

    def _assign(self, unit_id: str, scanned: ReadFile) -> list[tuple[Actor, CapturePages]] | None:
        """Return the captures of a file, None unless every page has a document that may take it."""
        bundles = split_bundles([page.measures.code for page in scanned.pages])
        if not bundles:
            return None
        found = []
        for bundle in bundles:
            with self._tx.read() as session:
                owner = find_bundle_owner(
                    session, unit_id, bundle.document_id, scanned.content.sha256, self._read_clock()
                )
            if owner is None:
                return None
            pages = scanned.pages[bundle.first - 1 : bundle.end - 1]
            part = replace(scanned, pages=pages, first=bundle.first)
            if not owner.known:
                found.append((owner.actor, CapturePages(bundle.document_id, (part,), way="scanner")))
        return found

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.run_round()
            except (SQLAlchemyError, GateBusyError, OSError, Refusal) as error:
                log.warning("scans_wait", error=str(error)[:200])
            self._ended.wait(POLL_S)


def _lay_aside(path: Path) -> None:
    folder = path.parent / REFUSED
    folder.mkdir(exist_ok=True)
    path.rename(folder / path.name)
