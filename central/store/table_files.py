"""Rows of a CSV or XLSX file that somebody sent: what it is, is looked up in its bytes, not in its name."""

from __future__ import annotations

import codecs
import csv
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from central.domain.customer_files import CELL_LENGTH, COLUMNS_MOST, ROWS_MOST, BadTableError, TableFault

_CHUNK: Final = 1 << 20
_HEAD: Final = 4096
_ZIP: Final = b"PK\x03\x04"
_WORKBOOK: Final = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """What reading a spreadsheet may take."""

    memory_mib: int = 1536
    seconds: int = 60
    #: Of all parts of the file together, as they say of themselves.
    unpacked_mib: int = 512
    parts: int = 2_000


class TableRows:
    """The rows of a table file, one by one, and how far into the file the last one lies."""

    def __init__(self, rows: Generator[list[str]], file: BinaryIO) -> None:
        self._rows = rows
        self._file = file
        self._size_bytes = max(1, file.seek(0, os.SEEK_END))
        self._file.seek(0)

    def __iter__(self) -> Iterator[list[str]]:
        return self._rows

    @property
    def share(self) -> int:
        """How many hundredths of the file were read."""
        return min(100, self._file.tell() * 100 // self._size_bytes)


@contextmanager
def open_rows(file: BinaryIO, limits: SheetLimits | None = None) -> Iterator[TableRows]:
    """Yield the rows of a table file; raise BadTableError when it is none, also while they are read."""
    limits = limits or SheetLimits()
    if is_sheet(file):
        with TemporaryDirectory(prefix="openaisle-table-") as name:
            table = _convert(file, Path(name), limits)
            with table.open("rb") as converted, closing(_read_csv(converted, "utf-8")) as rows:
                yield TableRows(rows, converted)
        return
    file.seek(0)
    if b"\0" in file.read(_HEAD):
        raise BadTableError(TableFault.TYPE)
    with closing(_read_csv(file, _find_encoding(file))) as rows:
        yield TableRows(rows, file)


def is_sheet(file: BinaryIO) -> bool:
    """Return whether a file looks like a spreadsheet, not like text; raise BadTableError when it is empty."""
    file.seek(0)
    head = file.read(len(_ZIP))
    if not head:
        raise BadTableError(TableFault.EMPTY)
    return head == _ZIP


def _find_encoding(file: BinaryIO) -> str:
    """Return the encoding in which the whole file can be read."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadTableError(TableFault.ENCODING)


def _read_csv(file: BinaryIO, encoding: str) -> Generator[list[str]]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        first = text.readline(CELL_LENGTH * COLUMNS_MOST)
        text.seek(0)
        delimiter = max(",;\t", key=first.count)
        for count, cells in enumerate(csv.reader(text, delimiter=delimiter)):
            if count > ROWS_MOST:
                raise BadTableError(TableFault.ROWS)
            if len(cells) > COLUMNS_MOST:
                raise BadTableError(TableFault.COLUMNS)
            if max(map(len, cells), default=0) > CELL_LENGTH:
                raise BadTableError(TableFault.CELL)
            yield cells
    except csv.Error as error:
        # A quote that never ends swallows the rest of the file, up to the limit of the reader.
        raise BadTableError(TableFault.CELL if "limit" in str(error) else TableFault.BROKEN) from error
    finally:
        text.detach()


def _convert(file: BinaryIO, folder: Path, limits: SheetLimits) -> Path:
    """Have another process turn a spreadsheet into CSV, within limits."""
    check_parts(file, limits)
    source, target = folder / "table.xlsx", folder / "table.csv"
    file.seek(0)
    with source.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
    words = [str(source), str(target), str(ROWS_MOST), str(COLUMNS_MOST), str(CELL_LENGTH)]
    words += [str(limits.memory_mib), str(limits.seconds)]
    # No secret of ours goes along.
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", "central.store.sheets", *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limits.seconds * 2, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise BadTableError(TableFault.TOO_MUCH) from None
    if done.returncode == 0:
        return target
    if done.stdout in set(TableFault):
        raise BadTableError(TableFault(done.stdout))
    raise BadTableError(TableFault.TOO_MUCH if done.returncode < 0 else TableFault.BROKEN)


def check_parts(file: BinaryIO, limits: SheetLimits) -> None:
    """Refuse what says of itself that it is too large; what lies about itself meets the limits of the other process."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            infos = parts.infolist()
            if _WORKBOOK not in parts.namelist():
                raise BadTableError(TableFault.TYPE)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadTableError(TableFault.BROKEN) from error
    if len(infos) > limits.parts or sum(each.file_size for each in infos) > limits.unpacked_mib << 20:
        raise BadTableError(TableFault.TOO_MUCH)
