"""Every operation, interlock input and event of chapter 5 at both controllers, by frames made by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.protocol.both_banks import AISLE_MM, AISLES, Bank, CBank, PythonBank
from tests.conformance.protocol.c_bank import UNIT, seal

UNKNOWN, ASLEEP, WAKING, IDLE, SELECTED, WARNING, MOVING, SETTLING, STOPPED, FAULT = range(10)
OPEN, CLOSE_ALL, VENTILATE, PARK, HOME = (number << 8 for number in range(1, 6))
LOCK, UNLOCK, LIGHT_ON, LIGHT_OFF, CLEAR_FAULT, WAKE = (number << 8 for number in range(16, 22))
SLEEP, CAN_SLEEP, BUSY = 23 << 8, 1 << 23, 1 << 4
OCCUPIED, LOCKED, LOCAL, FAULTY, NO_POSITION, NOT_SUPPORTED = 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 7, 1 << 9
RING_MOVED, ID_USED, FIRE, NO_TARGET = 1 << 11, 1 << 12, 1 << 14, 1 << 15
DONE, REFUSED, STOPPED_OUT, FAILED = 3, 4, 5, 7


class Line:
    """A bank spoken to in hex; ids are never used twice."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.last_id = 0

    def read(self, address: int, count: int = 1) -> list[int]:
        answer = bytes.fromhex(self.bank.ask(f"{UNIT:02x}03{address:04x}{count:04x}"))
        return [int.from_bytes(answer[at : at + 2], "big") for at in range(3, len(answer), 2)]

    def exchange(self, request: str) -> list[int]:
        answer = bytes.fromhex(self.bank.ask(f"{UNIT:02x}{request}"))
        assert answer[1] == 0x17, answer.hex()
        return [int.from_bytes(answer[at : at + 2], "big") for at in range(3, len(answer), 2)]

    def select(self, target: int, place: int = 0) -> list[int]:
        self.last_id += 1
        return self.exchange(f"170810000a080000060c{self.last_id:016x}{target:04x}{place:04x}")

    def act(self, target: int) -> int:
        self.last_id += 1
        words = self.exchange(f"170848000208400005 0a{self.last_id:016x}{target:04x}".replace(" ", ""))
        assert words[0] == target
        return words[1]

    def operate(self, target: int, selected: list[int]) -> int:
        told = f"{selected[2]:04x}{selected[3]:04x}{target:04x}{selected[9]:04x}"
        return self.exchange(f"17083000020820000810{self.last_id:016x}{told}")[1]

    def start(self, target: int) -> str:
        selected = self.select(target)
        assert selected[:2] == [target, 0], hex(selected[1])
        assert self.operate(target, selected) == 0
        return f"{selected[2]:04x}{selected[3]:04x}"

    def carry(self, token: str, turns: int = 90) -> None:
        """Renew every 200 ms until the motion has ended, or for so many turns."""
        for counter in range(1, turns + 1):
            if self.state not in {WARNING, MOVING, SETTLING}:
                return
            sequence = self.read(0x010B)[0]
            self.bank.hear(seal(f"{UNIT:02x}1008500004 08{token}{counter:04x}{sequence:04x}"))
            self.bank.run(200)
        assert turns < 90, "it never ends"

    def do(self, target: int) -> None:
        self.carry(self.start(target))
        assert self.newest[0] == DONE, self.newest

    @property
    def state(self) -> int:
        return self.read(0x0100)[0]

    @property
    def newest(self) -> tuple[int, int]:
        word = self.read(0x010F)[0]
        return word >> 8, word & 0xFF

    def events(self, since: int = 0) -> list[tuple[int, int]]:
        """Kind and argument of what happened after this ring head."""
        words = self.read(0x0400, 64) + self.read(0x0440, 64)
        entries = [tuple(words[at : at + 3]) for at in range(0, 128, 4)]
        return [(kind, argument) for sequence, kind, argument in sorted(entries) if sequence > since]

    @property
    def head(self) -> int:
        return self.read(0x010C)[0]

    def widths(self) -> list[int]:
        return self.read(0x0228, AISLES)


@pytest.fixture(params=["c", "python"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    bank: Bank = CBank() if request.param == "c" else PythonBank()
    yield Line(bank)
    bank.close()


def is_parked(line: Line) -> bool:
    return line.widths()[AISLES - 1] >= AISLE_MM - 1


def test_opening_lights_its_aisle_and_closing_puts_it_out(line: Line) -> None:
    """SPEC 5.12, 5.13."""
    selected = line.select(OPEN | 2, 0x2083)
    assert line.operate(OPEN | 2, selected) == 0
    line.carry(f"{selected[2]:04x}{selected[3]:04x}")
    assert (line.read(0x0101), line.read(0x021F, 3)) == ([0b10], [2, 0x2083, 0b10])
    line.do(OPEN | 3)
    assert line.read(0x021F, 3) == [3, 0, 0b100]


def test_even_gaps_then_all_closed(line: Line) -> None:
    """SPEC 5.12."""
    line.do(VENTILATE)
    assert all(abs(width - AISLE_MM // AISLES) <= 2 for width in line.widths())
    line.do(CLOSE_ALL)
    assert is_parked(line)
    line.do(CLOSE_ALL)  # in place: done at once


def test_night_park_puts_lights_out(line: Line) -> None:
    """SPEC 5.2, 5.12: where it rests depends on whether the bank ever sleeps."""
    line.do(OPEN | 1)
    line.act(LIGHT_ON)
    line.do(PARK)
    assert is_parked(line)
    assert line.state in {ASLEEP, IDLE}
    assert line.read(0x021F, 3) == [0, 0, 0]
    line.act(WAKE)
    line.bank.run(2000)
    assert line.state == IDLE


def test_homing_is_the_way_out_of_unknown(line: Line) -> None:
    """SPEC 5.1, 5.2, 5.12."""
    line.do(OPEN | 2)
    line.bank.turn_handle(3, 40)
    assert line.state == UNKNOWN
    assert line.read(0x0101) == [0]
    assert line.read(0x0103) == [0xFFFF]
    assert line.read(0x0105) == [1 << 2]
    assert line.read(0x0107) == [(1 << AISLES) - 1]
    for target in (OPEN | 1, CLOSE_ALL, VENTILATE, PARK):
        assert line.select(target)[1] & NO_POSITION
    head = line.head
    line.do(HOME)
    assert line.state == IDLE
    assert is_parked(line)
    assert line.read(0x0107) == [0]
    assert (24, 0) in line.events(head)
    line.do(HOME)


def test_homing_stopped_half_way_proves_nothing(line: Line) -> None:
    """SPEC 5.2."""
    line.do(OPEN | 1)
    line.bank.turn_handle(2, 40)
    line.carry(line.start(HOME), 12)
    assert line.state == MOVING
    line.bank.ask(f"{UNIT:02x}0608600001")
    line.bank.run(1500)
    assert line.state == UNKNOWN
    assert line.newest == (STOPPED_OUT, 2)


@pytest.mark.parametrize(("what", "bit"), [("see", OCCUPIED), ("lock", LOCKED)])
def test_homing_counts_every_aisle_but_the_home_gap(line: Line, what: str, bit: int) -> None:
    """SPEC 5.12: nobody knows which aisle has width."""
    line.bank.turn_handle(2, 10)
    line.bank.hold(what, 2, on=True)
    assert line.select(HOME)[1] == bit
    line.bank.hold(what, 2, on=False)
    line.bank.hold(what, AISLES, on=True)
    assert line.select(HOME)[1] == 0


def test_locks_by_wire(line: Line) -> None:
    """SPEC 5.12: one aisle or all; UNLOCK releases only what LOCK set."""
    assert line.act(LOCK | AISLES) == 0
    assert line.read(0x021E) == [1 << (AISLES - 1)]
    assert line.read(0x0104)[0] & 1 << 8
    assert line.select(OPEN | 1)[1] == LOCKED
    assert line.act(UNLOCK | AISLES) == 0
    assert line.act(LOCK) == 0
    assert line.read(0x021E) == [(1 << AISLES) - 1]
    line.bank.hold("lock", 2, on=True)
    assert line.act(UNLOCK | 2) == LOCAL
    assert line.act(UNLOCK) == LOCAL
    line.bank.hold("lock", 2, on=False)
    assert line.act(UNLOCK) == 0
    assert line.act(UNLOCK) == 0, "what is not locked is unlocked"
    assert line.select(OPEN | 1)[1] == 0


def test_a_lock_by_wire_ends_warning(line: Line) -> None:
    """SPEC 5.6: any interlock that appears ends it."""
    line.start(OPEN | 1)
    motion_id = line.last_id
    assert line.act(LOCK | AISLES) == 0
    line.bank.run(10)
    assert line.state == STOPPED
    log = [line.read(0x0300 + 6 * entry, 6) for entry in range(2)]
    assert [words[5] for words in log if words[3] == motion_id] == [STOPPED_OUT << 8 | 9]


def test_lights(line: Line) -> None:
    assert line.act(LIGHT_ON) == 0
    assert line.act(LIGHT_OFF | 2) == 0
    assert line.read(0x0221) == [((1 << AISLES) - 1) & ~0b10]
    assert line.act(LIGHT_ON | AISLES + 1) == NO_TARGET


@pytest.mark.parametrize("target", [WAKE | 1, CLEAR_FAULT | 2, LOCK | 16, UNLOCK | AISLES + 1])
def test_an_aisle_that_an_act_does_not_take(line: Line, target: int) -> None:
    """SPEC 5.12."""
    assert line.act(target) == NO_TARGET


@pytest.mark.parametrize("target", [OPEN | 1, CLOSE_ALL, VENTILATE, PARK, HOME, 0])
def test_no_act_moves_steel(line: Line, target: int) -> None:
    """SPEC 5.12."""
    assert line.act(target) == NOT_SUPPORTED
    assert line.state == IDLE


def can_sleep(line: Line) -> bool:
    words = line.read(0x0013, 2)
    return bool((words[0] << 16 | words[1]) & CAN_SLEEP)


def test_a_bank_at_rest_is_sent_to_sleep_and_woken(line: Line) -> None:
    """SPEC 5.2, 5.12: lights and steel stay; it says so once; asleep it is done already."""
    line.bank.let_sleep(600_000)
    assert can_sleep(line)
    line.do(OPEN | 2)
    head, widths, travelled = line.head, line.widths(), line.bank.travelled_um()
    assert line.act(SLEEP) == 0
    assert (line.state, line.events(head)) == (ASLEEP, [(21, 0)])
    assert line.act(SLEEP) == 0
    line.bank.run(30_000)
    assert (line.state, line.widths(), line.bank.travelled_um()) == (ASLEEP, widths, travelled)
    assert line.read(0x0221) == [0b10]
    assert line.select(OPEN | 1)[1] & 1, "asleep it is not selectable"
    assert line.act(WAKE) == 0
    assert line.act(SLEEP) == BUSY, "waking"
    line.bank.run(2000)
    assert (line.state, line.events(head)) == (IDLE, [(21, 0), (22, 0)])


@pytest.mark.parametrize("aisle", [1, AISLES, AISLES + 1])
def test_sleep_takes_no_aisle(line: Line, aisle: int) -> None:
    """SPEC 5.12."""
    line.bank.let_sleep(600_000)
    assert line.act(SLEEP | aisle) == NO_TARGET
    assert line.state == IDLE


def test_a_bank_that_never_sleeps_says_so(line: Line) -> None:
    """SPEC 5.12, 1.4."""
    line.bank.let_sleep(0)
    assert not can_sleep(line)
    assert line.act(SLEEP) == NOT_SUPPORTED
    assert line.state == IDLE


@pytest.mark.parametrize(
    ("stage", "reason"), [("selected", BUSY), ("warning", BUSY), ("moving", BUSY), ("unknown", NO_POSITION)]
)
def test_only_a_bank_at_rest_falls_asleep(line: Line, stage: str, reason: int) -> None:
    """SPEC 5.12: and what is under way goes on, or stays as it is."""
    line.bank.let_sleep(600_000)
    line.do(OPEN | 1)
    token = ""
    if stage == "unknown":
        line.bank.turn_handle(3, 40)
    elif stage == "selected":
        line.select(OPEN | 3)
    else:
        token = line.start(OPEN | 3)
        line.carry(token, 2 if stage == "warning" else 12)
    before = line.state
    assert line.act(SLEEP) == reason
    assert line.state == before


@pytest.mark.parametrize("request_", ["170848000208400005 0a{id}1600", "170848000208400005 0a{id}1800"])
def test_a_number_beside_sleep_means_nothing(line: Line, request_: str) -> None:
    """SPEC 4: 22 was never given."""
    line.bank.let_sleep(600_000)
    asked = request_.format(id=f"{0x77:016x}").replace(" ", "")
    assert line.bank.ask(f"{UNIT:02x}{asked}") == f"{UNIT:02x}9703"
    assert line.state == IDLE


@pytest.mark.parametrize("target", [LOCK | 1, UNLOCK | 1, LIGHT_ON, LIGHT_OFF, CLEAR_FAULT, WAKE, SLEEP, 0])
def test_no_selection_of_what_goes_by_act(line: Line, target: int) -> None:
    """SPEC 5.12."""
    assert line.select(target)[1:4] == [NOT_SUPPORTED, 0, 0]


@pytest.mark.parametrize("target", [CLOSE_ALL, VENTILATE, PARK, HOME])
def test_an_aisle_that_an_operation_does_not_take(line: Line, target: int) -> None:
    """SPEC 5.6, 5.12."""
    assert line.select(target | 1)[1] == NO_TARGET


@pytest.mark.parametrize("request_", ["170810000a080000060c{}01010000", "170848000208400005 0a{}1500"])
def test_id_zero_is_nobodys(line: Line, request_: str) -> None:
    """SPEC 5.4."""
    asked = request_.format("0" * 16).replace(" ", "")
    assert line.bank.ask(f"{UNIT:02x}{asked}") == f"{UNIT:02x}9703"


def test_an_act_is_carried_out_once(line: Line) -> None:
    """SPEC 5.12."""
    line.act(LIGHT_ON)
    line.last_id -= 1
    assert line.act(LIGHT_OFF) == ID_USED
    assert line.read(0x0221) == [(1 << AISLES) - 1]


@pytest.mark.parametrize(
    ("what", "bit", "cause"), [("sweep", LOCAL, 6), ("smoke", FIRE, 15), ("supply_lost", FAULTY, 14)]
)
@pytest.mark.parametrize("stage", ["rest", "selected", "warning", "moving"])
def test_new_inputs_hold_at_every_stage(line: Line, what: str, bit: int, cause: int, stage: str) -> None:
    """SPEC 5.6."""
    failed = FAILED if what == "supply_lost" else STOPPED_OUT
    if stage == "rest":
        line.bank.hold(what, 2, on=True)
        assert line.select(OPEN | 1)[1] == bit
    elif stage == "selected":
        selected = line.select(OPEN | 1)
        line.bank.hold(what, 2, on=True)
        assert line.operate(OPEN | 1, selected) == bit | RING_MOVED
        assert line.newest == (REFUSED, 0)
    else:
        token = line.start(OPEN | 1)
        line.carry(token, 2 if stage == "warning" else 12)
        assert line.state == (WARNING if stage == "warning" else MOVING)
        line.bank.hold(what, 2, on=True)
        line.bank.run(1500)
        assert line.state == STOPPED
        assert line.newest == (failed, cause)
    travelled = line.bank.travelled_um()
    line.bank.hold(what, 2, on=False)
    line.bank.reset()
    line.bank.run(5000)
    assert line.bank.travelled_um() == travelled, "their end starts nothing"
    assert line.select(OPEN | 1)[1] == 0


def test_events_of_the_room_and_of_supplies(line: Line) -> None:
    """SPEC 5.10."""
    head = line.head
    for what, number in (("water", 0), ("door", 3), ("smoke", 0), ("supply_lost", 0), ("fire", 0), ("key", 0)):
        line.bank.hold(what, number, on=True)
    assert line.read(0x0225) == [0b111]
    for what, number in (("water", 0), ("door", 3), ("smoke", 0), ("supply_lost", 0), ("fire", 0), ("key", 0)):
        line.bank.hold(what, number, on=False)
    assert line.read(0x0225) == [0]
    assert line.events(head) == [
        (34, 1), (18, 0x0301), (33, 1), (31, 0), (19, 1), (20, 1),
        (34, 0), (18, 0x0300), (33, 0), (32, 0), (19, 0), (20, 0),
    ]  # fmt: skip


def test_a_sweep_stays_tripped_until_reset_at_the_bank(line: Line) -> None:
    """SPEC 5.6, 9.2."""
    head = line.head
    line.bank.hold("sweep", 3, on=True)
    line.bank.hold("sweep", 3, on=False)
    assert line.read(0x0104)[0] & (1 << 14 | 1 << 3) == 1 << 14 | 1 << 3
    assert line.act(CLEAR_FAULT) == LOCAL
    line.bank.reset()
    assert line.read(0x0104)[0] & (1 << 14 | 1 << 3) == 0
    assert [event for event in line.events(head) if event[0] in {28, 29}] == [(28, 3), (29, 3)]


def test_a_jam_is_an_overload_and_can_be_cleared(line: Line) -> None:
    """SPEC 5.10, 5.12."""
    head = line.head
    line.bank.jam(3)
    line.carry(line.start(OPEN | 1))
    assert line.state == FAULT
    assert line.newest == (FAILED, 13)
    told = line.events(head)
    assert (30, 3) in told
    assert (16, 1) in told
    assert line.act(CLEAR_FAULT) == 0
    assert line.state == STOPPED
    assert line.events(head)[-1] == (17, 1)


def test_wear(line: Line) -> None:
    """SPEC 5.16."""
    before = line.read(0x0500, 88)
    assert before[:2] == [0xFFFF, 0xFFFF], "a fixed column has no journeys"
    assert before[0x48:] == [0xFFFF] * 16
    line.do(OPEN | 3)
    after = line.read(0x0500, 88)
    cycles = [after[at + 1] - before[at + 1] for at in range(2, 2 * AISLES, 2)]
    assert cycles == [0, 0, 1]
    assert 1700 <= after[0x30 + 3] <= 1900
    assert after[0x30 + 1] == 0xFFFF
    assert 400 <= after[0x48 + 2] <= 800, "ten milliseconds each"


def test_fire_parks_once_and_obeys_the_gateways_stop(line: Line) -> None:
    """SPEC 5.15."""
    line.bank.let_fire_park()
    line.do(OPEN | 1)
    head = line.head
    line.bank.hold("fire", 0, on=True)
    assert line.state == WARNING
    assert line.events(head) == [(19, 1), (14, PARK)]
    line.bank.run(2500)
    assert line.state == MOVING
    line.bank.ask(f"{UNIT:02x}0608600001")
    line.bank.run(20_000)
    assert line.state == STOPPED
    assert not is_parked(line)


@pytest.mark.parametrize("doubt", ["none", "see", "lock", "estop", "handle"])
def test_fire_parks_only_without_doubt(line: Line, doubt: str) -> None:
    """SPEC 5.15: in doubt columns stay, then and later."""
    line.bank.let_fire_park()
    line.do(OPEN | 1)
    if doubt == "handle":
        line.bank.turn_handle(2, 1)
    elif doubt != "none":
        line.bank.hold(doubt, 1, on=True)
    travelled = line.bank.travelled_um()
    line.bank.hold("fire", 0, on=True)
    line.bank.run(100)
    if doubt not in {"none", "handle"}:
        line.bank.hold(doubt, 1, on=False)
    line.bank.run(20_000)
    assert (line.bank.travelled_um() > travelled) == (doubt == "none")
    assert line.read(0x0104)[0] & 1 << 9


def test_power_that_returns_leaves_nothing_of_the_gateway(line: Line) -> None:
    """SPEC 5.1."""
    line.act(LOCK)
    line.bank.cut_power()
    assert line.events() == [(1, 0)]
    assert line.state == UNKNOWN
    assert line.read(0x021E) == [0]
    assert line.read(0x0300, 12) == [0] * 12


def test_identification_says_all_eight_texts(line: Line) -> None:
    """SPEC 3.5."""
    answer = bytes.fromhex(line.bank.ask(f"{UNIT:02x}2b0e0300"))
    texts, at = {}, 8
    for _ in range(answer[7]):
        texts[answer[at]] = answer[at + 2 : at + 2 + answer[at + 1]].decode("ascii")
        at += 2 + answer[at + 1]
    words = line.read(0, 7)
    assert texts[0x81] == f"{words[0] >> 8}.{words[0] & 0xFF}" == "1.1"
    assert [texts[0x82], texts[0x83], texts[0x84]] == [f"{words[at] << 16 | words[at + 1]:08X}" for at in (1, 3, 5)]
    assert set(texts) == {0, 1, 2, 0x80, 0x81, 0x82, 0x83, 0x84}
