"""Centre, broker, gateway and simulated room as real processes, started once for all tests of a worker that only look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.demo.stage import Stage
from simulators.room_plan import RoomOptions


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A running house with its default room; tests that change or kill anything start one of their own."""
    folder: Path = tmp_path_factory.mktemp("stage")
    running = Stage(folder, RoomOptions(boxes=60))
    try:
        running.found_centre()
        running.start()
        yield running
    finally:
        running.close()
