"""Arithmetic of a line: wire time, silence, how many banks may move at once, how far steel runs (SPEC 2, 6).

Times are milliseconds as floats. Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

CHARACTER_BITS = 11
SILENCE_CHARACTERS = 3.5
REPLY_TIMEOUT_MS = 60.0
MAX_EXCHANGE_UNDER_LEASE_MS = 60.0
MAX_RENEWAL_INTERVAL_MS = 250.0
MAX_LEASE_PERIOD_MS = 100.0
MIN_WATCH_PERIOD_MS = 80.0
PERMIT_AGE_MS = 250.0
SEQUENCE_AGE_MS = 500.0  # a controller refuses a renewal that relies on an older reading
LEASE_MS = 500.0
SELECTION_MS = 2000.0
SEQUENCE_STEP_MS = 10.0

# Bytes of request and answer, by exchange (SPEC 3.2); a 16-register read is the longest read under a lease.
MOTION_BYTES = (8, 37)
LEASE_BYTES = (17, 8)
OPERATE_BYTES = (29, 9)
SELECT_BYTES = (25, 25)
SPLIT_SELECT_BYTES = ((21, 8), (8, 25))
STOP_BYTES = (8, 8)


@dataclass(frozen=True, slots=True)
class Line:
    """A serial line by its baud rate. `network_ms`: what a serial server may add to an exchange, both ways together."""

    baud: int = 19200
    network_ms: float = 0.0

    @property
    def character_ms(self) -> float:
        """Time of one character of 11 bits."""
        return CHARACTER_BITS * 1000 / self.baud

    @property
    def silence_ms(self) -> float:
        """Time of 3.5 characters."""
        return SILENCE_CHARACTERS * self.character_ms

    def sending_ms(self, count: int) -> float:
        """Time that so many bytes take, without silence."""
        return count * self.character_ms

    def wire_ms(self, *frame_bytes: int) -> float:
        """Time of frames of these lengths, each with the silence after it."""
        return sum(self.sending_ms(count) + self.silence_ms for count in frame_bytes)

    @property
    def splits_select(self) -> bool:
        """Whether SELECT by function 23 takes longer than a running lease of a neighbour allows (SPEC 6.6)."""
        return self.wire_ms(*SELECT_BYTES) > MAX_EXCHANGE_UNDER_LEASE_MS

    @property
    def longest_exchange_ms(self) -> float:
        """Longest exchange, other than a lease, that is begun while a lease runs."""
        selects = SPLIT_SELECT_BYTES if self.splits_select else (SELECT_BYTES,)
        return max(self.wire_ms(*pair) for pair in (MOTION_BYTES, OPERATE_BYTES, *selects)) + self.network_ms

    def renewal_interval_ms(self, moving: int) -> float:
        """Worst time between two renewals of one bank with so many banks moving on the line (SPEC 6.7)."""
        lease = self.wire_ms(*LEASE_BYTES) + self.network_ms
        return self.longest_exchange_ms + moving * lease + REPLY_TIMEOUT_MS + lease

    def renewal_gap_ms(self, moving: int, waiting: int = 0) -> float:
        """Longest time without a renewal because the reading it would rest on is older than a permit may be.

        Between two readings of one bank come one of each other moving bank, one more exchange, and so many `waiting`
        ones, each behind the leases of all (SPEC 6.7).
        """
        turn_ms = self.longest_exchange_ms + moving * (self.wire_ms(*LEASE_BYTES) + self.network_ms)
        return (moving + 1 + waiting) * turn_ms - PERMIT_AGE_MS

    def spares_turn(self, moving: int) -> bool:
        """Whether banks at rest may be read now and then while so many move (SPEC 6.5)."""
        return self.renewal_gap_ms(moving, 1) <= MAX_RENEWAL_INTERVAL_MS

    def lease_period_ms(self, moving: int) -> float:
        """Longest time from one renewal to the next becoming due, so that the worst interval holds (SPEC 6.7)."""
        return _lease_period_ms(self, moving)

    @property
    def watch_period_ms(self) -> float:
        """How often a moving bank is read: well within a permit's age, and leaving room for others."""
        return max(MIN_WATCH_PERIOD_MS, 2.5 * (self.wire_ms(*MOTION_BYTES) + self.network_ms))

    @property
    def max_moving_banks(self) -> int:
        """Most banks whose leases, and the readings they rest on, this line carries at once; 0: not even one."""
        moving = 0
        while max(self.renewal_interval_ms(moving + 1), self.renewal_gap_ms(moving + 1)) <= MAX_RENEWAL_INTERVAL_MS:
            moving += 1
        return moving

    @property
    def stop_turn_ms(self) -> float:
        """Longest wait of a STOP: an answer that has begun, silence, and the STOP itself."""
        return self.longest_exchange_ms + self.silence_ms + self.sending_ms(STOP_BYTES[0]) + self.network_ms


@lru_cache(maxsize=256)
def _lease_period_ms(line: Line, moving: int) -> float:
    # asked before every exchange
    lease = line.wire_ms(*LEASE_BYTES) + line.network_ms
    return max(0.0, min(MAX_LEASE_PERIOD_MS, MAX_RENEWAL_INTERVAL_MS - line.renewal_interval_ms(moving) + lease))


@dataclass(frozen=True, slots=True)
class StopDistances:
    """How far the steel runs, for the commissioning sheet (SPEC 6.11)."""

    by_stop_mm: float
    by_silence_mm: float


def compute_stop_distances(line: Line, speed_mm_s: int, reaction_ms: int, braking_mm: int) -> StopDistances:
    """Compute both distances from the line and the bank's own numbers."""
    stop_ms = line.stop_turn_ms + reaction_ms
    # A server may hold a renewal back for as long as the controller takes the reading in it for fresh (SPEC 6.14).
    relied_ms = SEQUENCE_AGE_MS if line.network_ms else PERMIT_AGE_MS
    silence_ms = relied_ms + LEASE_MS + reaction_ms
    return StopDistances(speed_mm_s * stop_ms / 1000 + braking_mm, speed_mm_s * silence_ms / 1000 + braking_mm)


def describe_commissioning(line: Line, speed_mm_s: int, reaction_ms: int, braking_mm: int) -> dict[str, float | int]:
    """Collect what the installer gets printed for one bank on this line."""
    distances = compute_stop_distances(line, speed_mm_s, reaction_ms, braking_mm)
    return {
        "baud": line.baud,
        "max_moving_banks": line.max_moving_banks,
        "worst_renewal_interval_ms": round(line.renewal_interval_ms(max(1, line.max_moving_banks)), 1),
        "longest_exchange_ms": round(line.longest_exchange_ms, 1),
        "stop_distance_by_stop_mm": round(distances.by_stop_mm, 1),
        "stop_distance_by_silence_mm": round(distances.by_silence_mm, 1),
    }
