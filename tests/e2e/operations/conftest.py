"""One house for all operations of a run; each test leaves nothing asked and nothing moving."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.operations.operated_house import OperatedHouse
from tests.integration.edge_device.device_room import Technician
from tests.integration.wires.room_broker import run_room_broker


@pytest.fixture(scope="package")
def running_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedHouse]:
    """Gateway, room and the room's broker as real processes."""
    with run_room_broker() as broker:
        house = OperatedHouse(tmp_path_factory.mktemp("operations"), broker)
        try:
            house.start()
            yield house
        finally:
            house.close()


@pytest.fixture
def house(running_house: OperatedHouse) -> Iterator[OperatedHouse]:
    """The house at rest, before and after."""
    running_house.settle()
    yield running_house
    running_house.settle()
    assert running_house.stage.gateway.running, running_house.stage.gateway.tail()


@pytest.fixture
def technician(house: OperatedHouse) -> Iterator[Technician]:
    """Somebody logged in at the device page."""
    browser = Technician(house.device_url, house.certificate)
    assert browser.log_in().status_code == 303
    yield browser
    browser.close()
