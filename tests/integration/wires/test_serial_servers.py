"""Lines behind a serial server, raw and RFC 2217: the same motion, and what such a box stores moves nothing later."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from edge.core import effects, events
from edge.core.snapshot import Operation
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from simulators import shelf_words
from simulators.bank_plan import plan_bank
from simulators.pty_line import PtyLine
from simulators.serial_server import ServerPort
from simulators.shelf_controller import ShelfController, Station, count_milliseconds
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Reason
from tests.integration.wires.wired_core import REQUEST_ID, WiredCore, now_ms
from tests.wait import wait_for

BAUD = 115200
# pyserial 3.5 names its reader thread in a way that Python 3.10 began to warn of
pytestmark = pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning", "ignore:setName:DeprecationWarning")


@dataclass
class Stand:
    """A driver, a serial server, and a bank on the line behind it."""

    core: WiredCore
    port: ServerPort
    controller: ShelfController
    shelf: SerialShelf

    def positions(self) -> tuple[float, ...]:
        with self.controller.at_now() as model:
            return tuple(model.rails.positions_mm)

    def state(self) -> BankState:
        with self.controller.at_now() as model:
            return model.snapshot().state


def build(kind: str, delay_ms: float = 2.0) -> Iterator[Stand]:
    plan = plan_bank(moving=3, speed_mm_s=800)
    plan = replace(plan, times=replace(plan.times, warning_ms=700))
    controller = ShelfController(ShelfModel(plan, seed=1), 1, count_milliseconds())
    with controller.at_now() as model:
        geometry = shelf_words.identify(model, "test").geometry_hash
    port = ServerPort(speaks_rfc2217=kind == "rfc2217", delay_ms=delay_ms)
    line = PtyLine(port, Station([controller]).hear, baud=BAUD)
    line.start()
    opener = functools.partial(open_line, port.path, baud=BAUD)
    shelf = SerialShelf("bus", opener, [ShelfBank("A", 1, geometry)], baud=BAUD, network_ms=10, reopen_wait_s=0.05)
    core = WiredCore()
    core.start(shelf)
    try:
        core.wait(events.SnapshotArrived)
        yield Stand(core, port, controller, shelf)
    finally:
        shelf.close()
        line.close()


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A bank behind raw TCP."""
    yield from build("socket")


@pytest.fixture(params=["socket", "rfc2217"])
def any_stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """A bank behind either kind."""
    yield from build(request.param)


def test_an_aisle_opens_over_either_kind_of_server(any_stand: Stand) -> None:
    """SPEC 6.14: select, operate, leases, all in time; RFC 2217 takes the line's settings along."""
    any_stand.core.open_aisle()
    any_stand.core.wait_state("moving")
    reached = any_stand.core.wait_state("idle", timeout_s=15)
    assert (reached.open_aisles, reached.outcome) == ((3,), "done")
    if any_stand.port.path.startswith("rfc2217"):
        settings = any_stand.port.settings
        assert (settings.baudrate, settings.bytesize, settings.parity, settings.stopbits) == (BAUD, 8, "E", 1)


def test_acts_go_over_a_line_too(stand: Stand) -> None:
    """SPEC 5.12: what moves no steel is asked once and answered once."""
    acts: tuple[tuple[Operation, int], ...] = (("lock", 2), ("light_on", 2), ("unlock", 2), ("clear_fault", 0))
    for operation, aisle in acts:
        assert stand.core.act(operation, aisle).reasons == (), operation
    with stand.controller.at_now() as model:
        assert (model.circumstances.gateway_locks, model.lights) == (set(), {2})


def test_stored_renewals_are_refused_and_the_motion_stays_dead(stand: Stand) -> None:
    """SPEC 5.7, 6.14: a server stores renewals for longer than a reading is fresh, then lets them all go."""
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    renewed = stand.controller.requests
    stand.port.hold("to_line")
    wait_for(lambda: stand.state() is BankState.STOPPED, 3, "the lease to lapse")
    assert stand.controller.requests == renewed
    stood = stand.positions()
    with stand.controller.at_now() as model:
        renewals = list(itertools.islice(model.request_log, 1))
        assert renewals[0].outcome.name == "LAPSED"
    stand.port.release()
    wait_for(lambda: stand.controller.requests > renewed, 3, "what was stored to arrive")
    stand.core.wait_condition("online")
    wait_for(lambda: stand.shelf.counters.answers > renewed + 5, 5, "readings again")
    assert stand.positions() == stood


def test_a_renewal_with_an_old_reading_is_refused(stand: Stand) -> None:
    """SPEC 5.7: the controller's own clock judges the sequence, whatever a server did to the bytes."""
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    with stand.controller.at_now() as model:
        token, sequence = stand.core.all(events.SelectAnswered)[0].answer.token, model.snapshot().sequence
        assert model.renew_lease(token, 0x7000, (sequence - 51) & 0xFFFF) == {Reason.STALE_SEQUENCE}
        assert model.renew_lease(token, 0x7001, (sequence - 20) & 0xFFFF) == frozenset()


def test_a_stored_operate_moves_nothing(stand: Stand) -> None:
    """SPEC 6.2, 6.14: OPERATE comes late out of the box, without live renewals behind it; STOP follows it."""
    selected = stand.core.select()
    stood = stand.positions()
    stand.port.hold("to_line")
    stand.core.operate(selected)
    failed = stand.core.wait(events.WireFailed)
    assert (failed.request_id, failed.stage) == (REQUEST_ID, "operate")
    stand.core.stop()
    stand.port.release()
    wait_for(lambda: stand.core.all(events.StopReadBack), 5, "standstill read back")
    wait_for(lambda: stand.state() in {BankState.IDLE, BankState.STOPPED}, 3, "standstill")
    assert stand.positions() == stood


def test_answers_held_back_die_with_their_connection(stand: Stand) -> None:
    """SPEC 6.14: a second without answers, and the driver hangs up; what was held never reaches it."""
    known = stand.core.wait_condition("online")
    stand.port.hold("to_client")
    wait_for(lambda: stand.port.connections == 2, 6, "another connection")
    silent = stand.core.wait_condition("silent", after=known)
    stand.port.release()
    stand.core.wait_condition("online", after=silent)
    read = len(stand.core.all(events.SnapshotArrived))
    wait_for(lambda: len(stand.core.all(events.SnapshotArrived)) > read, 5, "a reading")
    assert stand.shelf.counters.strays == 0


def test_a_cut_connection_is_made_anew(any_stand: Stand) -> None:
    """SPEC 6.1: silent at once; the motion dies by itself and isn't taken up again."""
    core = any_stand.core
    core.open_aisle()
    core.wait_state("moving")
    known = len(core.all(events.ControllerChanged))
    any_stand.port.cut()
    silent = core.wait_condition("silent", after=known)
    core.wait_condition("online", after=silent)
    core.wait_state("stopped", "idle")
    assert any_stand.port.connections == 2


def test_a_second_master_at_the_server_is_hung_up_on(stand: Stand) -> None:
    """One owner per bus: the box takes one client; ours stays."""
    with pytest.raises(OSError, match=r"hung up|reset"):
        open_line(stand.port.path, baud=BAUD).read(1.0)
    assert (stand.port.refused, stand.port.connections) == (1, 1)


def test_what_a_server_kept_from_before_is_thrown_away() -> None:
    """SPEC 6.14: an old answer that comes unasked on a new connection answers nothing."""
    port = ServerPort()
    port.write(b"")
    try:
        port.hold("to_client")
        first = open_line(port.path, baud=BAUD)
        wait_for(lambda: port.connections == 1, 2, "the first client")
        port.write(bytes.fromhex("0103020042"))
        port.release()
        assert first.read(1.0) == bytes.fromhex("0103020042")
        first.close()
    finally:
        port.close()


def test_nobody_at_the_address_is_told_as_a_lost_line() -> None:
    """The driver tries for ever, and says silent."""
    port = ServerPort()
    gone = port.path
    port.close()
    shelf = SerialShelf(
        "bus", functools.partial(open_line, gone, baud=BAUD), [ShelfBank("A", 1, 0)], baud=BAUD, reopen_wait_s=0.01
    )
    core = WiredCore()
    core.start(shelf)
    try:
        core.wait_condition("silent")
        shelf.submit(effects.SendSelect("A", REQUEST_ID, "open_aisle", 3, "", 0, 0, now_ms() + 500))
        assert core.wait(events.WireFailed).reason == "silent"
    finally:
        shelf.close()


def test_a_url_without_a_port_is_an_error() -> None:
    with pytest.raises(ValueError, match="host and a port"):
        open_line("socket://10.0.0.7", baud=BAUD)
