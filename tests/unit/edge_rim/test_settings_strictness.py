"""The settings file: strict, frozen, every problem named by its key, nothing secret shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.settings import GatewaySettings, SettingsError, read_settings, redacted_settings

EXAMPLE = Path(__file__).parents[3] / "deploy" / "gateway.example.toml"


def read_changed(tmp_path: Path, *changes: tuple[str, str]) -> GatewaySettings:
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, {})


def test_example_is_complete_and_valid() -> None:
    settings = read_settings(EXAMPLE, {})
    assert settings.room.number == "01"
    assert [column.fixed for column in settings.bank[0].column] == [True] + [False] * 10
    assert settings.bank[0].segment[0].free_width_mm == 800


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('id = "r01"', 'id = "r01"\ncolour = "red"', "unknown key 'room.colour'"),
        ("tiers = 6", "tiers = 6\nspeed = 5", "unknown key 'bank[0].speed'"),
        ("[store]", "[stoer]\nx = 1\n[store]", "unknown key 'stoer'"),
        ("travel_ms = 30000\n", "", "'bank[0].travel_ms' is missing"),
        ("passable_gap_mm = 700", "passable_gap_mm = 599", "bank[0].passable_gap_mm"),
        ("stop_confirm_ms = 1000", "stop_confirm_ms = 2001", "bank[0].stop_confirm_ms"),
        ("baud = 19200", "baud = 1", "bus[0].baud"),
        ('bus = "bus1"', 'bus = "bus9"', "bus 'bus9' isn't described"),
        (
            'point_id = "kiosk-a"',
            'point_id = "card-a"',
            "kiosk.point_id: 'card-a' isn't a [[bank.point]] of kind 'kiosk'",
        ),
        ('host = "127.0.0.1"', 'host = "0.0.0.0"', "nothing moves from afar"),
        ("last_column = 11", "last_column = 10", "segments must cover all columns"),
        ("no = 3", "no = 4", "numbers must run 1, 2, 3"),
        ('id = "cam-1"', 'id = "scan-1"', "'scan-1' is used twice"),
        ('card_code = "CF010000010"', "", "card_code belongs to points of kind 'card'"),
        ('card_code = "CF010000010"', 'card_code = "BX010000010"', "card_code"),
        ("free_width_mm = 800", "free_width_mm = 650", "no aisle could ever open"),
        # the bank's own button that opens aisle 11 must never be taken for a look and a press
        ('kind = "card"', 'kind = "button"\n  button = 11', "bank[0].point[1].button"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_changed(tmp_path, (before, after))
    assert said in str(caught.value)
    assert len(caught.value.problems) == 1


def test_broken_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        read_settings(tmp_path / "none.toml", {})
    (tmp_path / "bad.toml").write_text("[room\n")
    with pytest.raises(SettingsError, match="isn't valid TOML"):
        read_settings(tmp_path / "bad.toml", {})


def test_environment_overrides_the_file_and_unknown_names_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAISLE_GATEWAY_LINK__PORT", "1884")
    settings = read_settings(EXAMPLE)
    assert settings.link.port == 1884
    assert settings.link.host == "centre.example"
    monkeypatch.setenv("OPENAISLE_GATEWAY_LNK__PORT", "1")
    with pytest.raises(SettingsError, match="unknown key OPENAISLE_GATEWAY_LNK__PORT"):
        read_settings(EXAMPLE)


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    settings = read_changed(tmp_path, ('dir = "/var/lib/openaisle-gateway"', 'dir = "data"'))
    assert settings.store.dir == tmp_path / "data"


def test_settings_are_frozen() -> None:
    settings = read_settings(EXAMPLE, {})
    with pytest.raises(ValidationError):
        settings.link.port = 1  # type: ignore[misc]


def test_shown_settings_hide_secrets(tmp_path: Path) -> None:
    settings = read_changed(
        tmp_path, ("http://127.0.0.1:8081/stream.mjpg", "http://guard:open-sesame@127.0.0.1:8081/stream.mjpg")
    )
    shown = json.dumps(redacted_settings(settings), ensure_ascii=False)
    assert "open-sesame" not in shown
    assert "http://***@127.0.0.1:8081/stream.mjpg" in shown
