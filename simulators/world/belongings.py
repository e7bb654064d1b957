"""Where every box of a room is in truth: on a shelf, in somebody's hand, or doubtful to everybody."""

from __future__ import annotations

from typing import Any

from edge.core.state import Act
from simulators.world.layout import Layout


class Belongings:
    """Boxes as they are, whatever is recorded."""

    def __init__(self, layout: Layout) -> None:
        self.hand: list[str] = []
        self.shelf = {code: key for code, (_, key) in layout.boxes.items()}
        self.doubtful: set[str] = set()  # scanned, and nobody saw what came of it
        self._bank_of = {f"{bank.unit}区": bank.id for bank in layout.banks}

    def take(self, box: str) -> None:
        """Take a box off its shelf."""
        del self.shelf[box]
        self.hand.append(box)

    def put(self, box: str, place: dict[str, Any]) -> bool:
        """Put a box where the screen says; False if it stood on a shelf before: another's scan named that place."""
        was_in_hand = box in self.hand
        if was_in_hand:
            self.hand.remove(box)
        bank = self._bank_of[place["bank_name"]]
        self.shelf[box] = f"{bank}-{place['column']:02d}-{place['face']}-{place['section']}-{place['tier']}-1"
        return was_in_hand

    def put_back(self, act: Act) -> None:
        """Bring a box back to where it was before an act that was undone."""
        box = act.box_code
        assert box is not None
        if act.before_place is None:
            self.shelf.pop(box, None)
            if box not in self.hand:
                self.hand.append(box)
            return
        if box in self.hand:
            self.hand.remove(box)
        self.shelf[box] = act.before_place
