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
    "handler": N_("handler"),
    "collector": N_("collector"),
    "archivist": N_("archivist"),
    "team_leader": N_("team leader"),
    "centre_manager": N_("centre manager"),
    "department": N_("department staff"),
    "admin": N_("central admin"),
    "technician": N_("technician"),
}

ROLE_STATES = {
    "in_force": Word("normal", "done", N_("in force")),
    "coming": Word("moving", "clock", N_("begins later")),
    "ended": Word("offline", "no", N_("ended")),
}

UNIT_KINDS = {
    "department": N_("department"),
    "centre": N_("service centre"),
    "team": N_("team"),
}

BADGE_STATES = {
    "valid": Word("normal", "done", N_("valid")),
    "expired": Word("offline", "clock", N_("expired")),
    "revoked": Word("offline", "no", N_("revoked")),
    "lost": Word("stop", "attention", N_("reported lost")),
}

APPROVAL_ACTS = {
    "merge_dossiers": N_("Merge two dossiers"),
    "edit_template": N_("Edit a template in force"),
}

APPROVAL_STATES = {
    "asked": Word("warning", "clock", N_("waits for a decision")),
    "approved": Word("normal", "done", N_("approved")),
    "refused": Word("stop", "no", N_("refused")),
    "withdrawn": Word("offline", "undo", N_("taken back")),
    "used": Word("normal", "done", N_("approved and done")),
    "expired": Word("offline", "clock", N_("time has passed")),
}

SUBJECT_KINDS = {
    "person": N_("person"),
    "unit": N_("unit"),
    "room": N_("archive room"),
    "box": N_("box"),
    "approval": N_("approval"),
    "audit": N_("audit log"),
    "dossier": N_("dossier"),
    "import": N_("file of customers"),
    "document": N_("document"),
    "scan": N_("scan"),
    "content": N_("stored content"),
    "template": N_("template"),
    "templates": N_("templates"),
    "calendar": N_("calendar"),
    "rules": N_("rules of time"),
    "cases": N_("cases"),
    "boxes": N_("boxes"),
    "dossiers": N_("dossiers"),
    "contracts": N_("contracts"),
    "tasks": N_("tasks"),
    "reviews": N_("papers in review"),
    "acceptances": N_("papers to accept"),
    "reminders": N_("reminders"),
    "deliveries": N_("messages"),
    "approvals": N_("approvals"),
    "scans": N_("scans"),
    "callback": N_("callback to the marketing system"),
    "delivery": N_("message on its way out"),
}

AUDIT_ACTS = {
    "logged_in": N_("logged in"),
    "logged_out": N_("logged out"),
    "locked_out": N_("log-in paused after failed tries"),
    "session_ended": N_("session ended"),
    "password_changed": N_("own password changed"),
    "password_reset": N_("password reset"),
    "person_created": N_("person added"),
    "person_changed": N_("person changed"),
    "person_deactivated": N_("person deactivated"),
    "person_activated": N_("person activated again"),
    "role_granted": N_("role given"),
    "role_withdrawn": N_("role withdrawn"),
    "absence_set": N_("absence entered"),
    "absence_ended": N_("absence ended"),
    "badge_issued": N_("badge issued"),
    "badge_ended": N_("badge ended"),
    "unit_created": N_("unit added"),
    "unit_changed": N_("unit changed"),
    "unit_closed": N_("unit closed"),
    "room_assigned": N_("archive room assigned to a unit"),
    "room_imported": N_("archive room taken over from its file"),
    "room_import_reversed": N_("take-over of an archive room taken back"),
    "epoch_admitted": N_("record book admitted"),
    "label_issued": N_("label sent to print"),
    "audit_exported": N_("audit log exported"),
    "approval_asked": N_("approval asked for"),
    "approval_decided": N_("approval decided"),
    "approval_withdrawn": N_("question taken back"),
    "approval_used": N_("approval used"),
    "page_viewed": N_("page viewed"),
    "dossiers_merged": N_("dossiers merged"),
    "merge_undone": N_("merging of dossiers taken back"),
    "import_applied": N_("file of customers taken over"),
    "import_reversed": N_("file of customers taken back"),
    "document_captured": N_("pages added to a document"),
    "document_self_checked": N_("document checked by its handler"),
    "document_sent": N_("document sent for review"),
    "document_reviewed": N_("document passed in review"),
    "document_returned": N_("document returned"),
    "document_accepted": N_("document accepted"),
    "pages_arranged": N_("pages of a document put in order or taken out"),
    "paper_marked": N_("paper marked as original or copy"),
    "copy_verified": N_("copy compared with its original"),
    "paper_moved": N_("paper changed hands"),
    "scan_unassigned": N_("scan without a place taken in"),
    "scan_placed": N_("scan placed"),
    "scan_discarded": N_("scan discarded"),
    "scan_taken_back": N_("discarded scan taken back"),
    "finding_overridden": N_("finding at capture overridden"),
    "content_quarantined": N_("damaged content quarantined"),
    "content_mended": N_("content mended from a backup"),
    "content_cleared": N_("content of a broken upload deleted"),
    "business_seeded": N_("templates and calendar founded"),
    "template_drafted": N_("template drafted"),
    "template_draft_changed": N_("draft of a template changed"),
    "template_draft_withdrawn": N_("draft of a template withdrawn"),
    "template_approved": N_("version of a template made valid"),
    "calendar_day_changed": N_("day of the calendar changed"),
    "calendar_horizon_moved": N_("horizon of the calendar moved"),
    "rules_set": N_("rules of time set"),
    "cases_exported": N_("list of cases exported"),
    "boxes_exported": N_("list of boxes exported"),
    "dossiers_exported": N_("list of dossiers exported"),
    "contracts_exported": N_("list of contracts exported"),
    "tasks_exported": N_("list of tasks exported"),
    "papers_exported": N_("list of waiting papers exported"),
    "reminders_exported": N_("list of reminders exported"),
    "deliveries_exported": N_("list of messages exported"),
    "approvals_exported": N_("list of approvals exported"),
    "scans_exported": N_("list of scans exported"),
    "callback_revived": N_("given up callback sent again"),
    "message_revived": N_("given up message sent again"),
}

TASK_STATES = {
    "to_add": Word("warning", "attention", N_("papers to add")),
    "to_send": Word("moving", "out", N_("papers to send")),
    "sent": Word("moving", "clock", N_("in review")),
    "done": Word("normal", "done", N_("all papers passed")),
    "void": Word("offline", "no", N_("no longer asked for")),
}

DOCUMENT_STATES = {
    "due": Word("offline", "blank", N_("not scanned yet")),
    "scanned": Word("moving", "in", N_("scanned, to be checked")),
    "self_checked": Word("moving", "done", N_("checked, to be sent")),
    "sent": Word("moving", "clock", N_("waits for review")),
    "returned": Word("stop", "undo", N_("returned")),
    "reviewed": Word("normal", "done", N_("passed in review")),
    "accepted": Word("normal", "done", N_("accepted by the archive")),
}

DOCUMENT_ACTS = {
    "capture": N_("pages added"),
    "arrange": N_("pages put in order or taken out"),
    "self_check": N_("checked by the handler (gate 1)"),
    "send": N_("sent for review"),
    "pass_review": N_("passed in review (gate 2)"),
    "return": N_("returned"),
    "accept": N_("accepted against the paper (gate 3)"),
}

PAPER_MOVES = {
    "taken": Word("normal", "person", N_("in hand")),
    "given_back": Word("offline", "out", N_("given back")),
    "missing": Word("stop", "question", N_("missing")),
}

RETURN_REASONS = {
    "unreadable": N_("not readable"),
    "pages_missing": N_("pages are missing"),
    "wrong_document": N_("another document"),
    "wrong_customer": N_("another customer's"),
    "not_signed": N_("not signed"),
    "wrong_seal": N_("seal missing or wrong"),
    "out_of_date": N_("out of date"),
    "not_as_paper": N_("picture and paper differ"),
    "other": N_("another reason"),
}

DOCUMENT_NEEDS = {
    "required": N_("required"),
    "owed": N_("may follow later"),
    "welcome": N_("welcome, not required"),
}

BANDS = {
    "normal": Word("normal", "clock", N_("in time")),
    "warning": Word("warning", "clock", N_("due soon")),
    "overdue": Word("stop", "attention", N_("overdue")),
}

FINDINGS = {
    "empty": N_("The page seems empty."),
    "resolution": N_("The resolution is low: small print may not be readable."),
    "skew": N_("The page lies askew."),
    "blur": N_("The page is blurred."),
    "page_count": N_("The number of pages differs from what was counted on the paper."),
    "duplicate": N_("The same file came in before."),
    "alike": N_("Another page of this case looks the same: was it scanned twice?"),
}

FILE_FAULTS = {
    "type": N_("it is no PDF, JPEG, PNG or TIFF"),
    "broken": N_("it is damaged and can't be read"),
    "locked": N_("it is protected by a password"),
    "pixels": N_("a page in it is larger than any scan"),
    "pages": N_("it has too many pages"),
    "too_much": N_("reading it takes more memory or time than any scan does"),
}

#: What is said above a page after an act was done.
DONE_NOTES = {
    "changed": Word("normal", "done", N_("The change is saved.")),
    "role_granted": Word("normal", "done", N_("The role is given.")),
    "role_withdrawn": Word("normal", "done", N_("The role is withdrawn; it ended at once.")),
    "badge_ended": Word("normal", "done", N_("The badge is ended. Its archive room learns it with the next feed.")),
    "absence_set": Word("normal", "done", N_("The absence is entered.")),
    "absence_ended": Word("normal", "done", N_("The absence is ended.")),
    "deactivated": Word("normal", "done", N_("The person is deactivated. Sessions and badges ended.")),
    "activated": Word("normal", "done", N_("The person is active again.")),
    "sessions_ended": Word("normal", "done", N_("The sessions are ended.")),
    "password_changed": Word("normal", "done", N_("Your password is changed. Your other sessions ended.")),
    "unit_created": Word("normal", "done", N_("The unit is added.")),
    "unit_closed": Word("normal", "done", N_("The unit is closed.")),
    "decided": Word("normal", "done", N_("Your decision is recorded.")),
    "captured": Word("normal", "done", N_("The pages are added. Look through them, then confirm your check.")),
    "self_checked": Word("normal", "done", N_("Your check is recorded. Send the papers when all are checked.")),
    "sent": Word("normal", "done", N_("The checked papers are sent for review.")),
    "reviewed": Word("normal", "done", N_("The document has passed the review.")),
    "returned": Word("normal", "done", N_("The document is returned to its handler with your reason.")),
    "accepted": Word("normal", "done", N_("The document is accepted.")),
    "overridden": Word("normal", "done", N_("Your judgement of the page is recorded.")),
    "arranged": Word(
        "normal", "done", N_("The pages are in their new order. Look through them, then confirm your check.")
    ),
    "paper_marked": Word("normal", "done", N_("What the paper is stands beside the document now.")),
    "copy_verified": Word("normal", "done", N_("Your name stands for the copy now.")),
    "paper_moved": Word("normal", "done", N_("Where the paper is has been written down.")),
    "scan_placed": Word("normal", "done", N_("The pages are placed. Their handler checks them now.")),
    "scan_discarded": Word("normal", "done", N_("The pages are discarded with your reason.")),
    "scan_taken_back": Word("normal", "undo", N_("The discarded pages wait again.")),
    "taken_back": Word("normal", "done", N_("Your question is taken back.")),
    "merge_asked": Word("normal", "done", N_("The merging waits for a second person's approval.")),
    "merged": Word("normal", "done", N_("The dossiers are merged.")),
    "merge_undone": Word("normal", "done", N_("The merging is taken back.")),
    "template_saved": Word("normal", "done", N_("The draft is saved. The version in force is unchanged.")),
    "template_asked": Word("normal", "clock", N_("A second person has been asked. Then make the version valid here.")),
    "template_valid": Word("normal", "done", N_("The version is valid from its day on.")),
    "rules_set": Word("normal", "done", N_("The rules are set. They count for what begins from their day on.")),
    "calendar_changed": Word("normal", "done", N_("The calendar is changed. Dates of open cases follow in a moment.")),
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
