"""The vectors at the C controller: what is a request gets its answer, everything else silence; and noise moves nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.protocol.c_bank import CLine, build, unseal
from tests.conformance.protocol.recreate_vectors import read_vectors

VECTORS = {vector["id"]: vector for vector in read_vectors()}
FRAMES = [v for v in VECTORS.values() if v["value"]["say"] not in {"crc", "geometry"}]
REQUESTS = {
    "read", "select", "operate", "act", "lease", "stop", "deselect", "indicator", "identification_ask", "write_one",
    "write_many",
}  # fmt: skip
# Right frames about registers that aren't there, or about a motion that doesn't run: answered by an exception.
EXCEPTIONS = {
    "published-read": "02", "published-write-one": "02", "published-write-many": "02", "lease": "03",
    "mbpoll-lease": "03",
}  # fmt: skip


@pytest.fixture(scope="module")
def line() -> Iterator[CLine]:
    line = CLine()
    line.wake()
    yield line
    line.close()


def expect(vector: dict[str, Any]) -> str | None:
    """How the answer must begin by the SPEC, in hex; None for silence."""
    value, octets = vector["value"], str(vector["hex"])
    if value["say"] not in REQUESTS or value.get("reject") == "frame" or octets.startswith("00"):
        return None
    unit, function = octets[:2], int(octets[2:4], 16)
    code = "03" if "reject" in value else EXCEPTIONS.get(vector["id"])
    if code is not None:
        return f"{unit}{function | 0x80:02x}{code}"
    return unit + expect_right_answer(value, octets, function)


def expect_right_answer(value: dict[str, Any], octets: str, function: int) -> str:
    """How a right answer goes on behind the unit."""
    if function in {3, 4}:
        return f"{function:02x}{2 * value['count']:02x}"
    if function in {6, 16}:
        return octets[2:12]
    if function == 43:
        return "2b0e01830000"
    count, at = {"select": (20, 38), "operate": (4, 46), "act": (4, 38)}[value["say"]]
    return f"17{count:02x}{octets[at : at + 4]}"


@pytest.mark.parametrize("vector", FRAMES, ids=[v["id"] for v in FRAMES])
def test_what_it_makes_of_a_vector(line: CLine, vector: dict[str, Any]) -> None:
    octets = bytes.fromhex(vector["hex"])
    line.do(f"unit {octets[0] or 17}")
    heard = [unseal(frame) for frame in line.hear(octets)]
    line.do("unit 17")
    line.ask("110608610000")  # what was selected is given back
    expected = expect(vector)
    assert len(heard) == (0 if expected is None else 1)
    assert expected is None or heard[0].startswith(expected), heard
    assert line.truth()["starts"] == 0


def test_the_check_value_of_the_crc(line: CLine) -> None:
    """SPEC 2.3."""
    vector = VECTORS["crc-check-value"]
    assert line.say(f"crc {vector['hex']}") == str(vector["value"]["crc"])


def test_geometry_hash(line: CLine) -> None:
    """SPEC 3.4."""
    for vector in (v for v in VECTORS.values() if v["value"]["say"] == "geometry"):
        value = vector["value"]
        kinds = {"FIXED_COLUMN": 0, "END_STOP": 1, "WALL": 2}
        numbers = [len(value["columns"]), len(value["aisles"]), len(value["segments"])]
        numbers += [value["sections"], value["tiers"], value["passable_gap_mm"]]
        for no, fixed, faces, width in value["columns"]:
            numbers += [no, int(fixed) | 2 * ("A" in faces) | 4 * ("B" in faces), width]
        numbers += [number for aisle in value["aisles"] for number in aisle]
        for left, right, *rest in value["segments"]:
            numbers += [kinds[left], kinds[right], *rest]
        assert line.say("geometry " + " ".join(map(str, numbers))) == str(value["hash"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_noise_breaks_it_or_moves_steel(seed: int) -> None:
    """SPEC 2.5: random bytes, damaged frames, OPERATE frames wrong in one bit; under address and undefined sanitizers."""
    run = subprocess.run([build("fuzz"), str(seed), "20000"], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    told = re.fullmatch(r"rounds=(\d+) answers=(\d+) starts=0\n", run.stdout)
    assert told is not None
    assert int(told[1]) == 20000
    assert int(told[2]) > 5_000  # the noise got through to the requests
