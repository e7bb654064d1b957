"""Fields of the editor of templates: what is asked of a step, a document, a limit or a condition, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel
from pydantic import Field as Bound

from central.domain.clocks import Unit
from central.domain.condition_rows import (
    ROWS_MAX,
    Comparison,
    Join,
    Row,
    read_condition,
    write_condition,
)
from central.domain.conditions import Condition
from central.domain.template_edits import BadPartError
from central.domain.templates import DocumentPart, LimitPart, StepPart
from central.domain.wording import N_
from central.web.case_words import ATTRIBUTES, MEDIA, NEEDS, RETENTIONS
from central.web.forms import Field
from central.web.render import Say
from central.web.rule_words import UNIT_NAMES
from central.web.template_pages import say_condition

#: Rows of a condition that a form shows at least, and how many free ones follow what is filled in.
ROWS_LEAST, ROWS_FREE = 2, 1

FAULTS: Final[Mapping[tuple[str, str], str]] = {
    ("", "form"): N_("This is not filled in as it must be."),
    ("", "taken"): N_("This is taken already."),
    ("", "days"): N_("These numbers do not fit each other."),
    ("code", "form"): N_("Enter 1 to 24 capital letters, digits, - or _, beginning with a letter or digit."),
    ("code", "taken"): N_("Another part of this business has this code already."),
    ("name", "form"): N_("Enter a name of at most 60 characters."),
    ("name_en", "form"): N_("Enter a name of at most 60 characters."),
    ("owed_days", "form"): N_("Enter a whole number of days."),
    ("owed_days", "days"): N_("Enter in how many days it has to be handed in at the latest."),
    ("copies", "form"): N_("Enter a whole number from 1."),
    ("pack", "form"): N_("Enter one letter from A to Z."),
    ("count", "form"): N_("Enter a whole number from 1."),
    ("warn_before", "form"): N_("Enter a whole number, 0 for no warning."),
    ("warn_before", "days"): N_("The warning would come before the time begins."),
    ("stated_on", "form"): N_("Enter a day like 2026-12-01."),
    ("when", "form"): N_(
        "A row of the condition is not whole, or its value does not fit: a number for at least and at most."
    ),
}

COMPARISONS: Final[Mapping[Comparison, str]] = {
    Comparison.IS: N_("is"),
    Comparison.IS_NOT: N_("is not"),
    Comparison.IN: N_("is one of (with commas)"),
    Comparison.NOT_IN: N_("is none of (with commas)"),
    Comparison.AT_LEAST: N_("is at least"),
    Comparison.AT_MOST: N_("is at most"),
    Comparison.PRESENT: N_("is known"),
    Comparison.ABSENT: N_("is not known"),
}
JOINS: Final[Mapping[Join, str]] = {"all": N_("all rows hold"), "any": N_("any row holds")}

Cells = Annotated[list[Annotated[str, Bound(max_length=400)]], Bound(max_length=ROWS_MAX)]


class WhenForm(BaseModel):
    """A condition as rows; `when_kept` leaves one as it is which no rows can say."""

    when_kept: bool = False
    when_join: Join = "all"
    when_attribute: Cells = []
    when_comparison: Cells = []
    when_value: Cells = []


def read_when(form: WhenForm, old: Condition | None) -> Condition | None:
    """Return the condition that was filled in; rows without an attribute and a value say nothing."""
    if form.when_kept:
        return old
    cells = zip(form.when_attribute, form.when_comparison, form.when_value, strict=False)
    try:
        rows = [
            Row(attribute.strip(), Comparison(comparison), value.strip())
            for attribute, comparison, value in cells
            if attribute.strip() or value.strip()
        ]
        return write_condition(form.when_join, rows)
    except ValueError:
        raise BadPartError({"when": "form"}) from None


def show_when(condition: Condition | None) -> dict[str, Any]:
    """Return a condition as fields are filled with it."""
    found = read_condition(condition)
    if found is None:
        return {"when_kept": True}
    join, rows = found
    return {
        "when_kept": False,
        "when_join": join,
        "when_attribute": [row.attribute for row in rows],
        "when_comparison": [row.comparison.value for row in rows],
        "when_value": [row.value for row in rows],
    }


def word_when(say: Say, typed: Mapping[str, Any], old: Condition | None) -> dict[str, Any]:
    """Return what a form shows of a condition: the rows filled in and some free ones, and what may be chosen."""
    return {
        "kept": bool(typed.get("when_kept")),
        "sentence": say_condition(say, old),
        "join": typed.get("when_join", "all"),
        "joins": [(join, say(word)) for join, word in JOINS.items()],
        "rows": _list_when_rows(say, typed),
        "comparisons": [(each.value, say(word)) for each, word in COMPARISONS.items()],
        # the marketing system may tell others
        "attributes": [(name, say(word)) for name, word in ATTRIBUTES.items()],
    }


def fill_step(part: StepPart | None) -> dict[str, str]:
    """Return the fields of a step; of none, empty ones."""
    return {name: str(getattr(part, name, "")) for name in ("code", "name", "name_en")}


def fill_document(part: DocumentPart | None) -> dict[str, str]:
    """Return the fields of a document; of none, what most documents are."""
    part = part or DocumentPart("X", "X", "X")
    names = ("need", "medium", "copies", "gate", "retention", "note", "owed_days")
    typed = {name: str(getattr(part, name)) for name in names}
    new = part.name == "X" and part.code == "X"
    return typed | {name: "" if new else str(getattr(part, name)) for name in ("code", "name", "name_en")}


def fill_limit(part: LimitPart | None) -> dict[str, str]:
    """Return the fields of a limit; of none, empty ones."""
    names = ("pack", "count", "unit", "warn_before", "source", "stated_on")
    if part is None:
        return dict.fromkeys(names, "") | {"pack": "C", "unit": Unit.WORKING_DAYS.value, "assessed": "yes"}
    return {name: str(getattr(part, name)) for name in names} | {"assessed": "yes" if part.assessed else "no"}


def list_name_fields(say: Say, typed: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a business's names."""
    return (
        *_list_names(say, typed),
        Field("note", say(N_("Note")), "area", str(typed["note"]), required=False),
    )


def list_step_fields(say: Say, typed: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a step."""
    hint = say(N_("As the marketing system names this step."))
    return (*_list_names(say, typed), Field("code", say(N_("Code")), value=str(typed["code"]), hint=hint))


def list_document_fields(say: Say, typed: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a document."""
    gates = (
        ("1", say(N_("1: checked by the handler"))),
        ("2", say(N_("2: reviewed by the collector"))),
        ("3", say(N_("3: accepted by the archivist"))),
    )
    return (
        *_list_names(say, typed),
        Field(
            "code",
            say(N_("Code")),
            value=str(typed["code"]),
            hint=say(N_("Short and for good, for example TITLE_DEED.")),
        ),
        Field("need", say(N_("Needed")), "select", str(typed["need"]), options=_list_options(say, NEEDS)),
        Field(
            "owed_days",
            say(N_("Days to hand it in")),
            "number",
            "" if typed["owed_days"] == "0" else str(typed["owed_days"]),
            say(N_("Only for what may be owed: counted from the end of the step.")),
            required=False,
        ),
        Field(
            "gate",
            say(N_("Review gate it must have passed")),
            "select",
            str(typed["gate"]),
            say(N_("Until then the step's gate stays closed.")),
            options=gates,
        ),
        Field("medium", say(N_("Medium")), "select", str(typed["medium"]), options=_list_options(say, MEDIA)),
        Field("copies", say(N_("Copies")), "number", str(typed["copies"])),
        Field("retention", say(N_("Kept")), "select", str(typed["retention"]), options=_list_options(say, RETENTIONS)),
        Field("note", say(N_("Note")), "area", str(typed["note"]), required=False),
    )


def list_limit_fields(say: Say, typed: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a limit."""
    return (
        Field("count", say(N_("How long the step may take")), "number", str(typed["count"])),
        Field("unit", say(N_("Counted in")), "select", str(typed["unit"]), options=_list_options(say, UNIT_NAMES)),
        Field("warn_before", say(N_("Warns so long before its end")), "number", str(typed["warn_before"])),
        Field(
            "pack",
            say(N_("Pack")),
            value=str(typed["pack"]),
            hint=say(N_("Which set of limits it belongs to; the rules of time say which pack counts.")),
        ),
        Field(
            "source",
            say(N_("Source")),
            "area",
            str(typed["source"]),
            say(N_("Where the number comes from, for example the notice's name and number.")),
        ),
        Field("stated_on", say(N_("Stated on")), "date", str(typed["stated_on"])),
        Field(
            "assessed",
            say(N_("Assessed")),
            "select",
            str(typed["assessed"]),
            options=(("yes", say(N_("yes"))), ("no", say(N_("no")))),
        ),
    )


def _list_when_rows(say: Say, typed: Mapping[str, Any]) -> list[dict[str, str]]:
    words = {"yes": say(N_("yes")), "no": say(N_("no"))}
    cells = (typed.get(f"when_{name}", []) for name in ("attribute", "comparison", "value"))
    rows = [
        {"attribute": name, "comparison": comparison, "value": words.get(value, value)}
        for name, comparison, value in zip(*cells, strict=False)
        if name or value
    ]
    free = min(ROWS_MAX, max(ROWS_LEAST, len(rows) + ROWS_FREE)) - len(rows)
    return rows + [{"attribute": "", "comparison": Comparison.IS.value, "value": ""}] * free


def _list_names(say: Say, typed: Mapping[str, Any]) -> tuple[Field, Field]:
    return (
        Field("name", say(N_("Name in Chinese")), value=str(typed["name"])),
        Field("name_en", say(N_("Name in English")), value=str(typed["name_en"])),
    )


def _list_options(say: Say, words: Mapping[Any, str]) -> tuple[tuple[str, str], ...]:
    return tuple((str(value), say(word)) for value, word in words.items())
