"""A list as a file, CSV or Excel: written whole before its first byte leaves; a slow reader holds no connection.

Nothing in a cell can run as a formula, and no list leaves without a row in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from unicodedata import east_asian_width

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from central.domain.spreadsheets import write_csv_line
from central.domain.wording import N_
from central.web.moments import say_exactly
from central.web.render import ZONE, Say, say_in

Cell = str | int | datetime | date | None

#: What is found beyond is not written; the last line says so.
ROWS_MOST: Final = 200_000
#: A file up to this size stays in memory.
SPOOL_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 16
#: What a cell of a workbook holds at most.
CELL_MOST: Final = 32_767
NARROWEST, WIDEST = 8, 60


class FileKind(StrEnum):
    """How a list is taken along."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A list to be taken along: the file's name without ending, its heads, who notes that it leaves, and its rows."""

    name: str
    heads: Sequence[str]
    note: Callable[[Session], None]
    read_rows: Callable[[Session], Iterable[Sequence[Cell]]]


async def answer_table(request: Request, kind: FileKind, table: Table) -> StreamingResponse:
    """Note in the audit log that a list leaves, then answer with it; times are those of the house."""
    tx, say = request.app.state.tx, say_in(request)
    async with tx.write_async() as session:
        await run_in_threadpool(table.note, session)
    file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed when it is sent
    try:
        async with tx.read_async() as session:
            await run_in_threadpool(_write, file, kind, table, session, say)
        size_bytes = file.seek(0, 2)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="{table.name}.{kind.value}"',
        "Content-Length": str(size_bytes),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_send(file), media_type=MEDIA[kind], headers=headers)


def _write(file: IO[bytes], kind: FileKind, table: Table, session: Session, say: Say) -> None:
    lines = _cut([say(head) for head in table.heads], table.read_rows(session), say)
    if kind is FileKind.CSV:
        _write_csv(file, lines)
    else:
        _write_workbook(file, lines)


def _cut(heads: Sequence[str], rows: Iterable[Sequence[Cell]], say: Say) -> Iterator[Sequence[Cell]]:
    yield heads
    waiting = iter(rows)
    yield from islice(waiting, ROWS_MOST)
    if next(waiting, None) is not None:
        yield [
            say(N_("Only the first %(count)s are written here. Narrow the search to take the rest."), count=ROWS_MOST)
        ]


def _write_csv(file: IO[bytes], lines: Iterable[Sequence[Cell]]) -> None:
    # Excel takes UTF-8 for what it is only by the mark at its head.
    file.write(b"\xef\xbb\xbf")
    for cells in lines:
        file.write(write_csv_line(map(_say_cell, cells)).encode())


def _write_workbook(file: IO[bytes], lines: Iterable[Sequence[Cell]]) -> None:
    """Write one sheet with its heads held in sight, row by row: memory doesn't grow with the list."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = book.add_worksheet()
        looks = {
            str: book.add_format({"bold": True}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}),
            date: book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        }
        sheet.freeze_panes(1, 0)
        widths: list[int] = []
        for row, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                _write_cell(sheet, (row, column), cell, looks)
            if row == 0:
                widths = [NARROWEST] * len(cells)
            if len(cells) == len(widths):
                widths = [max(width, _measure(cell)) for width, cell in zip(widths, cells, strict=True)]
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width, WIDEST))


def _write_cell(sheet: Any, place: tuple[int, int], cell: Cell, looks: dict[type, Any]) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(*place, cell.astimezone(ZONE).replace(tzinfo=None), looks[datetime])
    elif isinstance(cell, date):
        sheet.write_datetime(*place, cell, looks[date])
    elif isinstance(cell, int):
        sheet.write_number(*place, cell)
    elif cell:
        # Never `write`: it would take a text for a formula, a link or a figure.
        sheet.write_string(*place, cell[:CELL_MOST], looks[str] if place[0] == 0 else None)


def _measure(cell: Cell) -> int:
    """Return how many columns of type a cell takes; a Chinese character takes two."""
    text = _say_cell(cell)[:WIDEST]
    return len(text) + sum(east_asian_width(each) in "WF" for each in text) + 2


def _say_cell(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return say_exactly(cell, ZONE)
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _send(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
