"""The C controller against the behaviour chapter, by frames made by hand and a clock turned by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.protocol.c_bank import CLine, carry, seal

ID = "0102030405060708"
UNKNOWN, ASLEEP, WAKING, IDLE, SELECTED, WARNING, MOVING, SETTLING, STOPPED, FAULT = range(10)


@pytest.fixture
def line() -> Iterator[CLine]:
    # The clock wraps five seconds after start: nothing may notice.
    line = CLine(start_ms=2**32 - 5000, moving=4, speed=200)
    line.wake()
    yield line
    line.close()


def select(line: CLine, target: str = "0102", request_id: str = ID, place: str = "0000") -> str:
    return line.ask(f"11170810000a080000060c{request_id}{target}{place}")[6:]


def operate(line: CLine, answer: str, target: str = "0102", request_id: str = ID) -> str:
    return line.ask(f"111708300002082000 0810{request_id}{answer[8:16]}{target}{answer[-4:]}")[6:]


def start(line: CLine, target: str = "0102", request_id: str = ID) -> str:
    answer = select(line, target, request_id)
    assert answer[4:8] == "0000", answer
    assert operate(line, answer, target, request_id) == f"{target}0000"
    return answer[8:16]


def state(line: CLine) -> int:
    return line.read(0x0100)[0]


def newest(line: CLine) -> tuple[int, int]:
    """Outcome and cause of the newest request."""
    word = line.read(0x010F)[0]
    return word >> 8, word & 0xFF


def events(line: CLine) -> list[tuple[int, int]]:
    """Kind and argument of what happened, oldest first."""
    words = line.read(0x0400, 125)
    entries = [words[at : at + 3] for at in range(0, 124, 4)]
    return [(kind, argument) for sequence, kind, argument in sorted(entries) if sequence]


def act(line: CLine, target: str, number: int) -> str:
    return line.ask(f"1117084800020840 00050a00000000aaaa{number:04x}{target}")[-4:]


def test_it_starts_asleep_when_positions_are_proven_and_unknown_when_not() -> None:
    """SPEC 5.1."""
    line = CLine()
    assert (state(line), events(line)) == (ASLEEP, [(1, 0)])
    boot_id = line.read(0x0005, 2)
    line.do("power 0")
    assert line.hear(seal("110301000001")) == []
    line.do("power 1")
    assert (state(line), events(line)) == (UNKNOWN, [(1, 0)])
    assert line.read(0x0005, 2) != boot_id
    assert line.read(0x0107) == [0x07FF]
    assert line.read(0x0200, 2) == [0xFFFF, 0xFFFF]
    assert select(line)[4:8] == "0080"
    line.do("home")
    line.run(10)
    assert (state(line), line.read(0x0107), events(line)[-1]) == (IDLE, [0], (24, 0))
    line.close()


def test_the_whole_way_of_a_motion(line: CLine) -> None:
    """SPEC 5.2, 5.9, 5.10."""
    token = start(line)
    assert (state(line), newest(line), line.truth()["starts"]) == (WARNING, (2, 0), 0)
    counter = carry(line, token, 1400, counter=0)
    assert (state(line), line.truth()["starts"]) == (WARNING, 0)
    counter = carry(line, token, 400, counter=counter)
    assert state(line) == MOVING
    safety = line.read(0x0104)[0]
    assert (safety >> 10 & 1, safety >> 11 & 1, safety >> 12 & 1, safety >> 13 & 1) == (1, 1, 1, 0)
    carry(line, token, 12_000, counter=counter, until=lambda: state(line) == IDLE)
    assert (state(line), newest(line)) == (IDLE, (3, 1))
    assert line.read(0x0101) == [1 << 1]
    assert events(line)[-1] == (15, 0x0102)
    assert line.read(0x0229)[0] in range(795, 806)  # aisle 2


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [("id", 1 << 10), ("token", 1 << 10), ("target", 1 << 13), ("head", 1 << 11), ("all", 1 << 10 | 1 << 11 | 1 << 13)],
)
def test_operate_must_agree_in_everything(line: CLine, spoil: str, reasons: int) -> None:
    """SPEC 5.5: and any refusal voids the selection."""
    answer = select(line)
    request_id = "0102030405060709" if spoil in {"id", "all"} else ID
    target = "0103" if spoil in {"target", "all"} else "0102"
    token = answer[8:15] + f"{int(answer[15], 16) ^ 1:x}" if spoil in {"token", "all"} else answer[8:16]
    head = f"{int(answer[-4:], 16) - (spoil in {'head', 'all'}):04x}"
    words = line.ask(f"111708300002082000 0810{request_id}{token}{target}{head}")[6:]
    assert words == f"{target}{reasons:04x}"
    assert (state(line), newest(line)) == (IDLE, (4, 0))
    assert operate(line, answer) == "01020400"


def test_a_selection_dies_after_two_seconds(line: CLine) -> None:
    """SPEC 5.2, 5.4."""
    answer = select(line)
    assert select(line, "0103", "00000000000000aa")[4:8] == "0020"
    line.run(1999)
    assert state(line) == SELECTED
    line.run(1)
    assert (state(line), line.read(0x030B)) == (IDLE, [8 << 8])
    assert operate(line, answer) == "01020400"


def test_deselect(line: CLine) -> None:
    """SPEC 5.8."""
    assert line.ask("110608610007") == "110608610007"
    low = select(line)[12:16]
    assert line.ask(f"11060861{int(low, 16) ^ 0x5555 or 1:04x}") == "118603"
    assert state(line) == SELECTED
    assert line.ask(f"11060861{low}") == f"11060861{low}"
    assert (state(line), newest(line)) == (IDLE, (9, 0))


def renew(line: CLine, token: str, counter: int, age: int) -> int:
    """Renew with a sequence `age` steps of 10 ms old; answer the refusal, 0 when accepted."""
    sequence = line.read(0x010B)[0] - age & 0xFFFF
    answer = line.ask(f"11100850000408{token}{counter:04x}{sequence:04x}")
    return 0 if answer == "111008500004" else line.read(0x0222)[0]


def test_what_a_renewal_needs(line: CLine) -> None:
    """SPEC 5.7: token, a newer counter, a sequence at most 500 ms old and not of the future, a motion."""
    token = select(line)[8:16]
    assert renew(line, token, 1, 0) == 1
    line.ask("110608610000")
    token = start(line, request_id="00000000000000aa")
    assert renew(line, token, 0, 0) == 3
    assert [renew(line, token, 1, age) for age in (51, 0xFFFF, 50)] == [4, 4, 0]
    assert [renew(line, token, counter, 0) for counter in (1, 0, 0x8001, 0x8000)] == [3, 3, 3, 0]
    assert renew(line, f"{int(token, 16) ^ 1:08x}", 0x8001, 0) == 2
    line.run(499)
    assert line.read(0x0223) == [1]
    assert renew(line, token, 0x8002, 0) == 0
    line.run(500)
    assert (state(line), newest(line)) == (STOPPED, (6, 4))
    assert renew(line, token, 0x8003, 0) == 5


def test_columns_start_one_after_the_other(line: CLine) -> None:
    token = start(line)
    carry(line, token, 1600, counter=0)
    assert line.truth()["starts"] == 1
    carry(line, token, 1000, counter=100)
    assert line.truth()["starts"] == 3  # columns 3, 4 and 5 make aisle 2


def test_a_motion_after_a_long_rest_is_no_jam(line: CLine) -> None:
    """SPEC 5.2: what counts is how long a drive has pushed, not when it last stood."""
    line.run(60_000)
    token = start(line)
    carry(line, token, 3000, counter=0)
    assert (state(line), line.read(0x0105)) == (MOVING, [0])


def test_a_lapsed_lease_ends_the_motion_and_is_not_revived(line: CLine) -> None:
    """SPEC 5.7."""
    token = start(line)
    carry(line, token, 3000, counter=0)
    line.run(300)
    assert state(line) == MOVING
    before_um = line.truth()["travelled_um"]
    line.run(1200)
    assert (state(line), newest(line)) == (STOPPED, (6, 4))
    # 200 mm/s for what was left of the lease, 62 mm to brake, per moving column (three)
    assert line.truth()["travelled_um"] - before_um < 3 * (200 * 205 + 63_000)
    sequence = line.read(0x010B)[0]
    assert line.ask(f"1110085000 0408{token}4000{sequence:04x}") == "119003"
    assert line.read(0x0222) == [5]
    travelled = line.truth()["travelled_um"]
    line.run(5000)
    assert line.truth()["travelled_um"] == travelled


def test_stop_ends_everything_and_clears_nothing(line: CLine) -> None:
    """SPEC 2.8, 5.8."""
    assert line.ask("110608601234") == "110608601234"
    assert (state(line), line.read(0x0224)) == (IDLE, [0x1234])
    select(line)
    assert line.hear(seal("0006086000ff")) == []
    assert (state(line), newest(line)) == (STOPPED, (5, 2))
    token = start(line, request_id="00000000000000aa")
    carry(line, token, 3000, counter=0)
    assert line.hear(seal("00100860000102 0001")) == []
    assert line.truth()["driving"] == 0
    line.run(1000)
    assert (state(line), newest(line)) == (STOPPED, (5, 2))
    assert line.hear(seal(f"00170810000a080000060c{ID}01020000")) == []
    select(line, request_id="00000000000000bb")
    assert line.hear(seal("000608610000")) == []  # of what is said to all, STOP alone counts
    assert state(line) == SELECTED


@pytest.mark.parametrize(
    ("held", "bit", "cause"),
    [("see 5", 1, 8), ("lock 5", 2, 9), ("estop", 3, 5), ("edge 5", 3, 6), ("beam 5", 3, 7), ("stop", 3, 3),
     ("panel", 8, 10), ("clutch", 8, 10), ("key", 8, 10), ("fire", 14, 15), ("fault 4", 6, 13)],
)  # fmt: skip
@pytest.mark.parametrize("stage", ["select", "operate", "warning", "moving"])
def test_every_interlock_holds_at_every_stage(line: CLine, held: str, bit: int, cause: int, stage: str) -> None:
    """SPEC 5.6; aisle 5 is the one that would narrow."""
    if stage == "select":
        line.do(f"{held} 1")
        line.run(10)
        assert int(select(line)[4:8], 16) >> bit & 1
    elif stage == "operate":
        answer = select(line)
        line.do(f"{held} 1")
        refused = int(operate(line, answer)[4:8], 16)
        if held in {"stop", "panel", "clutch", "key", "fault 4"}:  # these void the selection themselves
            assert refused == 1 << 10
        else:
            assert refused == 1 << bit | 1 << 11  # the interlock, and that something happened since
    else:
        token = start(line)
        carry(line, token, 800 if stage == "warning" else 3000, counter=0)
        line.do(f"{held} 1")
        line.run(10)
        assert line.truth()["driving"] == 0
        assert stage == "moving" or state(line) in {STOPPED, UNKNOWN, FAULT}
        carry(line, token, 1200, counter=500)
        assert line.truth()["standing"] == 1
        assert newest(line)[0] in (5, 7)
        assert newest(line)[1] == cause
    if stage != "moving":
        assert line.truth()["travelled_um"] == 0
    line.do(f"{held} 0")
    travelled = line.truth()["travelled_um"]
    line.run(3000)
    assert line.truth()["travelled_um"] == travelled  # what went away starts nothing


def test_an_aisle_that_keeps_its_width_holds_nothing(line: CLine) -> None:
    """SPEC 5.6."""
    for held in ("see 3 1", "lock 3 1"):
        line.do(held)
    line.run(10)
    assert select(line)[4:8] == "0000"


def test_an_edge_stays_latched_until_reset_at_the_bank(line: CLine) -> None:
    """SPEC 5.12, 9.2."""
    line.do("edge 3 1")
    line.run(10)
    line.do("edge 3 0")
    line.run(10)
    assert line.read(0x0104)[0] & 0b1010 == 0b1010
    assert act(line, "1400", 1) == "0008"
    assert select(line)[4:8] == "0008"
    line.do("reset 1")
    line.run(10)
    assert line.read(0x0104)[0] & 0b1010 == 0
    assert [kind for kind, _ in events(line)[-3:]] == [8, 9, 26]
    assert state(line) == IDLE


def test_a_handle_makes_positions_unknown_and_voids_the_selection(line: CLine) -> None:
    """SPEC 5.1."""
    answer = select(line)
    line.do("handle 3 40")
    assert operate(line, answer)[4:8] == "0400"
    assert (state(line), newest(line)) == (UNKNOWN, (7, 10))
    assert [kind for kind, _ in events(line)[-2:]] == [3, 23]
    assert line.read(0x0103) == [0xFFFF]


def test_a_jammed_column_is_a_fault(line: CLine) -> None:
    """SPEC 5.2, 5.12."""
    line.do("jam 5 1")
    token = start(line)
    carry(line, token, 3000, counter=0)
    assert (state(line), newest(line), line.read(0x0105)) == (FAULT, (7, 13), [2])
    assert int(select(line, request_id="00000000000000bb")[4:8], 16) & 1 << 6
    assert act(line, "1400", 1) == "0000"
    assert (state(line), line.read(0x0105)) == (STOPPED, [0])


def test_contacts_that_disagree_are_a_fault(line: CLine) -> None:
    """SPEC 5.2: SETTLING ends in IDLE only if contacts agree."""
    line.do("deafen 1")
    token = start(line)
    carry(line, token, 14_000, counter=0, until=lambda: state(line) == FAULT)
    assert (state(line), line.read(0x0105)) == (FAULT, [8])


def test_the_banks_own_button_moves_without_a_lease_and_stop_ends_it(line: CLine) -> None:
    """SPEC 5.11."""
    select(line)
    line.do("open 3")
    line.run(10)
    assert (state(line), newest(line)) == (WARNING, (9, 10))
    assert events(line)[-1] == (14, 0x0103)
    line.run(3000)
    assert state(line) == MOVING
    line.ask("110608600001")
    line.run(1000)
    assert state(line) == STOPPED


def test_acts(line: CLine) -> None:
    """SPEC 5.12, 5.13: none of them moves steel."""
    assert act(line, "1005", 1) == "0000"
    assert (line.read(0x021E), select(line)[4:8]) == ([1 << 4], "0004")
    assert act(line, "1005", 1) == "1000"  # id used
    line.do("lock 4 1")
    line.run(10)
    assert act(line, "1104", 2) == "0008"  # set from inside
    assert act(line, "1105", 3) == "0000"
    assert line.read(0x021D, 2) == [1 << 3, 0]
    assert act(line, "1200", 4) == "0000"
    assert act(line, "1302", 5) == "0000"
    assert line.read(0x0221) == [0b11101]
    assert act(line, "1006", 6) == "8000"
    assert act(line, "0102", 7) == "0200"  # steel goes by SELECT
    assert line.ask("1110087000 0204 000220c5") == "111008700002"
    assert line.read(0x021F, 2) == [2, 0x20C5]
    assert line.ask("1110087000 0204 001120c5") == "119003"
    assert line.truth()["starts"] == 0


def test_what_is_not_there_is_refused(line: CLine) -> None:
    """SPEC 5.6, 5.12."""
    for number, (target, place, bit) in enumerate(
        [("0106", "0000", 15), ("0103", "3000", None), ("0105", "1041", 15), ("0103", "1141", 15), ("0103", "1047", 15),
         ("0203", "0000", 15), ("0401", "0000", 15), ("0503", "0000", 15), ("1500", "0000", 9), ("0000", "0000", 9)], 1
    ):  # fmt: skip
        request = f"11170810000a080000060c000000000000{number:04x}{target}{place}"
        if bit is None:
            assert line.ask(request) == "119703"
        else:
            assert int(line.ask(request)[10:14], 16) == 1 << bit, (target, place)
    assert state(line) == IDLE


def test_opening_what_is_open_is_done_at_once(line: CLine) -> None:
    """SPEC 5.2."""
    start(line, "0105")
    assert (state(line), newest(line), line.truth()["starts"]) == (IDLE, (3, 1), 0)
    start(line, "0200", "00000000000000cc")
    assert newest(line) == (3, 1)


def test_ventilating_narrows_the_open_aisle_and_close_all_gathers_it_again(line: CLine) -> None:
    """SPEC 5.12."""
    line.do("see 5 1")
    line.run(10)
    assert select(line, "0300", "0000000000000001")[4:8] == "0002"
    line.do("see 5 0")
    line.run(10)
    token = start(line, "0300", "0000000000000002")
    carry(line, token, 14_000, counter=0, until=lambda: state(line) == IDLE)
    widths = line.read(0x0228, 5)
    assert all(155 <= width <= 165 for width in widths), widths
    assert line.read(0x0101) == [0]
    token = start(line, "0200", "0000000000000003")
    carry(line, token, 14_000, counter=0, until=lambda: state(line) == IDLE)
    assert line.read(0x0101) == [1 << 4]


def test_sequence_and_ages_run_on_across_the_wrap_of_the_clock() -> None:
    """SPEC 5.3."""
    line = CLine(start_ms=2**32 - 2000)
    first = line.read(0x010B)[0]
    line.run(4000)
    assert line.read(0x010B)[0] - first == 400
    assert line.read(0x0404, 4) == [1, 1, 0, 400]
    line.run(700_000)
    assert line.read(0x0407) == [0xFFFF]
    assert line.read(0x010B)[0] == (first + 70_400) % 65_536
    line.close()


def test_the_log_keeps_sixteen_newest_first(line: CLine) -> None:
    """SPEC 5.9."""
    for number in range(1, 21):
        act(line, "1200", number)
    words = line.read(0x0300, 96)
    assert [words[at + 3] for at in range(0, 96, 6)] == list(range(20, 4, -1))
    assert words[4:6] == [0x1200, 0x0300]


def test_it_falls_asleep_and_wakes_by_a_button() -> None:
    """SPEC 5.2."""
    line = CLine()
    line.wake()
    line.do("sleep 5000")
    line.run(5000)
    assert (state(line), events(line)[-1]) == (ASLEEP, (21, 0))
    assert select(line)[4:8] == "0001"
    line.do("button 2 1")
    line.run(10)
    assert (state(line), events(line)[-1]) == (WAKING, (2, 0x0201))
    line.run(1990)
    assert (state(line), line.truth()["starts"]) == (WAKING, 0)
    line.run(10)
    assert state(line) == IDLE
    line.close()


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("1103010f0002", "118302"), ("110308000001", "118302"), ("110301000000", "118303"), ("11030100007e", "118303"),
        ("110601000001", "118602"), ("110608500001", "118603"), ("110608700001", "118603"), ("11060862ffff", "118602"),
        ("1110085000030600000000 0000", "119003"), ("1110085200010200 00", "119003"), ("111000000001020001", "119002"),
        (f"111708100100080000060c{ID}01020000", "119703"), (f"111708190002080000060c{ID}01020000", "119702"),
        ("112b0d0100", "11ab01"), ("112b0e0500", "11ab03"), ("112b0e0405", "11ab02"),
    ],
)  # fmt: skip
def test_exceptions(line: CLine, asked: str, answer: str) -> None:
    """SPEC 2.6, 3.1: and nothing was carried out."""
    assert line.ask(asked) == answer
    assert (state(line), newest(line)) == (IDLE, (3, 0))


def test_identification_by_texts(line: CLine) -> None:
    """SPEC 3.5."""
    answer = bytes.fromhex(line.ask("112b0e0300"))
    at, texts = 8, {}
    for _ in range(answer[7]):
        texts[answer[at]] = answer[at + 2 : at + 2 + answer[at + 1]].decode("ascii")
        at += 2 + answer[at + 1]
    assert at == len(answer)
    numbers = line.read(0x0000, 7)
    assert texts[0] == "OpenAisle"
    assert texts[0x81] == "1.1"
    assert [texts[0x82], texts[0x83], texts[0x84]] == [f"{numbers[n]:04X}{numbers[n + 1]:04X}" for n in (1, 3, 5)]
    assert line.ask("112b0e0480")[16:20] == "8009"


def test_the_service_port_only_reads(line: CLine) -> None:
    """SPEC 8.1."""
    assert line.ask("110300070001", word="look") == "1103020005"
    assert line.ask("110608600001", word="look") == "118601"
    assert line.ask(f"11170810000a080000060c{ID}01020000", word="look") == "119701"
    assert line.hear(seal("000608600001"), word="look") == []


def test_frames_in_pieces_noise_and_neighbours(line: CLine) -> None:
    """SPEC 2.5."""
    request = seal("110301000001")
    assert line.hear(request[:3], silence=False) == []
    assert line.hear(request[3:], silence=False) == [seal("1103020003")]
    assert line.hear(bytes.fromhex("fffe11") + request, silence=True) == [seal("1103020003")]
    assert line.hear(seal("120608600001") + seal("1203020003") + request) == [seal("1103020003")]
    assert line.hear(seal("1103020003")) == []
    endless = bytes.fromhex("11100000007ffe")  # longer than any frame: not waited for
    assert line.hear(endless + request, silence=False) == [seal("1103020003")]
    assert line.hear(request[:5]) == []  # cut by silence: forgotten
    assert line.hear(request[5:]) == []
