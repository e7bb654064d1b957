"""The rule of tests/conftest.py itself: what was not run must not look green in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.arch.source_tree import ROOT

PASSES = "def test_it(): pass\n"
CASES = {
    "passed": (PASSES, "0", True),
    "skipped in a worker": ("import pytest\n@pytest.mark.skip\ndef test_no(): pass\n" + PASSES, "1", False),
    "not importable": ("import pytest\npytest.importorskip('no_such_module')\n" + PASSES, "0", False),
    "expected to fail": ("import pytest\n@pytest.mark.xfail\ndef test_no(): assert False\n" + PASSES, "0", False),
}


@pytest.mark.parametrize("case", CASES)
def test_in_ci_only_what_ran_is_green(case: str, tmp_path: Path) -> None:
    text, workers, green = CASES[case]
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_case.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser: x\n")
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", workers, "-p", "no:cacheprovider", str(folder)],
        env={**os.environ, "CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (told.returncode == 0) is green, told.stdout + told.stderr
