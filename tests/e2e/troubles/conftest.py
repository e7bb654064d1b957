"""One house for all troubles of a run, and their order: the clock is turned first, and looked at again at the end.

Only then is the gateway started anew, for a process that begins believes its clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.troubles.troubled_house import TroubledHouse

HERE = Path(__file__).parent
ORDER = ("test_a_stepped_clock_is_named", "", "test_the_clock_is_believed_again", "test_gateway_started_on_a_full_disk")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the house's tests together, so that it is put up once; a minute of steady clock passes meanwhile."""
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    if not ours:
        return
    ours.sort(key=lambda item: ORDER.index(item.name if item.name in ORDER else ""))
    at = items.index(next(item for item in items if item.path.is_relative_to(HERE)))
    before = [item for item in items[:at] if item not in ours]
    after = [item for item in items[at:] if item not in ours]
    items[:] = [*before, *ours, *after]


@pytest.fixture(scope="package")
def running_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TroubledHouse]:
    """Broker, centre, gateway and room as real processes."""
    house = TroubledHouse(tmp_path_factory.mktemp("troubles"))
    try:
        house.start()
        yield house
    finally:
        house.close()


@pytest.fixture
def house(running_house: TroubledHouse) -> Iterator[TroubledHouse]:
    """The house at rest, before and after."""
    running_house.settle()
    yield running_house
    assert running_house.stage.gateway.running, running_house.stage.gateway.tail()
