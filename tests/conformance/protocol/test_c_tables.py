"""The C register map is the one of the code; the C sources are strict, small and free of what firmware can't have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from firmware_protocol.c_tables import render_header, render_source
from tests.conformance.protocol.c_bank import SOURCE, compile_c

PORTABLE = sorted([*SOURCE.glob("*.c"), *SOURCE.glob("*.h")])
EVERY = sorted([*PORTABLE, *SOURCE.glob("linux/*.c"), *SOURCE.glob("linux/*.h")])
HEADERS = {"stdbool.h", "stddef.h", "stdint.h", "string.h"}
FUNCTION_LINES_MOST = 45
FILE_LINES_MOST = 400


def test_the_register_map_is_a_fresh_one() -> None:
    """SPEC 3.2, 3.3 and chapter 4."""
    assert (SOURCE / "register_map.h").read_text("utf-8") == render_header(), "write render_header() back"
    assert (SOURCE / "register_map.c").read_text("utf-8") == render_source(), "write render_source() back"


@pytest.mark.parametrize("level", ["-Os", "-O2"])
def test_it_compiles_without_a_warning_and_stays_small(level: str, tmp_path: Path) -> None:
    """As one relocatable object: nothing is linked, so nothing of a system can hide in it."""
    whole = compile_c(tmp_path / "controller.o", sorted(SOURCE.glob("*.c")), level, "-ffreestanding", "-r", "-nostdlib")
    told = subprocess.run(["size", str(whole)], capture_output=True, text=True, timeout=20, check=True).stdout
    text, data, bss = map(int, told.splitlines()[1].split()[:3])
    assert (data, bss) == (0, 0)  # no global variables
    assert text <= (20_480 if level == "-Os" else 32_768)


def test_firmware_needs_no_heap_and_no_stdio() -> None:
    for path in PORTABLE:
        text = path.read_text("utf-8")
        assert set(re.findall(r"#include <(.+)>", text)) <= HEADERS, path.name
        assert not re.search(
            r"\b(malloc|calloc|realloc|free|printf|alloca|float|double)\b *\(?", strip_comments(text)
        ), path.name


def strip_comments(text: str) -> str:
    bare = re.sub(r'"[^"\n]*"', '""', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    # `free` is also what a gap may be.
    return re.sub(r"\bconst bool free\b|\|\| !free\b|free_\w+", "", bare)


def test_files_and_functions_are_short() -> None:
    for path in EVERY:
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) <= FILE_LINES_MOST, path.name
        opened = 0
        for number, line in enumerate(lines):
            if line == "{":
                opened = number
            if line == "}":
                assert number - opened <= FUNCTION_LINES_MOST, f"{path.name}:{opened}"


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "controller.h", "hal.h"])
def test_says_that_it_is_no_safety_function(name: str) -> None:
    """SPEC 1.2, 1.3."""
    text = " ".join((SOURCE / name).read_text("utf-8").split())
    assert "不是安全功能" in text if "zh" in name else "not a safety function" in text.lower()
