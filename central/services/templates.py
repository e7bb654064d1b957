"""Templates as versions: drafted, put before a second person, in force from a day on. Cases keep the one they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.domain.approvals import ApprovalAct, ApprovalState, read_state
from central.domain.audit import AuditAct, AuditEntry
from central.domain.people import Actor
from central.domain.permissions import Action, allows
from central.domain.refusals import NotFound, Reason, Refusal
from central.domain.templates import (
    Difference,
    Template,
    compare_templates,
    digest_template,
    dump_template,
    parse_template,
)
from central.store.approvals import ApprovalRow, ask_approval, take_approval
from central.store.audit import add_audit
from central.store.calendars import load_calendar
from central.store.ids import new_id
from central.store.people import load_names
from central.store.templates import TemplateRow, find_in_force, next_version, read_version

CHANGES_SHOWN = 100
#: How a kind of business begins that copies no other.
FIRST_STEPS = [
    {
        "code": "ACCEPT",
        "name": "受理",
        "name_en": "Acceptance",
        "documents": [{"code": "APPLICATION", "name": "业务申请书", "name_en": "Application"}],
    },
    {"code": "FILE", "name": "归档", "name_en": "Filing"},
]


class VersionState(StrEnum):
    """What a version is on a day."""

    DRAFT = "draft"
    #: A draft that a second person has been asked about.
    ASKED = "asked"
    #: Approved by a second person, but not yet made valid by who asked.
    DECIDED = "decided"
    TURNED_DOWN = "turned_down"
    COMING = "coming"
    IN_FORCE = "in_force"
    PAST = "past"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class VersionSeen:
    """One version of one kind of business."""

    id: str
    business: str
    version: int
    name: str
    name_en: str
    state: VersionState
    effective_from: date | None
    created_at: datetime
    created_by: str
    approved_at: datetime | None
    approval_id: str | None
    template: Template


def list_templates(session: Session, actor: Actor, now: datetime) -> list[tuple[VersionSeen, ...]]:
    """Return the versions of each kind of business, the newest first, kinds by their codes."""
    _check(actor, Action.SEE_TEMPLATES)
    rows = session.scalars(select(TemplateRow).order_by(TemplateRow.business, TemplateRow.version.desc())).all()
    found: dict[str, list[VersionSeen]] = {}
    for each in _see(session, rows, now):
        found.setdefault(each.business, []).append(each)
    return [tuple(versions) for versions in found.values()]


def show_version(session: Session, actor: Actor, template_id: str, now: datetime) -> VersionSeen:
    """Return one version."""
    _check(actor, Action.SEE_TEMPLATES)
    return _see(session, [_find(session, template_id)], now)[0]


def list_versions(session: Session, actor: Actor, business: str, now: datetime) -> list[VersionSeen]:
    """Return all versions of a kind of business, the newest first."""
    _check(actor, Action.SEE_TEMPLATES)
    query = select(TemplateRow).where(TemplateRow.business == business).order_by(TemplateRow.version.desc())
    return _see(session, session.scalars(query).all(), now)


def compare_versions(session: Session, actor: Actor, old_id: str, new_id_: str) -> Difference:
    """Return what the second version changes in the first."""
    _check(actor, Action.SEE_TEMPLATES)
    old, new = _find(session, old_id), _find(session, new_id_)
    if old.business != new.business:
        raise NotFound
    return compare_templates(old.to_template(), new.to_template())


def draft_version(session: Session, actor: Actor, base_id: str, data: Any, now: datetime) -> str:
    """Write a new version down as a draft, or change a draft; return its id. Every fault of the data is named."""
    _check(actor, Action.EDIT_TEMPLATE)
    base = _find(session, base_id, lock=True)
    template = _read(base.business, data)
    if base.state == "withdrawn":
        raise Refusal(Reason.NOT_OPEN)
    if base.state == "draft":
        before = _digest(base)
        _write(base, template)
        # What was asked or approved spoke of other data: it carries this no longer.
        base.approval_id = base.effective_from = None
        if _digest(base) != before:
            after = {"version": base.version, "digest": _digest(base)}
            _note(session, actor, AuditAct.TEMPLATE_DRAFT_CHANGED, base, now, before={"digest": before}, after=after)
        return base.id
    return _add_draft(session, actor, template, now, before={"version": base.version})


def edit_version(  # noqa: PLR0917 - which version as seen by whom, and what becomes of it
    session: Session,
    actor: Actor,
    base_id: str,
    seen: str,
    edit: Callable[[Template], Template],
    now: datetime,
) -> str:
    """Change one part of a draft, or draft a version that differs in this part; return its id.

    `seen` is the digest of the version that the actor looked at: what somebody else changed meanwhile isn't overrun.
    """
    _check(actor, Action.EDIT_TEMPLATE)
    template = _find(session, base_id, lock=True).to_template()
    if digest_template(template) != seen:
        raise Refusal(Reason.TEMPLATE_CHANGED)
    return draft_version(session, actor, base_id, dump_template(edit(template)), now)


def found_business(session: Session, actor: Actor, data: Any, now: datetime) -> str:
    """Write the first version of a new kind of business down as a draft; return its id. Every fault is named."""
    _check(actor, Action.EDIT_TEMPLATE)
    template = parse_template(data)
    if _find_newest(session, template.code) is not None:
        raise Refusal(Reason.BAD_TEMPLATE, details=(f"code: {template.code} is another kind of business already",))
    return _add_draft(session, actor, template, now)


def copy_business(  # noqa: PLR0917 - what is copied, and how the copy is called
    session: Session, actor: Actor, base_id: str | None, code: str, name: str, name_en: str, now: datetime
) -> str:
    """Draft a new kind of business that begins like a version, or with two steps alone; return its id."""
    _check(actor, Action.EDIT_TEMPLATE)
    base = dump_template(_find(session, base_id).to_template()) if base_id is not None else {"steps": FIRST_STEPS}
    return found_business(session, actor, {**base, "code": code, "name": name, "name_en": name_en}, now)


def take_file(session: Session, actor: Actor, data: Any, now: datetime) -> str:
    """Draft what a file holds: a new version of a kind of business that is known, or a new one; return its id."""
    _check(actor, Action.EDIT_TEMPLATE)
    known = _find_newest(session, parse_template(data).code)
    if known is None:
        return found_business(session, actor, data, now)
    return _add_draft(session, actor, _read(known.business, data), now)


def ask_to_put_in_force(
    session: Session, actor: Actor, template_id: str, *, effective_from: date, why: str, now: datetime
) -> str:
    """Put a draft before a second person, with the day from which it is to hold; return the approval's id."""
    _check(actor, Action.EDIT_TEMPLATE)
    row = _find_draft(session, template_id)
    if effective_from < load_calendar(session).find_day(now):
        raise Refusal(Reason.BAD_PERIOD)
    row.effective_from = effective_from
    subject = (row.id, f"{row.name} {row.version}")
    row.approval_id = ask_approval(
        session, actor, ApprovalAct.EDIT_TEMPLATE, subject=subject, payload=_payload(session, row), now=now, why=why
    )
    return row.approval_id


def put_in_force(session: Session, actor: Actor, template_id: str, now: datetime) -> None:
    """Make a draft valid from its day on: exactly what a second person approved, or nothing."""
    _check(actor, Action.EDIT_TEMPLATE)
    row = _find_draft(session, template_id)
    if row.approval_id is None:
        raise Refusal(Reason.NOT_APPROVED)
    payload = session.get_one(ApprovalRow, row.approval_id).payload
    act = ApprovalAct.EDIT_TEMPLATE
    # The differences are worked out against what is in force now; body and day are what binds.
    if any(payload[key] != value for key, value in _bind(row).items()):
        raise Refusal(Reason.NOT_APPROVED, details=("other_payload",))
    take_approval(session, actor, row.approval_id, act=act, subject_id=row.id, payload=payload, now=now)
    row.state, row.approved_at = "approved", now
    after = {"version": row.version, "effective_from": str(row.effective_from), "digest": _digest(row)}
    _note(session, actor, AuditAct.TEMPLATE_APPROVED, row, now, after=after)


def withdraw_draft(session: Session, actor: Actor, template_id: str, now: datetime) -> None:
    """Give a draft up; it stays readable."""
    _check(actor, Action.EDIT_TEMPLATE)
    row = _find_draft(session, template_id)
    row.state, row.approval_id = "withdrawn", None
    _note(session, actor, AuditAct.TEMPLATE_DRAFT_WITHDRAWN, row, now)


def _check(actor: Actor, action: Action) -> None:
    if not allows(actor, action):
        raise Refusal(Reason.NOT_ALLOWED)


def _find(session: Session, template_id: str, *, lock: bool = False) -> TemplateRow:
    row = session.get(TemplateRow, template_id, with_for_update=True if lock else None)
    if row is None:
        raise NotFound
    return row


def _find_draft(session: Session, template_id: str) -> TemplateRow:
    row = _find(session, template_id, lock=True)
    if row.state != "draft":
        raise Refusal(Reason.NOT_OPEN)
    return row


def _find_newest(session: Session, business: str) -> TemplateRow | None:
    """Return the newest version that was not given up, draft or not."""
    query = select(TemplateRow).where(TemplateRow.business == business, TemplateRow.state != "withdrawn")
    return session.scalar(query.order_by(TemplateRow.version.desc()).limit(1))


def _add_draft(session: Session, actor: Actor, template: Template, now: datetime, **parts: Any) -> str:
    row = TemplateRow(
        id=new_id(),
        business=template.code,
        version=next_version(session, template.code),
        state="draft",
        created_at=now,
        created_by=actor.person_id,
    )
    _write(row, template)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        # Somebody else took this number at the same moment.
        raise Refusal(Reason.NOT_OPEN) from None
    _note(session, actor, AuditAct.TEMPLATE_DRAFTED, row, now, **parts)
    return row.id


def _read(business: str, data: Any) -> Template:
    template = parse_template(data)
    if template.code != business:
        raise Refusal(Reason.BAD_TEMPLATE, details=(f"code: {business} stays {business}",))
    return template


def _write(row: TemplateRow, template: Template) -> None:
    row.name, row.name_en, row.body = template.name, template.name_en, dump_template(template)


def _digest(row: TemplateRow) -> str:
    return digest_template(row.to_template())


def _bind(row: TemplateRow) -> dict[str, Any]:
    """Return what an approval binds: which version with which content, and from when."""
    return {
        "business": row.business,
        "version": row.version,
        "effective_from": str(row.effective_from),
        "digest": _digest(row),
    }


def _payload(session: Session, row: TemplateRow) -> dict[str, Any]:
    """Return what a second person reads and binds: the version, its day, and every difference to what it follows."""
    assert row.effective_from is not None, "the day is set by who asks"
    before = find_in_force(session, row.business, row.effective_from)
    new = row.to_template()
    old = before.to_template() if before is not None else Template(new.code, new.name, new.name_en, ())
    difference = compare_templates(old, new)
    changes = [f"{each.where}: {each.before or '—'} > {each.after or '—'}" for each in difference.changes]
    return {**_bind(row), "changes": changes[:CHANGES_SHOWN], "changes_count": len(changes)}


def _note(session: Session, actor: Actor, act: AuditAct, row: TemplateRow, now: datetime, **parts: Any) -> None:
    parts.setdefault("after", {"version": row.version, "digest": _digest(row)})
    add_audit(session, actor, AuditEntry(act, "template", row.id, f"{row.name} {row.version}", **parts), now)


def _see(session: Session, rows: Sequence[TemplateRow], now: datetime) -> list[VersionSeen]:
    today = load_calendar(session).find_day(now)
    names = load_names(session, [row.created_by for row in rows])
    asked = {
        row.id: read_state(ApprovalState(row.state), row.expires_at, now)
        for row in session.scalars(
            select(ApprovalRow).where(ApprovalRow.id.in_([row.approval_id for row in rows if row.approval_id]))
        )
    }
    in_force: dict[str, str | None] = {}
    for business in {row.business for row in rows}:
        found = find_in_force(session, business, today)
        in_force[business] = found.id if found is not None else None
    return [
        VersionSeen(
            id=row.id,
            business=row.business,
            version=row.version,
            name=row.name,
            name_en=row.name_en,
            state=_judge(row, in_force[row.business], asked.get(row.approval_id or ""), today),
            effective_from=row.effective_from,
            created_at=row.created_at,
            created_by=names.get(row.created_by or "", ""),
            approved_at=row.approved_at,
            approval_id=row.approval_id,
            template=read_version(session, row.id),
        )
        for row in rows
    ]


def _judge(row: TemplateRow, in_force: str | None, asked: ApprovalState | None, today: date) -> VersionState:
    if row.state == "withdrawn":
        return VersionState.WITHDRAWN
    if row.state == "draft":
        words = {
            ApprovalState.ASKED: VersionState.ASKED,
            ApprovalState.APPROVED: VersionState.DECIDED,
            ApprovalState.REFUSED: VersionState.TURNED_DOWN,
        }
        return words.get(asked, VersionState.DRAFT) if asked is not None else VersionState.DRAFT
    if row.id == in_force:
        return VersionState.IN_FORCE
    return VersionState.COMING if row.effective_from is not None and row.effective_from > today else VersionState.PAST
