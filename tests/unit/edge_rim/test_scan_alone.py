"""The file that lets a scan alone open an aisle: named persons, document and expiry, or the gateway doesn't start."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from edge.scan_alone import ScanAloneEntry, read_scan_alone
from edge.settings_problems import SettingsError

EXAMPLE = Path(__file__).parents[3] / "deploy" / "scan-alone.example.toml"


def read_changed(tmp_path: Path, before: str = "", after: str = "", mode: int = 0o640) -> tuple[ScanAloneEntry, ...]:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "scan-alone.toml"
    path.write_text(text.replace(before, after, 1) if before else text, encoding="utf-8")
    path.chmod(mode)
    return read_scan_alone(path, ["A"])


def test_example_names_who_decided_it_and_until_when(tmp_path: Path) -> None:
    (entry,) = read_changed(tmp_path)
    assert (entry.bank, entry.names) == ("A", ("张伟", "王建国"))
    assert (entry.document, entry.proof_test_expires_on) == ("风险评估 RA-2026-014", date(2027, 5, 2))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('names = ["张伟", "王建国"]', 'names = ["张伟"]', "scan_alone[0].names"),
        ('names = ["张伟", "王建国"]', 'names = ["张伟", "张伟"]', "the same person stands there twice"),
        ('names = ["张伟", "王建国"]', "", "'scan_alone[0].names' is missing"),
        ('document = "风险评估 RA-2026-014"', 'document = " "', "scan_alone[0].document"),
        ('document = "风险评估 RA-2026-014"', "", "'scan_alone[0].document' is missing"),
        ("proof_test_expires_on = 2027-05-02", "", "'scan_alone[0].proof_test_expires_on' is missing"),
        ("proof_test_expires_on = 2027-05-02", "proof_test_expires_on = 2026-11-02", "must lie after signed_on"),
        ("proof_test_expires_on = 2027-05-02", 'proof_test_expires_on = "never"', "proof_test_expires_on"),
        ('bank = "A"', 'bank = "Z"', "bank 'Z' isn't described"),
        ('bank = "A"', 'bank = "A"\nalways = true', "unknown key 'scan_alone[0].always'"),
        ("[[scan_alone]]", "[[scan_along]]", "unknown key 'scan_along'"),
        ("[[scan_alone]]", "[[scan_alone", "isn't valid TOML"),
    ],
)
def test_doubtful_file_is_named_and_never_used(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_changed(tmp_path, before, after)
    assert said in str(caught.value)


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o602])
def test_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="may be written by others"):
        read_changed(tmp_path, mode=mode)


def test_missing_file_is_an_error_not_an_absence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        read_scan_alone(tmp_path / "none.toml", ["A"])


def test_one_bank_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8") * 2, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="named twice"):
        read_scan_alone(path, ["A"])
