"""One house for the tests of a file: its page is read by all, and each test leaves the shelf as it found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.edge_device.device_house import DeviceHouse
from tests.integration.edge_device.device_room import Technician


@pytest.fixture(scope="module")
def device_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeviceHouse]:
    folder: Path = tmp_path_factory.mktemp("device")
    house = DeviceHouse(folder)
    house.start()
    yield house
    house.close()


@pytest.fixture
def technician(device_house: DeviceHouse) -> Iterator[Technician]:
    """A browser that is logged in."""
    browser = device_house.browse()
    assert browser.log_in().status_code == 303
    yield browser
    browser.close()
