"""The MQTT form against texts written by hand; each says the same as registers that the other vectors pin (SPEC 7.3, 10.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from struct import unpack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import json_form
from firmware_protocol.blocks import (
    Detail,
    Identity,
    LogEntry,
    MotionSnapshot,
    RingEvent,
)
from firmware_protocol.codes import LeaseRefusal
from firmware_protocol.fields import MessageFault
from firmware_protocol.json_blocks import Events, RequestLog
from firmware_protocol.json_form import (
    Answer,
    Asked,
    Decline,
    Declined,
    Done,
    LeaseAnswer,
    Presence,
    Read,
    Sheet,
    Stamp,
    Told,
)
from firmware_protocol.json_gate import RequestGate
from firmware_protocol.messages import (
    ActRequest,
    Deselect,
    Indicator,
    Lease,
    OperateRequest,
    ReasonsAnswer,
    SelectAnswer,
    SelectRequest,
    Stop,
)
from firmware_protocol.wear import Wear
from tests.conformance.protocol.test_spec_tables import SPEC

FOLDER = Path(__file__).parents[3] / "firmware_protocol" / "vectors" / "mqtt"
VECTORS: list[dict[str, Any]] = [
    vector for file in sorted(FOLDER.glob("*.json")) for vector in json.loads(file.read_text("utf-8"))
]
ACCEPTED = [vector for vector in VECTORS if "reject" not in vector["value"]]
REJECTED = [vector for vector in VECTORS if "reject" in vector["value"]]
REQUESTS: dict[str, Any] = {
    "select": SelectRequest, "operate": OperateRequest, "act": ActRequest, "lease": Lease, "stop": Stop,
    "deselect": Deselect, "indicator": Indicator,
}  # fmt: skip


def ids(vectors: list[dict[str, Any]]) -> list[str]:
    return [vector["id"] for vector in vectors]


def words_of(value: dict[str, Any]) -> tuple[int, ...]:
    octets = bytes.fromhex(value["registers"])
    return unpack(f">{len(octets) // 2}H", octets)


def stamp_of(value: dict[str, Any]) -> Stamp | None:
    return Stamp(int(value["nonce"], 16), value["number"]) if "nonce" in value else None


def build_request(leaf: str, value: dict[str, Any]) -> json_form.Request:
    if leaf == "read":
        return Read(Sheet(value["sheet"]))
    built: json_form.Request = REQUESTS[leaf].from_registers(words_of(value))
    return built


def build_answer(value: dict[str, Any]) -> Answer:
    content: Any
    if "error" in value:
        content = Declined(Decline(value["error"]))
    elif "done" in value:
        content = Done(value["done"])
    elif "refusal" in value:
        content = LeaseAnswer(LeaseRefusal(value["refusal"]))
    else:
        content = (SelectAnswer if value["to"] == "select" else ReasonsAnswer).from_registers(words_of(value))
    return Answer(value["to"], content)


def build_log(value: dict[str, Any]) -> RequestLog:
    words = words_of(value)
    return RequestLog(tuple(LogEntry.from_registers(words[at : at + 6]) for at in range(0, len(words), 6)))  # type: ignore[misc]


def build_events(value: dict[str, Any]) -> Events:
    words = words_of(value)
    entries = tuple(RingEvent.from_registers(words[at : at + 4]) for at in range(0, len(words), 4))
    return Events(value["head"], entries)  # type: ignore[arg-type]


REPORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "answer": build_answer,
    "presence": lambda value: Presence(value["online"], value["boot_id"]),
    "identity": lambda value: Identity.from_registers(words_of(value)),
    "motion": lambda value: MotionSnapshot.from_registers(words_of(value)),
    "detail": lambda value: Detail.from_registers(words_of(value), value["columns"], value["aisles"]),
    "log": build_log,
    "wear": lambda value: Wear.from_registers(words_of(value), value["columns"], value["aisles"]),
    "event": build_events,
}


def read(vector: dict[str, Any]) -> Any:
    reader = json_form.read_request if vector["value"]["say"] == "request" else json_form.read_report
    return reader(vector["leaf"], vector["json"].encode("utf-8"))


@pytest.mark.parametrize("vector", ACCEPTED, ids=ids(ACCEPTED))
def test_text_says_the_same_as_the_registers(vector: dict[str, Any]) -> None:
    leaf, value = vector["leaf"], vector["value"]
    if value["say"] == "request":
        assert read(vector) == Asked(stamp_of(value), build_request(leaf, value))
    else:
        assert read(vector) == Told(stamp_of(value), REPORTS[leaf](value))


@pytest.mark.parametrize("vector", REJECTED, ids=ids(REJECTED))
def test_nonsense_is_named(vector: dict[str, Any]) -> None:
    assert read(vector) == MessageFault(vector["value"]["reject"], 0)


# What a newer peer adds, and what comes on `stop` without sense, is read but never written.
WRITTEN = [
    vector
    for vector in ACCEPTED
    if "newer" not in vector["id"] and not (vector["leaf"] == "stop" and "nonce" not in vector["value"])
]


@pytest.mark.parametrize("vector", WRITTEN, ids=ids(WRITTEN))
def test_the_same_text_is_written(vector: dict[str, Any]) -> None:
    leaf, value = vector["leaf"], vector["value"]
    stamp = stamp_of(value)
    if value["say"] == "request":
        assert stamp is not None
        written = json_form.write_request(build_request(leaf, value), stamp)
    else:
        written = json_form.write_report(REPORTS[leaf](value), stamp, value.get("columns", 0))
    assert written == (leaf, vector["json"].encode("ascii"))


def test_vectors_keep_their_promises() -> None:
    assert len(set(ids(VECTORS))) == len(VECTORS)
    assert {vector["origin"] for vector in VECTORS} == {"hand"}
    assert len(REJECTED) >= len(ACCEPTED)
    assert {vector["clause"] for vector in VECTORS} <= set(re.findall(r"^(\d+\.\d+) ", SPEC, re.MULTILINE))
    assert {vector["leaf"] for vector in ACCEPTED} >= {*json_form.REQUEST_LEAVES, "answer", "presence"}
    assert {vector["leaf"] for vector in ACCEPTED} >= {sheet.value for sheet in Sheet}


@settings(max_examples=150)
@given(
    st.sampled_from([*json_form.REQUEST_LEAVES, "answer", "presence", "motion", "event", "x"]), st.binary(max_size=80)
)
def test_no_bytes_of_a_peer_raise(leaf: str, octets: bytes) -> None:
    asked = json_form.read_request(leaf, octets)
    assert isinstance(asked, MessageFault) or leaf == "stop"
    assert isinstance(json_form.read_report(leaf, octets), MessageFault)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from(ACCEPTED), st.data())
def test_one_strange_field_is_refused_or_understood(vector: dict[str, Any], data: st.DataObject) -> None:
    if not vector["json"].startswith("{"):
        return
    fields = json.loads(vector["json"])
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(_JSON)
    spoiled = json.dumps(fields).encode()
    reader = json_form.read_request if vector["value"]["say"] == "request" else json_form.read_report
    assert isinstance(reader(vector["leaf"], spoiled), Asked | Told | MessageFault)


def test_topics() -> None:
    assert json_form.name_topic("A1", "select") == "openaisle-shelf/v1/A1/select"
    assert json_form.split_topic("openaisle-shelf/v1/A1/select") == ("A1", "select")
    for strange in ("openaisle-shelf/v1/A1/select\n", "openaisle-shelf/v1//select", "openaisle-shelf/v2/A/stop",
                    "openaisle/v1/A/stop", "openaisle-shelf/v1/A/b/stop", "openaisle-shelf/v1/+/stop"):  # fmt: skip
        assert json_form.split_topic(strange) is None


def ask(nonce: int, number: int, request: json_form.Request) -> Asked:
    return Asked(Stamp(nonce, number), request)


def test_gate_obeys_the_gateway_that_introduced_itself_last() -> None:
    gate, lease, hello = RequestGate(), Lease(1, 1, 1), Read(Sheet.IDENTITY)
    assert gate.admit(ask(7, 1, lease)) is Decline.NONCE, "nobody has introduced himself"
    assert gate.admit(ask(7, 2, hello)) is None
    assert gate.admit(ask(7, 2, lease)) is Decline.NUMBER
    assert gate.admit(ask(7, 3, lease)) is None
    assert gate.admit(ask(7, 3, lease)) is Decline.NUMBER, "the same again"
    assert gate.admit(ask(8, 1, lease)) is Decline.NONCE
    assert gate.admit(ask(8, 1, hello)) is None
    assert gate.admit(ask(7, 9, lease)) is Decline.NONCE, "the old gateway"
    assert gate.admit(ask(7, 10, hello)) is None, "a sheet is published for anyone"
    assert gate.admit(ask(8, 2, lease)) is None, "the old gateway doesn't come back"


def test_gate_stops_for_anyone() -> None:
    gate = RequestGate()
    assert gate.admit(Asked(None, Stop(5))) is None
    assert gate.admit(ask(9, 0, Stop(1))) is None
    assert gate.admit(Asked(None, Lease(1, 1, 1))) is Decline.INVALID
    assert gate.admit(ask(9, 0, Read(Sheet.MOTION))) is None
