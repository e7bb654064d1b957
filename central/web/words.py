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

#: What became of a request for an aisle.
AISLE_ANSWERS = {
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
    "done": Word("normal", "done", N_("The aisle is open already.")),
    "refused": Word("stop", "no", N_("The archive room refused the request. Nothing has moved.")),
    "failed": Word("stop", "fault", N_("The request did not reach the archive room. Nothing has moved.")),
    "unknown": Word(
        "unknown",
        "question",
        N_("No answer came in time. Whether the request arrived is not known; ask the person on the spot."),
    ),
}

#: What became of a label.
PRINT_ANSWERS = {
    "done": Word("normal", "done", N_("The label is printed.")),
    "queued": Word("moving", "clock", N_("The label waits at the printer of the archive room.")),
    "refused": Word(
        "stop", "no", N_("The archive room did not take the label. It was not printed; the box number is kept.")
    ),
    "failed": Word(
        "stop", "fault", N_("The label was not printed; the box number is kept. Look at the printer, then print again.")
    ),
    "unknown": Word(
        "unknown",
        "question",
        N_("Whether the label was printed is not known. Look at the printer before printing it again."),
    ),
}

#: Why an archive room refused, and what makes it go away.
REASONS = {
    "store": N_("Its gateway can't write to its disk. The technician has to look at it."),
    "overloaded": N_("Its gateway has more to do than it can. Try again in a minute."),
    "controller_silent": N_("The controller of the bank doesn't answer. The technician has to look at it."),
    "geometry_mismatch": N_(
        "Controller and gateway disagree about the shelving. The installer has to make them equal."
    ),
    "stopping": N_("A stop is not confirmed yet. The person on the spot sees when the steel stands."),
    "fire": N_("The fire alarm is on."),
    "maintenance": N_("The bank is in maintenance. It ends when the maintainer turns the key back."),
    "emergency_stop": N_("The emergency stop is pressed. It is released and reset at the bank, after a look."),
    "edge": N_("A safety edge was touched. It is reset at the bank, after a look."),
    "beam": N_("A light beam is broken. It goes away when the beam is free."),
    "aisle_lock": N_("An aisle is locked. The lock is released at the mouth of the aisle."),
    "local": N_("Something at the bank has to be dealt with there first."),
    "bank_fault": N_("The bank has a fault. It is repaired and cleared at the bank."),
    "position_unknown": N_("Where the columns stand is not known. The bank has to be homed by a press in sight of it."),
    "stale": N_("The bank has not reported for a moment. Try again."),
    "foreign_motion": N_("Somebody is moving the columns at the bank itself. Wait until they stand."),
    "busy": N_("Another request is not finished."),
    "moving": N_("The columns are moving. Wait until they stand."),
    "bus_full": N_("As many banks move as may move at once. Wait until one stands."),
    "seen_occupied": N_("A sensor sees somebody in the aisle that would close."),
    "no_aisle": N_("There is no such aisle."),
    "no_place": N_("The archive room knows no place for this box."),
    "unknown_bank": N_("The archive room knows no such bank."),
    "unknown_box": N_("The archive room doesn't know this box yet. Its list may be a moment behind."),
    "queue_full": N_("The queue of the bank is full. Try again in a few minutes."),
    "expired": N_("The request took too long on its way."),
    "no_printer": N_("The archive room has no label printer."),
    "no_answer": N_("The gateway didn't answer within five seconds."),
    "no_broker": N_("The centre itself is set up without a link to the archive rooms."),
    "link_down": N_("The centre itself has no link to the archive rooms at this moment."),
}
UNKNOWN_REASON = N_("The archive room gave a reason that has no words here yet (%(reason)s).")

EPOCH_STATES = {
    "admitted": Word("normal", "done", N_("in use")),
    "pending": Word("warning", "attention", N_("waits to be admitted")),
    "refused": Word("stop", "no", N_("turned away")),
    "forked": Word("stop", "fault", N_("contradicts what is known")),
    "none": Word("unknown", "question", N_("none yet")),
}

PERSON_STATES = {
    True: Word("normal", "person", N_("active")),
    False: Word("offline", "no", N_("deactivated")),
}
