"""Runs all vectors through the codec at hand and prints the ids that fail; the mutants run it on a spoiled copy."""

from __future__ import annotations

import sys
from typing import Any

from tests.conformance.protocol import recreate_vectors, vector_codec


def is_kept(vector: dict[str, Any]) -> bool:
    """Tell whether the codec reads and writes this vector as it stands."""
    value, octets = vector["value"], bytes.fromhex(vector["hex"])
    say = value["say"]
    if say == "geometry":
        return bool(vector_codec.hash_shape(value) == (octets, value["hash"]))
    if {"say": say} | vector_codec.decode(octets, say) != value:
        return False
    return "reject" in value or say == "crc" or vector_codec.encode(value, octets) == octets


def find_failing() -> list[str]:
    """Return the ids of vectors that fail, be it by an exception."""
    failing = []
    for vector in recreate_vectors.read_vectors():
        try:
            kept = is_kept(vector)
        except Exception:  # noqa: BLE001  # a spoiled codec may fail in any way; each of them counts
            kept = False
        if not kept:
            failing.append(vector["id"])
    return failing


if __name__ == "__main__":
    sys.stdout.write("\n".join(find_failing()))
