"""The centre killed by strace at its own disk and socket writes: between commit and answer, nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from central.store.base import open_engine
from central.store.migrate import upgrade_schema
from tests.integration.link.link_rig import BOXES, WAIT_S, Centre, Gateway
from tests.plugins.broker import Broker
from tests.wait import wait_for

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def centre_process(url: str, broker: Broker, inject: str | None) -> Iterator[subprocess.Popen[bytes]]:
    """Run the centre; with `inject` strace kills it there."""
    command = [sys.executable, "-m", "tests.integration.link.centre_process", url]
    command += [broker.host, str(broker.port), str(broker.password_file("central"))]
    if inject is not None:
        call = inject.partition(":")[0]
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={inject}", *command]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        with process:  # closes its pipe, which ends it if it lives
            pass


@pytest.fixture
def sqlite_centre(tmp_path: Path, broker: Broker) -> Iterator[tuple[str, Centre]]:
    """A migrated SQLite centre whose link runs elsewhere; here its tables are read."""
    broker.forget_session("central", "central-1")
    url = f"sqlite:///{tmp_path}/central.db"
    engine: Engine = open_engine(url)
    upgrade_schema(engine)
    centre = Centre(engine, broker)
    centre.add_room("r01")
    yield url, centre
    engine.dispose()


@pytest.mark.parametrize(
    "inject",
    [
        "fdatasync:signal=KILL:when=3",
        "sendto:signal=KILL:when=7",
        "sendto:signal=KILL:when=9",
    ],
)
def test_a_killed_centre_loses_and_doubles_nothing(
    inject: str, sqlite_centre: tuple[str, Centre], broker: Broker, tmp_path: Path
) -> None:
    url, centre = sqlite_centre
    gateway = Gateway("r01", tmp_path / "r01", broker)
    gateway.start()
    written = [gateway.take_out(BOXES[number % len(BOXES)]) for number in range(20)]
    with centre_process(url, broker, inject) as process:
        number = 20

        def write_until_killed() -> bool:
            nonlocal number
            written.append(gateway.take_out(BOXES[number % len(BOXES)]))
            number += 1
            return process.poll() is not None

        wait_for(write_until_killed, WAIT_S, f"death at {inject}", pause_s=0.05)
    with centre_process(url, broker, None):
        gateway.wait_sent()
        assert [row.id for row in centre.list_movements("r01")] == written
        assert centre.verify_chain("r01", gateway.outbox.epoch) == len(written)
        gateway.wait_fed(centre)
    gateway.close()
