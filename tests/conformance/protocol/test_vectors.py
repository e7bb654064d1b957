"""Vectors against our codec, against a naive second reading, and against their own promises (SPEC 2.9, 10.1)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conformance.protocol import naive_decoder, recreate_vectors, vector_codec
from tests.conformance.protocol.test_spec_tables import SPEC

VECTORS = recreate_vectors.read_vectors()
PLAIN = [vector for vector in VECTORS if vector["value"]["say"] != "geometry"]
ACCEPTED = [vector for vector in PLAIN if "reject" not in vector["value"] and vector["value"]["say"] != "crc"]


def ids(vectors: list[dict[str, Any]]) -> list[str]:
    return [vector["id"] for vector in vectors]


@pytest.mark.parametrize("vector", PLAIN, ids=ids(PLAIN))
def test_codec_reads_what_the_vector_says(vector: dict[str, Any]) -> None:
    say = vector["value"]["say"]
    assert {"say": say} | vector_codec.decode(bytes.fromhex(vector["hex"]), say) == vector["value"]


@pytest.mark.parametrize("vector", PLAIN, ids=ids(PLAIN))
def test_naive_reading_agrees(vector: dict[str, Any]) -> None:
    say = vector["value"]["say"]
    assert {"say": say} | naive_decoder.decode(bytes.fromhex(vector["hex"]), say) == vector["value"]


@pytest.mark.parametrize("vector", ACCEPTED, ids=ids(ACCEPTED))
def test_codec_writes_the_same_bytes(vector: dict[str, Any]) -> None:
    octets = bytes.fromhex(vector["hex"])
    written = vector_codec.encode(vector["value"], octets)
    assert written is not None
    assert written.hex() == vector["hex"]


def test_geometry_hash() -> None:
    shapes = [vector for vector in VECTORS if vector["value"]["say"] == "geometry"]
    assert shapes
    for vector in shapes:
        octets = bytes.fromhex(vector["hex"])
        assert vector_codec.hash_shape(vector["value"]) == (octets, vector["value"]["hash"])
        assert naive_decoder.decode(octets, "geometry") == {"hash": vector["value"]["hash"]}


def test_vectors_keep_their_promises() -> None:
    assert len(set(ids(VECTORS))) == len(VECTORS)
    rejects = sum("reject" in vector["value"] for vector in VECTORS)
    peers = sum(vector["origin"] in {"pymodbus", "mbpoll"} for vector in VECTORS)
    assert {vector["origin"] for vector in VECTORS} == {"hand", "pymodbus", "mbpoll"}
    assert peers * 2 >= len(VECTORS)
    assert abs(len(VECTORS) - 2 * rejects) <= 2, "as many rejects as accepts"
    clauses = set(re.findall(r"^(\d+\.\d+) ", SPEC, re.MULTILINE)) | {"4"}
    assert {vector["clause"] for vector in VECTORS} <= clauses


def test_peers_make_the_same_bytes_again() -> None:
    assert recreate_vectors.compare() == []
