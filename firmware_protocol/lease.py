"""The lease of one motion: which token lives, whether it may be renewed now, and with what (SPEC 5.7, 6.4)."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_protocol.blocks import MotionSnapshot
from firmware_protocol.codes import MOVING_STATES
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.messages import Lease
from firmware_protocol.pdu import ask_write_many
from firmware_protocol.registers import LEASE
from firmware_protocol.timing import MAX_LEASE_PERIOD_MS, PERMIT_AGE_MS


@dataclass(frozen=True, slots=True)
class _Permit:
    token: int
    given_ms: float
    until_ms: float


@dataclass(slots=True)
class _Motion:
    token: int
    end_ms: float
    tried_ms: float
    counter: int = 0
    failures: int = 0


class LeaseKeeper:
    """Holds at most one motion and one permit; without either nothing is renewed."""

    def __init__(self) -> None:
        """Start with nothing to renew."""
        self.period_ms = MAX_LEASE_PERIOD_MS
        self._permit: _Permit | None = None
        self._motion: _Motion | None = None

    @property
    def is_live(self) -> bool:
        """Whether a motion of ours lives, or may."""
        return self._motion is not None

    def permit(self, token: int, until_ms: float, now_ms: float) -> None:
        """Allow renewals for this token, for at most 250 ms from now."""
        self._permit = _Permit(token, now_ms, min(until_ms, now_ms + PERMIT_AGE_MS))

    def start(self, token: int, now_ms: float, longest_ms: float) -> None:
        """Begin with an accepted OPERATE; nothing is renewed after the bank's own longest time."""
        self._motion = _Motion(token, now_ms + longest_ms, now_ms)

    def withdraw(self) -> None:
        """Let the motion die: no permit, no token."""
        self._permit = self._motion = None

    def see(self, snapshot: MotionSnapshot) -> None:
        """Forget a motion that the controller no longer shows."""
        if self._motion is not None and snapshot.state not in MOVING_STATES:
            self.withdraw()

    @property
    def due_ms(self) -> float | None:
        """When the next renewal is due, if one may come."""
        if self._motion is None or self._permit is None:
            return None
        return self._motion.tried_ms + self.period_ms

    def is_due(self, now_ms: float) -> bool:
        """Whether a renewal is due and permitted now."""
        motion, permit = self._motion, self._permit
        return (
            motion is not None
            and permit is not None
            and permit.token == motion.token
            and now_ms <= permit.until_ms
            and now_ms <= motion.end_ms
            and now_ms - motion.tried_ms >= self.period_ms
        )

    def ask(self, unit: int, sequence: int, now_ms: float) -> Exchange:
        """Build the next renewal, with a counter never used before."""
        motion, permit = self._motion, self._permit
        assert motion is not None
        assert permit is not None
        assert now_ms - permit.given_ms <= PERMIT_AGE_MS, "a lease needs a fresh permit"
        motion.counter = (motion.counter + 1) & 0xFFFF
        motion.tried_ms = now_ms
        words = Lease(motion.token, motion.counter, sequence).to_registers()
        return Exchange(Kind.LEASE, ask_write_many(unit, LEASE.address, words), 8)

    def take_answer(self) -> None:
        """Take a yes or a no: the next renewal comes after the period."""
        if self._motion is not None:
            self._motion.failures = 0

    def take_silence(self) -> None:
        """Leave the first failure due at once (the one retry), the second after the period."""
        if self._motion is None:
            return
        self._motion.failures += 1
        if self._motion.failures > 1:
            self._motion.failures = 0
        else:
            self._motion.tried_ms -= self.period_ms
