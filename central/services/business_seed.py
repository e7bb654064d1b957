"""What a new centre begins with: the templates of every kind of business, and the published calendar."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.domain.audit import AuditAct, AuditEntry
from central.domain.templates import dump_template, parse_template
from central.store.audit import add_audit
from central.store.calendars import keep_calendar
from central.store.ids import new_id
from central.store.templates import TemplateRow

#: Cases that began before the archive did are judged by the first version too.
IN_FORCE_SINCE = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was added; nothing when it was all there."""

    templates: int
    calendar_days: int


def seed_business(session: Session, now: datetime) -> Seeded:
    """Add the kinds of business that the centre has no version of, and the calendar if it has none."""
    known = set(session.scalars(select(TemplateRow.business).distinct()))
    added: list[str] = []
    for data in read_seed_templates():
        template = parse_template(data)
        if template.code in known:
            continue
        session.add(
            TemplateRow(
                id=new_id(),
                business=template.code,
                version=1,
                name=template.name,
                name_en=template.name_en,
                body=dump_template(template),
                state="approved",
                effective_from=IN_FORCE_SINCE,
                created_at=now,
                approved_at=now,
            )
        )
        added.append(template.code)
    days = keep_calendar(session, now)
    if added or days:
        after = {"templates": added, "calendar_days": days}
        add_audit(session, None, AuditEntry(AuditAct.BUSINESS_SEEDED, "templates", "seed", after=after), now)
    return Seeded(len(added), days)


def read_seed_templates() -> list[Any]:
    """Return the data of the templates that come with the centre, by their codes."""
    folder = resources.files("central") / "seeds" / "templates"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [json.loads(file.read_text("utf-8")) for file in files]
