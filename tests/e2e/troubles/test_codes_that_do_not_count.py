"""Codes that must change nothing: each answered in words within a second, with replica, outbox and history as before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulators.codes import print_code
from simulators.room_plan import Box
from tests.e2e.troubles.troubled_house import ANSWER_S, MARKS, TroubledHouse
from tests.wait import wait_for

pytestmark = MARKS

OTHER_ROOM = print_code("BX", "02", 77)
TRIES = 3


def spoil(code: str) -> str:
    """The same code with another check character."""
    return code[:-1] + ("2" if code[-1] != "2" else "3")


def await_box(house: TroubledHouse) -> str:
    """Expect the box of one place, then scan another."""
    assert house.scan(house.free_place().code)[0] == "scan.place_ready"
    return house.free_place().code


def read_once(house: TroubledHouse) -> str:
    """Read a box that is asked for by that."""
    code = house.far_box().code
    assert house.scan(code)[0] == "scan.prompted"
    return code


CASES: dict[str, tuple[Callable[[TroubledHouse], str], str, str, str]] = {
    "unknown code": (lambda _: "6901234567892", "scan.unknown_code", "这不是本系统的条码", "Not one of our codes"),
    "wrong check character": (
        lambda house: spoil(house.far_box().code), "scan.wrong_check", "条码校验不对", "Wrong check character"
    ),
    "another room's box": (lambda _: OTHER_ROOM, "scan.other_room", "这是别的库房的", "belongs to another room"),
    "place instead of box": (await_box, "scan.box_expected", "请扫描档案盒,不是架位", "A box is expected, not a place"),
    "read twice": (read_once, "scan.already", "没有重复记录", "Not recorded twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_code_that_does_not_count(house: TroubledHouse, case: str) -> None:
    prepare, expected, chinese, english = CASES[case]
    box = house.far_box()
    text = prepare(house)
    assert_nothing_changes(house, box, text, expected, (chinese, english))


def assert_nothing_changes(
    house: TroubledHouse, box: Box, text: str, expected: str, sentences: tuple[str, str]
) -> None:
    """Scan it: in words at once, and all as before; only the refusal is a fact, beside what the gateway notes of itself."""
    standing, history, motions = house.standing(), house.history(box), house.motions()
    facts, prompts = len(house.facts()), house.view()["prompts"]
    for _ in range(TRIES):  # a machine busy with others may blink once
        key, took_s = house.scan(text)
        assert key == expected
        if took_s < ANSWER_S:
            break
    assert took_s < ANSWER_S
    house.reads(*sentences)
    assert house.standing() == standing
    assert set(house.facts()[facts:]) <= {"scan_refused", "gateway_state"}
    assert [each["id"] for each in house.view()["prompts"]] == [each["id"] for each in prompts]
    assert house.motions() == motions
    house.await_metric("openaisle_gateway_outbox_facts", 0)
    assert house.history(box) == history


def test_a_box_that_is_out(house: TroubledHouse) -> None:
    box = take_out(house)
    house.sign_on(1)
    holder = house.people[0].who.name
    assert_nothing_changes(house, box, box.code, "scan.box_out", (f"在 {holder} 手里", f"is out: {holder} has it"))
    put_back(house, box)


def take_out(house: TroubledHouse) -> Box:
    """Move a box into the open aisle and take it out from there; it needs no motion."""
    open_aisles = house.truth()["open_aisles"]
    box = house.move_box(open_aisles[0] if open_aisles else open_one(house))
    house.scan("NO-CODE")  # between two readings of one label lies another one
    assert house.scan(box.code)[0] == "scan.aisle_open"
    house.scan("NO-CODE")
    assert house.scan(box.code)[0] == "scan.taken"
    wait_for(lambda: house.history(box)[0][0] == "in_hand", 15, "the centre to know", pause_s=0.1)
    return box


def open_one(house: TroubledHouse) -> int:
    """Open an aisle if a motion that was broken off left none."""
    house.open_aisle(house.far_box())
    return int(house.truth()["open_aisles"][0])


def put_back(house: TroubledHouse, box: Box) -> None:
    assert house.scan(house.free_place().code)[0] == "scan.place_ready"
    assert house.scan(box.code)[0] == "scan.put"
    wait_for(lambda: house.history(box)[0][0] == "shelved", 15, "the centre to know", pause_s=0.1)
