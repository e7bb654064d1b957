"""Arbitrary events in arbitrary order: whatever happens, the law of motion holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.core.codes import format_code
from edge.core.effects import Effect, PermitLease, SendAct, SendOperate, SendSelect
from edge.core.events import (
    ActAnswered,
    ClockChanged,
    CodeRead,
    CommandArrived,
    ControllerChanged,
    DetailArrived,
    GatewayStarted,
    LinkChanged,
    Lookup,
    OperateAnswered,
    OperationAsked,
    OutcomeRead,
    OverloadChanged,
    PromptConfirmed,
    RequestMoved,
    RequestWithdrawn,
    RingEventsRead,
    SelectAnswered,
    SnapshotArrived,
    StopPressed,
    StopReadBack,
    StoreChanged,
    WireFailed,
)
from edge.core.operations import RELEASING
from edge.core.room import RoomSettings, ScanAlone, Sensor
from edge.core.rows import BoxRow
from edge.core.snapshot import MOVING, RingEntry, SelectAnswer, ShelfDetail
from edge.core.state import put_bank
from edge.core.view import kiosk_view
from edge.store.encoding import decode, encode
from tests.unit.edge_core.scene import (
    BADGE,
    BOX,
    BOX_ROW,
    CARD,
    EMPTY_ROW,
    END,
    OTHER_BOX,
    OTHER_PLACE,
    PLACE,
    START,
    Scene,
    make_bank,
    make_contacts,
    make_settings,
    make_snapshot,
)

STATES = st.sampled_from(
    ["asleep", "waking", "idle", "selected", "warning", "moving", "settling", "stopped", "fault", "unknown"]
)
AISLES = st.integers(1, 11)
TEXTS = st.sampled_from([BOX, OTHER_BOX, PLACE, OTHER_PLACE, BADGE, CARD, END, "junk", format_code("BX", "02", 1)])
MAY_SELECT = (PromptConfirmed, RingEventsRead)
OPERATIONS = st.sampled_from(
    [
        "open_aisle", "close_all", "ventilate", "park", "home", "lock", "unlock", "light_on", "light_off", "clear_fault",
        "deselect", "wake", "sleep",
    ]
)  # fmt: skip
RING_KINDS = st.sampled_from(
    [
        "button_pressed", "button_released", "beam", "door", "power", "power_failed", "panel_motion", "other", "sweep",
        "smoke", "smoke_over", "water", "fire", "overload", "lock_set", "occupancy",
    ]
)  # fmt: skip
DUE = START + timedelta(days=30)


class Law(RuleBasedStateMachine):
    """One room; its law is checked on every step."""

    settings: RoomSettings = make_settings()

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(self.settings)
        self.scene.boxes[OTHER_BOX] = BoxRow(OTHER_BOX, "李四", "shelved", place=EMPTY_ROW)
        self.selected: set[int] = set()
        self.operated: set[int] = set()
        self.prompts: set[str] = set()
        self.scene.go_online()
        self.scene.sign_on()

    def take(self, event: Any) -> None:
        before = self.scene.bank()
        effects = self.scene.send(event)
        self.check(event, before, effects)

    def check(self, event: Any, before: Any, effects: list[Effect]) -> None:
        now = self.scene.mono_ms
        for effect in effects:
            if isinstance(effect, SendSelect):
                self.check_select(effect, event, before)
            if isinstance(effect, SendAct):
                assert effect.operation not in MOVING
                if effect.operation == "unlock":
                    assert before.prompt is not None, "a lock is released after a look"
                    assert isinstance(event, MAY_SELECT) or event.text == CARD
                assert not (effect.operation in RELEASING and getattr(event, "afar", False))
            if isinstance(effect, SendOperate):
                assert isinstance(event, SelectAnswered)
                assert effect.request_id in self.selected
                assert effect.request_id not in self.operated, "one OPERATE per request"
                self.operated.add(effect.request_id)
                assert now - event.read_mono_ms <= 300
                assert effect.ring_head == before.request.ring_head
            if isinstance(effect, PermitLease):
                assert isinstance(event, SnapshotArrived)
                assert now < effect.until_mono_ms <= event.read_mono_ms + 250
                assert before.request.token == effect.token != 0
                assert before.stop is None
                assert before.request.request_id in self.operated

    def check_select(self, effect: SendSelect, event: Any, before: Any) -> None:
        """A press answered a prompt; or, where the owner's entry stands, a trigger was pulled and nothing spoke against."""
        request = self.scene.bank().request
        assert request is not None
        assert effect.operation in MOVING
        assert effect.request_id not in self.selected, "one SELECT per request"
        self.selected.add(effect.request_id)
        assert not set(before.snapshot.occupied) & set(request.closing)
        assert not set(before.locks) & set(request.closing)
        assert not before.hazards
        assert before.stop is None
        assert self.scene.state.store == "ok"
        triggered = isinstance(event, CodeRead) and event.source_kind == "trigger"
        if self.settings.banks[0].scan_alone is not None and triggered and getattr(event, "text", "") != CARD:
            assert not set(before.presumed) & set(request.closing)
            assert not before.doubted
            assert not before.faulty
            assert self.scene.now.wall_at < DUE
            return
        assert isinstance(event, MAY_SELECT) or (triggered and event.text == CARD)
        assert not getattr(event, "afar", False)
        assert before.prompt is not None
        assert before.prompt.wish.id not in self.prompts, "one SELECT per prompt"
        self.prompts.add(before.prompt.wish.id)
        assert self.scene.mono_ms <= before.prompt.wish.expires_mono_ms

    @rule(ms=st.sampled_from([1, 10, 60, 249, 251, 300, 1_000, 2_000, 15_000, 31_000]))
    def time_passes(self, ms: int) -> None:
        before = self.scene.bank()
        effects = self.scene.wait(ms)
        self.check(self.scene.events[-1][0], before, effects)

    @rule(text=TEXTS, kind=st.sampled_from(["trigger", "serial", "camera", "typed"]))
    def code_is_read(self, text: str, kind: Any) -> None:
        before = self.scene.bank()
        effects = self.scene.scan(text, kind=kind)
        self.check(self.scene.events[-1][0], before, effects)

    @rule(state=STATES, aisle=AISLES, ours=st.booleans(), age=st.sampled_from([0, 40, 251]), data=st.data())
    def reading_comes(self, state: Any, aisle: int, age: int, data: Any, *, ours: bool) -> None:
        request = self.scene.bank().request
        low = request.request_id & 0xFFFF if ours and request is not None else 0
        snapshot = make_snapshot(
            (aisle,),
            state=state,
            contacts=make_contacts(11, (aisle,)),
            last_request_low=low,
            outcome=data.draw(st.sampled_from(["none", "running", "done", "refused", "failed", "unknown"])),
            occupied=data.draw(st.sampled_from([(), (3,), (6,)])),
            ring_head=data.draw(st.sampled_from([5, 5, 5, 6])),
            boot_id=data.draw(st.sampled_from([0xBEEF] * 9 + [0x1111])),
            target_aisle=data.draw(st.sampled_from([None, 6, 6, 7])),
        )
        self.take(SnapshotArrived("A", snapshot, self.scene.mono_ms - age))

    @rule()
    def quiet_reading_comes(self) -> None:
        self.take(SnapshotArrived("A", make_snapshot(), self.scene.mono_ms))

    @precondition(lambda self: self.scene.bank().prompt is not None)
    @rule(again=st.booleans(), afar=st.sampled_from([False, False, True]))
    def prompt_is_pressed(self, *, again: bool, afar: bool) -> None:
        prompt = self.scene.bank().prompt
        assert prompt is not None
        for _ in range(2 if again else 1):
            event = PromptConfirmed("kiosk-A", prompt.wish.id, afar, self.scene.fresh(), self.scene.readings())
            self.take(event)

    @precondition(lambda self: self.scene.bank().request is not None)
    @rule(head=st.sampled_from([5, 5, 5, 6]), age=st.sampled_from([0, 30, 301]), occupied=st.sampled_from([(), (3,)]))
    def select_is_answered(self, head: int, age: int, occupied: tuple[int, ...]) -> None:
        request = self.scene.bank().request
        assert request is not None
        target = request.wish.target
        answer = SelectAnswer(target.operation, target.aisle, (), 77, 1, head, occupied, make_contacts(11, (3,)))
        self.take(SelectAnswered("A", request.request_id, answer, self.scene.mono_ms - age))

    @precondition(lambda self: self.scene.bank().request is not None)
    @rule(reasons=st.sampled_from([(), (), ("ring_moved",)]))
    def operate_is_answered(self, reasons: tuple[str, ...]) -> None:
        request = self.scene.bank().request
        assert request is not None
        self.take(OperateAnswered("A", request.request_id, reasons, self.scene.mono_ms))

    @precondition(lambda self: self.scene.bank().request is not None)
    @rule(outcome=st.sampled_from([None, "none", "running", "done", "failed", "unknown"]))
    def outcome_is_read(self, outcome: Any) -> None:
        request = self.scene.bank().request
        assert request is not None
        self.take(OutcomeRead("A", request.request_id, outcome, self.scene.mono_ms))

    @precondition(lambda self: self.scene.bank().request is not None)
    @rule(stage=st.sampled_from(["select", "operate", "outcome"]), reason=st.sampled_from(["time_out", "late"]))
    def wire_fails(self, stage: Any, reason: str) -> None:
        request = self.scene.bank().request
        assert request is not None
        self.take(WireFailed("A", request.request_id, stage, reason))

    @rule(kind=RING_KINDS, age_ms=st.sampled_from([0, 200, 15_001]))
    def ring_is_read(self, kind: Any, age_ms: int) -> None:
        entry = RingEntry(6, kind, 1, age_ms)
        self.take(RingEventsRead("A", (entry,), 6, self.scene.mono_ms, fresh=self.scene.fresh()))

    @rule(aisle=AISLES)
    def centre_proposes(self, aisle: int) -> None:
        payload = {"bank": "A", "aisle": aisle}
        fresh = self.scene.fresh()
        self.take(
            CommandArrived(
                fresh.ids[0], "propose_aisle", payload, self.scene.now.wall_at, 5_000, lookup=Lookup(1, BOX_ROW),
                fresh=fresh, readings=self.scene.readings(),
            )
        )  # fmt: skip

    @rule(
        event=st.sampled_from(
            [
                StopPressed("kiosk-A"),
                StopReadBack("A", standstill=True),
                StopReadBack("A", standstill=False),
                ControllerChanged("A", "silent"),
                ControllerChanged("A", "online", 0xBEEF),
                ControllerChanged("A", "online", 0xBEEF),
                ControllerChanged("A", "rebooted", 0xBEEF),
                StoreChanged("full"),
                StoreChanged("ok"),
                StoreChanged("ok"),
                OverloadChanged(active=True),
                OverloadChanged(active=False),
                ClockChanged(steady=False, step_ms=9_000),
                ClockChanged(steady=True),
                LinkChanged("online"),
                ControllerChanged("A", "online", 0xBEEF, capabilities=("close_all", "lock", "home")),
            ]
        )
    )
    def something_else_happens(self, event: Any) -> None:
        self.take(event)

    @rule(operation=OPERATIONS, aisle=st.sampled_from([None, None, 3, 6, 99]), afar=st.booleans())
    def operation_is_asked(self, operation: Any, aisle: int | None, *, afar: bool) -> None:
        fresh, readings = self.scene.fresh(), self.scene.readings()
        self.take(OperationAsked("kiosk-A", "A", operation, aisle, afar, fresh, readings))

    @precondition(lambda self: self.scene.bank().act is not None)
    @rule(reasons=st.sampled_from([(), ("local",)]))
    def act_is_answered(self, reasons: tuple[str, ...]) -> None:
        act = self.scene.bank().act
        assert act is not None
        self.take(ActAnswered("A", act.request_id, reasons, self.scene.mono_ms))

    @precondition(lambda self: self.scene.bank().queue)
    @rule(place=st.integers(0, 8), away=st.booleans())
    def queue_is_changed(self, place: int, *, away: bool) -> None:
        queue_id = self.scene.bank().queue[-1].id
        self.take(RequestWithdrawn("kiosk-A", queue_id) if away else RequestMoved("kiosk-A", queue_id, place))

    @rule(temperature=st.sampled_from([None, 100, 200, 300]), locked=st.sampled_from([(), (3,)]))
    def detail_comes(self, temperature: int | None, locked: tuple[int, ...]) -> None:
        detail = ShelfDetail(temperature_dc=temperature, gateway_locked=locked, quality=("measured",) * 11)
        self.take(DetailArrived("A", detail, self.scene.mono_ms))

    @rule(aisle=st.sampled_from([(3,), (6,)]), pressed=st.booleans())
    def calm_returns_and_somebody_scans(self, aisle: tuple[int, ...], *, pressed: bool) -> None:
        """Everything is well again, so that the deeper part of the way is reached often."""
        calm = make_snapshot(aisle, contacts=make_contacts(11, aisle))
        for event in (
            StoreChanged("ok"),
            OverloadChanged(active=False),
            ClockChanged(steady=True),
            ControllerChanged("A", "online", 0xBEEF),
            StopReadBack("A", standstill=True),
            SnapshotArrived("A", calm, self.scene.mono_ms),
        ):
            self.take(event)
        self.code_is_read(BOX, "trigger")
        self.time_passes(10)
        if pressed and self.scene.bank().prompt is not None:
            self.prompt_is_pressed(again=False, afar=False)

    @rule()
    def gateway_restarts(self) -> None:
        self.take(GatewayStarted("again", "test", self.scene.settings, fresh=self.scene.fresh()))
        self.scene.go_online()
        self.scene.sign_on()

    @invariant()
    def state_survives_the_journal(self) -> None:
        assert decode(encode(self.scene.state)) == self.scene.state

    @invariant()
    def queues_are_bounded_and_the_page_can_be_drawn(self) -> None:
        assert len(self.scene.bank().queue) <= 8
        assert len(self.scene.state.acts) <= 10
        kiosk_view(self.scene.state, self.scene.now)

    @invariant()
    def no_prompt_stands_beside_a_request(self) -> None:
        bank = self.scene.bank()
        assert bank.request is None or bank.prompt is None


class LawAlone(Law):
    """The same room with the owner's entry that a scan alone may open."""

    settings = make_settings(
        make_bank(
            scan_alone=ScanAlone(("王建国", "李敏"), "RA-2026-7", "2026-10-01", DUE),
            sensors=(
                Sensor("s1", "entry_beams", "光电", tuple(range(1, 12)), tested_on="2026-10-01", test_due_at=DUE),
            ),
        )
    )

    def __init__(self) -> None:
        super().__init__()
        # somebody has looked into the open aisle, else every scan would only ask for a press
        self.scene.state = put_bank(self.scene.state, "A", replace(self.scene.bank(), presumed=()))


TestLaw = Law.TestCase
TestLaw.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestLawAlone = LawAlone.TestCase
TestLawAlone.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)
