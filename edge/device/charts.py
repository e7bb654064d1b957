"""A line over days as points of an SVG, with the marks a reader needs. The same numbers stand in a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 28


@dataclass(frozen=True, slots=True)
class Chart:
    """Points in the picture's own units, and the ends of both scales."""

    width: int
    height: int
    points: str  # for a polyline
    dots: tuple[tuple[float, float], ...]
    low: str
    high: str
    first: int  # days since 1970
    last: int
    base_y: float | None  # where the usual value lies


def draw_line(days: Sequence[tuple[int, float]], usual: float | None = None) -> Chart | None:
    """Draw a value by day; None when there is nothing to draw."""
    if not days:
        return None
    first, last = days[0][0], days[-1][0]
    values = [value for _, value in days] + ([usual] if usual is not None else [])
    low, high = min(values), max(values)
    low = min(low, high * 0.9)  # a flat line lies within the picture, not on its edge
    span = (high - low) or 1.0

    def across(day: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((day - first) / (last - first) if last > first else 0.5)

    def down(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / span)

    dots = tuple((round(across(day), 1), round(down(value), 1)) for day, value in days)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        points=" ".join(f"{x},{y}" for x, y in dots),
        dots=dots,
        low=f"{low:.4g}",
        high=f"{high:.4g}",
        first=first,
        last=last,
        base_y=None if usual is None else round(down(usual), 1),
    )
