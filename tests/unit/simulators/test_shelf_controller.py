"""One unit by frames made by hand: acts, selection by 16 and 03, what is refused, neighbours on the line."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from simulators.bank_plan import BankPlan, BankTimes, plan_bank
from simulators.shelf_controller import ShelfController, Station
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import BankState, Outcome

REQUEST = "0102030405060708"


def crc16(octets: bytes) -> bytes:
    """CRC of the Modbus specification, bit by bit: no code of ours."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


@dataclass
class Line:
    """A station with one bank whose clock is turned by hand."""

    model: ShelfModel
    now_ms: int = 0

    def __post_init__(self) -> None:
        self.station = Station([ShelfController(self.model, 1, lambda: self.now_ms)])

    def ask(self, hex_request: str) -> str:
        octets = bytes.fromhex(hex_request)
        answers = self.station.hear(octets + crc16(octets), False)
        assert len(answers) == 1
        assert crc16(answers[0][:-2]) == answers[0][-2:]
        return answers[0][:-2].hex()


def quick_line(**times: int) -> Line:
    plan = plan_bank()
    return Line(ShelfModel(BankPlan(columns=plan.columns, times=BankTimes(**times)), seed=7))


def test_select_by_16_and_its_answer_by_03() -> None:
    line = quick_line()
    assert line.ask(f"01 10 0800 0006 0c {REQUEST} 0104 0000") == "011008000006"
    answer = line.ask("01 03 0810 000a")
    assert answer[:14] == "01031401040000"
    token = answer[14:22]
    assert token != "00000000"
    assert line.ask(f"01 10 0820 0008 10 {REQUEST} {token} 0104 {answer[-4:]}") == "011008200008"
    assert line.ask("01 03 0830 0002") == "01030401040000"
    assert line.model.state is BankState.WARNING


def test_deselect_takes_zero_or_the_low_half_of_the_token() -> None:
    line = quick_line()
    token = line.ask(f"01 17 0810 000a 0800 0006 0c {REQUEST} 0104 0000")[14:22]
    wrong = f"{int(token[4:], 16) ^ 1 or 2:04x}"
    assert line.ask(f"01 06 0861 {wrong}") == "018603"
    assert line.model.state is BankState.SELECTED
    assert line.ask(f"01 06 0861 {token[4:]}") == f"01060861{token[4:]}"
    assert line.model.outcome_of(int(REQUEST, 16)) is Outcome.DESELECTED
    assert line.ask("01 06 0861 0000") == "010608610000"  # nothing selected: answered all the same


def test_waking_goes_by_act_and_moves_nothing() -> None:
    line = quick_line(sleep_after_ms=5000, wake_ms=2000)
    line.now_ms = 6000
    assert line.ask("01 03 0100 0001") == "0103020001"  # asleep
    assert line.ask(f"01 17 0848 0002 0840 0005 0a {REQUEST} 1500") == "01170415000000"
    assert line.ask(f"01 17 0848 0002 0840 0005 0a {REQUEST} 1500") == "01170415001000"  # id used
    assert line.ask("01 03 0100 0001") == "0103020002"
    line.now_ms = 8000
    assert line.ask("01 03 0100 0001") == "0103020003"
    assert line.ask("01 17 0848 0002 0840 0005 0a 1102030405060708 0104") == "01170401040200"  # opening is no act
    assert line.model.rails.travelled_mm == 0


def test_select_refuses_what_goes_by_act() -> None:
    line = quick_line()
    for number, operation in enumerate(("1000", "1500", "0000"), 1):
        answer = line.ask(f"01 17 0810 000a 0800 0006 0c 010203040506070{number} {operation} 0000")
        assert answer[6:14] == f"{operation}0200"
        assert answer[14:22] == "00000000"
    assert line.model.state is BankState.IDLE


def test_a_refused_lease_says_why_in_the_detail_block() -> None:
    line = quick_line()
    answer = line.ask(f"01 17 0810 000a 0800 0006 0c {REQUEST} 0104 0000")
    token, sequence, head = answer[14:22], answer[22:26], answer[-4:]
    assert line.ask(f"01 10 0850 0004 08 {token} 0001 {sequence}") == "019003"
    assert line.ask("01 03 0222 0001") == "0103020001"  # no motion yet
    line.ask(f"01 17 0830 0002 0820 0008 10 {REQUEST} {token} 0104 {head}")
    for at_ms, counter, refusal in ((510, 1, "0005"), (510, 2, "0005")):
        line.now_ms = at_ms
        assert line.ask(f"01 10 0850 0004 08 {token} {counter:04x} {sequence}") == "019003"
        assert line.ask("01 03 0222 0001") == f"010302{refusal}"  # lapsed, and stays so
    assert line.model.outcome_of(int(REQUEST, 16)) is Outcome.LAPSED


def test_neighbours_and_answers_on_the_line_are_ignored() -> None:
    line = quick_line()
    neighbour = bytes.fromhex("020608600001")
    answer_of_ours = bytes.fromhex("0103020003")
    for octets in (neighbour, answer_of_ours):
        assert line.station.hear(octets + crc16(octets), True) == []
    broadcast_select = bytes.fromhex(f"00170810000a080000060c{REQUEST}01040000")
    assert line.station.hear(broadcast_select + crc16(broadcast_select), True) == []
    assert line.model.state is BankState.IDLE


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_no_bytes_make_a_station_raise_or_move(pieces: list[bytes]) -> None:
    line = quick_line()
    for piece in pieces:
        line.station.hear(piece, False)
        line.station.hear(b"", True)
    line.now_ms = 5000
    assert line.ask("01 03 0100 0001") == "0103020003"
    assert line.model.motions == []


@given(st.integers(0, 127), st.binary(max_size=60))
def test_no_frame_with_a_good_crc_makes_a_unit_raise(function: int, body: bytes) -> None:
    line = quick_line()
    octets = bytes((1, function)) + body
    line.station.hear(octets + crc16(octets), True)
    assert line.ask("01 03 0100 0001").startswith("010302")
