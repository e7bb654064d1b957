"""The uplink's sender (link-protocol 4, 5): one batch in flight, jittered resend, always after the centre's `through`.

Events are method calls that return actions; time is monotonic milliseconds, randomness the generator given.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.core.link.messages import Ack
from edge.core.link.records import BATCH_RECORDS_MAX, EpochSpan

RESEND_FIRST_MS: Final = 1_000
RESEND_MAX_MS: Final = 30_000
HOLD_MS: Final = 30_000
# a batch sent again after such a pause was heard by nobody: the centre is silent, whatever its presence says
SILENCE_MS: Final = 4_000


class LinkState(StrEnum):
    """What the link is doing, for kiosk, presence and metrics."""

    OFFLINE = "offline"
    WAITING_CENTRE = "waiting_centre"
    ONLINE = "online"
    PENDING = "pending"
    FORKED = "forked"
    REFUSED = "refused"
    MALFORMED = "malformed"
    #: The broker's certificate is not of our authority or names another host: nothing was said to it.
    UNTRUSTED = "untrusted"
    #: The broker knows us not, or not with this password.
    UNKNOWN_HERE = "unknown_here"


@dataclass(frozen=True, slots=True)
class SendBatch:
    """Publish up to `limit` records after `after`; limit 0 is a greeting."""

    batch: str
    epoch: str
    after: int
    limit: int
    head: int
    centre: str | None


@dataclass(frozen=True, slots=True)
class MarkThrough:
    """Remember that the centre has committed up to `seq`."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class MarkSafe:
    """Remember that a verified backup holds up to `seq`."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class BeginEpoch:
    """Draw a new epoch; record the facts of `epoch` above `after` again in it."""

    epoch: str
    after: int


Action = SendBatch | MarkThrough | MarkSafe | BeginEpoch


@dataclass(slots=True)
class _Lane:
    epoch: str
    through: int
    head: int
    greeted: bool = False
    safe: int = 0
    trouble: LinkState | None = None
    limit: int = BATCH_RECORDS_MAX
    held_until_ms: int = 0


@dataclass(slots=True)
class _InFlight:
    sent: SendBatch
    resend_at_ms: int
    pause_ms: int


class UplinkSender:
    """Sends every epoch on disk, oldest first, until the centre has committed it."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lanes: list[_Lane] = []
        self._in_flight: _InFlight | None = None
        self._connected = False
        self._answered = False
        self.centre: str | None = None

    @property
    def state(self) -> LinkState:
        if not self._connected:
            return LinkState.OFFLINE
        if not self._answered:
            return LinkState.WAITING_CENTRE
        return next((lane.trouble for lane in reversed(self._lanes) if lane.trouble), LinkState.ONLINE)

    @property
    def backlog(self) -> int:
        """Records on disk that the centre has not acknowledged."""
        return sum(max(0, lane.head - lane.through) for lane in self._lanes)

    def note_connected(self, spans: Sequence[EpochSpan], now_ms: int) -> list[Action]:
        """Greet with every epoch: the broker took us, or the centre came back."""
        self._connected, self._answered, self._in_flight = True, False, None
        self._lanes = [_Lane(span.epoch, span.through, span.head) for span in spans]
        return self._send_next(now_ms)

    def note_disconnected(self) -> None:
        self._connected, self._answered, self._in_flight = False, False, None

    def note_centre_gone(self) -> None:
        """The broker says that the centre left; what is in flight comes back by its resend time."""
        self._answered = False

    def note_written(self, spans: Sequence[EpochSpan], now_ms: int) -> list[Action]:
        """Take notice of new facts; `spans` is what is on disk now."""
        known = {lane.epoch: lane for lane in self._lanes}
        for span in spans:
            lane = known.get(span.epoch)
            if lane is None:
                self._lanes.append(_Lane(span.epoch, span.through, span.head))
            else:
                lane.head = span.head
        return self._send_next(now_ms)

    def note_ack(self, ack: Ack, own_hash: str | None, now_ms: int) -> list[Action]:
        """Follow an answer; `own_hash` is the hash of our record `ack.through`, None if it is not kept."""
        flight = self._in_flight
        if flight is None or ack.batch != flight.sent.batch or ack.epoch != flight.sent.epoch:
            return []
        lane = next(lane for lane in self._lanes if lane.epoch == ack.epoch)
        self._answered = True
        if self.centre != ack.centre:
            if self.centre is not None:
                for other in self._lanes:
                    other.greeted = False
            self.centre = ack.centre
        if ack.state == "busy":
            return []  # in flight still: the resend time brings it back
        self._in_flight = None
        lane.greeted = True
        actions = self._follow(lane, ack, own_hash, now_ms)
        return actions + self._send_next(now_ms)

    def note_epoch_begun(self, spans: Sequence[EpochSpan], now_ms: int) -> list[Action]:
        """Start over with what is on disk: the store has begun a new epoch."""
        self._in_flight = None
        self._lanes = [_Lane(span.epoch, span.through, span.head) for span in spans]
        return self._send_next(now_ms)

    def next_deadline(self) -> int | None:
        """When `note_time` has something to do."""
        if not self._connected:
            return None
        if self._in_flight is not None:
            return self._in_flight.resend_at_ms
        held = [lane.held_until_ms for lane in self._lanes if lane.trouble is not None]
        return min(held, default=None)

    def note_time(self, now_ms: int) -> list[Action]:
        if not self._connected:
            return []
        flight = self._in_flight
        if flight is None:
            return self._send_next(now_ms)
        if now_ms < flight.resend_at_ms:
            return []
        flight.pause_ms = min(RESEND_MAX_MS, flight.pause_ms * 2)
        if flight.pause_ms >= SILENCE_MS:
            self._answered = False
        flight.resend_at_ms = now_ms + self._jitter(flight.pause_ms)
        return [flight.sent]

    def _follow(self, lane: _Lane, ack: Ack, own_hash: str | None, now_ms: int) -> list[Action]:
        if ack.state == "malformed":
            if lane.limit == 1:
                return self._hold(lane, LinkState.MALFORMED, now_ms)
            lane.limit = 1  # find the record that can't be read
            return []
        if ack.state in ("pending", "refused"):
            return self._hold(lane, LinkState(ack.state), now_ms)
        ours = ack.through <= lane.head and own_hash in (None, ack.through_hash)
        if ack.state == "fork" or not ours:
            return self._leave_fork(lane, ack, now_ms)
        return self._advance(lane, ack)

    def _leave_fork(self, lane: _Lane, ack: Ack, now_ms: int) -> list[Action]:
        if lane is self._lanes[-1]:
            self._hold(lane, LinkState.FORKED, now_ms)
            return [BeginEpoch(lane.epoch, min(lane.through, lane.head))]
        if ack.state != "fork" and ack.through > lane.head:
            # An epoch that we left because our disk was rolled back: the centre has all of it and more.
            lane.trouble, lane.through = None, lane.head
            return []
        return self._hold(lane, LinkState.FORKED, now_ms)

    def _advance(self, lane: _Lane, ack: Ack) -> list[Action]:
        actions: list[Action] = []
        lane.trouble = None
        if ack.through != lane.through:
            lane.limit, lane.through = BATCH_RECORDS_MAX, ack.through
            actions.append(MarkThrough(lane.epoch, ack.through))
        if ack.safe != lane.safe:
            lane.safe = ack.safe
            actions.append(MarkSafe(lane.epoch, ack.safe))
        return actions

    def _hold(self, lane: _Lane, trouble: LinkState, now_ms: int) -> list[Action]:
        lane.trouble = trouble
        lane.held_until_ms = now_ms + self._jitter(HOLD_MS)
        lane.greeted = False
        return []

    def _send_next(self, now_ms: int) -> list[Action]:
        if not self._connected or self._in_flight is not None:
            return []
        for lane in self._lanes:
            if lane.trouble is not None and now_ms < lane.held_until_ms:
                continue
            if not lane.greeted:
                return [self._launch(lane, 0, now_ms)]
        for lane in self._lanes:
            if lane.trouble is None and lane.head > lane.through:
                return [self._launch(lane, lane.limit, now_ms)]
        return []

    def _launch(self, lane: _Lane, limit: int, now_ms: int) -> SendBatch:
        batch = f"{self._rng.getrandbits(64):016x}"
        sent = SendBatch(batch, lane.epoch, lane.through, limit, lane.head, self.centre)
        self._in_flight = _InFlight(sent, now_ms + self._jitter(RESEND_FIRST_MS), RESEND_FIRST_MS)
        return sent

    def _jitter(self, pause_ms: int) -> int:
        return pause_ms // 2 + self._rng.randrange(pause_ms // 2)
