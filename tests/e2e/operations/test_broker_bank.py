"""A bank on the room's broker: the device page shows it as it shows one on a line, and it moves by a press as that does."""

from __future__ import annotations

import pytest

from simulators.demo.stage_files import BUTTON_POINT
from simulators.shelf_drive import ACTIVE
from tests.e2e.operations.operated_house import AISLES, OperatedHouse
from tests.integration.edge_device.device_room import Technician
from tests.wait import wait_for

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_device_page_shows_a_bank_on_the_broker(house: OperatedHouse, technician: Technician) -> None:
    overview = technician.get("/").text
    for link in ('href="/banks/A"', 'href="/banks/B"', 'href="/buses/bus1"', 'href="/buses/broker-B"'):
        assert link in overview
    wait_for(lambda: technician.get("/banks/B").text.count("正常") >= 5, 10, "identity, map, geometry, start, motion")
    registers = technician.get("/banks/B/registers").text
    for name in ("column_position_mm[1]", "aisle_width_mm[3]", "safety_bits"):
        assert name in registers
    with house.other.desk.controller.at_now() as bank:
        bank.press_confirm(BUTTON_POINT)
    wait_for(lambda: str(BUTTON_POINT) in technician.get("/banks/B/events").text, 10, "the button in the event ring")
    frames = technician.get("/buses/broker-B").text
    assert "motion" in frames


def test_a_press_moves_it_over_the_broker(house: OperatedHouse, technician: Technician) -> None:
    model = house.other.desk.controller
    with model.at_now() as bank:
        begun = len(bank.motions)
        widths = bank.rails.widths_mm()
    wanted = min(no for no in range(1, AISLES + 1) if widths[no] < max(widths.values()))

    def arrived() -> bool:
        with model.at_now() as bank:
            return not bank.rails.moving and bank.rails.width_mm(wanted) >= bank.plan.passable_gap_mm

    def ended() -> bool:
        with model.at_now() as bank:
            return len(bank.motions) > before and bank.state not in ACTIVE

    # a machine that starves an answer or a lease ends it, as it must: then a person looks and presses once more
    for pressed in range(1, 4):
        technician.post("/banks/B/propose", operation="open_aisle", aisle=str(wanted))
        prompt = house.prompt("open", "B")
        with model.at_now() as bank:
            before = len(bank.motions)
        assert before < pressed + begun, "nothing moves before the press"
        assert house.confirm(prompt) == "scan.confirmed"
        try:
            wait_for(ended, 15, "a motion of bank B")
        except AssertionError:
            house.settle()
        if arrived():
            break
    wait_for(arrived, 15, "the aisle of bank B")
    house.see("the aisle", lambda view: view["banks"][1]["aisles"][wanted - 1]["open"])
