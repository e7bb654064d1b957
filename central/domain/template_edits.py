"""Edits of a template, one part at a time: each takes a template and gives the changed one, or refuses.

A step is named by its code, a document by its code within its step, a limit by its number within its step, from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from central.domain.refusals import NotFound
from central.domain.templates import DocumentPart, LimitPart, Need, StepPart, Template

Fault = Literal["form", "taken", "days"]
Part = TypeVar("Part", DocumentPart, LimitPart, StepPart)
_READERS: dict[type[Any], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (DocumentPart, LimitPart, StepPart)}


class BadPartError(ValueError):
    """A part as typed can't be taken; `faults` say which field is wrong, and how."""

    def __init__(self, faults: dict[str, Fault]) -> None:
        super().__init__(*faults)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Place:
    """Which part: a step, or a document or a limit of it."""

    step: str
    document: str | None = None
    limit: int | None = None


def read_part(kind: type[Part], typed: dict[str, Any]) -> Part:
    """Return a part from typed fields; raise BadPartError that names every field which is wrong in itself."""
    try:
        part: Part = _READERS[kind].validate_python(typed)
    except ValidationError as error:
        raise BadPartError({str(each["loc"][0]): "form" for each in error.errors()}) from None
    if isinstance(part, DocumentPart) and (part.need is Need.OWED) != (part.owed_days > 0):
        raise BadPartError({"owed_days": "days"})
    if isinstance(part, LimitPart) and part.warn_before > part.count:
        raise BadPartError({"warn_before": "days"})
    return part


def name_template(template: Template, name: str, name_en: str, note: str) -> Template:
    """Return the template under other names."""
    return replace(template, name=name, name_en=name_en, note=note)


def put_step(template: Template, code: str | None, step: StepPart) -> Template:
    """Return the template with a step changed, or with one more at the end when `code` is None.

    What the step yields and how long it may take stay as they are; `step` brings its code, names and condition.
    """
    _check_free(step.code, code, [each.code for each in template.steps])
    if code is None:
        return replace(template, steps=(*template.steps, step))
    old = template.steps[_find_step(template, code)]
    return _put(template, code, replace(step, documents=old.documents, limits=old.limits))


def put_document(template: Template, step_code: str, code: str | None, part: DocumentPart) -> Template:
    """Return the template with a document of a step changed, or with one more at the end when `code` is None."""
    step = template.steps[_find_step(template, step_code)]
    _check_free(part.code, code, [each.code for every in template.steps for each in every.documents])
    if code is None:
        return _put(template, step_code, replace(step, documents=(*step.documents, part)))
    return _put(template, step_code, replace(step, documents=_set(step.documents, _find_document(step, code), part)))


def put_limit(template: Template, step_code: str, number: int | None, part: LimitPart) -> Template:
    """Return the template with a limit of a step changed, or with one more at the end when `number` is None."""
    step = template.steps[_find_step(template, step_code)]
    if number is None:
        return _put(template, step_code, replace(step, limits=(*step.limits, part)))
    return _put(template, step_code, replace(step, limits=_set(step.limits, _find_limit(step, number), part)))


def remove_part(template: Template, place: Place) -> Template:
    """Return the template without a part; a step takes its documents and limits along."""
    found = _find_step(template, place.step)
    step = template.steps[found]
    if place.document is not None:
        at = _find_document(step, place.document)
        return _put(template, place.step, replace(step, documents=(*step.documents[:at], *step.documents[at + 1 :])))
    if place.limit is not None:
        at = _find_limit(step, place.limit)
        return _put(template, place.step, replace(step, limits=(*step.limits[:at], *step.limits[at + 1 :])))
    return replace(template, steps=(*template.steps[:found], *template.steps[found + 1 :]))


def move_part(template: Template, place: Place, by: int) -> Template:
    """Return the template with a part `by` places further down among its like; it stops at either end.

    The order of a step's limits matters: the first whose condition holds counts.
    """
    found = _find_step(template, place.step)
    step = template.steps[found]
    if place.document is not None:
        at = _find_document(step, place.document)
        return _put(template, place.step, replace(step, documents=_move(step.documents, at, by)))
    if place.limit is not None:
        at = _find_limit(step, place.limit)
        return _put(template, place.step, replace(step, limits=_move(step.limits, at, by)))
    return replace(template, steps=_move(template.steps, found, by))


def _check_free(code: str, old: str | None, codes: Sequence[str]) -> None:
    if code != old and code in codes:
        raise BadPartError({"code": "taken"})


def _put(template: Template, code: str, step: StepPart) -> Template:
    return replace(template, steps=_set(template.steps, _find_step(template, code), step))


def _set(parts: Sequence[Any], at: int, part: Any) -> tuple[Any, ...]:
    return (*parts[:at], part, *parts[at + 1 :])


def _move(parts: Sequence[Any], at: int, by: int) -> tuple[Any, ...]:
    rest = [*parts[:at], *parts[at + 1 :]]
    rest.insert(min(max(at + by, 0), len(rest)), parts[at])
    return tuple(rest)


def _find_step(template: Template, code: str) -> int:
    return _find([step.code for step in template.steps], code)


def _find_document(step: StepPart, code: str) -> int:
    return _find([part.code for part in step.documents], code)


def _find_limit(step: StepPart, number: int) -> int:
    return _find(list(range(len(step.limits))), number)


def _find(keys: list[Any], key: Any) -> int:
    if key not in keys:
        raise NotFound
    return keys.index(key)
