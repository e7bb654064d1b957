"""Boxes: what is printed on them and how they are found. Where a box is stands in `movements`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from central.store.base import CODE_LENGTH, ID_LENGTH, Base, Instant


class BoxRow(Base):
    __tablename__ = "boxes"
    __table_args__ = (
        Index(None, "room_id", "code"),
        Index(None, "customer_no", postgresql_ops={"customer_no": "text_pattern_ops"}),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    #: The room whose holdings it belongs to; scope of every search.
    room_id: Mapped[str] = mapped_column(ForeignKey("rooms.id"))
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    customer_no: Mapped[str] = mapped_column(String(40))
    customer_name: Mapped[str] = mapped_column(String(120))
    #: Case-folded, width-folded text of all of the above; what a search looks through.
    search_text: Mapped[str] = mapped_column(String(600))
    created_at: Mapped[datetime] = mapped_column(Instant)
