"""STOP from the kiosk's red bar to standstill, judged by the controller's registers and by the bytes on its line."""

from __future__ import annotations

import csv
import io

import pytest

from simulators.demo.stage_files import UNIT
from tests.e2e.operations.operated_house import MOVING, SAFETY, STATE, STOPPED, WARNING, OperatedHouse
from tests.e2e.operations.test_operations import TRIES, await_motion, is_over
from tests.integration.edge_device.device_room import Technician
from tests.wait import wait_for

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

STANDSTILL = 1 << 13
AT_SPEED_MM = 150  # from there braking takes some 400 ms: longer than the 100 ms between two STOPs
STOPPED_BY_WIRE = 5 << 8 | 2
#: STOP is register 0x0860, written by function 06, to the bank's unit and to everybody (unit 0).
UNICAST, BROADCAST = f"{UNIT:02x} 06 08 60", "00 06 08 60"


def set_off(house: OperatedHouse) -> None:
    """Open an aisle that is shut, and come back while its columns travel; a busy machine may need another press."""
    for _ in range(TRIES):
        widths, motions = house.registers.widths_mm(), house.motions()
        wanted = 1 if widths.index(max(widths)) else 3
        assert house.ask("open_aisle", wanted) == "operation.prompted"
        assert house.confirm(house.prompt("open")) == "scan.confirmed"
        await_motion(house, motions + 1)
        if travels(house, wanted):
            return
        house.see("the end of the motion", is_over, 30)
    raise AssertionError(f"no motion: {house.view()['answers']}")


def travels(house: OperatedHouse, wanted: int) -> bool:
    """Wait for full speed; False when the motion was broken off before."""
    registers = house.registers
    wait_for(
        lambda: registers.word(STATE) not in {WARNING, MOVING} or registers.widths_mm()[wanted - 1] > AT_SPEED_MM,
        10, "columns at full speed",
    )  # fmt: skip
    return registers.word(STATE) == MOVING


def list_stops(technician: Technician) -> list[str]:
    """The heads of all STOPs sent on the line, as its record has them."""
    text = technician.get("/buses/bus1/frames.csv").text.removeprefix("\ufeff")
    sent = [row["octets"][:11] for row in csv.DictReader(io.StringIO(text)) if row["direction"] == "sent"]
    return [head for head in sent if head in {UNICAST, BROADCAST}]


def test_stop_goes_to_the_bank_and_to_everybody_until_standstill_is_read_back(
    house: OperatedHouse, technician: Technician
) -> None:
    set_off(house)
    motions, before = house.motions(), len(list_stops(technician))
    assert house.press("stop", bank="A") == 202
    wait_for(lambda: house.registers.word(STATE) == STOPPED, 5, "standstill at the controller")
    assert house.registers.word(SAFETY) & STANDSTILL
    assert house.registers.newest_request()[1] == STOPPED_BY_WIRE
    widths = house.registers.widths_mm()
    house.see("the stop read back", lambda view: view["banks"][0]["state"] == "stopped" and is_over(view))
    sent = list_stops(technician)[before:]
    assert sent[:2] == [UNICAST, BROADCAST]
    assert house.registers.widths_mm() == widths
    assert house.motions() == motions, "nothing goes on by itself"


def test_a_stop_for_all_ends_the_motion_too_and_empties_the_queue(house: OperatedHouse) -> None:
    set_off(house)
    assert house.ask("ventilate") == "operation.queued"
    assert len(house.waiting()) == 1
    motions = house.motions()
    assert house.press("stop") == 202
    wait_for(lambda: house.registers.word(STATE) == STOPPED, 5, "standstill at the controller")
    assert house.registers.newest_request()[1] == STOPPED_BY_WIRE
    house.see("the stop read back", is_over)
    assert house.waiting() == []
    assert house.motions() == motions
