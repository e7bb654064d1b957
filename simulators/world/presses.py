"""What people really pressed, noted outside the gateway, and which press each SELECT was made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.core.events import CodeRead, Event, PromptConfirmed, RingEventsRead


@dataclass
class Press:
    """One press of somebody who had a prompt before them."""

    kind: str  # kiosk, card, button
    at_ms: float
    prompt_id: str
    closing: tuple[int, ...]  # what the screen said would close
    ring_head: int  # in truth, when the finger was off again
    looked: bool
    afar: bool = False
    uses: int = 0


@dataclass
class Selected:
    """A SELECT that left the core, and what stood behind it. No press: by scan alone."""

    request_id: int
    at_ms: float
    press: Press | None
    asked_ms: float
    starts: int = 0
    sends: dict[str, int] = field(default_factory=dict)


class PressBook:
    """Presses of one bank, newest last."""

    def __init__(self) -> None:
        self.presses: list[Press] = []
        self.selected: dict[int, Selected] = {}
        self.last_motion: Selected | None = None

    def note(self, press: Press) -> None:
        """Remember a press; old ones can't matter any more."""
        self.presses = [*self.presses[-15:], press]

    def find(self, event: Event) -> Press | None:
        """Find the press that this event of the gateway tells of."""
        if isinstance(event, PromptConfirmed):
            return self._newest("kiosk", event.prompt_id)
        if isinstance(event, CodeRead) and event.text.startswith("CF"):
            return self._newest("card")
        if isinstance(event, RingEventsRead):
            return self._newest("button")
        return None

    def _newest(self, kind: str, prompt_id: str = "") -> Press | None:
        fitting = (p for p in reversed(self.presses) if p.kind == kind and prompt_id in {"", p.prompt_id})
        return next(fitting, None)
