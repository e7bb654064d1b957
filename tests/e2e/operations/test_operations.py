"""Every operation from the kiosk's routes through the wire to the controller, judged by its registers."""

from __future__ import annotations

from typing import Any

import pytest

from edge.device.house import ASKED
from tests.e2e.operations.operated_house import (
    AISLES,
    DONE_ARRIVED,
    FAULT,
    FAULTS,
    IDLE,
    INDICATOR,
    LIGHTS,
    LOCKS,
    MOVING,
    OPTIONS,
    SAFETY,
    STATE,
    STOPPED,
    TARGET,
    UNKNOWN,
    WARNING,
    OperatedHouse,
)
from tests.integration.edge_device.device_room import Technician
from tests.wait import wait_for

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

OPEN, VENTILATE, PARK, HOME = 1, 3, 4, 5
CONFIRMED = {"scan.confirmed", "operation.begun"}
JAM, GATEWAY_LOCK = 1 << 1, 1 << 8
TRIES = 3


def carry_out(house: OperatedHouse, operation: str, code: int) -> str:
    """Ask, see that nothing moves, press, see it move and arrive; the id of the prompt that was pressed.

    A machine busy with others may lose a reading, and then a motion is broken off: asked and pressed anew.
    """
    for _ in range(TRIES):
        before, motions = house.registers.standing(), house.motions()
        assert house.ask(operation) == "operation.prompted"
        prompt = house.prompt(operation)
        assert house.registers.standing() == before
        assert house.confirm(prompt) in CONFIRMED
        await_motion(house, motions + 1)
        if house.registers.word(STATE) in {WARNING, MOVING}:
            assert house.registers.word(TARGET) == code << 8
        house.see("the end of the motion", is_over, 30)
        if house.registers.newest_request() == (code << 8, DONE_ARRIVED):
            return str(prompt["id"])
    raise AssertionError(f"{operation}: {house.registers.newest_request()}, {house.view()['answers']}")


def await_motion(house: OperatedHouse, count: int) -> None:
    """Wait for the controller to have begun so many motions, and not one more."""
    wait_for(lambda: house.motions() >= count, 5, "the motion to begin")
    assert house.motions() == count


def is_over(view: dict[str, Any]) -> bool:
    """Tell whether bank A stands, in order or not, and is read again."""
    bank = view["banks"][0]
    moving = [each for each in view["prompts"] if each["kind"] in {"moving", "reading", "stopping"}]
    return bank["state"] in {"idle", "stopped", "fault"} and not moving and not bank["stale"]


def test_ventilate_park_and_home_each_move_after_their_own_press(house: OperatedHouse) -> None:
    pressed = carry_out(house, "ventilate", VENTILATE)
    even_mm = OPTIONS.aisle_mm / AISLES
    assert house.registers.widths_mm() == pytest.approx([even_mm] * AISLES, abs=2)
    standing = house.registers.standing()
    # a press serves once: the old one starts nothing, before another prompt or beside it
    assert house.confirm({"id": pressed}) == "scan.no_prompt"
    assert house.ask("park") == "operation.prompted"
    assert house.confirm({"id": pressed}) == "scan.no_prompt"
    assert house.registers.standing() == standing
    house.settle()
    carry_out(house, "park", PARK)
    assert house.registers.widths_mm() == pytest.approx([0, 0, OPTIONS.aisle_mm], abs=2)
    assert house.registers.read(INDICATOR, 3) == [0, 0, 0]  # and no light
    house.act("turn_handle", 3, 60)
    wait_for(lambda: house.registers.word(STATE) == UNKNOWN, 5, "positions lost")
    house.see("the bank's state", lambda view: view["banks"][0]["state"] == "unknown")
    assert house.ask("open_aisle", 1) in {"refused.bank_fault", "refused.position_unknown"}
    carry_out(house, "home", HOME)
    assert house.registers.word(STATE) == IDLE
    assert house.registers.widths_mm() == pytest.approx([0, 0, OPTIONS.aisle_mm], abs=2)


def test_a_locked_aisle_refuses_and_its_release_starts_nothing(house: OperatedHouse) -> None:
    widths = house.registers.widths_mm()
    held = widths.index(max(widths)) + 1
    wanted = 1 if held != 1 else 3
    motions, widths = house.motions(), house.registers.widths_mm()
    assert house.ask("lock", held) == "operation.done"
    assert house.registers.word(LOCKS) == 1 << (held - 1)
    wait_for(lambda: house.registers.word(SAFETY) & GATEWAY_LOCK, 5, "the lock among the safety bits")
    house.see("the lock", lambda view: view["banks"][0]["aisles"][held - 1]["lock"] == "gateway")
    assert house.ask("open_aisle", wanted) == "operation.queued"
    (waiting,) = house.waiting()
    assert waiting["reason"]["key"] == "refused.locked"
    assert house.ask("unlock", held) == "operation.prompted"
    assert house.registers.word(LOCKS) == 1 << (held - 1)  # asking releases nothing
    assert house.confirm(house.prompt("unlock")) == "operation.done"
    assert house.registers.word(LOCKS) == 0
    house.prompt("open")  # the obstacle is gone: what waited asks for a press of its own
    assert not house.waiting()
    assert (house.motions(), house.registers.widths_mm()) == (motions, widths)


def test_a_light_goes_on_and_out(house: OperatedHouse) -> None:
    motions, aisle = house.motions(), 2
    for operation, lit in (("light_on", True), ("light_off", False)):
        assert house.ask(operation, aisle) == "operation.done"
        assert bool(house.registers.word(LIGHTS) & 1 << (aisle - 1)) is lit
    assert house.motions() == motions


def test_a_fault_is_cleared_when_its_cause_is_gone_and_nothing_moves(house: OperatedHouse) -> None:
    widths = house.registers.widths_mm()
    wanted = 1 if widths.index(max(widths)) else 3
    for column in (2, 3):
        house.act("jam", column)
    try:
        jam_one(house, wanted)
        house.see("the fault", lambda view: "jam" in view["banks"][0]["faults"])
        assert house.ask("open_aisle", wanted) == "refused.bank_fault"
    finally:
        for column in (2, 3):
            house.act("free", column)
    motions, widths = house.motions(), house.registers.widths_mm()
    assert house.ask("clear_fault") == "operation.done"
    assert (house.registers.word(FAULTS), house.registers.word(STATE)) == (0, STOPPED)
    house.see("the end of the fault", lambda view: view["banks"][0]["state"] == "stopped")
    assert (house.motions(), house.registers.widths_mm()) == (motions, widths)


def jam_one(house: OperatedHouse, wanted: int) -> None:
    """Have a column that doesn't move pushed until its controller gives up."""
    for _ in range(TRIES):
        assert house.ask("open_aisle", wanted) == "operation.prompted"
        assert house.confirm(house.prompt("open")) == "scan.confirmed"
        house.see("the end of the motion", is_over, 30)
        if house.registers.word(FAULTS) & JAM:
            wait_for(lambda: house.registers.word(STATE) == FAULT, 5, "standstill in fault")
            return
    raise AssertionError("no jam")


def test_nothing_moves_from_the_device_page(house: OperatedHouse, technician: Technician) -> None:
    before, motions = house.registers.standing(), house.motions()
    for operation in ASKED:
        assert technician.post("/banks/A/propose", operation=operation, aisle="1").status_code == 303
    for act in ("lock", "unlock", "light_on", "clear_fault", "stop"):  # not even these are offered there
        assert technician.post("/banks/A/propose", operation=act, aisle="1").status_code == 400
    (asked, *others) = [each for each in house.view()["prompts"] if each["bank"] == "A"]
    assert asked["confirmable"]
    assert not others
    assert [each["operation"] for each in house.waiting()] == list(ASKED[1:])
    for path in ("/confirm", "/api/confirm", "/banks/A/confirm"):
        assert technician.post(path, point_id="kiosk-a", prompt_id=asked["id"]).status_code == 404
    press = {"point_id": "kiosk-a", "prompt_id": asked["id"]}
    # nor may its page press through to the kiosk's own routes
    refused = house.kiosk.post("/api/confirm", json=press, headers={"Origin": house.device_url})
    assert refused.status_code == 403
    assert house.kiosk.post("/api/confirm", json={**press, "point_id": "device"}).status_code == 409
    assert house.prompt("open")["id"] == asked["id"]
    assert (house.registers.standing(), house.motions()) == (before, motions)
