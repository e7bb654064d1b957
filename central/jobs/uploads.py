"""Takes files for a document: stored and read before any transaction, then written into the document's rows at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from central.domain.captures import FileFault, find_media_type
from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.services.uploads import CapturePages, ReadFile, ReadPage, capture_pages, check_capture
from central.settings import ContentsSettings
from central.store.contents import CHUNK_BYTES, ContentStore, Incoming, OfferedFile
from central.store.picture_reading import ReadingLimits, read_pictures
from central.store.tx import Transactions

#: Readers at a time: each takes a core and much memory.
READERS = 2
FILES_MOST = 50


class UploadDesk:
    """Where files come in."""

    def __init__(
        self, tx: Transactions, contents: ContentStore, settings: ContentsSettings, read_clock: Callable[[], datetime]
    ) -> None:
        self.contents = contents
        self._tx = tx
        self._limits = ReadingLimits(settings.pages_limit, settings.picture_limit_mpx * 1_000_000)
        self._read_clock = read_clock
        self._limiter = CapacityLimiter(READERS)

    async def check(self, actor: Actor, document_id: str) -> None:
        """Refuse what can't be added to before a byte of it is stored."""
        async with self._tx.read_async() as session:
            await run_sync(check_capture, session, actor, document_id)

    async def take(
        self,
        actor: Actor,
        document_id: str,
        offered: Sequence[OfferedFile],
        *,
        replace: bool = False,
        counted: int | None = None,
        page_id: str | None = None,
    ) -> int:
        """Add the pages of all files or of none; return how many pages have findings."""
        await self.check(actor, document_id)
        if not offered or len(offered) > FILES_MOST:
            raise Refusal(Reason.INVALID, details=("files",))
        files = [await run_sync(self.read_offered, each, limiter=self._limiter) for each in offered]
        return await self.write_down(actor, CapturePages(document_id, tuple(files), replace, counted, page_id))

    async def read(self, incoming: Incoming, name: str) -> ReadFile:
        """Read a file that has come in whole."""
        return await run_sync(self._read_incoming, incoming, name, limiter=self._limiter)

    async def write_down(self, actor: Actor, command: CapturePages) -> int:
        """Write the pages into the document's rows."""
        async with self._tx.write_async() as session:
            return await run_sync(capture_pages, session, actor, command, self._read_clock())

    def read_offered(self, offered: OfferedFile) -> ReadFile:
        """Store a file and read its pages; for threads."""
        with self.contents.open_incoming() as incoming:
            while chunk := offered.file.read(CHUNK_BYTES):
                incoming.write(chunk)
            return self._read_incoming(incoming, offered.name)

    def _read_incoming(self, incoming: Incoming, name: str) -> ReadFile:
        """Keep the file and the pictures of its pages, once it is known that all of them can be made."""
        incoming.flush()
        media_type = find_media_type(incoming.head)
        if media_type is None:
            raise refuse_file(name, FileFault.TYPE)
        with tempfile.TemporaryDirectory(prefix="openaisle-pages-") as folder:
            measures = read_pictures(incoming.path, media_type, Path(folder), self._limits)
            if isinstance(measures, FileFault):
                raise refuse_file(name, measures)
            content = self.contents.keep(incoming)
            pages = []
            for number, each in enumerate(measures, 1):
                with (Path(folder) / f"{number}.jpg").open("rb") as file:
                    pages.append(ReadPage(self.contents.add_file(file), each))
        return ReadFile(name, content, media_type, tuple(pages))


def refuse_file(name: str, fault: FileFault) -> Refusal:
    """Return the refusal of one file, whose fault stands beside its name."""
    return Refusal(Reason.BAD_FILE, details=(f"{name}: {fault.value}",))
