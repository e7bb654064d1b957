"""The owner's decision that in some banks a scan alone may open an aisle: a strict file on the gateway.

It is read once, at start. No page, feed row or command writes it. What it says ends by itself on the day the
sensors' proof test expires.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from edge.bank_settings import Id, Name, Section
from edge.settings_problems import SettingsError, describe_problem

WRITABLE_BY_OTHERS = 0o022


class ScanAloneEntry(Section):
    """One bank: who decided it after which risk assessment, and until when its sensors are proven."""

    bank: Id
    names: tuple[Name, ...] = Field(min_length=2, max_length=8)  # the owner, and who is to blame for the sensors
    signed_on: date
    document: Annotated[str, StringConstraints(min_length=3, max_length=80, strip_whitespace=True)]
    proof_test_expires_on: date

    @model_validator(mode="after")
    def require_expiry_after_signature(self) -> Self:
        if self.proof_test_expires_on <= self.signed_on:
            raise ValueError("proof_test_expires_on must lie after signed_on")
        if len(set(self.names)) != len(self.names):
            raise ValueError("names: the same person stands there twice")
        return self


class ScanAloneFile(Section):
    """The whole file."""

    scan_alone: tuple[ScanAloneEntry, ...] = Field(min_length=1)


def read_scan_alone(path: Path, banks: Iterable[str]) -> tuple[ScanAloneEntry, ...]:
    """Read the file; raise SettingsError when anything about it is doubtful."""
    try:
        if path.stat().st_mode & WRITABLE_BY_OTHERS:
            raise SettingsError([f"{path}: may be written by others than its owner"])
        entries = ScanAloneFile(**tomllib.loads(path.read_text(encoding="utf-8"))).scan_alone
    except OSError as error:
        raise SettingsError([f"{path}: can't be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: isn't valid TOML: {error}"]) from error
    except ValidationError as error:
        raise SettingsError([describe_problem(path, problem) for problem in error.errors()]) from error
    known, seen = set(banks), set[str]()
    problems = []
    for entry in entries:
        if entry.bank not in known:
            problems.append(f"{path}: bank {entry.bank!r} isn't described by any [[bank]]")
        if entry.bank in seen:
            problems.append(f"{path}: bank {entry.bank!r} is named twice")
        seen.add(entry.bank)
    if problems:
        raise SettingsError(problems)
    return entries
