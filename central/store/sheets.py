"""Reads a spreadsheet in a process of its own: `python -m central.store.sheets IN OUT ROWS COLUMNS CELL MIB SECONDS`.

The first sheet becomes CSV in UTF-8. Whatever the file does to the reader, it ends this process and nothing else.
"""

from __future__ import annotations

import csv
import resource
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from central.domain.customer_files import BadTableError, TableFault

FILE_MIB = 512


def write_sheet(source: Path, target: Path, *, rows: int, columns: int, cell: int) -> None:
    """Write the first sheet as CSV; raise BadTableError where it is larger than allowed."""
    try:
        sheet = CalamineWorkbook.from_path(str(source)).get_sheet_by_index(0)
    except (CalamineError, ValueError, IndexError, KeyError) as error:
        raise BadTableError(TableFault.BROKEN) from error
    if sheet.total_width > columns:
        raise BadTableError(TableFault.COLUMNS)
    if sheet.total_height > rows + 1:
        raise BadTableError(TableFault.ROWS)
    with target.open("w", encoding="utf-8", newline="") as file:
        _write_rows(csv.writer(file).writerow, sheet.to_python(skip_empty_area=False), cell)


def _write_rows(write: Callable[[list[str]], object], rows: Iterable[Iterable[object]], longest: int) -> None:
    for row in rows:
        cells = [_to_text(cell) for cell in row]
        if any(len(text) > longest for text in cells):
            raise BadTableError(TableFault.CELL)
        write(cells)


def _to_text(cell: object) -> str:
    """Return a cell as people read it: a number that is whole has no point."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def main(words: list[str]) -> int:
    """Set the limits, then read; 0: done, 3: refused with the reason on standard output."""
    source, target = Path(words[0]), Path(words[1])
    rows, columns, cell, memory_mib, seconds = (int(word) for word in words[2:7])
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MIB << 20, FILE_MIB << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        write_sheet(source, target, rows=rows, columns=columns, cell=cell)
    except BadTableError as error:
        sys.stdout.write(error.fault.value)
        return 3
    except (MemoryError, OSError):
        sys.stdout.write(TableFault.TOO_MUCH.value)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
