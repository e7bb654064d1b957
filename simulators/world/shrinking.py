"""A failing seed made small: fewer hours, fewer rooms, no faults or acts that the failure does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from simulators.world.habits import Habits
from simulators.world.run import Report, World

TRIES_MAX = 60


@dataclass(frozen=True)
class Case:
    """Everything that makes a run."""

    seed: int
    hours: float
    rooms: int
    habits: Habits
    kind: str = ""
    shape: str = ""
    left_out: tuple[str, ...] = ()


Verdict = Callable[[Report], bool]


def play(case: Case) -> tuple[World, Report]:
    """Run a case."""
    world = World(case.seed, case.habits, hours=case.hours, rooms=case.rooms, kind=case.kind, shape=case.shape)
    return world, world.run()


def is_broken(report: Report) -> bool:
    """Tell whether anything happened that may never happen."""
    return bool(report.violations)


def shrink(case: Case, still: Verdict = is_broken) -> Case:
    """Find a smaller case that fails too; every smaller case is tried, so the answer fails for certain."""
    tries, smaller = 0, True
    while smaller and tries < TRIES_MAX:
        smaller = False
        for candidate in list_smaller(case):
            tries += 1
            if still(play(candidate)[1]):
                case, smaller = candidate, True
                break
            if tries >= TRIES_MAX:
                break
    return case


def list_smaller(case: Case) -> Iterator[Case]:
    """List cases that are one step smaller, the largest steps first."""
    if case.rooms > 1:
        yield replace(case, rooms=1)
    for share in (0.25, 0.5, 0.8):
        yield replace(case, hours=case.hours * share)
    for table in ("faults", "acts"):
        rates: dict[str, float] = getattr(case.habits, table)
        for name, rate in rates.items():
            if rate and name != "fetch":
                yield replace(
                    case,
                    habits=case.habits.with_rates({f"{table}.{name}": 0.0}),
                    left_out=(*case.left_out, f"{table}.{name}"),
                )


def tell_story(case: Case, lines: int = 60) -> str:
    """Tell how a case fails, for a person to read: what led to the first breach or harm."""
    world, report = play(case)
    kinds = ", ".join(site.layout.kind for site in world.rooms[0].sites)
    head = [
        f"seed {case.seed}, {case.hours:.3f} h, {case.rooms} room(s), banks: {kinds}",
        f"left out: {', '.join(case.left_out) or 'nothing'}",
        *(report.violations[:5] or [f"harm: {dict(report.harm)}"]),
        "",
    ]
    return "\n".join([*head, *find_chapter(list(world.rooms[0].story), lines)])


def find_chapter(story: list[str], lines: int) -> list[str]:
    """Cut out what leads up to the first breach or harm."""
    marks = [index for index, line in enumerate(story) if "VIOLATION" in line or "HARM" in line]
    end = marks[0] + 1 if marks else len(story)
    return story[max(0, end - lines) : end]
