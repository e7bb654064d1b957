"""Templates: what each step of each kind of business must yield, and how long it may take (P12).

A template is versioned data. A case keeps the version that was in force when it began; an edited version takes effect
on a date, after a second person approved it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from central.domain import conditions
from central.domain.clocks import DAYS_MAX, Limit, Unit
from central.domain.conditions import Attributes
from central.domain.refusals import Reason, Refusal

STRICT = ConfigDict(extra="forbid", strict=False, str_strip_whitespace=True, ser_json_temporal="iso8601")  # type: ignore[typeddict-unknown-key,unused-ignore]
FAULT_LIMIT = 50

Code = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,23}$")]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
Note = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Small = Annotated[int, Field(ge=1, le=999)]


class Medium(StrEnum):
    """Only paper has transfer, place and loan; all have gates and fixity."""

    PAPER = "paper"
    BORN_DIGITAL = "born_digital"
    E_LICENCE = "e_licence"


class Need(StrEnum):
    """How firmly a step asks for a document."""

    REQUIRED = "required"
    #: May be handed in later, within the days of the rule: the gate opens with a debt (容缺).
    OWED = "owed"
    #: Taken when there is one; never stands in the way.
    WELCOME = "welcome"


class Retention(StrEnum):
    PERMANENT = "permanent"
    YEARS_30 = "years_30"
    YEARS_10 = "years_10"


@checked(frozen=True, config=STRICT)
class LimitPart:
    """A step's limit with where the number comes from."""

    pack: Annotated[str, Field(pattern="^[A-Z]$")]
    count: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    unit: Unit
    warn_before: Annotated[int, Field(ge=0, le=DAYS_MAX)]
    source: Note
    stated_on: date
    assessed: bool = True
    when: dict[str, Any] | None = None

    def to_limit(self) -> Limit:
        """Return what clocks understand."""
        return Limit(self.count, self.unit, self.warn_before)


@checked(frozen=True, config=STRICT)
class DocumentPart:
    """One document that a step yields. `gate`: the review gate that it must have passed."""

    code: Code
    name: Name
    name_en: Name
    need: Need = Need.REQUIRED
    medium: Medium = Medium.PAPER
    when: dict[str, Any] | None = None
    owed_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = 0
    copies: Small = 1
    gate: Annotated[int, Field(ge=1, le=3)] = 2
    retention: Retention = Retention.YEARS_30
    note: Note = ""


@checked(frozen=True, config=STRICT)
class StepPart:
    code: Code
    name: Name
    name_en: Name
    documents: tuple[DocumentPart, ...] = ()
    limits: tuple[LimitPart, ...] = ()
    when: dict[str, Any] | None = None


@checked(frozen=True, config=STRICT)
class Template:
    """A kind of business: its steps in their order."""

    code: Code
    name: Name
    name_en: Name
    steps: tuple[StepPart, ...]
    note: Note = ""

    def find_step(self, code: str) -> StepPart | None:
        """Return the step of this code."""
        return next((step for step in self.steps if step.code == code), None)


_READER = TypeAdapter(Template)


def parse_template(data: Any) -> Template:
    """Check data from a file or form as a whole; every fault is named by its place."""
    try:
        template = _READER.validate_python(data)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:FAULT_LIMIT]]
        raise Refusal(Reason.BAD_TEMPLATE, details=tuple(faults)) from None
    faults = list(_find_faults(template))[:FAULT_LIMIT]
    if faults:
        raise Refusal(Reason.BAD_TEMPLATE, details=tuple(faults))
    return template


def dump_template(template: Template) -> dict[str, Any]:
    """Return the template as JSON data that `parse_template` reads back as the same."""
    return dict(_READER.dump_python(template, mode="json", exclude_defaults=True))


def digest_template(template: Template) -> str:
    """Return the SHA-256 by which two readings of a template are known to be the same."""
    text = json.dumps(dump_template(template), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def list_due_documents(step: StepPart, attributes: Attributes) -> tuple[DocumentPart, ...]:
    """Return the documents that this step must or may yield for a case with these attributes."""
    if not conditions.holds(step.when, attributes):
        return ()
    return tuple(part for part in step.documents if conditions.holds(part.when, attributes))


def choose_limit(step: StepPart, pack: str, attributes: Attributes) -> LimitPart | None:
    """Return the first limit of the pack whose condition holds; steps without one are not timed."""
    for part in step.limits:
        if part.pack == pack and conditions.holds(part.when, attributes):
            return part
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions: `before` or `after` empty means added or removed.

    The same for pages that name things: in which step, in which of its parts (a document's code, a limit's key), which
    field, and what stood there; a part that came or went stands there whole.
    """

    where: str
    before: str = ""
    after: str = ""
    step: str = ""
    part: str = ""
    field: str = ""
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What an edited version changes."""

    changes: tuple[Change, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.changes)


def compare_templates(old: Template, new: Template) -> Difference:
    """Return the differences in the order of the new version, removed things last."""
    changes = list(_compare_fields((), old, new))
    changes += _compare_lists((), "steps", old.steps, new.steps)
    return Difference(tuple(changes))


def _compare_lists(place: tuple[str, ...], name: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    key = _key_limit if name == "limits" else _key_code
    before = {key(part): part for part in old}
    after = {key(part): part for part in new}
    for code, part in after.items():
        if code not in before:
            yield _change((*place, code), "", None, part, "", _describe(part))
            continue
        yield from _compare_fields((*place, code), before[code], part)
        for inner in ("documents", "limits"):
            if hasattr(part, inner):
                yield from _compare_lists((*place, code), inner, getattr(before[code], inner), getattr(part, inner))
    for code, part in before.items():
        if code not in after:
            yield _change((*place, code), "", part, None, _describe(part), "")
    kept = [code for code in after if code in before]
    was = [code for code in before if code in after]
    if kept != was:
        yield _change(place, name, was, kept, " > ".join(was), " > ".join(kept))


def _compare_fields(place: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    for each in fields(new):
        if each.name in ("steps", "documents", "limits"):
            continue
        before, after = getattr(old, each.name), getattr(new, each.name)
        if before != after:
            yield _change(place, each.name, before, after, _show(before), _show(after))


def _change(  # noqa: PLR0917 - one difference
    place: tuple[str, ...], name: str, old: Any, new: Any, before: str, after: str
) -> Change:
    step, part = (*place, "", "")[:2]
    return Change(".".join(filter(None, (*place, name))), before, after, step, part, name, old, new)


def _key_code(part: Any) -> str:
    return str(part.code)


def _key_limit(part: LimitPart) -> str:
    return f"limit {part.pack} {_show(part.when)}".strip()


def _describe(part: Any) -> str:
    return part.name if hasattr(part, "name") else f"{part.count} {part.unit}"


def _show(value: Any) -> str:
    return "" if value is None else str(value)


def _find_faults(template: Template) -> Iterator[str]:
    if not template.steps:
        yield "steps: a business without steps"
    yield from _find_doubles("steps", [step.code for step in template.steps])
    codes = [part.code for step in template.steps for part in step.documents]
    yield from _find_doubles("documents", codes)
    for step in template.steps:
        if step.when is not None:
            yield from conditions.find_faults(step.when, f"{step.code}.when")
        for part in step.documents:
            yield from _find_document_faults(step, part)
        for limit in step.limits:
            if limit.warn_before > limit.count:
                yield f"{step.code}.limits: warns before it begins"
            if limit.when is not None:
                yield from conditions.find_faults(limit.when, f"{step.code}.limits.when")


def _find_document_faults(step: StepPart, part: DocumentPart) -> Iterator[str]:
    where = f"{step.code}.{part.code}"
    if part.when is not None:
        yield from conditions.find_faults(part.when, f"{where}.when")
    if (part.need is Need.OWED) != (part.owed_days > 0):
        yield f"{where}: days to owe it and only for what may be owed"


def _find_doubles(where: str, codes: list[str]) -> Iterator[str]:
    for code, count in Counter(codes).items():
        if count > 1:
            yield f"{where}: {code} stands {count} times"
