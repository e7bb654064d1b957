"""A small room for tests of the core: events go in by name, effects come out by kind; the clock is advanced by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from edge.core.codes import format_code
from edge.core.decide import decide
from edge.core.effects import Effect, RecordFact
from edge.core.events import (
    CodeRead,
    ControllerChanged,
    DeadlinePassed,
    Event,
    Fresh,
    GatewayStarted,
    Lookup,
    Now,
    OperateAnswered,
    PinChecked,
    PromptConfirmed,
    Reading,
    SelectAnswered,
    SnapshotArrived,
)
from edge.core.geometry import Column, Geometry, Segment
from edge.core.room import BankSettings, Point, RoomSettings, Source
from edge.core.rows import BoxRow, PlaceRow, StaffRow
from edge.core.snapshot import Contact, SelectAnswer, ShelfSnapshot
from edge.core.startup import new_state
from edge.core.state import Bank, State

EffectT = TypeVar("EffectT")

START = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
BADGE = format_code("ST", "01", 7)
OTHER_BADGE = format_code("ST", "01", 8)
BOX = format_code("BX", "01", 100)
OTHER_BOX = format_code("BX", "01", 101)
PLACE = format_code("PL", "01", 900)
OTHER_PLACE = format_code("PL", "01", 901)
CARD = format_code("CF", "01", 1)
END = format_code("CT", "01", 1)
BOOT = 0xBEEF

LI = StaffRow(BADGE, "李敏")
WANG = StaffRow(OTHER_BADGE, "王建国")
# aisle 6: it lies right of column 6, so before face A of column 7
PLACE_ROW = PlaceRow(PLACE, "A-07-A-3-4-12", "A", 7, "A", 3, 4, 12, box_code=BOX)
EMPTY_ROW = PlaceRow(OTHER_PLACE, "A-04-A-1-2-3", "A", 4, "A", 1, 2, 3)
BOX_ROW = BoxRow(BOX, "张三 用电档案", "shelved", "5101234567", "张三", PLACE_ROW)


def make_bank(bank_id: str = "A", *, free_aisles: int = 1, columns: int = 11, **more: Any) -> BankSettings:
    """A bank as in the demo: one fixed column and ten moving ones, 800 mm for each free aisle."""
    steel = tuple(Column(n, 550, ("B",) if n == 1 else ("A", "B"), fixed=n == 1) for n in range(1, columns + 1))
    geometry = Geometry(steel, (Segment(1, columns, 800 * free_aisles, free_aisles),), 4, 6, 17)
    points = (
        Point(f"kiosk-{bank_id}", "kiosk", "入口屏"),
        Point(f"card-{bank_id}", "card", "确认卡", card_code=CARD),
        Point(f"button-{bank_id}", "button", "按钮", button=1),
    )
    return BankSettings(bank_id, "1区", "bus1", geometry, points, **more)


def make_settings(*banks: BankSettings) -> RoomSettings:
    sources = (Source("scan-1", "扫描枪", "kiosk-A"), Source("cam-1", "摄像头", "kiosk-A"))
    return RoomSettings("r01", "档案库房", "01", banks or (make_bank(),), sources, (("bus1", 2),))


def make_contacts(columns: int, open_aisles: tuple[int, ...]) -> tuple[Contact, ...]:
    """Contacts of a bank whose gaps are all in the named aisles."""
    return tuple(
        Contact(left=n > 1 and n - 1 not in open_aisles, right=n not in open_aisles) for n in range(1, columns + 1)
    )


def make_snapshot(open_aisles: tuple[int, ...] = (3,), **more: Any) -> ShelfSnapshot:
    values: dict[str, Any] = {
        "state": "idle",
        "open_aisles": open_aisles,
        "sequence": 1,
        "ring_head": 5,
        "boot_id": BOOT,
        "contacts": make_contacts(11, open_aisles),
    }
    return ShelfSnapshot(**{**values, **more})


class Scene:
    """A room being driven: keeps the state, the moment, and all effects so far."""

    def __init__(self, settings: RoomSettings | None = None) -> None:
        self.settings = settings or make_settings()
        self.state: State = new_state(self.settings)
        self.mono_ms = 1_000_000
        self.log: list[Effect] = []
        self.events: list[tuple[Event, Now]] = []
        self.draws = 0
        self.boxes = {BOX: BOX_ROW}
        self.places = {PLACE: PLACE_ROW, OTHER_PLACE: EMPTY_ROW}
        self.staff = {BADGE: LI, OTHER_BADGE: WANG}
        self.send(GatewayStarted("boot-1", "test", self.settings, fresh=self.fresh()))

    @property
    def now(self) -> Now:
        return Now(self.mono_ms, START + timedelta(milliseconds=self.mono_ms - 1_000_000))

    def bank(self, bank_id: str = "A") -> Bank:
        return self.state.banks[bank_id]

    def fresh(self) -> Fresh:
        self.draws += 1
        return Fresh(
            0x1000_0000_0000_0000 + self.draws,
            tuple(f"00000000-0000-7000-8000-{self.draws:08x}000{n}" for n in range(4)),
        )

    def send(self, event: Event) -> list[Effect]:
        """Decide one event now; answer its effects."""
        now = self.now
        self.events.append((event, now))
        self.state, effects = decide(self.state, event, now)
        self.log += effects
        return effects

    def wait(self, ms: int) -> list[Effect]:
        """Advance the clock and say that deadlines have passed."""
        self.mono_ms += ms
        return self.send(DeadlinePassed())

    def only(self, effects: list[Effect], kind: type[EffectT]) -> EffectT:
        found = [effect for effect in effects if isinstance(effect, kind)]
        assert len(found) == 1, f"{kind.__name__} in {effects}"
        return found[0]

    def every(self, kind: type[EffectT]) -> list[EffectT]:
        return [effect for effect in self.log if isinstance(effect, kind)]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        return [effect.body for effect in self.every(RecordFact) if effect.kind == kind]

    def answer(self, station: str = "kiosk-A") -> str:
        return self.state.answers[station].key

    def readings(self) -> tuple[Reading, ...]:
        return tuple(
            Reading(name, bank.snapshot.sequence, bank.ring_head, bank.read_mono_ms)
            for name, bank in self.state.banks.items()
            if bank.snapshot is not None
        )

    # -- what devices and people do ---------------------------------------------------------------------------------

    def go_online(self, snapshot: ShelfSnapshot | None = None, bank: str = "A") -> None:
        self.send(ControllerChanged(bank, "online", BOOT))
        self.read(snapshot or make_snapshot(), bank)

    def read(self, snapshot: ShelfSnapshot, bank: str = "A") -> list[Effect]:
        return self.send(SnapshotArrived(bank, snapshot, self.mono_ms))

    def scan(self, text: str, source_id: str = "scan-1", kind: Any = "trigger") -> list[Effect]:
        lookup = Lookup(1, self.boxes.get(text), self.places.get(text), self.staff.get(text))
        session = self.state.sessions.get("kiosk-A")
        if lookup.box is not None and session is not None and session.place is not None:
            lookup = replace(lookup, place=self.places[session.place.code])
        return self.send(CodeRead(source_id, kind, text, self.mono_ms, lookup, self.fresh(), self.readings()))

    def sign_on(self) -> None:
        self.scan(BADGE)
        self.send(PinChecked("kiosk-A", BADGE, "ok", 5, self.fresh()))

    def press(self, prompt_id: str | None = None, point_id: str = "kiosk-A", *, afar: bool = False) -> list[Effect]:
        if prompt_id is None:
            prompt = self.bank().prompt
            assert prompt is not None
            prompt_id = prompt.wish.id
        self.mono_ms += 10
        return self.send(PromptConfirmed(point_id, prompt_id, afar, self.fresh(), self.readings()))

    def answer_select(self, token: int = 77, **more: Any) -> list[Effect]:
        request = self.bank().request
        assert request is not None
        snapshot = self.bank().snapshot
        assert snapshot is not None
        values: dict[str, Any] = {
            "operation": request.wish.target.operation,
            "aisle": request.wish.target.aisle,
            "reasons": (),
            "token": token,
            "sequence": 9,
            "ring_head": snapshot.ring_head,
            "contacts": snapshot.contacts,
        }
        self.mono_ms += 30
        read_ms = more.pop("read_mono_ms", self.mono_ms)
        return self.send(SelectAnswered("A", request.request_id, SelectAnswer(**{**values, **more}), read_ms))

    def answer_operate(self, reasons: tuple[str, ...] = ()) -> list[Effect]:
        request = self.bank().request
        assert request is not None
        self.mono_ms += 25
        return self.send(OperateAnswered("A", request.request_id, reasons, self.mono_ms))

    def moving(self, **more: Any) -> ShelfSnapshot:
        """A reading of our own act under way."""
        request = self.bank().request
        assert request is not None
        values: dict[str, Any] = {
            "state": "moving",
            "outcome": "running",
            "last_request_low": request.request_id & 0xFFFF,
            "target_aisle": request.wish.target.aisle,
            "open_aisles": (),
        }
        return make_snapshot(**{**values, **more})

    def travel(self) -> None:
        """From a proposed aisle to OPERATE accepted."""
        self.press()
        self.answer_select()
        self.answer_operate()
        self.mono_ms += 40

    def arrive(self) -> list[Effect]:
        request = self.bank().request
        assert request is not None
        self.mono_ms += 12_000
        aisle = request.wish.target.aisle
        return self.read(
            self.moving(
                state="idle", outcome="done", open_aisles=(aisle,), contacts=make_contacts(11, (aisle,)), ring_head=6
            )
        )


def ready_scene(settings: RoomSettings | None = None) -> Scene:
    """A room with its controller online, aisle 3 open, and Li Min signed on."""
    scene = Scene(settings)
    scene.go_online()
    scene.sign_on()
    return scene


def prompted_scene() -> Scene:
    """A ready room in which a box was scanned: the kiosk names aisle 3."""
    scene = ready_scene()
    scene.scan(BOX)
    scene.mono_ms += 1
    return scene
