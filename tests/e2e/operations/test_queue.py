"""What waits for a busy bank, over HTTP: put into another order, withdrawn, and never starting by itself."""

from __future__ import annotations

import pytest

from tests.e2e.operations.operated_house import OperatedHouse

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]


def list_waiting(house: OperatedHouse) -> list[str]:
    return [each["operation"] for each in house.waiting()]


def await_order(house: OperatedHouse, *operations: str) -> None:
    house.see(f"the queue {operations}", lambda _: list_waiting(house) == list(operations))


def test_a_queue_is_put_in_order_withdrawn_from_and_asks_anew(house: OperatedHouse) -> None:
    before, motions = house.registers.standing(), house.motions()
    widths = house.registers.widths_mm()
    closed = 1 if widths[0] < 700 else 2
    assert house.ask("open_aisle", closed) == "operation.prompted"
    for operation in ("ventilate", "park", "close_all"):
        assert house.ask(operation) == "operation.queued"
    await_order(house, "ventilate", "park", "close_all")
    ids = {each["operation"]: each["id"] for each in house.waiting()}
    assert house.press("move", queue_id=ids["close_all"], place=0) == 202
    await_order(house, "close_all", "ventilate", "park")
    # the same as a plain form of the page without a script
    form = house.kiosk.post("/move", data={"queue_id": ids["close_all"], "place": 99})
    assert (form.status_code, form.headers["location"]) == (303, "/")
    await_order(house, "ventilate", "park", "close_all")
    page = house.kiosk.get("/queue").text
    shown = [page.index(ids[operation]) for operation in ("ventilate", "park", "close_all")]
    assert shown == sorted(shown)
    assert house.press("withdraw", queue_id=ids["ventilate"]) == 202
    await_order(house, "park", "close_all")
    assert house.press("withdraw", queue_id=ids["ventilate"]) == 202  # gone already: changes nothing
    assert house.press("move", queue_id="nobody", place=-1) == 422
    assert house.press("dismiss", prompt_id=house.prompt("open")["id"]) == 202
    # the first that waits asks for a press of its own; nothing has started
    house.prompt("park")
    await_order(house, "close_all")
    assert (house.registers.standing(), house.motions()) == (before, motions)
