"""The chain of the audit log: what it covers, and that the first broken row is named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.audit import (
    GENESIS,
    AuditAct,
    AuditRecord,
    ChainBreak,
    ChainCheck,
    ChainLink,
    chain_records,
    encode_record,
)
from central.web.words import AUDIT_ACTS, SUBJECT_KINDS

RECORD = AuditRecord(
    id="a0",
    at=datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC),
    act="role_granted",
    person_id="p1",
    person_name="赵敏",
    acting_for=None,
    subject_kind="person",
    subject_id="p2",
    subject_name="李慧",
    why="调入档案室",
    before={},
    after={"role": "archivist@r01", "until": None},
    address="10.0.0.7",
    session_id="s1",
)
CHANGES: tuple[dict[str, object], ...] = (
    {"at": datetime(2026, 11, 24, 9, tzinfo=UTC)},
    {"act": "role_withdrawn"},
    {"person_id": None},
    {"person_name": "别人"},
    {"acting_for": "p9"},
    {"subject_kind": "unit"},
    {"subject_id": "p3"},
    {"subject_name": "王"},
    {"why": ""},
    {"before": {"x": 1}},
    {"after": {"role": "admin@*", "until": None}},
    {"address": "10.0.0.8"},
    {"session_id": "s2"},
)


def chain(length: int) -> tuple[list[AuditRecord], list[ChainLink]]:
    records = [replace(RECORD, id=f"a{no}") for no in range(1, length + 1)]
    return records, chain_records(0, GENESIS, records)


def check(
    links: list[ChainLink], records: list[AuditRecord | None], heads: dict[int, str] | None = None
) -> ChainBreak | None:
    walk = ChainCheck(heads or {})
    for link, record in zip(links, records, strict=True):
        broken = walk.step(link, record)
        if broken is not None:
            return broken
    return walk.finish()


def test_the_canonical_form_is_sorted_json_in_utc() -> None:
    expected = (
        '{"act":"role_granted","acting_for":null,"address":"10.0.0.7","after":{"role":"archivist@r01","until":null},'
        '"at":"2026-11-24T08:00:00.123456Z","before":{},"id":"a0","person_id":"p1","person_name":"赵敏","session_id":"s1",'
        '"subject_id":"p2","subject_kind":"person","subject_name":"李慧","why":"调入档案室"}'
    )
    assert encode_record(RECORD) == expected
    assert json.loads(expected)["why"] == "调入档案室"


def test_a_link_hashes_its_row_its_number_and_all_before() -> None:
    (link,) = chain_records(0, GENESIS, [RECORD])
    assert link.hash == hashlib.sha256(f"{'0' * 64}\n1\n{encode_record(RECORD)}".encode()).hexdigest()
    records, links = chain(3)
    assert check(links, list(records)) is None


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_field_is_covered(change: dict[str, object]) -> None:
    records, links = chain(3)
    tampered: list[AuditRecord | None] = [records[0], replace(records[1], **change), records[2]]  # type: ignore[arg-type]
    assert check(links, tampered) == ChainBreak(2, "a2", "changed")


def test_a_deleted_row_a_gap_and_a_cut_end_are_named() -> None:
    records, links = chain(4)
    assert check(links, [records[0], None, *records[2:]]) == ChainBreak(2, "a2", "missing")
    assert check([links[0], *links[2:]], [records[0], *records[2:]]) == ChainBreak(2, "a3", "gap")
    assert check(links[:3], list(records[:3]), {4: links[3].hash}) == ChainBreak(4, "", "head")


def test_a_chain_made_anew_contradicts_the_published_head() -> None:
    """Who can write everything can chain everything anew; what was published elsewhere stays."""
    records, links = chain(3)
    forged: list[AuditRecord | None] = [records[0], replace(records[1], why="nothing"), records[2]]
    anew = chain_records(0, GENESIS, [record for record in forged if record is not None])
    assert check(anew, forged) is None
    assert check(anew, forged, {3: links[2].hash}) == ChainBreak(3, "a3", "head")


@given(st.integers(1, 12), st.data())
def test_rounds_of_any_size_give_the_same_chain(length: int, data: st.DataObject) -> None:
    records, whole = chain(length)
    cut = data.draw(st.integers(0, length))
    first = chain_records(0, GENESIS, records[:cut])
    end = first[-1] if first else ChainLink(0, "", GENESIS)
    assert first + chain_records(end.seq, end.hash, records[cut:]) == whole


def test_every_act_has_words() -> None:
    assert set(AUDIT_ACTS) == {act.value for act in AuditAct}
    assert {"person", "unit", "room", "box", "approval", "audit"} <= set(SUBJECT_KINDS)
