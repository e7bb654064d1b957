"""Steel on rails: positions, speeds, staggered starts, braking. Knows nothing of requests, leases or people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulators.bank_plan import BankPlan
from simulators.shelf_record import Operation

STEP_MS = 5
_NEAR_MM = 0.05
_CREEP_MM_S = 2.0


@dataclass(slots=True)
class _Drive:
    """One column: where its left side is, how fast it goes, where to and when it may start."""

    x_mm: float
    width_mm: int
    fixed: bool
    speed_mm_s: float = 0.0  # signed: right is positive
    target_mm: float | None = None
    starts_in_ms: int = 0
    jammed: bool = False


class Rails:
    """The columns of one bank. Deterministic: time passes only in whole steps of `step_ms`."""

    def __init__(self, plan: BankPlan, *, step_ms: int = STEP_MS) -> None:
        self.plan = plan
        self.step_ms = step_ms
        times = plan.times
        self._seconds = seconds = step_ms / 1000
        self._braked_mm_s = times.braking_mm_s2 * seconds  # in one step; so are the next
        self._gained_mm_s = times.acceleration_mm_s2 * seconds
        self._twice_braking_mm_s2 = 2 * times.braking_mm_s2
        # farther than this from its target a column neither brakes nor arrives in one step
        self._cruising_mm = 1.001 * times.speed_mm_s**2 / self._twice_braking_mm_s2 + 2 * times.speed_mm_s * seconds + 1
        self._aisles, self._last = plan.aisles, len(plan.columns) - 1
        self._speed_mm_s, self._rail_mm = times.speed_mm_s, float(plan.rail_mm)
        self._column_widths = [column.width_mm for column in plan.columns]
        self._drives: list[_Drive] = []
        self._braking = False
        self._widths: dict[int, float] | None = None  # as long as nothing moved since
        self._arrived: bool | None = None
        self._jams = 0
        self.travelled_mm = 0.0
        x_mm = 0.0
        widths = self._home_widths()
        for column in plan.columns:
            self._drives.append(_Drive(x_mm, column.width_mm, column.fixed))
            x_mm += column.width_mm + widths.get(column.no, 0.0)

    def _home_widths(self) -> dict[int, float]:
        """Gaps with the free width gathered at the right of each segment, the home aisle first."""
        widths = dict.fromkeys(self.plan.aisles, 0.0)
        for aisles, free in zip(self.plan.segments, self.plan.free_aisles, strict=True):
            first = next(home for home in self.plan.home_aisles if home in aisles)
            ranked = sorted(aisles, key=lambda aisle: (aisle != first, -aisle))
            for aisle in ranked[:free]:
                widths[aisle] = float(self.plan.aisle_mm)
        return widths

    @property
    def positions_mm(self) -> tuple[float, ...]:
        """Left side of every column."""
        return tuple(drive.x_mm for drive in self._drives)

    @property
    def moving(self) -> bool:
        """Whether any column has speed."""
        return any(drive.speed_mm_s for drive in self._drives)

    @property
    def arrived(self) -> bool:
        """Whether nothing moves and nothing is left to do."""
        if self._arrived is None:
            self._arrived = True
            for drive in self._drives:
                if drive.speed_mm_s or drive.target_mm is not None:
                    self._arrived = False
                    break
        return self._arrived

    @property
    def aimed_columns(self) -> tuple[int, ...]:
        """Columns with a way before them."""
        return tuple(no for no, drive in enumerate(self._drives, 1) if drive.target_mm is not None)

    @property
    def way_left_mm(self) -> float:
        """What all columns together have yet to go."""
        return sum(abs(d.target_mm - d.x_mm) for d in self._drives if d.target_mm is not None)

    @property
    def jammed_columns(self) -> tuple[int, ...]:
        """Columns whose drive pushes and does not move."""
        if not self._jams:
            return ()
        return tuple(
            no
            for no, drive in enumerate(self._drives, 1)
            if drive.jammed and drive.target_mm is not None and drive.starts_in_ms <= 0
        )

    def width_mm(self, aisle: int) -> float:
        """Width of one aisle now."""
        return self.widths_mm()[aisle]

    def widths_mm(self) -> dict[int, float]:
        """Width of every aisle now; to be read only, the same until something moves."""
        if self._widths is None:
            self._widths = self._widths_of([drive.x_mm for drive in self._drives])
        return self._widths

    def _widths_of(self, lefts: list[float]) -> dict[int, float]:
        ends, widths = [*lefts[1:], self._rail_mm], self._column_widths
        return {no: gap if (gap := ends[no - 1] - lefts[no - 1] - widths[no - 1]) > 0.0 else 0.0 for no in self._aisles}

    def narrowing_for(self, aisle: int, operation: Operation = Operation.OPEN_AISLE) -> tuple[int, ...]:
        """Aisles that opening this one (0: what the operation brings) would narrow by more than 1 mm."""
        now = self.widths_mm()
        then = self._widths_of(self._lefts_for(self._gaps_for(aisle, operation)))
        return tuple(no for no in self.plan.aisles if then[no] < now[no] - 1.0)

    def needs_travel(self, aisle: int, operation: Operation = Operation.OPEN_AISLE) -> bool:
        """Tell whether opening this aisle (0: what the operation brings) moves any column at all."""
        lefts = self._lefts_for(self._gaps_for(aisle, operation))
        return any(abs(left - drive.x_mm) >= _NEAR_MM for left, drive in zip(lefts, self._drives, strict=True))

    def _even_widths(self) -> dict[int, float]:
        """Gaps with the free width of each segment shared by all its aisles."""
        widths: dict[int, float] = {}
        for index, aisles in enumerate(self.plan.segments):
            widths |= dict.fromkeys(aisles, self.plan.free_width_mm(index) / len(aisles))
        return widths

    def _whole_widths(self) -> dict[int, float]:
        """Gaps with all free width of each segment in its home gap: every column touches."""
        widths = dict.fromkeys(self.plan.aisles, 0.0)
        for index, home in enumerate(self.plan.home_aisles):
            widths[home] = float(self.plan.free_width_mm(index))
        return widths

    def _gaps_for(self, aisle: int, operation: Operation = Operation.OPEN_AISLE) -> dict[int, float]:
        """Widths once `aisle` is open, in its segment: it, and of the others those that are widest now."""
        if operation is Operation.VENTILATE:
            return self._even_widths()
        if operation is Operation.HOME:
            return self._whole_widths()
        if not aisle:
            return {no: mm for home in self.plan.home_aisles for no, mm in self._gaps_for(home).items()}
        segment = self.plan.segment_of(aisle)
        aisles = self.plan.segments[segment]
        now = self.widths_mm()
        others = sorted((no for no in aisles if no != aisle), key=lambda no: (-round(now[no]), -abs(no - aisle)))
        keep = {aisle, *others[: self.plan.free_aisles[segment] - 1]}
        return {no: float(self.plan.aisle_mm) if no in keep else 0.0 for no in aisles}

    def _lefts_for(self, gaps: dict[int, float]) -> list[float]:
        lefts = [drive.x_mm for drive in self._drives]
        for aisle in sorted(gaps):
            if aisle < len(lefts) and not self._drives[aisle].fixed:
                lefts[aisle] = lefts[aisle - 1] + self._drives[aisle - 1].width_mm + gaps[aisle]
        return lefts

    def aim(self, aisle: int, operation: Operation = Operation.OPEN_AISLE) -> None:
        """Set columns off towards the opening of `aisle` (0: what the operation brings), the leading one first."""
        self._braking, self._arrived = False, None
        lefts = self._lefts_for(self._gaps_for(aisle, operation))
        for group in self._groups(lefts):
            for rank, index in enumerate(group):
                drive = self._drives[index]
                drive.target_mm = lefts[index]
                drive.starts_in_ms = rank * self.plan.times.stagger_ms

    def _groups(self, lefts: list[float]) -> list[list[int]]:
        """Columns that go the same way side by side, the one in front first."""
        groups: list[list[int]] = []
        last_way = 0
        for index, drive in enumerate(self._drives):
            delta = lefts[index] - drive.x_mm
            way = 0 if abs(delta) < _NEAR_MM else int(math.copysign(1, delta))
            if way and way == last_way:
                groups[-1].append(index)
            elif way:
                groups.append([index])
            last_way = way
        return [group[::-1] if lefts[group[0]] > self._drives[group[0]].x_mm else group for group in groups]

    def brake(self) -> None:
        """Bring everything to a standstill by the brakes; targets are forgotten."""
        self._braking, self._arrived = True, None
        for drive in self._drives:
            drive.target_mm = None

    def jam(self, column: int, *, jammed: bool = True) -> None:
        """Let a column stick (or come free); a stuck one has no speed."""
        drive = self._drives[column - 1]
        drive.jammed = jammed
        if jammed:
            drive.speed_mm_s = 0.0
        self._jams, self._arrived = sum(each.jammed for each in self._drives), None

    def shove(self, column: int, delta_mm: float) -> None:
        """Move one column by hand as far as its neighbours let it."""
        index = column - 1
        drive = self._drives[index]
        if drive.fixed:
            return
        low, high = self._room_of(index)
        drive.x_mm = min(max(drive.x_mm + delta_mm, low), high)
        self._widths = None

    def step(self) -> None:
        """Let one step pass."""
        rightward: list[int] = []
        leftward: list[int] = []
        drives = self._drives
        for index, drive in enumerate(drives):
            heading = drive.speed_mm_s
            if not heading:
                if drive.target_mm is None:
                    continue
                heading = drive.target_mm - drive.x_mm
            (leftward if heading < 0 else rightward).append(index)
        if rightward:
            leftward += rightward[::-1]
        for index in leftward:  # the one in front makes room first
            self._step_one(index, drives[index])
        self._widths = self._arrived = None

    def _room_of(self, index: int) -> tuple[float, float]:
        drive = self._drives[index]
        left = self._drives[index - 1]
        low = left.x_mm + left.width_mm
        high = self._drives[index + 1].x_mm if index + 1 < len(self._drives) else float(self.plan.rail_mm)
        return low, high - drive.width_mm

    def _step_one(self, index: int, drive: _Drive) -> None:
        """Move one column on; asked so often that room and numbers are looked up in place."""
        waits = drive.starts_in_ms
        drive.starts_in_ms = waits - self.step_ms
        if drive.jammed:
            drive.speed_mm_s = 0.0
            return
        x_mm, target, before, is_far = drive.x_mm, drive.target_mm, drive.speed_mm_s, False
        speed = before if before >= 0 else -before
        if target is None:
            rightward = before >= 0
            speed -= self._braked_mm_s
            speed = max(0.0, speed)
        elif waits > 0:
            return
        else:
            left_mm = target - x_mm
            rightward = (before or left_mm) >= 0
            way_mm = left_mm if left_mm >= 0 else -left_mm
            speed = min(self._speed_mm_s, speed + self._gained_mm_s)
            is_far = way_mm >= self._cruising_mm
            if not is_far:
                speed = min(speed, max(_CREEP_MM_S, math.sqrt(self._twice_braking_mm_s2 * way_mm)))
        drives, way_mm = self._drives, speed * self._seconds
        left = drives[index - 1]
        low = left.x_mm + left.width_mm
        high = (drives[index + 1].x_mm if index < self._last else self._rail_mm) - drive.width_mm
        goal = x_mm + way_mm if rightward else x_mm - way_mm
        if is_far and low <= goal <= high:
            self.travelled_mm += goal - x_mm if rightward else x_mm - goal
            drive.x_mm, drive.speed_mm_s = goal, speed if rightward else -speed
            return
        x_mm = max(low, goal)
        x_mm = min(high, x_mm)
        if target is not None and abs(target - x_mm) <= max(_NEAR_MM, way_mm / 2):
            x_mm, speed, drive.target_mm = min(max(target, low), high), 0.0, None
        elif x_mm != goal:
            speed = min(speed, abs(x_mm - drive.x_mm) / self._seconds)
        self.travelled_mm += abs(x_mm - drive.x_mm)
        drive.x_mm = x_mm
        drive.speed_mm_s = speed if rightward else -speed
