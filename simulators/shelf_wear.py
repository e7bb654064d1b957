"""What wears at a bank: journeys per column, motor current, how long openings take. Counts only; decides nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable

from simulators.bank_plan import BankPlan

CURRENT_MA = 1800  # of a column on clean rails; every journey makes the rails a little dirtier
_DIRT_MA = 0.02
_SPREAD_MA = 40


class WearBook:
    """Kept by a controller in memory that outlives power (SPEC 5.16)."""

    def __init__(self, plan: BankPlan, seed: int) -> None:
        moving = [column.no for column in plan.columns if not column.fixed]
        self.cycles: dict[int, int] = dict.fromkeys(moving, 0)
        self.currents_ma: dict[int, int] = {}
        self.opening_ms: dict[int, int] = {}
        self._began_ms = 0
        self._spread = random.Random(~seed)  # noqa: S311 - a simulator's noise

    def begin_journey(self, columns: Iterable[int], now_ms: int) -> None:
        """Count a journey of these columns and the current that it takes."""
        self._began_ms = now_ms
        for column in columns:
            self.cycles[column] += 1
            dirt_ma = self.cycles[column] * _DIRT_MA
            self.currents_ma[column] = round(CURRENT_MA + dirt_ma + self._spread.uniform(-_SPREAD_MA, _SPREAD_MA))

    def end_opening(self, aisle: int, now_ms: int) -> None:
        """Keep how long an opening took from first movement to settled."""
        self.opening_ms[aisle] = now_ms - self._began_ms
