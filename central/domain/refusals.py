"""What a use case answers instead of doing its work. The words for people are the interface's."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    NOT_FOUND = "not_found"
    METHOD = "method"
    NOT_ALLOWED = "not_allowed"
    NOT_LOGGED_IN = "not_logged_in"
    WRONG_LOGIN = "wrong_login"
    LOCKED_OUT = "locked_out"
    CSRF = "csrf"
    WRONG_ORIGIN = "wrong_origin"
    WRONG_SIGNATURE = "wrong_signature"
    INVALID = "invalid"
    BAD_CURSOR = "bad_cursor"
    BAD_SEED = "bad_seed"
    BAD_TEMPLATE = "bad_template"
    TEMPLATE_CHANGED = "template_changed"
    BAD_RULES = "bad_rules"
    RULES_CHANGED = "rules_changed"
    LOGIN_TAKEN = "login_taken"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - a reason, not a secret
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, not a secret
    PASSWORD_DUE = "password_due"  # noqa: S105 - a reason, not a secret
    OWN_RIGHTS = "own_rights"
    ROLE_SCOPE = "role_scope"
    ROLE_HELD = "role_held"
    BAD_PERIOD = "bad_period"
    NO_DEPUTY = "no_deputy"
    NO_LOGIN = "no_login"
    PERSON_INACTIVE = "person_inactive"
    BADGE_ENDED = "badge_ended"
    UNIT_PLACE = "unit_place"
    UNIT_IN_USE = "unit_in_use"
    SAME_PERSON = "same_person"
    NOT_OPEN = "not_open"
    NOT_APPROVED = "not_approved"
    NOT_MERGEABLE = "not_mergeable"
    BAD_TABLE = "bad_table"
    IMPORT_STATE = "import_state"
    IMPORT_IN_USE = "import_in_use"
    DOCUMENT_STATE = "document_state"
    NO_PAGES = "no_pages"
    FINDINGS_OPEN = "findings_open"
    LAST_PAGE = "last_page"
    COPY_UNVERIFIED = "copy_unverified"
    NO_PAPER = "no_paper"
    PAPER_THERE = "paper_there"
    NOT_HOLDER = "not_holder"
    SCAN_SETTLED = "scan_settled"
    GATE_BAN = "gate_ban"
    NOTHING_TO_SEND = "nothing_to_send"
    BAD_FILE = "bad_file"
    CONTENT_WRONG = "content_wrong"
    BOX_HAS_NO_PLACE = "box_has_no_place"
    NO_SUCH_AISLE = "no_such_aisle"
    GATEWAY_OFFLINE = "gateway_offline"
    EPOCH_UNKNOWN = "epoch_unknown"
    BUSY = "busy"
    TOO_LARGE = "too_large"
    TROUBLE = "trouble"


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """Nothing was changed, and `reason` says why; `details` name rows and fields, `facts` fill the words."""

    def __init__(self, reason: Reason, *, details: tuple[str, ...] = (), **facts: str | int) -> None:
        super().__init__(reason.value, *details)
        self.reason = reason
        self.details = details
        self.facts = facts


class NotFound(Refusal):
    """There is no such thing, or it lies outside the actor's scope: the answer is the same."""

    def __init__(self) -> None:
        super().__init__(Reason.NOT_FOUND)
