"""The shapes a page draws, as plain JSON-able dictionaries; nothing is decided here."""

from __future__ import annotations

from typing import Any, TypedDict


class MessageView(TypedDict):
    """A sentence: key and parameters for `messages.render_message`."""

    key: str
    params: dict[str, Any]


class PromptView(TypedDict):
    """The one sentence of the upper third, per bank or for the station."""

    id: str  # of the prompt to confirm; "" when there is nothing to press
    kind: str  # open | close_all | ventilate | park | home | waking | moving | reading | stopping | stop | info
    bank: str  # "" for prompts of no bank
    message: MessageView
    opening_aisle: int | None
    closing_aisles: list[int]
    remaining_ms: int | None  # until the prompt lapses, or the motion should be over
    confirmable: bool
    points: list[dict[str, str]]  # id, kind, name: where it may be pressed
    box: dict[str, str] | None  # code, title
    place: dict[str, Any] | None


class ColumnView(TypedDict):
    no: int
    fixed: bool
    width_mm: int
    faces: list[str]
    x_mm: int
    quality: str


class AisleView(TypedDict):
    no: int
    width_mm: int
    open: bool
    gap: str  # open | closed | between | unknown: all that a controller with contacts only can tell
    occupancy: str  # seen | presumed | clear | unknown
    locked: bool
    lock: str  # "" | inside | gateway
    light: bool


class IndicatorView(TypedDict):
    aisle: int
    face: str
    section: int
    tier: int


class OperationView(TypedDict):
    """An operation that can be asked for; `moves`: it only becomes a prompt."""

    operation: str
    moves: bool
    offered: bool  # False: this controller can't, it is refused in words


class SensorView(TypedDict):
    id: str
    kind: str  # foot_beam | pir | edge | entry_beams
    name: str
    aisles: list[int]
    state: str  # ok | overdue | faulty
    tested_on: str
    test_due_at: str


class ScanAloneView(TypedDict):
    """The owner's entry that a scan alone may open; it is shown also when it has ended."""

    active: bool
    names: list[str]
    document: str
    signed_on: str
    expires_at: str


class ClimateView(TypedDict):
    temperature_dc: int | None
    humidity_permille: int | None
    out: list[str]  # hot | cold | humid | dry
    temperature_band_dc: list[int]  # lowest and highest that are right for paper
    humidity_band_permille: list[int]


class BankView(TypedDict):
    """One bank for the plan; kiosk stream, MQTT state topic and map page use the same shape."""

    bank: str
    name: str
    state: str
    columns: list[ColumnView]
    aisles: list[AisleView]
    rail_mm: int
    target_aisle: int | None
    closing_aisles: list[int]
    progress: float
    speed_mm_s: int
    indicator: IndicatorView | None
    faults: list[str]
    sequence: int
    as_of: str
    stale: bool
    positions: str  # measured | contacts: then plans show no travel
    numbered_from: str  # left | right: at which end column 1 stands
    home_aisles: list[int]  # hold the free width when all is closed
    operations: list[OperationView]
    sensors: list[SensorView]
    scan_alone: ScanAloneView | None
    climate: ClimateView
    hazards: list[str]  # fire | smoke | water
    door_open: bool | None  # the room's own door; None: not told


class ActView(TypedDict):
    id: str
    kind: str
    at: str
    message: MessageView
    undoable: bool
    undone: bool


class QueueView(TypedDict):
    """A waiting request, in the order of its bank's queue."""

    id: str
    bank: str
    place: int  # in the queue of its bank; 0 is the first
    operation: str
    aisle: int  # 0: the whole bank
    box: dict[str, str] | None
    staff_name: str
    reason: MessageView
    remaining_ms: int


class SessionView(TypedDict):
    """Who is badged in at which station."""

    station: str
    source_ids: list[str]
    staff_code: str
    staff_name: str
    needs_pin: bool
    place: dict[str, Any] | None
    wanted: dict[str, str] | None


class StateView(TypedDict):
    """A named state that people must know of."""

    key: str  # controller_silent, printer_out_of_labels, store_full, …
    level: str  # notice | warning | alarm
    subject: str  # bank or device id, "" for the gateway
    message: MessageView


class AnswerView(TypedDict):
    """The sentence and sound given to the last scan of a station; a higher number is a newer one."""

    number: int
    station: str
    source_id: str
    sound: str  # ok | look | no
    message: MessageView


class JobView(TypedDict):
    id: str
    code: str
    state: str  # queued | confirmed | failed | unknown
    detail: str


class RoomView(TypedDict):
    id: str
    name: str
    number: str


class KioskView(TypedDict):
    """Everything the kiosk shows."""

    room: RoomView
    as_of: str
    clock_ok: bool
    siren: bool
    prompt: PromptView  # the most urgent of `prompts`
    prompts: list[PromptView]
    banks: list[BankView]
    last_acts: list[ActView]
    queue: list[QueueView]
    sessions: list[SessionView]
    states: list[StateView]
    answers: list[AnswerView]
    jobs: list[JobView]
    link: str
