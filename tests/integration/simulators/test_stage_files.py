"""The files of the demo, read by those they are written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.domain.seeds import parse_seed
from central.settings import read_settings as read_centre_settings
from edge.installation import describe_room as describe_edge_room
from edge.installation import hash_geometry
from edge.settings import read_settings as read_gateway_settings
from firmware_protocol.geometry import geometry_hash
from simulators.demo.stage_files import choose_ports, write_stage
from simulators.room_plan import RoomOptions, plan_room
from simulators.room_settings import read_room_settings
from simulators.shelf_words import shape_bank


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stage")
    write_stage(place, plan_room(RoomOptions(speed_mm_s=133)), choose_ports())
    return place


def test_the_gateway_and_the_controller_speak_of_the_same_steel(folder: Path) -> None:
    settings = read_gateway_settings(folder / "gateway.toml", {})
    plan = plan_room(RoomOptions(speed_mm_s=133))
    assert hash_geometry(settings.bank[0]) == geometry_hash(shape_bank(plan.bank))
    bank = describe_edge_room(settings).banks[0]
    assert (bank.speed_mm_s, bank.travel_ms) == (133, plan.bank.longest_travel_ms)


def test_the_centre_takes_the_room_file_and_its_settings(folder: Path) -> None:
    seed = parse_seed((folder / "room-file.json").read_bytes())
    assert (len(seed.boxes), len(seed.places)) == (600, 8568)
    assert read_centre_settings(folder / "central.toml", {}).mqtt.password_file == folder / "central.password"


def test_the_room_takes_its_settings(folder: Path) -> None:
    settings = read_room_settings(folder / "room.toml")
    assert settings.options.bank == plan_room(RoomOptions(speed_mm_s=133)).bank
    assert settings.dir == folder / "room"
    assert {each.name for each in folder.glob("*.password")} == {"central.password", "r01.password"}
    assert all(each.stat().st_mode & 0o077 == 0 for each in folder.glob("*.password"))
