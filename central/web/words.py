"""Words for what the rows hold as codes: states, actions, roles, answers. Tables only; a page never shows a bare code.

Each entry is (tone, icon, message id): every state has colour, icon and word.
"""

from __future__ import annotations

from typing import NamedTuple

from central.domain.wording import N_


class Word(NamedTuple):
    """How a code is shown."""

    tone: str
    icon: str
    text: str


BOX_STATES = {
    "nowhere": Word("unknown", "blank", N_("not labelled yet")),
    "shelved": Word("normal", "shelf", N_("on the shelf")),
    "in_hand": Word("moving", "hand", N_("in hand")),
    "unknown": Word("unknown", "question", N_("place unknown")),
}

MOVEMENTS = {
    "registered": Word("offline", "box", N_("registered")),
    "take_out": Word("moving", "out", N_("taken out")),
    "put_away": Word("normal", "in", N_("put away")),
    "move": Word("moving", "move", N_("moved")),
    "labelled": Word("offline", "label", N_("label printed")),
    "undo": Word("warning", "undo", N_("record reversed")),
}

CONFLICTS = {
    "seen_twice": Word(
        "warning",
        "attention",
        N_("This box was put away twice without being taken out in between. Look whether its label exists twice."),
    ),
    "taken_twice": Word(
        "warning",
        "attention",
        N_("This box was taken out by two people in a row. Ask both who has it now, then scan it."),
    ),
    "no_place": Word(
        "warning", "attention", N_("This box was put away without a place. Scan its place, then the box.")
    ),
}

SOURCES = {
    "gateway": N_("recorded in the archive room"),
    "centre": N_("entered at the centre"),
    "import": N_("taken over from the old catalogue"),
}

GATEWAY_STATES = {
    "online": Word("normal", "online", N_("online")),
    "offline": Word("offline", "offline", N_("offline")),
    "never": Word("unknown", "question", N_("never connected")),
}

BANK_STATES = {
    "asleep": Word("offline", "sleep", N_("asleep")),
    "waking": Word("moving", "sleep", N_("waking up")),
    "idle": Word("normal", "still", N_("at rest")),
    "selected": Word("warning", "attention", N_("selected")),
    "warning": Word("warning", "attention", N_("about to move")),
    "moving": Word("moving", "move", N_("moving")),
    "settling": Word("moving", "move", N_("settling")),
    "stopped": Word("stop", "stop", N_("stopped")),
    "fault": Word("stop", "fault", N_("fault")),
    "unknown": Word("unknown", "question", N_("state unknown")),
    "offline": Word("offline", "offline", N_("offline")),
}

ROLES = {
    "archivist": N_("archivist"),
    "admin": N_("central admin"),
    "technician": N_("technician"),
}

#: What became of a command that was sent to an archive room.
COMMAND_ANSWERS = {
    "pending": Word("moving", "clock", N_("The request is on its way to the archive room.")),
    "prompted": Word(
        "normal",
        "person",
        N_("The person on the spot sees the request. The aisle opens only when they look and press."),
    ),
    "queued": Word(
        "warning",
        "clock",
        N_("The bank is busy. The request waits in its queue and becomes a prompt for the person on the spot."),
    ),
    "done": Word("normal", "done", N_("Done.")),
    "refused": Word(
        "stop", "no", N_("The archive room refused the request. Nothing has moved and nothing was printed.")
    ),
    "failed": Word("stop", "fault", N_("The request failed. Nothing has moved.")),
    "unknown": Word(
        "unknown",
        "question",
        N_("No answer came in time. Whether the request arrived is not known; look at the spot before asking again."),
    ),
}

PRINT_ANSWERS = {
    "done": Word("normal", "done", N_("The label is printed.")),
    "queued": Word("moving", "clock", N_("The label waits at the printer of the archive room.")),
    "failed": Word(
        "stop", "fault", N_("The label was not printed. The box number is kept; look at the printer, then print again.")
    ),
    "unknown": Word(
        "unknown",
        "question",
        N_("Whether the label was printed is not known. Look at the printer before printing it again."),
    ),
}
