"""The left menu: sections of entries, each for who may open it. Nothing is cut off, however many roles one holds.

Eight entries are seen at a glance; sections beyond them are folded under their title, but for the one a page is in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.wording import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; `name` is what a page says of where it stands."""

    name: str
    href: str
    icon: str
    text: str
    action: Action


@dataclass(frozen=True, slots=True)
class Section:
    """Entries that belong together; the first section needs no title."""

    title: str
    entries: list[Entry] = field(default_factory=list)
    folded: bool = False


#: A name that stands twice is one entry: whoever may not open the first address comes in by the second.
MENU = (
    Section(
        "",
        [
            Entry("home", "/", "home", N_("Home"), Action.SELF),
            Entry("reminders", "/reminders", "bell", N_("Reminders"), Action.ADD_DOCUMENT),
            Entry("reminders", "/reminders", "bell", N_("Reminders"), Action.REVIEW_DOCUMENT),
        ],
    ),
    Section(
        N_("Papers and cases"),
        [
            Entry("tasks", "/tasks", "clock", N_("My tasks"), Action.ADD_DOCUMENT),
            Entry("tasks", "/tasks", "clock", N_("Tasks"), Action.SEE_TASKS),
            Entry("reviews", "/reviews", "search", N_("Reviews"), Action.REVIEW_DOCUMENT),
            Entry("acceptances", "/acceptances", "shelf", N_("Acceptances"), Action.ACCEPT_DOCUMENT),
            Entry("scans", "/scans", "in", N_("Unplaced scans"), Action.SORT_SCANS),
            Entry("cases", "/cases", "list", N_("Cases"), Action.SEE_CASES),
            Entry("dossiers", "/dossiers", "list", N_("Dossiers"), Action.SEE_DOSSIERS),
        ],
    ),
    Section(
        N_("Archive rooms"),
        [
            Entry("rooms", "/rooms", "map", N_("Room map"), Action.SEE_ROOMS),
            Entry("boxes", "/boxes", "box", N_("Boxes"), Action.SEE_BOXES),
            Entry("gateways", "/gateways", "gateway", N_("Gateways"), Action.SEE_GATEWAYS),
        ],
    ),
    Section(
        N_("Rules and approvals"),
        [
            Entry("approvals", "/approvals", "done", N_("Approvals"), Action.APPROVE_MERGE),
            Entry("approvals", "/approvals", "done", N_("Approvals"), Action.APPROVE_TEMPLATE),
            Entry("rules", "/templates", "label", N_("Templates"), Action.SEE_TEMPLATES),
            Entry("rules", "/calendar", "clock", N_("Working calendar"), Action.SEE_CALENDAR),
        ],
    ),
    Section(
        N_("Administration"),
        [
            Entry("people", "/people", "people", N_("People"), Action.SEE_PEOPLE),
            Entry("people", "/organisation", "people", N_("Organisation"), Action.SEE_ORGANISATION),
            Entry("deliveries", "/deliveries", "out", N_("Messages"), Action.SEE_MESSAGES),
            Entry("audit", "/audit", "list", N_("Audit log"), Action.SEE_AUDIT),
        ],
    ),
)
#: More entries than these nobody scans at a glance.
ENTRIES_MOST = 8


def list_menu(actor: Actor | None, here: str = "") -> list[Section]:
    """Return a person's menu on a page: each name once, at the first entry that they may open; no empty section."""
    if actor is None or actor.must_change:
        return []
    found: list[Section] = []
    count = 0
    for section in MENU:
        entries: dict[str, Entry] = {}
        for entry in section.entries:
            if allows(actor, entry.action):
                entries.setdefault(entry.name, entry)
        if entries:
            count += len(entries)
            folded = bool(section.title) and count > ENTRIES_MOST and here not in entries
            found.append(Section(section.title, list(entries.values()), folded))
    return found
