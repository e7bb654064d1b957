"""Sentences that people read when a use case refuses: what happened, what is safe, what to do next.

English is the message id; translations are looked up where the sentence is shown. Braces are filled from the refusal.
"""

from __future__ import annotations

from dataclasses import dataclass

from central.domain.refusals import Reason


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark a sentence for translation where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences of one refusal, and the HTTP status that says the same to machines."""

    status: int
    title: str
    happened: str
    safe: str
    next: str


NOTHING_CHANGED = N_("Nothing was changed.")

WORDINGS: dict[Reason, Wording] = {
    Reason.NOT_FOUND: Wording(
        404,
        N_("Not found"),
        N_("There is nothing under this address, or it lies outside the rooms you look after."),
        NOTHING_CHANGED,
        N_("Check the number, or ask an administrator which rooms you may see."),
    ),
    Reason.METHOD: Wording(
        405,
        N_("This address does not do that"),
        N_("The address exists, but it does not answer this kind of request."),
        NOTHING_CHANGED,
        N_("Look up the address in the interface description under /docs."),
    ),
    Reason.NOT_ALLOWED: Wording(
        403,
        N_("Not allowed"),
        N_("Your role does not include this act."),
        NOTHING_CHANGED,
        N_("Ask an administrator if you need it for your work."),
    ),
    Reason.NOT_LOGGED_IN: Wording(
        401,
        N_("Please log in"),
        N_("You are not logged in, or your session has ended."),
        NOTHING_CHANGED,
        N_("Log in, then try again."),
    ),
    Reason.WRONG_LOGIN: Wording(
        401,
        N_("Log-in failed"),
        N_("Login name and password do not match."),
        N_("Your account is unchanged."),
        N_("Check capital letters and try again. After several failures the log-in pauses for a while."),
    ),
    Reason.LOCKED_OUT: Wording(
        429,
        N_("Log-in is paused"),
        N_("There were too many failed log-ins for this account."),
        N_("Your account is safe; nobody got in."),
        N_("Wait {seconds} seconds, then try again."),
    ),
    Reason.CSRF: Wording(
        403,
        N_("This page is out of date"),
        N_("The request did not carry the token of your session."),
        NOTHING_CHANGED,
        N_("Load the page anew and try again."),
    ),
    Reason.WRONG_SIGNATURE: Wording(
        401,
        N_("The signature does not hold"),
        N_("The request is not signed by a key of the marketing system, or it was signed too long ago."),
        NOTHING_CHANGED,
        N_("Check key, clock and signed text against the description of the marketing interface, then send it again."),
    ),
    Reason.WRONG_ORIGIN: Wording(
        403,
        N_("The request came from elsewhere"),
        N_("The request was sent from a page that is not ours."),
        NOTHING_CHANGED,
        N_("Open the page from its own address and try again."),
    ),
    Reason.INVALID: Wording(
        422,
        N_("The request can't be read"),
        N_("Some fields are missing or not of the expected form."),
        NOTHING_CHANGED,
        N_("Correct the fields named below and send it again."),
    ),
    Reason.BAD_CURSOR: Wording(
        422,
        N_("The list can't go on from here"),
        N_("The mark that says where the list goes on can't be read."),
        NOTHING_CHANGED,
        N_("Begin the list anew."),
    ),
    Reason.BAD_TEMPLATE: Wording(
        422,
        N_("The template has errors"),
        N_("The template was checked as a whole, and errors were found."),
        N_("The template in force is unchanged."),
        N_("Correct the places named below and save it again."),
    ),
    Reason.TEMPLATE_CHANGED: Wording(
        409,
        N_("Somebody else has changed this draft meanwhile"),
        N_("The draft is no longer the one that you looked at."),
        N_("Their changes were kept; yours were not saved."),
        N_("Look at the draft again, then make your change once more."),
    ),
    Reason.BAD_RULES: Wording(
        422,
        N_("The rules have errors"),
        N_("The rules were checked as a whole, and errors were found."),
        N_("The rules in force are unchanged."),
        N_("Correct the places named below and set them again."),
    ),
    Reason.RULES_CHANGED: Wording(
        409,
        N_("Somebody else has set rules meanwhile"),
        N_("The rules that you began with are no longer the newest."),
        NOTHING_CHANGED,
        N_("Look at the newest rules, then set yours again."),
    ),
    Reason.BAD_SEED: Wording(
        422,
        N_("The room file has errors"),
        N_("The file was checked as a whole before anything was written, and errors were found."),
        N_("Nothing of the file was taken over."),
        N_("Correct the rows named below and import the file again."),
    ),
    Reason.LOGIN_TAKEN: Wording(
        409,
        N_("This login name is taken"),
        N_("There is already a person with this login name."),
        NOTHING_CHANGED,
        N_("Choose another login name."),
    ),
    Reason.WEAK_PASSWORD: Wording(
        422,
        N_("The password is too weak"),
        N_("A password needs at least {length} characters and must not contain the login name."),
        NOTHING_CHANGED,
        N_("Choose a longer password."),
    ),
    Reason.WRONG_PASSWORD: Wording(
        422,
        N_("The password is not right"),
        N_("The present password was not typed correctly."),
        N_("Your password is unchanged."),
        N_("Type the present password again. After several failures log-in and change pause for a while."),
    ),
    Reason.PASSWORD_DUE: Wording(
        403,
        N_("Choose your own password first"),
        N_("You logged in with a one-time password that somebody else knows."),
        NOTHING_CHANGED,
        N_("Change the password, then go on."),
    ),
    Reason.OWN_RIGHTS: Wording(
        409,
        N_("Nobody changes their own rights"),
        N_("This would change what you yourself may do."),
        NOTHING_CHANGED,
        N_("Ask another administrator to do it."),
    ),
    Reason.ROLE_SCOPE: Wording(
        422,
        N_("The role can't be held for this"),
        N_(
            "Handlers, collectors and team leaders hold their role for a team, centre managers for a service centre,"
            " archivists for archive rooms, the department for the whole house."
        ),
        NOTHING_CHANGED,
        N_("Choose what fits the role."),
    ),
    Reason.ROLE_HELD: Wording(
        409,
        N_("The role is held already"),
        N_("The person holds this role for the same thing at that time."),
        NOTHING_CHANGED,
        N_("Withdraw the role first if its time is to change."),
    ),
    Reason.BAD_PERIOD: Wording(
        422,
        N_("The dates don't fit"),
        N_("The end lies before the beginning, or has passed already."),
        NOTHING_CHANGED,
        N_("Correct the dates."),
    ),
    Reason.NO_DEPUTY: Wording(
        422,
        N_("This person can't stand in"),
        N_("A deputy is another, active person with a log-in who is not away at the same time."),
        NOTHING_CHANGED,
        N_("Choose another deputy, or none."),
    ),
    Reason.NO_LOGIN: Wording(
        409,
        N_("The person has no log-in"),
        N_("This person only carries a badge; there is no password to reset."),
        NOTHING_CHANGED,
        N_("Nothing has to be done."),
    ),
    Reason.PERSON_INACTIVE: Wording(
        409,
        N_("The person is deactivated"),
        N_("Roles, badges and passwords are given to active people only."),
        NOTHING_CHANGED,
        N_("Activate the person first."),
    ),
    Reason.BADGE_ENDED: Wording(
        409,
        N_("The badge is no longer valid"),
        N_("This badge was revoked or reported lost before."),
        NOTHING_CHANGED,
        N_("Issue a new badge if one is needed."),
    ),
    Reason.UNIT_PLACE: Wording(
        422,
        N_("The unit can't lie there"),
        N_("A department stands at the top, a service centre under a department, a team under either."),
        NOTHING_CHANGED,
        N_("Choose another unit above it."),
    ),
    Reason.UNIT_IN_USE: Wording(
        409,
        N_("The unit is still in use"),
        N_("People, roles, archive rooms or other units still belong to it."),
        NOTHING_CHANGED,
        N_("Move them elsewhere first, then close the unit."),
    ),
    Reason.SAME_PERSON: Wording(
        409,
        N_("A second person has to decide"),
        N_("This was asked for by you, or in the name of somebody for whom you stand in."),
        NOTHING_CHANGED,
        N_("Ask a colleague who may decide."),
    ),
    Reason.NOT_OPEN: Wording(
        409,
        N_("It is no longer open"),
        N_("Somebody decided it before, it was withdrawn, or its time has passed."),
        NOTHING_CHANGED,
        N_("Load the list anew to see what became of it."),
    ),
    Reason.NOT_APPROVED: Wording(
        409,
        N_("The approval doesn't carry this"),
        N_("What is to be done is not exactly what a second person approved, or the approval was used or has expired."),
        NOTHING_CHANGED,
        N_("Ask for approval of what is to be done now."),
    ),
    Reason.DOCUMENT_STATE: Wording(
        409,
        N_("The document is not at this point"),
        N_("Somebody else acted on it before, or this act comes later in its way."),
        NOTHING_CHANGED,
        N_("Load the document anew and look at its state."),
    ),
    Reason.NO_PAGES: Wording(
        409,
        N_("The document has no pages"),
        N_("Without a scanned page there is nothing to check or to send."),
        NOTHING_CHANGED,
        N_("Add the pages first."),
    ),
    Reason.FINDINGS_OPEN: Wording(
        409,
        N_("A page is not clear yet"),
        N_("The checks at capture found something on a page, and nobody has said why the page may stay."),
        NOTHING_CHANGED,
        N_("Scan the page again, or look at it and say why it may stay."),
    ),
    Reason.LAST_PAGE: Wording(
        409,
        N_("It is the only page"),
        N_("A document without a page was never scanned, so its last page can't be taken out."),
        NOTHING_CHANGED,
        N_("Replace the page by the right one."),
    ),
    Reason.COPY_UNVERIFIED: Wording(
        409,
        N_("Nobody has compared the copy"),
        N_("The paper is a copy, and nobody has said that it agrees with the original."),
        NOTHING_CHANGED,
        N_("Compare it with the original and say so, or scan the original."),
    ),
    Reason.NO_PAPER: Wording(
        409,
        N_("There is no paper"),
        N_("This document was never on paper, so there is nothing to hand over or to compare."),
        NOTHING_CHANGED,
        N_("Nothing has to be done."),
    ),
    Reason.PAPER_THERE: Wording(
        409,
        N_("The paper is there already"),
        N_("This is what the newest entry says, or the paper has left the house since."),
        NOTHING_CHANGED,
        N_("Load the document anew and look where the paper is."),
    ),
    Reason.NOT_HOLDER: Wording(
        409,
        N_("Somebody else has the paper"),
        N_("Only who has a paper can give it back."),
        NOTHING_CHANGED,
        N_("Ask for the paper and say that you have it, then give it back."),
    ),
    Reason.SCAN_SETTLED: Wording(
        409,
        N_("The pages wait no longer"),
        N_("Somebody else placed or discarded some of these pages before."),
        NOTHING_CHANGED,
        N_("Load the scan anew and look at what still waits."),
    ),
    Reason.GATE_BAN: Wording(
        409,
        N_("Another person has to do this"),
        N_("You, or the person for whom you stand in, passed this document at another gate."),
        NOTHING_CHANGED,
        N_("Ask a colleague: nobody passes the same document twice."),
    ),
    Reason.NOTHING_TO_SEND: Wording(
        409,
        N_("There is nothing to send"),
        N_("No document of this task is scanned and checked and not yet sent."),
        NOTHING_CHANGED,
        N_("Scan the papers and confirm your check of each, then send them."),
    ),
    Reason.BAD_FILE: Wording(
        422,
        N_("The file can't be taken"),
        N_("A file is not what pages are made of: PDF, JPEG, PNG or TIFF, undamaged, unlocked, of a usual size."),
        N_("Nothing of this upload was added."),
        N_("Scan the paper again and send that file."),
    ),
    Reason.CONTENT_WRONG: Wording(
        503,
        N_("The picture is damaged"),
        N_("What lies in the store is not what was stored. It is shown to nobody."),
        N_("The document and its history are unchanged."),
        N_("Tell an administrator; the content is restored from the backup."),
    ),
    Reason.NOT_MERGEABLE: Wording(
        409,
        N_("This can't be merged or taken back"),
        N_("One of the two dossiers is merged already, or both are the same one."),
        NOTHING_CHANGED,
        N_("Look at both dossiers. A merging on top of another is taken back first."),
    ),
    Reason.BAD_TABLE: Wording(
        422,
        N_("The file can't be read as a table of customers"),
        N_("It is no CSV (UTF-8 or GB18030) or XLSX file with the right headings, or it is larger than allowed."),
        NOTHING_CHANGED,
        N_("Save the table anew as CSV or XLSX with the headings customer number and name, then upload it."),
    ),
    Reason.IMPORT_STATE: Wording(
        409,
        N_("The file is not at this point"),
        N_("Somebody else acted on it before, or it is being worked on."),
        NOTHING_CHANGED,
        N_("Load the page anew and look at its state."),
    ),
    Reason.IMPORT_IN_USE: Wording(
        409,
        N_("The file can't be taken back"),
        N_("Some of its customers have got cases, papers or contracts since."),
        NOTHING_CHANGED,
        N_("The customers are named below. Correct single customers in the marketing system instead."),
    ),
    Reason.BOX_HAS_NO_PLACE: Wording(
        409,
        N_("The box stands on no shelf"),
        N_("The box has no place at this moment, so there is no aisle to open."),
        N_("Nothing has moved."),
        N_("Look at the history of the box to see who had it last."),
    ),
    Reason.NO_SUCH_AISLE: Wording(
        404,
        N_("There is no such aisle"),
        N_("The bank has no aisle of this number."),
        N_("Nothing has moved."),
        N_("Look at the room map for the aisles of the bank."),
    ),
    Reason.GATEWAY_OFFLINE: Wording(
        503,
        N_("The archive room can't be reached"),
        N_("The gateway of this archive room did not answer."),
        N_("Nothing has moved and nothing was printed there; the room goes on working by itself."),
        N_("Look at the gateways page, or call the archive room."),
    ),
    Reason.EPOCH_UNKNOWN: Wording(
        404,
        N_("There is no such store"),
        N_("The gateway of this room has not asked to be admitted with this epoch."),
        NOTHING_CHANGED,
        N_("Look at the gateways page for what waits to be admitted."),
    ),
    Reason.BUSY: Wording(
        503,
        N_("The centre is busy"),
        N_("Others were being served and your request had to give up its place."),
        NOTHING_CHANGED,
        N_("Try again in a moment."),
    ),
    Reason.TOO_LARGE: Wording(
        413,
        N_("The request is too large"),
        N_("More was sent than this address takes."),
        NOTHING_CHANGED,
        N_("Send less at a time."),
    ),
    Reason.TROUBLE: Wording(
        500,
        N_("Something went wrong here"),
        N_("The centre could not finish the request; the fault is on our side and has been logged."),
        N_("What was not confirmed has not been saved."),
        N_("Try again; if it happens again tell an administrator the time and the request number {request_id}."),
    ),
}


def word_refusal(reason: Reason) -> Wording:
    """Return the sentences for a reason."""
    return WORDINGS[reason]
