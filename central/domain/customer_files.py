"""Files of customers: which heading means what, and what is wrong with a row. Pure; the rows come from the store."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from central.domain.search import fold_text
from central.domain.spreadsheets import FORMULA_STARTS, begins_like_formula

ROWS_MOST: Final = 200_000
COLUMNS_MOST: Final = 60
CELL_LENGTH: Final = 2_000
#: What a field may hold; team and handler are looked up.
LENGTHS: Final[Mapping[str, int]] = {
    "customer_no": 40,
    "name": 120,
    "address": 200,
    "meter_no": 40,
    "id_number": 40,
    "team": 80,
    "handler": 64,
}
#: Columns of a customer that a file tells.
TOLD: Final = ("name", "address", "meter_no", "id_number", "unit_id", "handler_id")
_HEADINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("customer_no", "customer number", "customer no", "户号", "客户编号", "用户编号"), "customer_no"),
    **dict.fromkeys(("name", "customer", "customer name", "户名", "客户名称", "用户名称"), "name"),
    **dict.fromkeys(("address", "地址", "用电地址"), "address"),
    **dict.fromkeys(("meter_no", "meter number", "表号", "电表号", "电能表号", "计量点表号"), "meter_no"),
    **dict.fromkeys(("id_number", "id number", "证件号码", "证件号", "身份证号", "身份证号码"), "id_number"),
    **dict.fromkeys(("team", "班组", "所属班组"), "team"),
    **dict.fromkeys(("handler", "经办人", "客户经理"), "handler"),
}
_NUMBER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")
#: How people leave a cell empty.
_BLANKS: Final = frozenset({"-", "--", "—", "——", "/", "无"})
FAULT_LENGTH: Final = 300
_SPACES: Final = " \u3000\u00a0"
_STARTS: Final = frozenset(FORMULA_STARTS)
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Co", "Cn"})


class TableFault(StrEnum):
    """Why a whole file is refused."""

    EMPTY = "empty"
    TYPE = "type"
    ENCODING = "encoding"
    HEADINGS = "headings"
    HEADING_TWICE = "heading_twice"
    ROWS = "rows"
    COLUMNS = "columns"
    CELL = "cell"
    BROKEN = "broken"
    TOO_MUCH = "too_much"


class BadTableError(Exception):
    """A file is no table of customers."""

    def __init__(self, fault: TableFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class RowFault(NamedTuple):
    """What is wrong with a row: a code for the words, the field, and what the sentence names."""

    code: str
    field: str = "row"
    fact: str = ""

    def to_text(self) -> str:
        """Return it as it is kept."""
        return "|".join(self)[:FAULT_LENGTH]


def read_fault(text: str) -> RowFault:
    """Return a fault as it was kept."""
    return RowFault(*text.split("|", 2))


@dataclass(frozen=True, slots=True)
class Headings:
    """Which column holds which field; headings that mean nothing here are named to the person."""

    fields: Mapping[int, str]
    width: int
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One row of a file: its number in the spreadsheet, what it tells, what is wrong with it."""

    number: int
    fields: Mapping[str, str]
    fault: RowFault | None = None


def read_headings(cells: Sequence[str]) -> Headings:
    """Return what the first row says about the columns."""
    fields: dict[int, str] = {}
    ignored = []
    for column, cell in enumerate(cells):
        name = fold_text(cell)
        field = _HEADINGS.get(name)
        if field is None:
            if name:
                ignored.append(cell.strip()[:40])
        elif field in fields.values():
            raise BadTableError(TableFault.HEADING_TWICE)
        else:
            fields[column] = field
    if not {"customer_no", "name"} <= set(fields.values()):
        raise BadTableError(TableFault.HEADINGS)
    return Headings(fields, len(cells), tuple(ignored[:COLUMNS_MOST]))


class RowReader:
    """Reads the rows of one file in their order; remembers numbers, so that none stands in it twice."""

    def __init__(self, headings: Headings, teams: Mapping[str, str], handlers: Mapping[str, str]) -> None:
        self._headings = headings
        self._fields = [headings.fields.get(column) for column in range(headings.width)]
        self._teams = teams
        self._handlers = handlers
        self._seen: dict[str, int] = {}

    def read_row(self, number: int, cells: Sequence[str]) -> CustomerLine | None:
        """Return what a row tells; None for an empty one."""
        told: dict[str, str] = {}
        fault: RowFault | None = None
        for field, cell in zip(self._fields, cells, strict=False):
            text = cell.strip(_SPACES)
            if field is None or not text or text in _BLANKS:
                continue
            told[field] = text
            # One look at what nearly every text is; the reason is looked for only where it isn't.
            if fault is None and (text[0] in _STARTS or len(text) > LENGTHS[field] or not text.isprintable()):
                fault = _check_text(field, text)
        if not told and not any(cell.strip() for cell in cells):
            return None
        fault = self._find_gap(told, cells) or fault
        fault = fault or self._check_number(number, told["customer_no"]) or self._look_up(told)
        team, handler = told.pop("team", None), told.pop("handler", None)
        if fault is not None:
            return CustomerLine(number, {field: text[: LENGTHS[field]] for field, text in told.items()}, fault)
        if team is not None:
            told["unit_id"] = self._teams[team]
        if handler is not None:
            told["handler_id"] = self._handlers[handler]
        return CustomerLine(number, told)

    def _find_gap(self, told: Mapping[str, str], cells: Sequence[str]) -> RowFault | None:
        if len(cells) > self._headings.width and any(cell.strip() for cell in cells[self._headings.width :]):
            return RowFault("cells")
        for field in ("customer_no", "name"):
            if field not in told:
                return RowFault("missing", field)
        return None

    def _check_number(self, number: int, customer_no: str) -> RowFault | None:
        if _NUMBER.fullmatch(customer_no) is None:
            return RowFault("bad_number", "customer_no")
        first = self._seen.setdefault(customer_no, number)
        return RowFault("twice", "customer_no", str(first)) if first != number else None

    def _look_up(self, told: Mapping[str, str]) -> RowFault | None:
        if "team" in told and told["team"] not in self._teams:
            return RowFault("unknown_team", "team", told["team"])
        if "handler" in told and told["handler"] not in self._handlers:
            return RowFault("unknown_handler", "handler", told["handler"])
        return None


def _check_text(field: str, text: str) -> RowFault | None:
    if begins_like_formula(text):
        return RowFault("formula", field)
    if len(text) > LENGTHS[field]:
        return RowFault("too_long", field, str(LENGTHS[field]))
    if any(unicodedata.category(each) in _UNPRINTABLE for each in text):
        return RowFault("control", field)
    return None
