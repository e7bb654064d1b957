"""A spoiled codec must be caught by the vectors alone: each mutant is one plausible mistake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MUTANTS = (
    ("crc start", "crc.py", "_START = 0xFFFF", "_START = 0x0000"),
    ("crc polynomial", "crc.py", "_POLYNOMIAL = 0xA001", "_POLYNOMIAL = 0x8408"),
    ("crc bytes swapped", "crc.py", 'Struct("<H").pack', 'Struct(">H").pack'),
    ("odd byte forgotten", "crc.py", "register = _AFTER_FIRST[octets[0]]", "register = _START"),
    ("address + 1", "pdu.py", "_SIX(unit, function, address, count)", "_SIX(unit, function, address + 1, count)"),
    ("read address + 1", "registers.py", '"select_answer", 0x0810', '"select_answer", 0x0811'),
    ("count for bytes", "pdu.py", "address, count, count * 2)\n    return", "address, count, count)\n    return"),
    ("little-endian registers", "pdu.py", 'Struct(f">{count}H")', 'Struct(f"<{count}H")'),
    ("scale of travel time", "blocks.py", "words[14] * 10", "words[14]"),
    ("scale of temperature", "blocks.py", "signed / 10", "signed / 100"),
    ("scale of event age", "blocks.py", "words[3] * 10", "words[3]"),
    ("sign dropped", "blocks.py", "words[27] - 0x10000 if", "words[27] if"),
    ("masks from aisle 0", "fields.py", "tuple(index + 1 for index", "tuple(index for index"),
    ("pairs high first", "fields.py", ">> (index & 7) * 2 & 3", ">> (7 - (index & 7)) * 2 & 3"),
    ("halves swapped", "fields.py", "value >> 16 & 0xFFFF, value & 0xFFFF", "value & 0xFFFF, value >> 16 & 0xFFFF"),
    ("operation in the low byte", "fields.py", "self.operation << 8 | self.aisle", "self.aisle << 8 | self.operation"),
    ("section and tier swapped", "fields.py", "value >> 6 & 63, value & 63", "value & 63, value >> 6 & 63"),
    ("token and counter order", "messages.py", "words[2], words[3])\n\n\n", "words[3], words[2])\n\n\n"),
    ("aisle 17 let through", "fields.py", "aisle > MAX_AISLES", "aisle > MAX_AISLES + 1"),
    ("progress unbounded", "blocks.py", "progress > 1000", "progress > 10000"),
    ("token of a refusal believed", "messages.py", "if (words[1] == 0) != (token != 0):", "if False:"),
    ("unknown state let through", "blocks.py", "_STATES.get(words[0])", "_STATES.get(words[0], BankState.IDLE)"),
    ("exception bit kept", "pdu.py", "Refused(function & 0x7F", "Refused(function"),
    ("faces swapped", "codes.py", "    A = 1\n    B = 2", "    A = 2\n    B = 1"),
    ("safety bits shifted", "codes.py", "WARNING_ON = 1 << 10", "WARNING_ON = 1 << 14"),
    ("unchecked crc", "frame.py", "crc16(octets) == 0:", "crc16(octets) >= 0:"),
    ("geometry without stops", "geometry.py", "segment.right_stop,", "segment.left_stop,"),
)  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new"), [mutant[1:] for mutant in MUTANTS], ids=[m[0] for m in MUTANTS])
def test_mutant_is_killed(file: str, old: str, new: str, tmp_path: Path) -> None:
    package = tmp_path / "firmware_protocol"
    shutil.copytree(ROOT / "firmware_protocol", package, ignore=shutil.ignore_patterns("__pycache__"))
    source = (package / file).read_text("utf-8")
    assert source.count(old) >= 1, "the mutant no longer fits the source"
    (package / file).write_text(source.replace(old, new), "utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.conformance.protocol.check_vectors"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode != 0 or run.stdout.strip(), "no vector notices"


def test_the_sound_codec_keeps_all_vectors() -> None:
    from tests.conformance.protocol.check_vectors import find_failing

    assert find_failing() == []
