"""The settings file: strict, frozen, every problem named by its key, nothing secret shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.bus_settings import MqttBusSettings, SerialBusSettings
from edge.settings import GatewaySettings, read_settings, redacted_settings
from edge.settings_problems import SettingsError

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
        ('kind = "serial"', 'kind = "carrier pigeon"', "bus[0].kind: must be one of serial, mqtt"),
        ('kind = "serial"', 'kind = "serial"\ncolour = 1', "unknown key 'bus[0].colour'"),
        ('port = "/dev/serial/by-id/usb-FTDI', 'port = "tcp://usb-FTDI', "socket://host:port"),
        ('port = "/dev/serial/by-id/usb-FTDI', 'port = "dev/usb-FTDI', "must be the path of a device"),
        ("unit = 1\n", "", "bank A: unit is missing"),
        ("temperature_max_c = 24", "temperature_max_c = 14", "temperature_min_c must be less"),
        ("humidity_max_percent", "humidity_maximum", "unknown key 'climate.humidity_maximum'"),
        ("  sees_up_to_tier = 4", "", "a foot beam doesn't see who stands on a ladder"),
        ('kind = "foot_beam"', 'kind = "pir"', "doesn't see who stands still"),
        ('kind = "foot_beam"', 'kind = "foot_beam"\n  aisles = [12]', "sensor foot-a: there is no aisle 12"),
        ("test_due_on = 2027-05-02", "test_due_on = 2026-11-01", "test_due_on must lie after"),
        ("free_aisles = 1", "free_aisles = 2", "no aisle could ever open"),
        ("free_aisles = 1", "free_aisles = 1\n  home_aisle = 12", "home_aisle lies outside"),
        ("  no = 6\n", "  no = 6\n  fixed = true\n", "column 6: the fixed columns must be those"),
        ('faces = ["A", "B"]', "faces = []", "faces is empty"),
        ('positions = "measured"', 'positions = "guessed"', "bank[0].positions"),
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
        settings.link.port = 1


def test_shown_settings_hide_secrets(tmp_path: Path) -> None:
    settings = read_changed(
        tmp_path, ("http://127.0.0.1:8081/stream.mjpg", "http://guard:open-sesame@127.0.0.1:8081/stream.mjpg")
    )
    shown = json.dumps(redacted_settings(settings), ensure_ascii=False)
    assert "open-sesame" not in shown
    assert "http://***@127.0.0.1:8081/stream.mjpg" in shown


def with_bus(tmp_path: Path, table: str, *changes: tuple[str, str]) -> GatewaySettings:
    """Read the example with another bus."""
    text = EXAMPLE.read_text(encoding="utf-8")
    begins = text.index("[[bus]]")
    ends = text.index("[[scanner]]")
    before = text[begins:ends]
    return read_changed(tmp_path, (before, table + "\n"), *changes)


@pytest.mark.parametrize("port", ["socket://10.0.0.7:4001", "rfc2217://serial-a.local:2217", "socket://[fe80::1]:4001"])
def test_line_behind_a_serial_server_is_a_bus_like_any_other(tmp_path: Path, port: str) -> None:
    bus = with_bus(tmp_path, f'[[bus]]\nid = "bus1"\nport = "{port}"').bus[0]
    assert isinstance(bus, SerialBusSettings)
    assert (bus.kind, bus.port, bus.baud) == ("serial", port, 19200)


def test_broker_in_the_room_is_a_bus_without_unit_addresses(tmp_path: Path) -> None:
    table = '[[bus]]\nid = "bus1"\nkind = "mqtt"\nhost = "10.0.0.8"\npassword_file = "room-broker"'
    bus = with_bus(tmp_path, table, ("unit = 1\n", "")).bus[0]
    assert isinstance(bus, MqttBusSettings)
    assert (bus.host, bus.port, bus.password_file) == ("10.0.0.8", 1883, tmp_path / "room-broker")


@pytest.mark.parametrize(
    ("lines", "unit", "said"),
    [
        ('host = "10.0.0.8"', "", "bus[0]: password_file is missing"),
        ('host = "10.0.0.8"\npassword_file = "p"', "unit = 1\n", "unit belongs to a line"),
        ('host = "centre.example"\nport = 8883\npassword_file = "p"', "", "must stand in the room"),
        ('host = "127.0.0.1"\nbaud = 9600', "", "unknown key 'bus[0].baud'"),
        ("", "", "'bus[0].host' is missing"),
    ],
)
def test_mistakes_about_a_broker_are_named(tmp_path: Path, lines: str, unit: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        with_bus(tmp_path, f'[[bus]]\nid = "bus1"\nkind = "mqtt"\n{lines}', ("unit = 1\n", unit))
    assert said in str(caught.value)


def test_fixed_columns_may_stand_in_the_middle_and_at_the_end(tmp_path: Path) -> None:
    halves = """first_column = 1
  last_column = 5
  free_width_mm = 800
  right_stop = "fixed_column"

  [[bank.segment]]
  first_column = 6
  last_column = 10
  free_width_mm = 1600
  free_aisles = 2
  right_stop = "fixed_column"

  [[bank.sensor]]
"""
    text = EXAMPLE.read_text(encoding="utf-8")
    begins = text.index("first_column = 1")
    ends = text.index("[[bank.sensor]]") + len("[[bank.sensor]]\n")
    fixed = [(f"no = {no}\n", f"no = {no}\n  fixed = true\n") for no in (6, 11)]
    bank = read_changed(tmp_path, (text[begins:ends], halves), *fixed).bank[0]
    assert bank.aisles == tuple(range(1, 11))
    assert [column.no for column in bank.column if column.fixed] == [1, 6, 11]
