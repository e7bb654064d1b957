"""Which gateway a controller on a broker obeys: one nonce at a time, numbers that rise (SPEC 7.6). No time, no I/O."""

from __future__ import annotations

from collections import deque

from firmware_protocol.json_form import Asked, Decline, Read, Sheet, Stamp
from firmware_protocol.messages import Stop

MAX_RETIRED = 16


class RequestGate:
    """A gateway introduces itself by asking for the identity; what was said under another nonce isn't obeyed."""

    def __init__(self) -> None:
        """Start obeying nobody."""
        self.nonce: int | None = None
        self._number = -1
        self._retired: deque[int] = deque(maxlen=MAX_RETIRED)

    def admit(self, asked: Asked) -> Decline | None:
        """Tell why a request isn't obeyed; None when it is. STOP is obeyed from anyone."""
        if isinstance(asked.request, Stop):
            return None
        stamp = asked.stamp
        if stamp is None:
            return Decline.INVALID
        if isinstance(asked.request, Read):
            if asked.request.sheet is Sheet.IDENTITY:
                self._meet(stamp)
            return None
        if stamp.nonce != self.nonce:
            return Decline.NONCE
        if stamp.number <= self._number:
            return Decline.NUMBER
        self._number = stamp.number
        return None

    def _meet(self, stamp: Stamp) -> None:
        """Take a new gateway for the one to be obeyed; one that was replaced never comes back."""
        if stamp.nonce == self.nonce or stamp.nonce in self._retired:
            return
        if self.nonce is not None:
            self._retired.append(self.nonce)
        self.nonce, self._number = stamp.nonce, stamp.number
