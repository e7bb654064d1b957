"""SPEC.md's tables are those of the code, its clauses are the ones the code cites."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_protocol.registers import BLOCKS, REGISTERS
from firmware_protocol.spec_tables import fill_tables

PROTOCOL = Path(__file__).parents[3] / "firmware_protocol"
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
    assert "Neither this wire" in SPEC
    assert "都不是安全功能" in SPEC
