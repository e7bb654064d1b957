"""The templates that a new centre begins with."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from central.domain.refusals import Refusal
from central.domain.templates import (
    Need,
    Template,
    choose_limit,
    compare_templates,
    dump_template,
    list_due_documents,
    parse_template,
)

FOLDER = resources.files("central") / "seeds" / "templates"
FILES = [file for file in FOLDER.iterdir() if file.name.endswith(".json")]
TEMPLATES = {file.name.removesuffix(".json"): parse_template(json.loads(file.read_text("utf-8"))) for file in FILES}
KINDS = (
    "HV-NEW HV-INC LV-RES LV-COM RES-INC SUSP REDUCE RESUME TRANSFER RENAME CLOSE TEMP METER PV EVC CONTRACT CHECK BREACH"
    " MOVE METER-MOVE TEMP-REMOVE TEMP-SWAP SPLIT MERGE VOLTAGE CLASS"
)


def test_every_kind_of_business_is_there() -> None:
    assert set(TEMPLATES) == set(KINDS.split())


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_survives_writing_and_reading(template: Template) -> None:
    assert parse_template(json.loads(json.dumps(dump_template(template)))) == template
    assert not compare_templates(template, template)


def test_one_document_code_has_one_name_everywhere() -> None:
    names: dict[str, set[str]] = {}
    for template in TEMPLATES.values():
        for step in template.steps:
            for part in step.documents:
                names.setdefault(part.code, set()).add(f"{part.name}|{part.name_en}")
    assert {code: found for code, found in names.items() if len(found) > 1} == {}


def test_ordinary_high_voltage_needs_no_interim_inspection() -> None:
    new = TEMPLATES["HV-NEW"]
    interim = new.find_step("INTERIM")
    assert interim is not None
    assert list_due_documents(interim, {}) == ()
    assert [part.code for part in list_due_documents(interim, {"important_customer": True})] == ["INTERIM-OPINION"]


@pytest.mark.parametrize(
    ("pack", "dual", "expected"),
    [("A", False, 15), ("A", True, 30), ("B", True, 45), ("C", False, 10), ("C", True, 20)],
)
def test_the_plan_has_the_days_of_its_pack(pack: str, dual: bool, expected: int) -> None:
    """Domain figures 5a: packs A, B and C for a high-voltage plan with one source and with two."""
    plan = TEMPLATES["HV-NEW"].find_step("PLAN")
    assert plan is not None
    found = choose_limit(plan, pack, {"dual_source": dual})
    assert found is not None
    assert found.count == expected
    assert found.source


def test_a_resident_brings_an_identity_card_and_owes_the_rest() -> None:
    accept = TEMPLATES["LV-RES"].steps[0]
    firm = [part.code for part in list_due_documents(accept, {}) if part.need is Need.REQUIRED]
    assert firm == ["ID"]


def test_a_difference_names_what_changed() -> None:
    data = dump_template(TEMPLATES["METER"])
    data["steps"][1]["documents"][0]["gate"] = 3
    data["steps"][0]["documents"].append({"code": "PHOTO", "name": "照片", "name_en": "photo"})
    del data["steps"][2]
    changes = compare_templates(TEMPLATES["METER"], parse_template(data)).changes
    assert [(each.where, each.before, each.after) for each in changes] == [
        ("ACCEPT.PHOTO", "", "照片"),
        ("INSTALL.METER-ORDER.gate", "2", "3"),
        ("FILE", "归档", ""),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"steps": []}, "steps: a business without steps"),
        ({"code": "x"}, "code"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_faults_are_named(change: dict[str, object], fault: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_template({**dump_template(TEMPLATES["METER"]), **change})
    assert any(fault in detail for detail in caught.value.details)


def test_doubles_and_bad_conditions_are_named() -> None:
    data = dump_template(TEMPLATES["METER"])
    data["steps"][0]["documents"] *= 2
    data["steps"][1]["documents"][1]["when"] = {"attribute": "tested", "is": None}
    data["steps"][1]["documents"][0]["owed_days"] = 3
    with pytest.raises(Refusal) as caught:
        parse_template(data)
    assert caught.value.details == (
        "documents: FORM stands 2 times",
        "INSTALL.METER-ORDER: days to owe it and only for what may be owed",
        "INSTALL.CALIBRATION.when.is: a value of another kind",
    )
