"""What a bank is made of: columns on rails between stops, sensors per aisle, times. Data only; nothing moves here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class SensorKind(StrEnum):
    """Each kind says what it can see; none of them ever says that an aisle is empty."""

    FOOT_BEAM = "foot_beam"  # a foot on the floor; blind to who stands on a ladder
    PIR = "pir"  # a body that moves; blind to who stands still
    EDGE = "edge"  # only what it touches
    ENTRY_BEAMS = "entry_beams"  # counts who passes the mouth; the count drifts


@dataclass(frozen=True)
class ColumnPlan:
    """One column; a fixed one is a stop."""

    no: int
    fixed: bool
    faces: str = "AB"
    width_mm: int = 550


@dataclass(frozen=True)
class BankTimes:
    """The bank's own times and speeds; none of them is writable over a wire."""

    speed_mm_s: int = 80
    acceleration_mm_s2: int = 160
    braking_mm_s2: int = 320
    reaction_ms: int = 40
    stagger_ms: int = 250
    warning_ms: int = 1500
    settle_ms: int = 300
    wake_ms: int = 2000
    homing_ms: int = 5000
    sleep_after_ms: int = 0  # 0: never sleeps
    selection_ms: int = 2000
    lease_ms: int = 500
    sequence_age_ms: int = 500


@dataclass(frozen=True)
class BankPlan:
    """A bank: columns from left to right, the free width of each segment, sensors of each aisle.

    Aisle n lies right of column n. Column 1 is fixed; after a moving last column comes an end stop.
    """

    bank_id: str = "A"
    columns: tuple[ColumnPlan, ...] = ()
    aisle_mm: int = 800
    free_aisles: tuple[int, ...] = (1,)  # per segment
    passable_gap_mm: int = 700
    sections: int = 4
    tiers: int = 6
    home_aisle: int = 0  # 0: the last one
    sensors: tuple[SensorKind, ...] = (SensorKind.FOOT_BEAM, SensorKind.EDGE, SensorKind.ENTRY_BEAMS)
    times: BankTimes = BankTimes()
    measures: bool = True  # False: contacts only, no millimetres
    fire_parks: bool = False  # the fire authority wants columns together (SPEC 5.15)

    def __post_init__(self) -> None:
        """Refuse a plan that no steel could follow."""
        if not self.columns or not self.columns[0].fixed:
            raise ValueError("column 1 must be fixed")
        if [column.no for column in self.columns] != list(range(1, len(self.columns) + 1)):
            raise ValueError("columns are numbered 1..N from the left")
        if len(self.free_aisles) != len(self.segments):
            raise ValueError(f"{len(self.segments)} segments need as many free aisle counts")
        for aisles, free in zip(self.segments, self.free_aisles, strict=True):
            if not 1 <= free <= len(aisles):
                raise ValueError(f"a segment of {len(aisles)} aisles can't keep {free} of them free")

    @cached_property
    def segments(self) -> tuple[tuple[int, ...], ...]:
        """Aisle numbers of each segment between two stops, from left to right."""
        found: list[tuple[int, ...]] = []
        aisles: list[int] = []
        for column, right in zip(self.columns, (*self.columns[1:], None), strict=True):
            if right is None and column.fixed:
                break  # a fixed last column is the end: no aisle lies right of it
            aisles.append(column.no)
            if right is None or right.fixed:
                found.append(tuple(aisles))
                aisles = []
        return tuple(found)

    @cached_property
    def aisles(self) -> tuple[int, ...]:
        """All aisle numbers of the bank."""
        return tuple(aisle for segment in self.segments for aisle in segment)

    @property
    def closing_home(self) -> int:
        """The aisle that takes the free width when everything is closed."""
        return self.home_aisle or self.aisles[-1]

    @cached_property
    def home_aisles(self) -> tuple[int, ...]:
        """The home gap of each segment."""
        return tuple(self.closing_home if self.closing_home in aisles else aisles[-1] for aisles in self.segments)

    def segment_of(self, aisle: int) -> int:
        """Index of the segment that holds this aisle; KeyError when there is no such aisle."""
        for index, aisles in enumerate(self.segments):
            if aisle in aisles:
                return index
        raise KeyError(aisle)

    def free_width_mm(self, segment: int) -> int:
        """Return what the gaps of a segment sum to, always."""
        return self.free_aisles[segment] * self.aisle_mm

    @cached_property
    def rail_mm(self) -> int:
        """Length from the left side of column 1 to the last stop."""
        return sum(c.width_mm for c in self.columns) + sum(map(self.free_width_mm, range(len(self.segments))))

    @property
    def longest_travel_ms(self) -> int:
        """Time from first movement to standstill for the longest journey of this bank."""
        times = self.times
        movers = max(len(aisles) for aisles in self.segments) - 1
        ramps_ms = 500 * times.speed_mm_s * (1 / times.acceleration_mm_s2 + 1 / times.braking_mm_s2)
        return round(1000 * self.aisle_mm / times.speed_mm_s + ramps_ms + movers * times.stagger_ms)

    @property
    def stop_distance_mm(self) -> float:
        """Travel from the controller's decision to stop until standstill."""
        times = self.times
        return times.speed_mm_s * times.reaction_ms / 1000 + times.speed_mm_s**2 / (2 * times.braking_mm_s2)


def plan_bank(
    moving: int = 10, *, aisle_mm: int = 800, speed_mm_s: int = 80, bank_id: str = "A", free_aisles: int = 1
) -> BankPlan:
    """Lay out one fixed column (face B only) and `moving` double-faced ones before an end stop."""
    columns = (ColumnPlan(1, fixed=True, faces="B"), *(ColumnPlan(no, fixed=False) for no in range(2, moving + 2)))
    return BankPlan(
        bank_id=bank_id,
        columns=columns,
        aisle_mm=aisle_mm,
        free_aisles=(free_aisles,),
        times=BankTimes(speed_mm_s=speed_mm_s),
    )
