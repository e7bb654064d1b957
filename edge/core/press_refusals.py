"""The other half of the table of refusals: what stands against a press, a card or an operation of whatever bank.

Each is decided where it is answered; here stands what it means. `edge.core.refusals` holds the rows judged on a bank.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What all rows of the table have."""

    key: str

    @property
    def metric(self) -> str:
        """Value of the metric's label."""
        return self.key.removeprefix("refused.")


@dataclass(frozen=True, slots=True)
class PressRefusal(Row):
    """One row."""

    condition: str
    gone_when: str
    where: str  # room, mouth, point, gateway, none


PRESS_REFUSALS: tuple[PressRefusal, ...] = (
    PressRefusal(
        "refused.afar",
        "pressed, unlocked, darkened or cleared from where the bank isn't seen",
        "done on the spot",
        "point",
    ),
    PressRefusal(
        "refused.point",
        "pressed at a point that isn't signed for that bank",
        "pressed at a point in its sight",
        "point",
    ),
    PressRefusal("refused.expired", "30 s have passed since the scan", "scanned anew", "point"),
    PressRefusal(
        "scan.no_prompt", "there is no such prompt, or it has changed, or the bank still wakes", "asked anew", "point"
    ),
    PressRefusal(
        "motion.changed",
        "something happened after the press, or other aisles would close",
        "looked and pressed anew",
        "point",
    ),
    PressRefusal("motion.refused", "the controller's own interlocks refuse", "as the controller's reasons say", "room"),
    PressRefusal(
        "scan.card_not_trigger",
        "a confirm card read by a camera, keypad or keyboard",
        "read by its trigger scanner",
        "point",
    ),
    PressRefusal(
        "scan.card_no_prompt", "a confirm card read before its prompt, or without one", "read after the prompt", "point"
    ),
    PressRefusal(
        "scan.card_unknown",
        "a confirm card that hangs at no point of this room",
        "the card of the point is read",
        "point",
    ),
    PressRefusal(
        "scan.card_ambiguous", "a card in sight of two banks that both wait", "pressed on the screen", "point"
    ),
    PressRefusal("refused.queue_full", "eight requests wait already", "one is done or withdrawn", "room"),
    PressRefusal("refused.no_aisle", "the bank has no such aisle", "another aisle is asked for", "none"),
    PressRefusal("refused.not_offered", "the controller has no such operation", "nothing: it can't", "none"),
    PressRefusal("refused.act_pending", "an act before isn't answered yet", "its answer, or 2 s", "none"),
    PressRefusal(
        "refused.lock_inside", "a lock that was set inside the aisle", "released at the aisle's mouth", "mouth"
    ),
    PressRefusal("refused.under_way", "a motion is to be taken back", "ended by STOP", "room"),
    PressRefusal("refused.lit", "a light is to go out over somebody who is seen", "the sensor is free", "room"),
)
