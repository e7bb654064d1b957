"""Takes files for a document: stored and read before any transaction, then written into the document's rows at once."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from central.domain.captures import FileFault, PageMeasures, find_media_type
from central.domain.people import Actor
from central.domain.refusals import Reason, Refusal
from central.services.uploads import CapturePages, capture_pages, check_capture
from central.settings import ContentsSettings
from central.store.captures import ReadFile, ReadPage
from central.store.contents import CHUNK_BYTES, ContentStore, Incoming, OfferedFile
from central.store.picture_reading import ReadingLimits, read_pictures
from central.store.tx import Transactions

#: Readers at a time: each takes a core and much memory.
READERS = 2
FILES_MOST = 50
FOLDER_PREFIX = "openaisle-pages-"


#: Whether the sender has cut the connection.
Gone = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A file that was read, of which nothing is kept yet."""

    incoming: Incoming
    name: str
    media_type: str
    folder: Path
    measures: tuple[PageMeasures, ...]


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
        gone: Gone | None = None,
    ) -> int:
        """Add the pages of all files or of none; return how many pages have findings.

        Nothing is kept before every file was read, nor when the sender is `gone` by then: they cancelled.
        """
        await self.check(actor, document_id)
        if not offered or len(offered) > FILES_MOST:
            raise Refusal(Reason.INVALID, details=("files",))
        held = ExitStack()
        try:
            drafts = [await run_sync(self._draft, held, each, limiter=self._limiter) for each in offered]
            await refuse_gone(gone)
            files = [await run_sync(self._keep, each) for each in drafts]
        finally:
            await run_sync(held.close)
        return await self.write_down(actor, CapturePages(document_id, tuple(files), replace, counted, page_id))

    async def read(self, incoming: Incoming, name: str, gone: Gone | None = None) -> ReadFile:
        """Read a file that has come in whole."""
        with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
            draft = await run_sync(self._read, incoming, name, Path(folder), limiter=self._limiter)
            await refuse_gone(gone)
            return await run_sync(self._keep, draft)

    async def write_down(self, actor: Actor, command: CapturePages) -> int:
        """Write the pages into the document's rows."""
        async with self._tx.write_async() as session:
            return await run_sync(capture_pages, session, actor, command, self._read_clock())

    def read_offered(self, offered: OfferedFile) -> ReadFile:
        """Store a file and read its pages; for threads."""
        with ExitStack() as held:
            return self._keep(self._draft(held, offered))

    def _draft(self, held: ExitStack, offered: OfferedFile) -> _Draft:
        incoming = held.enter_context(self.contents.open_incoming())
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)))
        while chunk := offered.file.read(CHUNK_BYTES):
            incoming.write(chunk)
        return self._read(incoming, offered.name, folder)

    def _read(self, incoming: Incoming, name: str, folder: Path) -> _Draft:
        incoming.flush()
        media_type = find_media_type(incoming.head)
        if media_type is None:
            raise refuse_file(name, FileFault.TYPE)
        measures = read_pictures(incoming.path, media_type, folder, self._limits)
        if isinstance(measures, FileFault):
            raise refuse_file(name, measures)
        return _Draft(incoming, name, media_type, folder, measures)

    def _keep(self, draft: _Draft) -> ReadFile:
        """Keep a file and the pictures of its pages, once it is known that all of them can be made."""
        content = self.contents.keep(draft.incoming)
        pages = []
        for number, each in enumerate(draft.measures, 1):
            with (draft.folder / f"{number}.jpg").open("rb") as file:
                pages.append(ReadPage(self.contents.add_file(file), each))
        return ReadFile(draft.name, content, draft.media_type, tuple(pages))


async def refuse_gone(gone: Gone | None) -> None:
    """Stop when the sender has cut the connection; nobody reads the answer."""
    if gone is not None and await gone():
        raise Refusal(Reason.INVALID, details=("body: cut off",))


def refuse_file(name: str, fault: FileFault) -> Refusal:
    """Return the refusal of one file, whose fault stands beside its name."""
    return Refusal(Reason.BAD_FILE, details=(f"{name}: {fault.value}",))
