from __future__ import annotations

import tomllib
from pathlib import Path

import central.settings
import edge.settings
from tests.arch.source_tree import ROOT

CENTRAL = ROOT / "deploy" / "central.example.toml"
GATEWAY = ROOT / "deploy" / "gateway.example.toml"


def test_the_centre_reads_its_example() -> None:
    settings = central.settings.read_settings(CENTRAL, {})
    assert settings.http.https
    assert settings.mqtt.password_file == Path("/etc/openaisle/central-mqtt-password")


def test_the_gateway_reads_its_example() -> None:
    settings = edge.settings.read_settings(GATEWAY, {})
    assert settings.bank[0].passable_gap_mm == 700


def test_examples_hold_no_secret() -> None:
    for path in (CENTRAL, GATEWAY):
        text = path.read_text(encoding="utf-8")
        assert "password =" not in text
        assert tomllib.loads(text)
