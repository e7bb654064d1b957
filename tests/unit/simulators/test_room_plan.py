"""The demo room as data."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from simulators.codes import CROCKFORD, print_code
from simulators.customers import invent_customers
from simulators.room_plan import RoomOptions, describe_room, plan_room


@given(
    st.sampled_from(["BX", "PL", "ST", "CF", "CT"]),
    st.text(CROCKFORD, min_size=2, max_size=2),
    st.integers(0, 32**6 - 1),
)
def test_codes_carry_the_check_character_of_iso_7064(kind: str, room: str, serial: int) -> None:
    code = print_code(kind, room, serial)
    assert len(code) == 11
    assert mod_37_36.is_valid(code)
    assert not set(code[2:10]) - set(CROCKFORD)
    assert not set(code) - set(string.ascii_uppercase + string.digits)


def test_the_room_is_the_one_of_the_demo() -> None:
    plan = plan_room()
    assert len(plan.bank.columns) == 11
    assert [c.no for c in plan.bank.columns if c.fixed] == [1]
    assert len(plan.places) == 21 * 4 * 6 * 17
    assert len(plan.boxes) == 600
    assert len({box.place_key for box in plan.boxes}) == 600
    assert len({box.customer_no for box in plan.boxes}) == 600
    assert {plan.place_of(box).aisle for box in plan.boxes} == set(plan.bank.aisles)
    assert plan_room() == plan


def test_another_seed_gives_another_room() -> None:
    assert plan_room(RoomOptions(seed=2)).boxes != plan_room().boxes
    assert invent_customers(5, 1) == invent_customers(5, 1)


def test_the_room_file_holds_every_place_and_box() -> None:
    document = describe_room(plan_room(RoomOptions(boxes=10, moving_columns=2, slots=3)))
    assert len(document["places"]) == 5 * 4 * 6 * 3
    assert document["banks"][0]["segments"] == [
        {"first_column": 1, "last_column": 3, "free_aisles": 1, "free_width_mm": 800}
    ]
    assert document["places"][0]["key"] == "A-01-B-1-1-1"
