from __future__ import annotations

from edge.core.geometry import find_aisle, list_narrowing, rail_length_mm
from edge.core.occupancy import list_closing, list_widths_mm
from edge.core.snapshot import list_closed_aisles
from edge.core.state import Bank, Target
from tests.unit.edge_core.scene import make_bank, make_contacts, make_snapshot


def test_faces_look_into_the_aisles_beside_their_column() -> None:
    assert find_aisle(7, "A") == 6
    assert find_aisle(7, "B") == 7
    assert rail_length_mm(make_bank().geometry) == 6850


def test_opening_one_of_one_free_aisle_closes_the_open_one() -> None:
    bank = Bank(snapshot=make_snapshot((3,)))
    assert list_closing(make_bank(), bank, Target("open_aisle", 7)) == (3,)
    assert list_closing(make_bank(), bank, Target("open_aisle", 3)) == ()


def test_without_contacts_the_sum_of_gaps_tells_that_the_others_are_closed() -> None:
    widths = list_widths_mm(make_bank(), Bank(snapshot=make_snapshot((3,), contacts=())))
    assert widths[3] == 800
    assert all(widths[aisle] == 0 for aisle in range(1, 12) if aisle != 3)


def test_between_positions_count_as_gaps_that_close() -> None:
    contacts = make_contacts(11, (3, 9))
    bank = Bank(snapshot=make_snapshot((), contacts=contacts))
    assert list_closing(make_bank(), bank, Target("open_aisle", 7)) == (3, 9)


def test_nothing_known_means_everything_may_close() -> None:
    bank = Bank(snapshot=make_snapshot((), contacts=()))
    assert list_closing(make_bank(), bank, Target("open_aisle", 7)) == (1, 2, 3, 4, 5, 6, 8, 9, 10, 11)


def test_a_gap_wide_enough_to_give_an_aisle_and_stay_passable_does_not_narrow_below_it() -> None:
    geometry = make_bank(free_aisles=2).geometry
    widths: dict[int, int | None] = dict.fromkeys(range(1, 12), 0)
    assert list_narrowing(geometry, {**widths, 3: 1600}, 7) == ()
    assert list_narrowing(geometry, {**widths, 3: 1499, 4: 101}, 7) == (3, 4)
    assert list_narrowing(geometry, {**widths, 3: 800, 5: 800}, 7) == (3, 5)


def test_close_all_closes_every_gap_but_the_home_gap() -> None:
    bank = Bank(snapshot=make_snapshot((3,)))
    assert list_closing(make_bank(), bank, Target("close_all", 0)) == (3,)
    at_home = Bank(snapshot=make_snapshot((11,), contacts=make_contacts(11, (11,))))
    assert list_closing(make_bank(), at_home, Target("close_all", 0)) == ()


def test_an_aisle_is_closed_only_when_both_its_sides_touch() -> None:
    contacts = make_contacts(4, (2,))
    assert list_closed_aisles(contacts) == (1, 3, 4)
