"""One room, whole: a gateway's runtime and store, one bank on an RTU line beside one on the room's broker."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from edge.core.codes import format_code
from edge.core.events import CodeRead, PromptConfirmed, StopPressed
from edge.core.link import FeedRow
from edge.core.room import RoomSettings
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_mqtt import MqttShelf, RoomBrokerAddress
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from edge.ports import Shelf
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import open_store
from simulators import shelf_words
from simulators.bank_plan import BankPlan, plan_bank
from simulators.shelf_controller import ShelfController, count_milliseconds
from simulators.shelf_device import ShelfDevice
from simulators.shelf_model import ShelfModel
from simulators.shelf_mqtt import MqttController
from simulators.shelf_record import BankState, Outcome, RoomInput
from tests.integration.edge_core.driven_room import BADGE, BOXES, CENTRE, PIN, make_room, make_rows
from tests.integration.wires.room_broker import RoomBroker, run_room_broker
from tests.wait import wait_for

pytestmark = pytest.mark.broker
BAUD = 115200
OTHER_BOX, OTHER_PLACE = format_code("BX", "01", 200), format_code("PL", "01", 990)


def make_two_banks() -> RoomSettings:
    room = make_room()
    other = replace(room.banks[0], id="B", name="2区", bus="broker")
    return replace(room, banks=(room.banks[0], other), moving_limit=(("bus1", 11), ("broker", 1)))


def make_all_rows() -> list[FeedRow]:
    """As in the room of one bank, and one box in bank B's aisle 7."""
    key = "B-08-A-1-2-1"
    place: dict[str, Any] = {
        "code": OTHER_PLACE,
        "bank": "B",
        "column": 8,
        "face": "A",
        "section": 1,
        "tier": 2,
        "slot": 1,
    }
    box = {"code": OTHER_BOX, "title": "另一盒", "state": "shelved", "place_key": key}
    rows = [FeedRow("place", key, 1, place, None, 0), FeedRow("box", OTHER_BOX, 1, box, None, 0)]
    return [*make_rows(), *rows]


def make_plan(bank: str) -> BankPlan:
    plan = plan_bank(speed_mm_s=800, bank_id=bank)
    return replace(plan, times=replace(plan.times, warning_ms=600, stagger_ms=50))


@dataclass
class House:
    """The room with its two wires."""

    runtime: GatewayRuntime
    device: ShelfDevice
    broker: RoomBroker
    other: MqttController

    def scan(self, text: str) -> None:
        before = self.runtime.state.answer_count
        assert self.runtime.post(CodeRead("scan-1", "trigger", text, read_mono_ms()))
        wait_for(lambda: self.runtime.state.answer_count > before, 5, f"an answer to {text}")

    def bank(self, bank: str) -> Any:
        return self.runtime.state.banks[bank]

    def begin(self, bank: str, box: str) -> None:
        """Scan a box, look, press, and see its bank begin to move."""
        self.scan(box)
        said = self.runtime.state.answers["kiosk-a"].key
        prompt = wait_for(lambda: self.bank(bank).prompt, 5, f"a prompt of {bank}, not {said}")
        assert self.runtime.post(PromptConfirmed("kiosk-a", prompt.wish.id))
        wait_for(lambda: self.is_in(bank, "warning", "moving"), 5, f"{bank} to begin")

    def is_in(self, bank: str, *states: str) -> bool:
        snapshot = self.bank(bank).snapshot
        return snapshot is not None and snapshot.state in states

    def wait_open(self, bank: str, aisle: int) -> None:
        wait_for(lambda: self.bank(bank).request is None and self.is_in(bank, "idle"), 15, f"{bank} to arrive")
        assert self.bank(bank).snapshot.open_aisles == (aisle,)


@pytest.fixture(scope="module")
def broker() -> Iterator[RoomBroker]:
    with run_room_broker() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, broker: RoomBroker) -> Iterator[House]:
    device = ShelfDevice({1: make_plan("A")}, baud=BAUD)
    device.start()
    other = MqttController(
        ShelfController(ShelfModel(make_plan("B"), seed=2), 1, count_milliseconds()),
        broker.host, broker.port, broker.password("B"),
    )  # fmt: skip
    other.start()
    with device.controllers[1].at_now() as model:
        geometry = shelf_words.identify(model, "test").geometry_hash
    opener = functools.partial(open_line, device.bus_path, baud=BAUD, parity="N", stop_bits=2)
    address = RoomBrokerAddress(broker.host, broker.port, "gateway", broker.password_file("gateway"))
    shelves: list[Shelf] = [
        SerialShelf("bus1", opener, [ShelfBank("A", 1, geometry)], baud=BAUD),
        MqttShelf("broker", address, [ShelfBank("B", 0, geometry)], client_id="gateway-r01"),
    ]
    store = open_store(tmp_path, read_wall_ms)
    store.replica.begin_reload(CENTRE)
    store.replica.apply_rows(CENTRE, make_all_rows(), 1)
    store.replica.finish_reload()
    runtime = GatewayRuntime(make_two_banks(), store, shelves=shelves, scanners={}, code_version="test")
    runtime.start()
    house = House(runtime, device, broker, other)
    try:
        wait_for(lambda: house.is_in("A", "idle") and house.is_in("B", "idle"), 10, "both banks")
        house.scan(BADGE)
        assert runtime.check_pin("kiosk-a", BADGE, PIN) == "ok"
        wait_for(lambda: runtime.state.sessions["kiosk-a"].proven, 5, "the PIN's verdict")
        yield house
    finally:
        runtime.close()
        other.close()
        device.close()
        store.close()


def open_door_at_select(controller: ShelfController) -> None:
    """Somebody comes in at the very moment of SELECT: after the press, and before OPERATE can go out."""
    with controller.at_now() as model:
        steel: Any = model
    select = steel.select

    def select_and_come_in(*asked: Any) -> Any:
        steel.switch_room_input(RoomInput.DOOR_OPEN, on=True, door=1)
        return select(*asked)

    steel.select = select_and_come_in


@pytest.mark.parametrize("bank", ["A", "B"])
def test_a_selection_is_given_back_when_a_door_opens_before_operate(house: House, bank: str) -> None:
    """Safety 2, 9, 12: the confirmation is dead, DESELECT leaves, and nothing has moved."""
    controller = house.device.controllers[1] if bank == "A" else house.other.desk.controller
    open_door_at_select(controller)
    house.scan(BOXES[0] if bank == "A" else OTHER_BOX)
    prompt = wait_for(lambda: house.bank(bank).prompt, 5, "a prompt")
    assert house.runtime.post(PromptConfirmed("kiosk-a", prompt.wish.id))

    def given_back() -> bool:
        with controller.at_now() as model:
            return model.last_request is not None and model.last_request.outcome is Outcome.DESELECTED

    # far sooner than the two seconds after which a selection dies by itself: that would be EXPIRED
    wait_for(given_back, 10, "the selection given back")
    with controller.at_now() as model:
        assert (model.state, model.motions, model.rails.travelled_mm) == (BankState.IDLE, [], 0)
    wait_for(lambda: house.bank(bank).request is None, 5, "the request's end")
    assert house.bank(bank).prompt is None


def test_both_banks_open_at_once_each_by_its_own_press(house: House) -> None:
    """Safety 1, 13; SPEC 7.11: the same way over both wires, at the same time."""
    house.begin("A", BOXES[0])
    house.begin("B", OTHER_BOX)
    assert house.bank("A").request is not None
    house.wait_open("A", 4)
    house.wait_open("B", 7)


def test_a_lost_broker_stops_its_bank_and_no_other(house: House) -> None:
    """Safety 13, 16: the lease dies with the broker; the line goes on."""
    house.begin("B", OTHER_BOX)
    house.begin("A", BOXES[1])
    house.broker.stop()
    try:
        with house.other.desk.controller.at_now() as model:
            moved = model.rails.travelled_mm
        wait_for(lambda: self_stands(house.other), 5, "bank B to stand")
        house.wait_open("A", 5)
        with house.other.desk.controller.at_now() as model:
            assert model.request_log[-1].outcome.name in {"LAPSED", "STOPPED"}
            assert model.rails.travelled_mm - moved < 1000
    finally:
        house.broker.start()
    wait_for(lambda: house.is_in("B", "stopped", "idle"), 15, "bank B to be read again")
    assert house.bank("B").request is None, "nothing is taken up again"


def test_stop_stops_both(house: House) -> None:
    """Safety 14: the button on the page is for the room."""
    house.begin("A", BOXES[2])
    house.begin("B", OTHER_BOX)
    assert house.runtime.post(StopPressed("kiosk-a"))

    def stands(bank: str) -> bool:
        told = house.bank(bank)
        return house.is_in(bank, "stopped", "idle") and told.stop is None and told.request is None

    wait_for(lambda: stands("A") and stands("B"), 5, "standstill of both, read back, and nothing left to do")


def self_stands(other: MqttController) -> bool:
    with other.desk.controller.at_now() as model:
        return not model.rails.moving and model.snapshot().state.value in {"stopped", "idle"}
