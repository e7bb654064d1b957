"""SPEC.md's tables are those of the code, its clauses are the ones the code cites."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from firmware_protocol.registers import BLOCKS, KNOWN_MAPS, MAP_HASH, REGISTERS
from firmware_protocol.spec_tables import fill_tables

PROTOCOL = Path(__file__).parents[3] / "firmware_protocol"
# Addresses of what is asked, by the tables of SPEC 3.2.
WRITTEN = {*range(0x0800, 0x0810), *range(0x0820, 0x0830), *range(0x0840, 0x0848), *range(0x0850, 0x0900)}
SPEC = (PROTOCOL / "SPEC.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_code() -> None:
    assert fill_tables(SPEC) == SPEC, "write fill_tables(text) back to firmware_protocol/SPEC.md"


def test_every_cited_clause_exists() -> None:
    clauses = set(re.findall(r"^(\d+\.\d+) ", SPEC, re.MULTILINE))
    cited = {
        clause
        for file in PROTOCOL.glob("*.py")
        for clause in re.findall(r"SPEC (\d+\.\d+)", file.read_text(encoding="utf-8"))
    }
    assert cited, "the code cites its SPEC"
    assert cited <= clauses


def test_clauses_are_numbered_once_and_rise() -> None:
    clauses = [tuple(map(int, found)) for found in re.findall(r"^(\d+)\.(\d+) ", SPEC, re.MULTILINE)]
    assert clauses == sorted(set(clauses))


def test_rows_lie_in_one_block_each_and_do_not_overlap() -> None:
    taken: dict[int, str] = {}
    for row in REGISTERS:
        assert sum(block.address <= row.address and row.end <= block.end for block in BLOCKS) == 1, row.name
        for turn in range(row.repeat):
            for address in range(row.address + turn * row.stride, row.address + turn * row.stride + row.registers):
                assert address not in taken, (row.name, taken.get(address))
                taken[address] = row.name


def test_says_what_is_never_claimed_in_both_languages() -> None:
    """SPEC 1.2, 1.3."""
    assert "Neither this wire" in SPEC
    assert "都不是安全功能" in SPEC


def spell_map(*versions: str) -> str:
    """The map's canonical text (SPEC 3.3) from the printed tables, not from the code's own text."""
    lines = []
    for address, name, kind, size, unit, scale, since in re.findall(
        r"^\| 0x([0-9A-F]{4}) \| (\w+) \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (1\.\d) \|$", SPEC, re.MULTILINE
    ):
        repeated = re.fullmatch(r"(\d+) x \d+, stride (\d+)", size)
        repeat, stride = repeated.groups() if repeated else ("1", size)
        access = "w" if int(address, 16) in WRITTEN else "r"
        if since in versions:
            lines.append(f"{address}|{name}|{kind}|{scale}|{unit if unit != '-' else ''}|{access}|{repeat}|{stride}\n")
    return "".join(lines)


def test_map_hash_by_the_words_of_the_spec() -> None:
    """SPEC 3.3: of this version, and of the earlier one that still stands in the field."""
    assert zlib.crc32(spell_map("1.0", "1.1").encode("ascii")) == MAP_HASH
    assert f"0x{MAP_HASH:08X}" in SPEC
    assert {0x0100: zlib.crc32(spell_map("1.0").encode("ascii")), 0x0101: MAP_HASH} == KNOWN_MAPS
    assert f"1.0: 0x{KNOWN_MAPS[0x0100]:08X}" in SPEC
