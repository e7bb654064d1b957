"""A broken entry beam holds the bank until somebody looks and resets it, though nobody is inside any more."""

from __future__ import annotations

from simulators.bank_plan import plan_bank
from simulators.occupancy import Person
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Indication, Operation, Reason


def test_a_beam_that_tripped_refuses_until_it_is_reset_at_the_bank() -> None:
    model = ShelfModel(plan_bank(4))
    model.press_open(2)
    while model.state is not BankState.MOVING:
        model.advance(model.now_ms + 10)
    model.enter(Person("late one", 5))
    model.advance(model.now_ms + 2_000)
    model.leave("late one")
    assert model.task is None
    assert not model.rails.moving
    answer = model.select(7, Operation.OPEN_AISLE, Indication(3))
    assert Reason.TRIPPED in answer.reasons
    assert not answer.token
    model.reset_locally()
    assert model.select(8, Operation.OPEN_AISLE, Indication(3)).token
