"""What every list has around its rows: heads that sort, the files it is taken along as, the way to the next page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from central.domain.paging import CURSOR_LENGTH
from central.web.render import Say, address
from central.web.table_files import FileKind

#: Rows of one page of a list.
PAGE_ROWS = 50

Sort = Annotated[str, Query(max_length=20)]
After = Annotated[str, Query(max_length=CURSOR_LENGTH)]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; `direction` as `aria-sort` names it when the list is sorted by it."""

    text: str
    href: str | None = None
    direction: str | None = None
    number: bool = False


@dataclass(frozen=True, slots=True)
class Foot:
    """What stands below a list; a way that doesn't exist is None."""

    csv_href: str | None
    xlsx_href: str | None
    first_href: str | None
    next_href: str | None


def make_heads(
    say: Say,
    path: str,
    query: Mapping[str, str],
    heads: Iterable[tuple[str | None, str]],
    *,
    sort: str,
    default: str,
    falling: str = "",
    numbers: Collection[str] = (),
) -> list[Head]:
    """Return heads of (sort key or None, text); the one that is sorted by turns the order round.

    `default`: the order of an address that names none; `falling`: the key whose list begins with the greatest;
    `numbers`: texts of the columns that hold figures.
    """
    found = []
    for key, text in heads:
        if key is None:
            found.append(Head(say(text), number=text in numbers))
            continue
        following = f"-{key}" if sort == key else key
        direction = None
        if sort.removeprefix("-") == key:
            direction = "descending" if sort.startswith("-") != (key == falling) else "ascending"
        href = address(path, {**query, "sort": following if following != default else ""})
        found.append(Head(say(text), href, direction, text in numbers))
    return found


def make_foot(path: str, query: Mapping[str, str], after: str, next_after: str | None, *, files: bool = True) -> Foot:
    """Return the foot of a list at `path` whose search is `query`; `files`: it may be taken along."""
    return Foot(
        csv_href=address(f"{path}.{FileKind.CSV.value}", query) if files else None,
        xlsx_href=address(f"{path}.{FileKind.XLSX.value}", query) if files else None,
        first_href=address(path, query) if after else None,
        next_href=address(path, {**query, "after": next_after}) if next_after else None,
    )
