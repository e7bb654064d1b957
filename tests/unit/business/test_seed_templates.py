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


def test_papers_have_their_names_of_today() -> None:
    """Domain figures 5c, corrections: names that are abolished stand nowhere, those that took their place do."""
    names = {part.name for template in TEMPLATES.values() for step in template.steps for part in step.documents}
    assert {"法定代表人身份证", "特种作业操作证", "承装(修、试)电力设施许可证"} <= names
    assert not [name for name in names if "组织机构代码" in name or "法人身份证" in name or "电工证" in name]


def test_every_limit_says_whose_it_is_and_of_when() -> None:
    limits = [limit for template in TEMPLATES.values() for step in template.steps for limit in step.limits]
    assert {limit.pack for limit in limits} == {"A", "B", "C"}
    assert all(limit.source and limit.stated_on is not None for limit in limits)


@pytest.mark.parametrize(
    ("business", "step", "attributes", "asked"),
    [
        ("PV", "ACCEPT", {}, ["FORM", "ENTITY", "LEASE", "RECORD-FILING"]),
        ("PV", "ACCEPT", {"natural_person": True}, ["FORM", "ENTITY", "LEASE"]),
        ("PV", "CONNECT", {"voltage_kv": 0.4}, ["GRID-INSPECTION", "POWER-CONTRACT"]),
        ("PV", "CONNECT", {"voltage_kv": 10}, ["GRID-INSPECTION", "POWER-CONTRACT", "DISPATCH"]),
        ("EVC", "ACCEPT", {}, ["ID", "PARKING", "PROPERTY-CONSENT"]),
        ("RESUME", "ACCEPT", {}, ["FORM", "ELECTRICIAN"]),
        ("TRANSFER", "ACCEPT", {}, ["BOTH-ENTITIES", "TRANSFER-FORM", "TITLE-CHANGE"]),
        ("RENAME", "ACCEPT", {}, ["RENAME-PROOF", "LICENCE", "FORM"]),
        ("CLOSE", "ACCEPT", {}, ["CLOSE-FORM", "ENTITY"]),
        ("SUSP", "ACCEPT", {}, ["ENTITY", "PROXY", "BILL", "SUSPEND-FORM"]),
        ("REDUCE", "ACCEPT", {}, ["ENTITY", "PROXY", "BILL", "REDUCE-FORM"]),
        ("LV-RES", "ACCEPT", {"agent": True, "tenant": True}, ["ID", "AGENT-ID", "CONSENT"]),
    ],
)
def test_what_each_kind_of_business_demands(
    business: str, step: str, attributes: dict[str, str | bool | float], asked: list[str]
) -> None:
    """Domain figures 5c with their corrections: the papers without which the step's gate stays shut."""
    found = TEMPLATES[business].find_step(step)
    assert found is not None
    firm = [part.code for part in list_due_documents(found, attributes) if part.need is Need.REQUIRED]
    assert firm == asked


def test_a_completion_brings_the_papers_of_the_site() -> None:
    completion = TEMPLATES["HV-NEW"].find_step("COMPLETION")
    assert completion is not None
    names = {part.name for part in completion.documents}
    assert {
        "竣工图",
        "设计变更",
        "隐蔽工程记录",
        "保护整定及调试报告",
        "安全工具试验报告",
        "出厂试验报告及合格证",
        "运行规程",
        "值班人员名单及资格",
        "计量检测报告",
    } <= names


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
