"""Faults of a byte line, by name and by seed. All are zero until somebody asks for them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FaultPlan:
    """How badly a line behaves. Shares are per byte unless the name says otherwise."""

    seed: int = 0
    bit_flip: float = 0.0
    loss: float = 0.0
    insertion: float = 0.0
    cut_per_frame: float = 0.0  # the rest of the frame never comes
    echo_per_frame: float = 0.0  # the asker hears its own bytes
    late_per_frame: float = 0.0
    late_ms: int = 300
    silence_per_frame: float = 0.0  # no answer at all

    def __post_init__(self) -> None:
        """Refuse shares outside 0..1."""
        for name in ("bit_flip", "loss", "insertion", *_PER_FRAME):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a share between 0 and 1")


_PER_FRAME = ("cut_per_frame", "echo_per_frame", "late_per_frame", "silence_per_frame")


_GOOD = FaultPlan()


@dataclass
class FaultyWire:
    """Applies a plan; counts what it did, so that a test can tell that something happened."""

    plan: FaultPlan = _GOOD
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Seed the dice."""
        self._random = random.Random(self.plan.seed)  # noqa: S311 - faults are not secrets

    def change_plan(self, plan: FaultPlan | None = None) -> None:
        """Behave differently from now on; without a plan, well."""
        self.plan = plan = _GOOD if plan is None else plan
        self._random = random.Random(plan.seed)  # noqa: S311 - faults are not secrets

    @property
    def is_good(self) -> bool:
        """Whether this plan does nothing at all."""
        return self.plan is _GOOD

    def disturb(self, octets: bytes) -> bytes:
        """Return what arrives of these bytes at the other end."""
        plan = self.plan
        if not (plan.bit_flip or plan.loss or plan.insertion or plan.cut_per_frame):
            return octets
        if octets and self._happens("cut_per_frame"):
            octets = octets[: self._random.randrange(len(octets))]
        arrived = bytearray()
        for octet in octets:
            if self._happens("insertion"):
                arrived.append(self._random.randrange(256))
            if self._happens("loss"):
                continue
            arrived.append(octet ^ (1 << self._random.randrange(8)) if self._happens("bit_flip") else octet)
        return bytes(arrived)

    def echoes(self) -> bool:
        """Whether the asker hears its own frame this time."""
        return self._happens("echo_per_frame")

    def cuts(self) -> bool:
        """Whether the rest of this frame, and of whatever carries it, never comes."""
        return self._happens("cut_per_frame")

    def swallows(self) -> bool:
        """Whether this answer never comes."""
        return self._happens("silence_per_frame")

    def delay_ms(self) -> int:
        """How much later than due this answer comes."""
        return self.plan.late_ms if self._happens("late_per_frame") else 0

    def _happens(self, name: str) -> bool:
        share: float = getattr(self.plan, name)
        if not share or self._random.random() >= share:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True
