"""The feed's receiver (link-protocol 7): asks for pages, checks order and digest, loads the whole when in doubt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from edge.core.link.messages import FeedHead, FeedPage
from edge.core.link.records import FeedPosition

RESEND_FIRST_MS: Final = 1_000
RESEND_MAX_MS: Final = 30_000
#: Two whole loads that end with a wrong digest aren't repeated faster than this.
RELOAD_PAUSE_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class AskPage:
    """Publish an ask for the rows after `after`."""

    ask: str
    centre: str | None
    after: int


@dataclass(frozen=True, slots=True)
class BeginReload:
    """New rows go to a shadow of the replica from here on."""

    centre: str


@dataclass(frozen=True, slots=True)
class ApplyPage:
    """Apply the rows, then report the digest by `note_applied`. `last`: the page reaches the head."""

    page: FeedPage
    reloading: bool
    last: bool


FeedAction = AskPage | BeginReload | ApplyPage


@dataclass(slots=True)
class _Ask:
    sent: AskPage
    resend_at_ms: int
    pause_ms: int


class FeedReceiver:
    """Keeps one ask open until the replica stands at the centre's newest revision."""

    def __init__(self, position: FeedPosition, rng: random.Random) -> None:
        self._rng = rng
        self.position = position
        self.head = position.revision
        self.digest_faults = 0
        self._connected = False
        self._reloading = False
        self._ask: _Ask | None = None
        self._paused_until_ms: int | None = None
        self._noticed: FeedHead | None = None

    def note_connected(self, now_ms: int) -> list[FeedAction]:
        """Ask for what was missed."""
        self._connected = True
        self._ask = self._noticed = None
        return self._ask_next(now_ms)

    def note_disconnected(self) -> None:
        self._connected = False
        self._ask = None

    def note_head(self, notice: FeedHead, now_ms: int) -> list[FeedAction]:
        """Take notice that there is something newer, or another centre."""
        self._noticed = notice
        return [] if self._ask is not None else self._ask_if_behind(now_ms)

    def note_page(self, page: FeedPage, now_ms: int) -> list[FeedAction]:
        """Take a page; one that nobody asked for is ignored."""
        if self._ask is None or page.ask != self._ask.sent.ask:
            return []
        asked = self._ask.sent
        actions: list[FeedAction] = []
        if page.after == 0:
            actions.append(BeginReload(page.centre))
            self._reloading = True
        elif page.after != asked.after or page.centre != asked.centre:
            return self._ask_next(now_ms, whole=True)
        self._ask.resend_at_ms = now_ms + RESEND_MAX_MS  # applying takes its time
        self.head = page.head
        actions.append(ApplyPage(page, self._reloading, page.revision == page.head))
        return actions

    def note_applied(self, page: FeedPage, digest: str, now_ms: int) -> list[FeedAction]:
        """Compare the digest that the replica has after a page; go on, or load the whole."""
        self._ask = None
        self.position = FeedPosition(page.centre, page.revision, digest)
        if page.revision < page.head:
            return self._ask_next(now_ms)
        was_reloading, self._reloading = self._reloading, False
        if digest == page.digest:
            return self._ask_if_behind(now_ms)
        self.digest_faults += 1
        self.position = FeedPosition(None, 0, digest)
        if was_reloading:
            self._paused_until_ms = now_ms + RELOAD_PAUSE_MS
            return []
        return self._ask_next(now_ms, whole=True)

    def next_deadline(self) -> int | None:
        if not self._connected:
            return None
        if self._ask is not None:
            return self._ask.resend_at_ms
        return self._paused_until_ms

    def note_time(self, now_ms: int) -> list[FeedAction]:
        if not self._connected:
            return []
        if self._ask is None:
            return self._ask_next(now_ms) if self._paused_until_ms is not None else []
        if now_ms < self._ask.resend_at_ms:
            return []
        self._ask.pause_ms = min(RESEND_MAX_MS, self._ask.pause_ms * 2)
        self._ask.resend_at_ms = now_ms + self._jitter(self._ask.pause_ms)
        return [self._ask.sent]

    def _ask_if_behind(self, now_ms: int) -> list[FeedAction]:
        noticed = self._noticed
        if noticed is None or (noticed.centre == self.position.centre and noticed.revision <= self.position.revision):
            return []
        return self._ask_next(now_ms)

    def _ask_next(self, now_ms: int, *, whole: bool = False) -> list[FeedAction]:
        if not self._connected:
            return []
        if self._paused_until_ms is not None:
            if now_ms < self._paused_until_ms:
                return []
            self._paused_until_ms = None
        if whole:
            self.position = FeedPosition(None, 0, self.position.digest)
            self._reloading = False
        sent = AskPage(f"{self._rng.getrandbits(64):016x}", self.position.centre, self.position.revision)
        self._ask = _Ask(sent, now_ms + self._jitter(RESEND_FIRST_MS), RESEND_FIRST_MS)
        return [sent]

    def _jitter(self, pause_ms: int) -> int:
        return pause_ms // 2 + self._rng.randrange(pause_ms // 2)
