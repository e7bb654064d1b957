"""Python and C controller under random gateways: wrong tokens, stale leases, late OPERATE, ids sent again, against one oracle.

Both are spoken to by frames made by hand; what they answer, log and move must be what the SPEC's chapter 5 says.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conformance.protocol.both_banks import AISLE_MM, AISLES, Bank, CBank, PythonBank
from tests.conformance.protocol.c_bank import UNIT, seal
from tests.conformance.protocol.shelf_oracle import (
    CLEAR_FAULT,
    CLOSE_ALL,
    HOME,
    LIGHT_OFF,
    LIGHT_ON,
    LOCK,
    LOCK_ACT,
    OCCUPANCY,
    OPEN,
    PARK,
    SLEEP,
    UNLOCK_ACT,
    VENTILATE,
    WAKE,
    Asked,
    Oracle,
)

UNKNOWN, ASLEEP, WAKING, IDLE, SELECTED, WARNING, MOVING, SETTLING, STOPPED = range(9)
RESTING = (IDLE, STOPPED)
OPENINGS = [OPEN | aisle for aisle in range(1, AISLES + 1)]
OPERATIONS = [*OPENINGS, *OPENINGS, CLOSE_ALL, VENTILATE, VENTILATE, PARK, HOME]
NO_TARGETS = [OPEN | AISLES + 1, OPEN, CLOSE_ALL | 1, PARK | 2, HOME | 1, LOCK_ACT | 1, WAKE, SLEEP, 0]
IDLE_MS = 3_600_000  # nobody waits for a bank to fall asleep by itself


class Gateways(RuleBasedStateMachine):
    """Whoever speaks on the bus, well or badly, and people at the bank."""

    @abstractmethod
    def make_bank(self) -> Bank:
        """Return a bank at rest."""

    @initialize()
    def begin(self) -> None:
        self.bank = self.make_bank()
        self.bank.let_sleep(IDLE_MS)
        self.oracle = Oracle(AISLES, AISLE_MM)
        self.next_id = 0x1000
        self.ids: list[int] = []
        self.last: Asked | None = None
        self.counter = 0
        self.moved_um, self.may_move = 0, False

    def teardown(self) -> None:
        self.bank.close()

    # ---- reading --------------------------------------------------------------------------------

    def read(self, address: int, count: int = 1) -> list[int]:
        answer = bytes.fromhex(self.bank.ask(f"{UNIT:02x}03{address:04x}{count:04x}"))
        return [int.from_bytes(answer[at : at + 2], "big") for at in range(3, len(answer), 2)]

    def widths(self) -> list[int]:
        return self.read(0x0228, AISLES)

    def is_warning(self) -> bool:
        return self.read(0x0100)[0] == WARNING

    def catch_up(self) -> int:
        """Steel takes its time; the oracle is told when it has arrived or stands."""
        state = self.read(0x0100)[0]
        if self.oracle.phase == "active" and state in {IDLE, ASLEEP}:
            self.oracle.note_arrival(self.widths())
        elif self.oracle.phase == "active" and self.held_aisles() and state in {MOVING, STOPPED, UNKNOWN}:
            self.note_stop_at_a_passing_gap()
        if self.oracle.phase == "ending" and state in {*RESTING, UNKNOWN}:
            self.oracle.note_standstill()
        return state

    def held_aisles(self) -> set[int]:
        """Aisles with somebody in them, or locked, but for the one being opened."""
        held = self.oracle.sensors
        goal = (self.oracle.asked.target & 0xFF or AISLES) if self.oracle.asked else 0
        ventilates = self.oracle.asked is not None and self.oracle.asked.target == VENTILATE
        return (held.seen | held.locks | held.wire_locks) - (set() if ventilates else {goal})

    def note_stop_at_a_passing_gap(self) -> None:
        """Staggered columns open gaps between them and close them again: a controller may stop for who stands there."""
        assert self.oracle.asked is not None
        log = self.read_log()
        outcome, cause = log.get(self.oracle.asked.request_id, (0, 0))
        if outcome == 5 and cause in {OCCUPANCY, LOCK}:
            self.oracle.stop(warning=False, cause=cause)

    def let_pass(self, ms: int) -> None:
        """Let time pass for both; in short steps where steel may stop by itself."""
        while ms > 0:
            step_ms = min(ms, 50) if self.oracle.phase == "active" and self.held_aisles() else ms
            self.bank.run(step_ms)
            self.catch_up()
            self.oracle.pass_time(step_ms)
            ms -= step_ms

    def read_log(self) -> dict[int, tuple[int, int]]:
        """Outcome and cause by request id."""
        words = self.read(0x0300, 96)
        entries = [words[at : at + 6] for at in range(0, 96, 6)]
        return {a << 48 | b << 32 | c << 16 | d: (end >> 8, end & 0xFF) for a, b, c, d, _, end in entries}

    # ---- what a gateway says --------------------------------------------------------------------

    @rule(wanted=st.sampled_from([*OPERATIONS, *NO_TARGETS]), back=st.sampled_from([0, 0, 0, 0, 1, 2, 5]))
    def select(self, wanted: int, back: int) -> None:
        """By a fresh id, or by one used `back` requests ago."""
        request_id = self.choose_id(back)
        expected = self.oracle.select(request_id, wanted, self.widths())
        head = self.read(0x010C)[0]
        words = self.ask_words(f"170810000a080000060c{request_id:016x}{wanted:04x}0000")
        reasons, token = words[1], words[2] << 16 | words[3]
        assert words[0] == wanted
        assert expected.allows(reasons), (hex(reasons), expected)
        assert (token != 0) == (reasons == 0)
        assert words[9] == head == self.read(0x010C)[0]
        self.ids.append(request_id)
        self.oracle.note_select(request_id, wanted, (reasons, token, head))
        if not reasons:
            self.last, self.counter = self.oracle.asked, 0

    def choose_id(self, back: int) -> int:
        request_id = self.ids[-min(back, len(self.ids))] if self.ids and back else self.next_id
        self.next_id += request_id == self.next_id
        return request_id

    @rule(
        wanted=st.sampled_from(
            [LOCK_ACT, LOCK_ACT | 1, LOCK_ACT | 3, UNLOCK_ACT, UNLOCK_ACT, UNLOCK_ACT | 1, UNLOCK_ACT | 3, LIGHT_ON, LIGHT_ON | 2,
             LIGHT_OFF, LIGHT_OFF | 4, CLEAR_FAULT, WAKE, WAKE, WAKE | 1, SLEEP, SLEEP, SLEEP, SLEEP | 1, LOCK_ACT | AISLES + 1, OPEN | 1,
             HOME, 0]
        ),
        back=st.sampled_from([0, 0, 0, 1, 3]),
    )  # fmt: skip
    def act(self, wanted: int, back: int) -> None:
        """What moves nothing, in every state; a lock may end a warning or a motion, only a bank at rest falls asleep."""
        state, widths = self.read(0x0100)[0], self.widths()
        if state in {MOVING, SETTLING} and wanted & 0xFF00 == LOCK_ACT:
            return  # whether a column narrows that aisle still is the steel's own affair
        head, request_id = self.read(0x010C)[0], self.choose_id(back)
        was_awake = self.oracle.phase == "rest"
        expected = self.oracle.act(request_id, wanted)
        words = self.ask_words(f"1708480002084000050a{request_id:016x}{wanted:04x}")
        assert words == [wanted, expected], (hex(wanted), words, expected)
        fell_asleep = was_awake and self.oracle.phase == "asleep"
        told = self.read(0x010C)[0] - head & 0xFFFF
        assert told == fell_asleep or state == WARNING, "an act adds no event of its own, sleep is one"
        self.ids.append(request_id)
        self.bank.run(0)
        self.oracle.watch(widths, warning=state == WARNING)

    @precondition(lambda self: self.oracle.phase in {"rest", "selected", "asleep", "waking"})
    @rule(column=st.integers(2, AISLES), mm=st.sampled_from([0, 5, -30]))
    def turn_handle(self, column: int, mm: int) -> None:
        """By hand: nobody knows where columns stand, until somebody homes the bank."""
        head = self.read(0x010C)[0]
        self.bank.turn_handle(column, mm)
        self.oracle.turn_handle()
        assert self.read(0x010C)[0] != head

    def ask_words(self, request: str) -> list[int]:
        answer = bytes.fromhex(self.bank.ask(f"{UNIT:02x}{request}"))
        assert answer[1] == 0x17, answer.hex()
        return [int.from_bytes(answer[at : at + 2], "big") for at in range(3, len(answer), 2)]

    @rule(
        wanted=st.sampled_from(OPERATIONS),
        turns=st.sampled_from([0, 0, 2, 8, 12]),
        spoil=st.sampled_from(["", "", "", "token", "id", "target", "head"]),
        late_ms=st.sampled_from([0, 0, 0, 1990, 2000]),
    )
    def start(self, wanted: int, turns: int, spoil: str, late_ms: int) -> None:
        """A good gateway, once everybody has stepped aside and the bank is awake, and for a while."""
        if self.oracle.phase not in {"rest", "asleep", "waking"}:
            return
        if self.oracle.phase != "rest":
            self.act(WAKE, 0)
            self.let_pass(2000)
        held = self.oracle.sensors
        for what, aisles in (("see", sorted(held.seen)), ("lock", sorted(held.locks))):
            for other in aisles:
                self.touch(what, other, settle=False)
        for what in ("estop", "fire"):
            if getattr(held, what):
                self.touch(what, 1, settle=False)
        if held.wire_locks:
            self.act(UNLOCK_ACT, 0)
        self.select(HOME if self.oracle.unknown else wanted, 0)
        self.wait(late_ms)
        self.operate(spoil)
        self.keep(turns)

    @rule(wanted=st.sampled_from(OPENINGS), stage=st.sampled_from(["rest", "selected", "under way", "waking"]))
    def send_to_sleep(self, wanted: int, stage: str) -> None:
        """A bank at rest, and the near misses: with a selection, on its way, while it wakes; asleep nothing is selected."""
        if stage == "selected":
            self.select(wanted, 0)
        elif stage == "under way":
            self.start(wanted, 0, "", 0)
        elif stage == "waking":
            self.act(SLEEP, 0)
            self.act(WAKE, 0)
        self.act(SLEEP, 0)
        self.select(wanted, 0)

    @precondition(lambda self: self.last is not None)
    @rule(spoil=st.sampled_from(["", "", "token", "id", "target", "head"]))
    def operate(self, spoil: str) -> None:
        assert self.last is not None
        asked = {
            "token": lambda a: replace(a, token=a.token ^ 0x00010000),
            "id": lambda a: replace(a, request_id=a.request_id ^ 1),
            "target": lambda a: replace(a, target=CLOSE_ALL if a.target != CLOSE_ALL else OPEN | 2),
            "head": lambda a: replace(a, ring_head=a.ring_head - 1 & 0xFFFF),
        }.get(spoil, replace)(self.last)
        widths = self.widths()
        expected = self.oracle.operate(asked, self.read(0x010C)[0], widths)
        words = self.ask_words(
            f"1708300002082000 0810{asked.request_id:016x}{asked.token:08x}{asked.target:04x}{asked.ring_head:04x}"
        )
        assert expected.allows(words[1]), (hex(words[1]), expected)
        if self.oracle.phase == "selected":
            assert not (spoil and words[1] == 0)
        self.oracle.note_operate(words[1], in_place=self.is_in_place(self.last.target, widths))
        self.may_move |= self.oracle.phase == "active"

    def is_in_place(self, target: int, widths: list[int]) -> bool:
        """Nothing to do: done at once. A millimetre may be a way to go or none, the bank's own state tells."""
        if self.oracle.unknown:
            return False
        farthest = max(abs(now - then) for now, then in zip(widths, self.oracle.widths_after(target), strict=True))
        return farthest == 0 or (farthest <= 2 and not self.is_warning())

    @precondition(lambda self: self.last is not None)
    @rule(spoil=st.sampled_from(["", "token", "same", "older", "stale", "future"]), stale_ms=st.integers(510, 3000))
    def renew(self, spoil: str, stale_ms: int) -> None:
        assert self.last is not None
        token = self.last.token ^ (1 if spoil == "token" else 0)
        counter = self.counter + {"same": 0, "older": -1}.get(spoil, 1) & 0xFFFF
        age_ms = {"stale": stale_ms, "future": -20}.get(spoil, 0)
        sequence = self.read(0x010B)[0] - age_ms // 10 & 0xFFFF
        refusal = self.oracle.renew(token, counter, age_ms // 10 * 10)
        answer = self.bank.ask(f"{UNIT:02x}1008500004 08{token:08x}{counter:04x}{sequence:04x}")
        told = self.read(0x0222) if answer == f"{UNIT:02x}9003" else [0]
        assert told == [refusal], (told, refusal, self.oracle.asked, self.read(0x0100, 16))
        if not refusal:
            self.counter = counter

    @rule(value=st.integers(0, 0xFFFF), broadcast=st.booleans())
    def stop(self, value: int, broadcast: bool) -> None:
        warning = self.is_warning()
        if broadcast:
            assert self.bank.hear(seal(f"00060860{value:04x}")) == []
        else:
            assert self.bank.ask(f"{UNIT:02x}060860{value:04x}") == f"{UNIT:02x}060860{value:04x}"
        self.oracle.stop(warning=warning)

    @rule(value=st.sampled_from(["none", "right", "wrong"]))
    def deselect(self, value: str) -> None:
        low = self.last.token & 0xFFFF if self.last else 7
        number = {"none": 0, "right": low, "wrong": low ^ 0x5555 or 1}[value]
        answered = self.bank.ask(f"{UNIT:02x}060861{number:04x}")
        assert answered == (f"{UNIT:02x}060861{number:04x}" if self.oracle.deselect(number) else f"{UNIT:02x}8603")

    # ---- what happens meanwhile -----------------------------------------------------------------

    @rule(ms=st.sampled_from([10, 300, 490, 500, 1990, 2000, 4000]))
    def wait(self, ms: int) -> None:
        self.let_pass(ms)

    @precondition(lambda self: self.oracle.phase == "active")
    @rule(turns=st.sampled_from([4, 12, 50]))
    def keep(self, turns: int) -> None:
        """A good gateway for a while: a renewal every 200 ms."""
        for _ in range(turns):
            if self.oracle.phase != "active":
                return
            self.renew("", 510)
            self.let_pass(200)
            self.catch_up()

    @rule(what=st.sampled_from(["see", "lock", "estop", "fire"]), aisle=st.integers(1, AISLES), settle=st.booleans())
    def touch(self, what: str, aisle: int, settle: bool) -> None:
        """Somebody is seen, locks an aisle, presses or releases: what is held is let go, and the other way round."""
        state, held = self.read(0x0100)[0], self.oracle.sensors
        if state == SETTLING or (state == MOVING and settle):
            return
        on = not {"see": aisle in held.seen, "lock": aisle in held.locks, "estop": held.estop, "fire": held.fire}[what]
        head = self.read(0x010C)[0]
        widths = self.widths()
        self.bank.hold(what, aisle, on=on)
        if what in {"see", "lock"}:
            aisles = held.seen if what == "see" else held.locks
            (aisles.add if on else aisles.discard)(aisle)
        else:
            setattr(held, what, on)
        assert self.read(0x010C)[0] != head
        self.oracle.watch(widths, warning=state == WARNING)

    @rule()
    def press_button(self) -> None:
        """A confirming button: two entries, and a selection made before can't be operated any more; it wakes the bank."""
        head = self.read(0x010C)[0]
        self.bank.press_button()
        self.oracle.wake()
        assert self.read(0x010C)[0] == head + 2 & 0xFFFF

    # ---- what must always hold ------------------------------------------------------------------

    @invariant()
    def the_bank_is_as_the_spec_says(self) -> None:
        state = self.catch_up()
        allowed = {
            "asleep": (ASLEEP,),
            "waking": (WAKING,),
            "rest": (UNKNOWN,) if self.oracle.unknown else RESTING,
            "selected": (SELECTED,),
            "active": (WARNING, MOVING, SETTLING),
            "ending": (MOVING, SETTLING),
        }[self.oracle.phase]
        assert state in allowed, (state, self.oracle.phase)

    @invariant()
    def locks_and_lights_are_as_asked(self) -> None:
        masks = self.read(0x021D, 5)
        held = self.oracle.sensors
        assert masks[0] == sum(1 << no - 1 for no in held.locks)
        assert masks[1] == sum(1 << no - 1 for no in held.wire_locks)
        if self.oracle.phase in {"rest", "asleep", "waking"}:
            assert masks[4] == sum(1 << no - 1 for no in self.oracle.lights), (bin(masks[4]), self.oracle.lights)

    @invariant()
    def the_log_says_what_became_of_every_request(self) -> None:
        logged = self.read_log()
        for request_id, ended in list(self.oracle.log.items())[-12:]:
            assert logged[request_id] == ended, hex(request_id)

    @invariant()
    def steel_moves_only_under_an_accepted_operate(self) -> None:
        moved_um = self.bank.travelled_um()
        assert moved_um == self.moved_um or self.may_move
        self.moved_um, self.may_move = moved_um, self.oracle.phase in {"active", "ending"}


class CGateways(Gateways):
    """At the C controller."""

    def make_bank(self) -> Bank:
        return CBank()


class PythonGateways(Gateways):
    """At the simulators' controller."""

    def make_bank(self) -> Bank:
        return PythonBank()


TestCController = CGateways.TestCase
TestPythonController = PythonGateways.TestCase
TestCController.settings = settings(max_examples=60, stateful_step_count=30)
TestPythonController.settings = settings(max_examples=80, stateful_step_count=30)
