"""Parameters that several routes take, with their bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from central.domain.paging import CURSOR_LENGTH, LONGEST_PAGE

Item = TypeVar("Item")

ROW_ID = r"^[0-9a-f-]{36}$"
ROOM_ID = r"^[a-z0-9]{1,16}$"
#: No control characters: a name is one line.
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

RoomId = Annotated[str, Path(pattern=ROOM_ID)]
RowId = Annotated[str, Path(pattern=ROW_ID)]
#: The same inside a body.
RowKey = Annotated[str, StringConstraints(pattern=ROW_ID)]
StaffCode = Annotated[str, Path(pattern=r"^ST[0-9A-Z]{9}$")]
BankKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,8}$")]
AisleNo = Annotated[int, Path(ge=0, le=999)]
After = Annotated[
    str | None,
    Query(max_length=CURSOR_LENGTH, description="Cursor `next_after` of the page before; none: from the start"),
]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=ONE_LINE, strip_whitespace=True)]
Why = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00]*$", strip_whitespace=True)]
#: Years that both databases and every calendar take.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]


class Strict(BaseModel):
    """A body that takes no unknown field."""

    model_config = ConfigDict(extra="forbid")


class PageOut(BaseModel, Generic[Item]):
    """Some rows, and the cursor of the next ones; null at the end."""

    items: list[Item]
    next_after: str | None
