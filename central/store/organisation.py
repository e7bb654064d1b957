"""Units of the organisation. What lies below what is worked out in `central.domain.organisation`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from central.domain.organisation import Unit, UnitKind, UnitTree
from central.store.base import ID_LENGTH, Base, Instant
from central.store.rooms import RoomRow


class UnitRow(Base):
    __tablename__ = "units"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    #: Closed units keep their history and take nobody in.
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    def to_unit(self) -> Unit:
        """Return the unit as the domain knows it."""
        return Unit(self.id, UnitKind(self.kind), self.name, self.parent_id)


def load_tree(session: Session) -> UnitTree:
    """Return the organisation with closed units, whose old cases still belong somewhere."""
    columns = (UnitRow.id, UnitRow.kind, UnitRow.name, UnitRow.parent_id)
    units = [Unit(id_, UnitKind(kind), name, parent) for id_, kind, name, parent in session.execute(select(*columns))]
    rooms = session.execute(select(RoomRow.id, RoomRow.unit_id)).all()
    return UnitTree(units, {row.id: row.unit_id for row in rooms})


def load_units(session: Session, *, closed: bool = False) -> list[UnitRow]:
    """Return the units that are open, or all."""
    query = select(UnitRow).order_by(UnitRow.name, UnitRow.id)
    return list(session.scalars(query if closed else query.where(UnitRow.closed_at.is_(None))))


def find_open_unit(session: Session, unit_id: str) -> UnitRow | None:
    """Return a unit that takes people in."""
    row = session.get(UnitRow, unit_id)
    return row if row is not None and row.closed_at is None else None
