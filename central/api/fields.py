"""Parameters that several routes take, with their bounds."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel

from central.domain.paging import CURSOR_LENGTH, LONGEST_PAGE

Item = TypeVar("Item")

RoomId = Annotated[str, Path(pattern=r"^[a-z0-9]{1,16}$")]
RowId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
BankKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,8}$")]
AisleNo = Annotated[int, Path(ge=0, le=999)]
After = Annotated[
    str | None,
    Query(max_length=CURSOR_LENGTH, description="Cursor `next_after` of the page before; none: from the start"),
]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]


class PageOut(BaseModel, Generic[Item]):
    """Some rows, and the cursor of the next ones; null at the end."""

    items: list[Item]
    next_after: str | None
