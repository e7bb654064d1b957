"""Lines for spreadsheets: no cell that people open there can run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

#: Spreadsheets run a cell that begins like this; a leading apostrophe makes it text.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def begins_like_formula(text: str) -> bool:
    """Return whether a spreadsheet could take a text for a formula."""
    return text.startswith(FORMULA_STARTS)


def write_csv_line(cells: Iterable[str]) -> str:
    """Return one line of a CSV file."""
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if begins_like_formula(cell) else cell for cell in cells])
    return line.getvalue()
