"""What can be done at the kiosk, as events: every press becomes one event in the inbox, and nothing else happens here.

The desk knows at which confirmation point it stands; a press that claims another point is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from edge.core.events import (
    BadgeTyped,
    CodeTyped,
    Event,
    OperationAsked,
    PrintResumed,
    PromptConfirmed,
    PromptDismissed,
    ReprintAsked,
    RequestMoved,
    RequestWithdrawn,
    SessionEnded,
    StopPressed,
    UndoAsked,
)
from edge.core.shown import KioskView
from edge.core.snapshot import Operation
from edge.ports import Sink

Verdict = Literal["taken", "refused", "overloaded"]
PinCheck = Callable[[str, str, str], object]  # point id, staff code, PIN; posts its own verdict


class Board(Protocol):
    """Where the newest view hangs."""

    def latest(self) -> tuple[int, KioskView | None]: ...

    def wait_newer(self, number: int, timeout_s: float) -> tuple[int, KioskView | None]: ...


@dataclass(frozen=True)
class Desk:
    """One kiosk at one point."""

    point_id: str
    post: Sink
    check_pin: PinCheck
    board: Board

    def confirm(self, point_id: str, prompt_id: str) -> Verdict:
        """Pass a confirming press on; only a press at this very point counts."""
        if point_id != self.point_id:
            return "refused"
        return self._post(PromptConfirmed(point_id=self.point_id, prompt_id=prompt_id))

    def dismiss(self, prompt_id: str) -> Verdict:
        """Turn a prompt down."""
        return self._post(PromptDismissed(point_id=self.point_id, prompt_id=prompt_id))

    def stop(self, bank: str | None) -> Verdict:
        """Stop a bank, or all of them; needs no log-in."""
        return self._post(StopPressed(point_id=self.point_id, bank=bank))

    def type_code(self, text: str) -> Verdict:
        """Pass a typed code on. A badge goes another way, since it needs its PIN."""
        if text.startswith("ST"):
            return self._post(BadgeTyped(point_id=self.point_id, text=text))
        return self._post(CodeTyped(point_id=self.point_id, text=text))

    def sign_on(self, text: str, pin: str) -> Verdict:
        """Pass a typed badge on and check its PIN."""
        verdict = self._post(BadgeTyped(point_id=self.point_id, text=text))
        if verdict == "taken" and pin:
            self.check_pin(self.point_id, text, pin)
        return verdict

    def enter_pin(self, pin: str) -> Verdict:
        """Check the PIN of the person who just showed a badge here."""
        staff_code = self.awaited_staff()
        if staff_code is None:
            return "refused"
        self.check_pin(self.point_id, staff_code, pin)
        return "taken"

    def awaited_staff(self) -> str | None:
        """Code of the person whose PIN is asked for at this point."""
        view = self.board.latest()[1]
        for session in view["sessions"] if view is not None else ():
            if session["station"] == self.point_id and session["needs_pin"]:
                return session["staff_code"]
        return None

    def withdraw(self, queue_id: str) -> Verdict:
        """Withdraw a queued request."""
        return self._post(RequestWithdrawn(point_id=self.point_id, queue_id=queue_id))

    def move_request(self, queue_id: str, place: int) -> Verdict:
        """Put a queued request to another place of its bank's queue."""
        return self._post(RequestMoved(point_id=self.point_id, queue_id=queue_id, place=place))

    def operate(self, bank: str, operation: Operation, aisle: int | None) -> Verdict:
        """Ask a bank for an operation. One that moves steel becomes a prompt, pressed by itself."""
        view = self.board.latest()[1]
        if view is None or bank not in {each["bank"] for each in view["banks"]}:
            return "refused"
        return self._post(OperationAsked(point_id=self.point_id, bank=bank, operation=operation, aisle=aisle))

    def undo(self, act_id: str) -> Verdict:
        """Ask for the reversal of a record; never of a motion."""
        return self._post(UndoAsked(point_id=self.point_id, act_id=act_id))

    def sign_off(self, source_id: str) -> Verdict:
        """End a session."""
        return self._post(SessionEnded(point_id=self.point_id, source_id=source_id))

    def resume_printing(self) -> Verdict:
        """Go on printing: somebody has loaded labels."""
        return self._post(PrintResumed(point_id=self.point_id))

    def reprint(self, job_id: str) -> Verdict:
        """Print a job of unknown outcome again; a person has looked."""
        return self._post(ReprintAsked(point_id=self.point_id, job_id=job_id))

    def _post(self, event: Event) -> Verdict:
        return "taken" if self.post(event) else "overloaded"
