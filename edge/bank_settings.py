"""What an installer signs for one bank: columns, segments, sensors, points in sight, times."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Face = Literal["A", "B"]
StopKind = Literal["fixed_column", "end_stop", "wall"]
SensorKind = Literal["foot_beam", "pir", "edge", "entry_beams"]
# Crockford's alphabet: digits and letters without I, L, O, U
CardCode = Annotated[str, StringConstraints(pattern=r"^CF[0-9A-HJKMNP-TV-Z]{8}[0-9A-Z]$")]
AisleNo = Annotated[int, Field(ge=1, le=64)]


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values never change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSettings(Section):
    """One column as it stands on the rails, counted from the fixed one."""

    no: int = Field(ge=1, le=64)
    width_mm: int = Field(ge=100, le=3000)
    faces: tuple[Face, ...] = Field(max_length=2)
    fixed: bool = False

    @model_validator(mode="after")
    def require_faces_of_what_moves(self) -> Self:
        if not self.faces and not self.fixed:
            raise ValueError("faces is empty: only a wall or end stop, which is fixed, holds no boxes")
        return self


class SegmentSettings(Section):
    """Columns between two stops, whose gaps always sum to the free width. The first column is the fixed one."""

    first_column: int = Field(ge=1, le=64)
    last_column: int = Field(ge=1, le=64)
    free_width_mm: int = Field(ge=600, le=20_000)
    free_aisles: int = Field(default=1, ge=1, le=8)
    left_stop: StopKind = "fixed_column"
    right_stop: StopKind = "end_stop"
    # the aisle that holds the free width when all is closed; None: the one before the right stop
    home_aisle: int | None = Field(default=None, ge=1, le=64)

    @model_validator(mode="after")
    def require_home_within(self) -> Self:
        if self.home_aisle is not None and not self.first_column <= self.home_aisle <= self.last_column:
            raise ValueError("home_aisle lies outside the segment")
        return self


class SensorSettings(Section):
    """Sensors of one kind in some aisles: what they can see, and when that was proven. None ever says "empty"."""

    id: Id
    kind: SensorKind
    name: Name
    aisles: tuple[AisleNo, ...] = Field(default=(), max_length=64)  # none: every aisle of the bank
    # a person at a higher tier stands on a ladder, where this sensor can't see them
    sees_up_to_tier: int = Field(default=15, ge=1, le=15)
    sees_stillness: bool = True  # False: only what moves
    tested_by: Name
    tested_on: date
    test_due_on: date

    @model_validator(mode="after")
    def require_honest_sight(self) -> Self:
        if self.kind == "pir" and self.sees_stillness:
            raise ValueError("sees_stillness must be false: a PIR sensor doesn't see who stands still")
        if self.kind == "foot_beam" and "sees_up_to_tier" not in self.model_fields_set:
            raise ValueError("sees_up_to_tier is missing: a foot beam doesn't see who stands on a ladder")
        if self.test_due_on <= self.tested_on:
            raise ValueError("test_due_on must lie after tested_on")
        return self


class PointSettings(Section):
    """A confirmation point whose line of sight to the bank an installer signed for."""

    id: Id
    kind: Literal["kiosk", "button", "card"]
    name: Name
    signed_by: Name
    signed_on: date
    card_code: CardCode | None = None
    # number the controller gives to the button at the bank; below 65 are the buttons that open an aisle (SPEC 5)
    button: int | None = Field(default=None, ge=65, le=255)

    @model_validator(mode="after")
    def require_card_or_button(self) -> Self:
        if (self.kind == "card") != (self.card_code is not None):
            raise ValueError("card_code belongs to points of kind 'card', and each of them needs one")
        if (self.kind == "button") != (self.button is not None):
            raise ValueError("button belongs to points of kind 'button', and each of them needs one")
        return self


class BankSettings(Section):
    """One bank of columns behind one controller, as signed by its installer."""

    id: Id
    name: Name
    bus: Id
    unit: int = Field(default=0, ge=0, le=247)  # address on its line; 0 on a broker, where the id names it
    sections: int = Field(ge=1, le=15)
    tiers: int = Field(ge=1, le=15)
    slots: int = Field(default=17, ge=1, le=99)  # places of one tier in one section
    # "contacts": the controller knows open and closed, no millimetres; plans then show no travel
    positions: Literal["measured", "contacts"] = "measured"
    numbered_from: Literal["left", "right"] = "left"  # where column 1 stands, seen from the operating end
    passable_gap_mm: int = Field(default=700, ge=600, le=2000)
    speed_mm_s: int = Field(default=80, ge=1, le=133)
    reaction_ms: int = Field(default=50, ge=0, le=1000)  # controller: order received -> drive off
    braking_mm: int = Field(default=15, ge=0, le=200)
    wake_ms: int = Field(default=2000, ge=0, le=150_000)
    warning_ms: int = Field(default=3000, ge=500, le=30_000)
    travel_ms: int = Field(ge=1000, le=300_000)
    stop_confirm_ms: int = Field(default=1000, ge=100, le=2000)
    column: tuple[ColumnSettings, ...] = Field(min_length=2, max_length=64)
    segment: tuple[SegmentSettings, ...] = Field(min_length=1)
    sensor: tuple[SensorSettings, ...] = ()
    point: tuple[PointSettings, ...] = Field(min_length=1)

    @property
    def aisles(self) -> tuple[int, ...]:
        """Aisle numbers of all segments; none lies right of a fixed last column."""
        return tuple(no for s in self.segment for no in range(s.first_column, s.last_column + 1))

    @model_validator(mode="after")
    def require_sound_geometry(self) -> Self:
        if [column.no for column in self.column] != list(range(1, len(self.column) + 1)):
            raise ValueError("column: numbers must run 1, 2, 3 … without a gap")
        self._require_whole_segments()
        if min(segment.free_width_mm // segment.free_aisles for segment in self.segment) < self.passable_gap_mm:
            raise ValueError("segment: free_width_mm gives less than passable_gap_mm, so no aisle could ever open")
        for sensor in self.sensor:
            strange = sorted(set(sensor.aisles) - set(self.aisles))
            if strange:
                raise ValueError(f"sensor {sensor.id}: there is no aisle {strange[0]}")
        return self

    def _require_whole_segments(self) -> None:
        expected = 1
        for segment in self.segment:
            if segment.first_column != expected or segment.last_column < segment.first_column:
                raise ValueError("segment: segments must cover all columns in order, without gap or overlap")
            expected = segment.last_column + 1
        # a fixed last column is the end of the rails: no segment begins with it
        count = len(self.column)
        if expected != count + 1 and not (expected == count and self.column[-1].fixed):
            raise ValueError("segment: segments must cover all columns in order, without gap or overlap")
        stands = {segment.first_column for segment in self.segment} | ({count} if expected == count else set())
        fixed = {column.no for column in self.column if column.fixed}
        if stands != fixed:
            wrong = min(stands ^ fixed)
            raise ValueError(f"column {wrong}: the fixed columns must be those at which segments begin or end")
        between = [segment.right_stop for segment in self.segment[: None if expected == count else -1]]
        if set(between) - {"fixed_column"}:
            raise ValueError("segment: right_stop must be fixed_column where a fixed column follows")
