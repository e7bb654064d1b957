"""The core's view in the words of one language, ready for the templates. Nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.core.messages import describe_place
from edge.core.room import ClimateBands
from edge.core.shown import (
    ActView,
    AnswerView,
    KioskView,
    PromptView,
    QueueView,
    SessionView,
    StateView,
)
from edge.kiosk.bank_panel import (
    BANNERS_SHOWN,
    BankPanel,
    Banner,
    is_banner,
    label_operation,
    present_banks,
    present_banners,
)
from edge.kiosk.wording import Wording

Tone = Literal["calm", "ask", "act", "moving", "alarm"]

# what colour and sign the upper third wears, by kind of prompt
TONES: dict[str, Tone] = {
    "open": "ask",
    "close_all": "ask",
    "ventilate": "ask",
    "park": "ask",
    "home": "ask",
    "unlock": "ask",
    "stop": "alarm",
    "waking": "moving",
    "moving": "moving",
    "stopping": "alarm",
}
# sentences that ask for a hand at a shelf
ACTING = frozenset({"prompt.put", "prompt.take"})
ACTS_SHOWN = 10
QUEUE_SHOWN = 3
QUEUE_LISTED = 10  # on the panel of the queue
SESSIONS_SHOWN = 3
STATES_SHOWN = 4
# nobody is asked for a box while these hold
FLIGHT = frozenset({"hazard_fire", "hazard_smoke"})
RESUMABLE = frozenset({"printer_out_of_labels", "printer_fault"})


@dataclass(frozen=True)
class Press:
    """The confirming field: shown only with a prompt that may be pressed here."""

    prompt_id: str
    label: str


@dataclass(frozen=True)
class PromptPanel:
    """The upper third."""

    tone: Tone
    sentence: str
    size: Literal["short", "middle", "long"]
    bank_name: str
    box_title: str
    box_code: str
    place: str
    press: Press | None
    elsewhere: str  # where else it may be pressed, when it can't be pressed here
    others: tuple[str, ...]


@dataclass(frozen=True)
class AnswerLine:
    """The sentence given to the last scan."""

    number: int
    sound: str
    sentence: str


@dataclass(frozen=True)
class ActRow:
    """One of the last acts."""

    id: str
    time: str
    sentence: str
    moved: bool  # an act of the shelf: nothing is undone, the former aisle is proposed
    undoable: bool
    undone: bool


@dataclass(frozen=True)
class QueueRow:
    """A request that waits."""

    id: str
    bank_name: str
    title: str
    reason: str
    until: str  # clock time at which it expires
    earlier: int | None  # places it may be moved to
    later: int | None


@dataclass(frozen=True)
class SessionRow:
    """A person signed on."""

    name: str
    source_id: str
    detail: str


@dataclass(frozen=True)
class StateRow:
    """A named state people must know of, with what can be pressed about it."""

    level: str
    sentence: str
    resumable: bool
    reprint_job: str


@dataclass(frozen=True)
class Page:
    """Everything the templates draw."""

    room_name: str
    time: str
    link: str
    link_up: bool
    prompt: PromptPanel
    answer: AnswerLine | None
    acts: tuple[ActRow, ...]
    queue: tuple[QueueRow, ...]
    queue_length: int
    sessions: tuple[SessionRow, ...]
    states: tuple[StateRow, ...]
    states_hidden: int
    banners: tuple[Banner, ...]
    banks: tuple[BankPanel, ...]

    @property
    def bank(self) -> BankPanel:
        """The bank on show."""
        return next((bank for bank in self.banks if bank.selected), self.banks[0])


def present_view(view: KioskView, words: Wording, point_id: str, bands: ClimateBands, wanted_bank: str = "") -> Page:
    """Word a view for one screen."""
    banners = present_banners(view, words)
    # what stands in a banner isn't said twice
    states = [state for state in sort_states(view["states"]) if not is_banner(state)]
    return Page(
        room_name=view["room"]["name"],
        time=words.clock(view["as_of"]),
        link=describe_link(view["link"], words),
        link_up=view["link"] == "online",
        prompt=present_prompt(view, words, point_id),
        answer=present_answer(view["answers"], words),
        acts=tuple(present_act(act, words) for act in view["last_acts"][:ACTS_SHOWN]),
        queue=tuple(present_wish(wish, view, words) for wish in view["queue"][:QUEUE_LISTED]),
        queue_length=len(view["queue"]),
        sessions=tuple(present_session(session, words) for session in view["sessions"][:SESSIONS_SHOWN]),
        states=tuple(present_state(state, view, words) for state in states[:STATES_SHOWN]),
        states_hidden=max(0, len(states) - STATES_SHOWN) + max(0, len(banners) - BANNERS_SHOWN),
        banners=banners[:BANNERS_SHOWN],
        banks=present_banks(view, words, wanted_bank, bands),
    )


def present_prompt(view: KioskView, words: Wording, point_id: str) -> PromptPanel:
    """Word the most urgent prompt, and name the others."""
    prompt = view["prompt"]
    here = any(point["id"] == point_id for point in prompt["points"])
    press = Press(prompt["id"], label_press(prompt, words)) if prompt["confirmable"] and here else None
    elsewhere = ""
    if prompt["confirmable"] and not here:
        elsewhere = words("Press at: {points}", points=", ".join(point["name"] for point in prompt["points"]))
    box, place = prompt["box"], prompt["place"]
    place_text = describe_place(place, words.language) if place else ""
    names = {bank["bank"]: bank["name"] for bank in view["banks"]}
    sentence = words.say(prompt["message"])
    flight = next((each for each in view["states"] if each["key"] in FLIGHT and prompt["kind"] == "info"), None)
    if flight is not None:
        sentence = words.say(flight["message"])
    others = [other for other in view["prompts"] if other != prompt and other["bank"] not in {"", prompt["bank"]}]
    return PromptPanel(
        tone=choose_tone(view, prompt, fleeing=flight is not None),
        sentence=sentence,
        size=measure_sentence(sentence, room_for_press=press is not None),
        bank_name=names.get(prompt["bank"], ""),
        box_title=box["title"] if box else "",
        box_code=box["code"] if box else "",
        place="" if place_text in sentence else place_text,
        press=press,
        elsewhere=elsewhere,
        others=tuple(f"{names.get(other['bank'], '')} {words.say(other['message'])}" for other in others[:2]),
    )


def choose_tone(view: KioskView, prompt: PromptView, *, fleeing: bool) -> Tone:
    """Choose colour and sign of the upper third."""
    if view["siren"] or fleeing:
        return "alarm"
    return "act" if prompt["message"]["key"] in ACTING else TONES.get(prompt["kind"], "calm")


def measure_sentence(sentence: str, *, room_for_press: bool) -> Literal["short", "middle", "long"]:
    """Choose how big a sentence may stand; a Chinese sign is about two letters wide."""
    width = sum(2 if sign > "\u2e80" else 1 for sign in sentence)
    if width <= 24 and not room_for_press:
        return "short"
    return "middle" if width <= (48 if room_for_press else 66) else "long"


def label_press(prompt: PromptView, words: Wording) -> str:
    """Name on the confirming field what the press will do: which aisles close, or what else begins."""
    aisles = words.join(prompt["closing_aisles"])
    if prompt["kind"] == "ventilate" and aisles:
        return words("I looked, nobody is inside: narrow aisle {aisles}", aisles=aisles)
    if prompt["kind"] == "home":
        return words("I looked into every aisle, nobody is inside: home")
    if prompt["kind"] == "unlock":
        which = words.join([prompt["opening_aisle"]]) if prompt["opening_aisle"] else words("all")
        return words("I looked, nobody is inside: unlock aisle {aisles}", aisles=which)
    if prompt["kind"] in {"close_all", "ventilate", "park"} and not aisles:
        return words("I looked, nobody is in the way: {act}", act=label_operation(prompt["kind"], words))
    if aisles:
        return words("I looked, nobody is inside: close aisle {aisles}", aisles=aisles)
    return words("I looked, nobody is in the way: open aisle {aisle}", aisle=prompt["opening_aisle"] or "")


def present_answer(answers: list[AnswerView], words: Wording) -> AnswerLine | None:
    """Word the newest answer, whoever scanned."""
    newest = max(answers, key=lambda answer: answer["number"], default=None)
    if newest is None:
        return None
    return AnswerLine(newest["number"], newest["sound"], words.say(newest["message"]))


def present_act(act: ActView, words: Wording) -> ActRow:
    """Word one act."""
    return ActRow(
        id=act["id"],
        time=words.clock(act["at"]),
        sentence=words.say(act["message"]),
        moved=act["kind"] == "motion",
        undoable=act["undoable"] and not act["undone"],
        undone=act["undone"],
    )


def present_wish(wish: QueueView, view: KioskView, words: Wording) -> QueueRow:
    """Word one queued request: for what, of whom, why it waits, how long, and where it may be moved."""
    if wish["box"]:
        what = wish["box"]["title"]
    elif wish["operation"] == "open_aisle":
        what = words("Aisle {aisle}", aisle=wish["aisle"])
    else:
        what = label_operation(wish["operation"], words)
    who = f" · {wish['staff_name']}" if wish["staff_name"] else ""
    names = {bank["bank"]: bank["name"] for bank in view["banks"]}
    behind = sum(each["bank"] == wish["bank"] for each in view["queue"]) - wish["place"] - 1
    return QueueRow(
        id=wish["id"],
        bank_name=names.get(wish["bank"], "") if len(names) > 1 else "",
        title=f"{what}{who}",
        reason=words.say(wish["reason"]),
        until=words.clock_after(view["as_of"], wish["remaining_ms"]),
        earlier=wish["place"] - 1 if wish["place"] > 0 else None,
        later=wish["place"] + 1 if behind > 0 else None,
    )


def present_session(session: SessionView, words: Wording) -> SessionRow:
    """Word who is signed on, and what they are at."""
    if session["needs_pin"]:
        detail = words("PIN still to be entered")
    elif session["place"] is not None:
        detail = describe_place(session["place"], words.language)
    elif session["wanted"] is not None:
        detail = session["wanted"]["title"]
    else:
        detail = words("signed on")
    source = session["source_ids"][0] if session["source_ids"] else session["station"]
    return SessionRow(session["staff_name"], source, detail)


def sort_states(states: list[StateView]) -> list[StateView]:
    """Put alarms first."""
    rank = {"alarm": 0, "warning": 1, "notice": 2}
    return sorted(states, key=lambda state: rank.get(state["level"], 3))


def present_state(state: StateView, view: KioskView, words: Wording) -> StateRow:
    """Word a named state and offer what a person can do about it here."""
    unknown_jobs = [job["id"] for job in view["jobs"] if job["state"] == "unknown"]
    return StateRow(
        level=state["level"],
        sentence=words.say(state["message"]),
        resumable=state["key"] in RESUMABLE and any(job["state"] == "failed" for job in view["jobs"]),
        reprint_job=unknown_jobs[0] if state["key"] == "print_unknown" and unknown_jobs else "",
    )


def describe_link(link: str, words: Wording) -> str:
    """Say in two words how the centre is reached."""
    if link == "online":
        return words("centre online")
    if link in {"connecting", "waiting_centre", "pending"}:
        return words("connecting to the centre")
    if link in {"forked", "refused"}:
        return words("centre refuses records")
    return words("centre offline")
