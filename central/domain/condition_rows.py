"""Conditions as people fill them in: rows of attribute, comparison and value, of which all or any must hold.

Deeper conditions exist (`central.domain.conditions`); they have no rows and are edited as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from central.domain.conditions import Condition, find_faults

ROWS_MAX = 8
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")
WORDS = {"是": True, "yes": True, "true": True, "否": False, "no": False, "false": False}
BETWEEN = re.compile(r"\s*[,,、;;]\s*")
Join = Literal["all", "any"]


class Comparison(StrEnum):
    """How an attribute is compared; those with `not` hold for a case that lacks the attribute."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    PRESENT = "present"
    ABSENT = "absent"


NEGATED = {Comparison.IS_NOT: "is", Comparison.NOT_IN: "in"}
WITHOUT_VALUE = (Comparison.PRESENT, Comparison.ABSENT)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison as typed; `value` is empty for "is known" and "is not known"."""

    attribute: str
    comparison: Comparison
    value: str = ""


class BadRowError(ValueError):
    """A row is not whole, or its value doesn't fit its comparison; `number` counts from 0."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def write_condition(join: Join, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return the condition that rows say, None for no row; raise BadRowError at the first that says nothing."""
    parts = []
    for number, row in enumerate(rows):
        try:
            part = _write_row(row)
        except ValueError:
            raise BadRowError(number) from None
        if any(find_faults(part)):
            raise BadRowError(number)
        parts.append(part)
    if len(parts) > 1:
        return {join: parts}
    return parts[0] if parts else None


def read_condition(condition: Condition | None) -> tuple[Join, tuple[Row, ...]] | None:
    """Return join and rows that say exactly this condition; None when no rows can."""
    if condition is None:
        return "all", ()
    join: Join = "any" if "any" in condition else "all"
    parts: Any = condition.get(join, [condition])
    rows = [_read_row(part) for part in parts]
    found = tuple(row for row in rows if row is not None)
    if len(found) != len(rows) or len(rows) > ROWS_MAX:
        return None
    try:
        return (join, found) if write_condition(join, found) == condition else None
    except BadRowError:
        return None


def _write_row(row: Row) -> dict[str, Any]:
    name, comparison = row.attribute.strip(), row.comparison
    if not name:
        raise ValueError
    if comparison in WITHOUT_VALUE:
        return {"attribute": name, "present": comparison is Comparison.PRESENT}
    word = NEGATED.get(comparison, comparison.value)
    if word == "in":
        value: Any = [_write_value(each) for each in BETWEEN.split(row.value.strip()) if each]
    else:
        value = _write_value(row.value.strip())
    part = {"attribute": name, word: value}
    return {"not": part} if comparison in NEGATED else part


def _write_value(text: str) -> Any:
    if not text:
        raise ValueError
    if text.casefold() in WORDS:
        return WORDS[text.casefold()]
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _read_row(part: Any) -> Row | None:
    if not isinstance(part, Mapping):
        return None
    negated = part.get("not")
    inner = negated if isinstance(negated, Mapping) else part
    if "attribute" not in inner:
        return None
    name = str(inner["attribute"])
    if "present" in inner and inner is part:
        return Row(name, Comparison.PRESENT if inner["present"] else Comparison.ABSENT)
    for comparison in Comparison:
        word = NEGATED.get(comparison, comparison.value)
        if word in inner and word != "present" and (comparison in NEGATED) is (inner is not part):
            return Row(name, comparison, _read_value(inner[word]))
    return None


def _read_value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_read_value(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
