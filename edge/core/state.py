"""Everything the core remembers, frozen. A change is a new value; sub-records keep each change small.

Only shape stands here, with the smallest of readers; rules live in the module of their noun.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from edge.core.room import RoomSettings
from edge.core.rows import BoxRow, PlaceRow
from edge.core.snapshot import Capability, Operation, ShelfDetail, ShelfSnapshot

RequestStage = Literal["selecting", "operating", "moving", "reading", "stopping"]
Origin = Literal["scan", "typed", "command", "kiosk", "afar", "undo"]
JobState = Literal["queued", "confirmed", "failed", "unknown"]
Shown = Literal["ok", "look", "no"]


@dataclass(frozen=True, slots=True)
class Target:
    """What an act of the shelf is for: operation, aisle and, where one is meant, the place and its box."""

    operation: Operation
    aisle: int
    place: PlaceRow | None = None
    box_code: str | None = None
    box_title: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants an aisle: a prompt to be, or one that waits in the queue."""

    id: str
    bank: str
    target: Target
    origin: Origin
    station: str  # whose session asked; "" for the centre
    staff_code: str | None
    asked_mono_ms: int
    expires_mono_ms: int  # OPERATE must have left by then
    reason: str = ""  # key of the refusal it waits for


@dataclass(frozen=True, slots=True)
class Prompt:
    """A proposal on show that waits for one press at a point in sight."""

    wish: Wish
    closing: tuple[int, ...]  # aisles that would narrow below the passable gap
    shown_mono_ms: int  # 0 while the bank still wakes
    ring_head: int  # head when it was shown


@dataclass(frozen=True, slots=True)
class Request:
    """A confirmed act on its way over the wire, until its outcome is known."""

    request_id: int
    wish: Wish
    closing: tuple[int, ...]
    stage: RequestStage
    point_id: str
    pressed_mono_ms: int
    ring_head: int  # head relied on: of the press, not later
    press_sequence: int  # ring entry that was the press itself, 0 for kiosk and card
    boot_id: int
    deadline_mono_ms: int  # of the present stage
    token: int = 0
    since_mono_ms: int = 0  # OPERATE was answered then; older readings tell nothing of it
    by_restart: bool = False  # left over from an earlier process: read, never continued
    fault: str = ""  # why it is being stopped or read


@dataclass(frozen=True, slots=True)
class StopWatch:
    """A STOP on its way: until standstill is read back nothing is believed to stand."""

    reason: str
    sent_mono_ms: int
    deadline_mono_ms: int
    alarm: bool = False  # not confirmed in time: siren, press the emergency stop


@dataclass(frozen=True, slots=True)
class PendingAct:
    """An act that moves nothing, on its way to the controller."""

    request_id: int
    operation: Operation
    aisle: int  # 0: the whole bank
    source_id: str  # where its answer is given
    deadline_mono_ms: int


@dataclass(frozen=True, slots=True)
class Sight:
    """A person is inside by a scan: the sensors whose sight covers them have until then to say so."""

    aisle: int
    tier: int
    since_mono_ms: int


@dataclass(frozen=True, slots=True)
class FaultySensor:
    """A sensor that saw nobody where somebody was. A newer proof test alone takes the mark away."""

    sensor: str
    tested_on: str  # its proof test at that time


@dataclass(frozen=True, slots=True)
class Bank:
    """What is known of one bank."""

    controller: str = "silent"  # online | silent | rebooted | geometry_mismatch
    snapshot: ShelfSnapshot | None = None
    read_mono_ms: int = 0
    detail: ShelfDetail | None = None
    widths_valid: bool = False  # nothing moved since the detail was read
    ring_head: int = 0
    boot_id: int | None = None
    ring_told: tuple[int, int] | None = None  # boot of the controller, and the ring entry through which all was told
    presumed: tuple[int, ...] = ()  # aisles presumed occupied
    doubted: bool = False  # position and occupancy unknown: power loss, clutch, handle
    foreign: bool = False  # the steel moves without us
    waking_until_mono_ms: int = 0
    prompt: Prompt | None = None
    request: Request | None = None
    queue: tuple[Wish, ...] = ()
    stop: StopWatch | None = None
    indicator: PlaceRow | None = None
    ended_low: int | None = None  # low 16 bits of the last request, which may still be braking
    ended_mono_ms: int = 0
    capabilities: tuple[Capability, ...] | None = None  # None: not told
    locks: tuple[int, ...] = ()  # aisles this gateway has locked; it asks for no motion that narrows them
    act: PendingAct | None = None
    sights: tuple[Sight, ...] = ()
    faulty: tuple[FaultySensor, ...] = ()
    alarms: tuple[str, ...] = ()  # climate outside its band: hot, cold, humid, dry
    hazards: tuple[str, ...] = ()  # fire, smoke, water, as the event ring told


@dataclass(frozen=True, slots=True)
class Session:
    """A person at a station, from badge to end code."""

    id: str
    station: str
    staff_code: str
    staff_name: str
    proven: bool  # the PIN was right
    since_mono_ms: int
    touched_mono_ms: int
    place: PlaceRow | None = None  # scanned first: its box is expected
    place_until_mono_ms: int = 0
    wanted: BoxRow | None = None  # box this person asked for
    last_text: str = ""
    last_mono_ms: int = 0
    in_hand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One of the last acts, as shown at the kiosk."""

    id: str  # of the movement fact, or of the motion
    kind: Literal["take_out", "put_away", "move", "undo", "motion"]
    at: str
    key: str
    params: dict[str, Any]
    box_code: str | None = None
    before_place: str | None = None  # where the box was
    before_holder: str | None = None
    bank: str | None = None
    before_aisle: int | None = None  # the aisle that stood open before a motion
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence given to the last scan at a station."""

    station: str
    source_id: str
    sound: Shown
    key: str
    params: dict[str, Any]
    number: int
    given_mono_ms: int


@dataclass(frozen=True, slots=True)
class PrintJob:
    """A label to be printed. Printed again only by a person."""

    id: str
    label: dict[str, Any]
    state: JobState
    command_id: str | None = None
    box_unlabelled: bool = False  # the box had no label yet: success is a movement `labelled`
    detail: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The whole memory of the core."""

    settings: RoomSettings
    boot_id: str = ""
    code_version: str = ""
    banks: dict[str, Bank] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)  # by station
    answers: dict[str, Answer] = field(default_factory=dict)  # by station
    acts: tuple[Act, ...] = ()  # newest first
    jobs: tuple[PrintJob, ...] = ()  # newest last
    devices: dict[str, str] = field(default_factory=dict)  # device id -> state, if not online
    commands: tuple[tuple[str, str, str | None], ...] = ()  # id, result, reason; newest last
    link: str = "offline"
    store: str = "ok"
    clock_steady: bool = True
    overloaded: bool = False
    feed_revision: int = 0
    answer_count: int = 0


def put_bank(state: State, bank: str, value: Bank) -> State:
    """Replace one bank."""
    return replace(state, banks={**state.banks, bank: value})


def put_session(state: State, value: Session) -> State:
    """Replace the session of one station."""
    return replace(state, sessions={**state.sessions, value.station: value})
