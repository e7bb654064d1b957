"""Pages of a list by key, not by number: rows added meanwhile shift nothing. The cursor is opaque to callers."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from central.domain.refusals import Reason, Refusal

Item = TypeVar("Item")

LONGEST_PAGE = 200
#: Two keys of the longest kind, a name of 200 Chinese characters and an id, and what encoding adds.
CURSOR_LENGTH = 1_400


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some rows, and the cursor after which the next ones begin; None at the end."""

    items: tuple[Item, ...]
    next_after: str | None


def walk_pages(read: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    """Yield the items of all pages; `read` returns the one after a cursor."""
    after: str | None = None
    while True:
        page = read(after)
        yield from page.items
        if page.next_after is None:
            return
        after = page.next_after


def make_cursor(*values: str) -> str:
    """Return the cursor of the row with these sort values."""
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> tuple[str, ...]:
    """Return the sort values in a cursor; refuse what we can't have written."""
    try:
        if len(cursor) > CURSOR_LENGTH:
            raise Refusal(Reason.BAD_CURSOR)
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise Refusal(Reason.BAD_CURSOR) from None
    if not isinstance(values, list) or len(values) != length or not all(_is_text(value) for value in values):
        raise Refusal(Reason.BAD_CURSOR)
    return tuple(values)


def _is_text(value: object) -> bool:
    """Text that both databases take: no NUL, no lone surrogates."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
