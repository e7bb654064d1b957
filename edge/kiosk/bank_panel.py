"""One bank in the words of the page: its tab, what can be asked of it, climate and sensors. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.core.messages import MESSAGES
from edge.core.room import ClimateBands
from edge.core.shown import BankView, ClimateView, KioskView, OperationView, SensorView, StateView
from edge.kiosk.wording import Wording

# asked of one aisle, in the order of the buttons
AISLE_OPERATIONS = ("open_aisle", "lock", "unlock", "light_on", "light_off")
# asked of the whole bank: what moves steel, and what doesn't
MOVING_OPERATIONS = ("close_all", "ventilate", "park", "home")
STILL_OPERATIONS = ("lock", "unlock", "light_on", "light_off", "wake", "sleep", "clear_fault")
# states told above the plan, where nobody can miss them
BANNER_KEYS = ("hazard_", "scan_alone", "sensor_faulty")
BANNERS_SHOWN = 3
TROUBLED = frozenset({"fault", "offline", "unknown", "stopped"})


@dataclass(frozen=True)
class Banner:
    """A sentence across the page."""

    level: str
    sentence: str
    detail: str


@dataclass(frozen=True)
class OperationKey:
    """A button."""

    operation: str
    label: str
    offered: bool


@dataclass(frozen=True)
class AisleChoice:
    """An aisle that may be chosen for an operation."""

    no: int
    label: str
    chosen: bool


@dataclass(frozen=True)
class SensorRow:
    """A sensor with the state of its proof."""

    name: str
    where: str
    state: str
    sentence: str


@dataclass(frozen=True)
class BankPanel:
    """Everything about one bank beside its plan."""

    id: str
    name: str
    selected: bool
    state: str
    tone: str  # calm | moving | alarm
    climate: str
    climate_alarm: str
    climate_band: str
    moving: tuple[OperationKey, ...]
    still: tuple[OperationKey, ...]
    of_aisle: tuple[OperationKey, ...]
    aisles: tuple[AisleChoice, ...]
    sensors: tuple[SensorRow, ...]
    scan_alone: str


def present_banks(view: KioskView, words: Wording, wanted: str, bands: ClimateBands) -> tuple[BankPanel, ...]:
    """Word all banks; selected is the one wanted, else the one asked about, else the first."""
    ids = [bank["bank"] for bank in view["banks"]]
    selected = next((each for each in (wanted, view["prompt"]["bank"], *ids) if each in ids), "")
    return tuple(present_bank(bank, words, bank["bank"] == selected, bands) for bank in view["banks"])


def present_bank(bank: BankView, words: Wording, selected: bool, bands: ClimateBands) -> BankPanel:
    """Word one bank."""
    offered = {each["operation"]: each for each in bank["operations"]}
    moving = bank["state"] in {"moving", "settling", "warning"}
    troubled = bank["state"] in TROUBLED or bool(bank["faults"]) or bool(bank["hazards"])
    return BankPanel(
        id=bank["bank"],
        name=bank["name"],
        selected=selected,
        state=describe_state(bank["state"], words),
        tone="alarm" if troubled else "moving" if moving else "calm",
        climate=describe_climate(bank["climate"]),
        climate_alarm=words.join_words([describe_excess(kind, words) for kind in bank["climate"]["out"]]),
        climate_band=describe_band(bands, words),
        moving=list_keys(MOVING_OPERATIONS, offered, words),
        still=list_keys(STILL_OPERATIONS, offered, words),
        of_aisle=list_keys(AISLE_OPERATIONS, offered, words),
        aisles=list_aisles(bank, words),
        sensors=tuple(present_sensor(sensor, bank, words) for sensor in sorted(bank["sensors"], key=rank_sensor)),
        scan_alone=describe_scan_alone(bank, words),
    )


def list_keys(operations: Sequence[str], offered: dict[str, OperationView], words: Wording) -> tuple[OperationKey, ...]:
    """List the buttons of these operations; one that the controller can't do is shown as such."""
    return tuple(
        OperationKey(name, label_operation(name, words), offered[name]["offered"])
        for name in operations
        if name in offered
    )


def label_operation(operation: str, words: Wording) -> str:
    """Name an operation as the core does; English begins with a capital on a button."""
    message = MESSAGES[f"operation.{operation}"]
    return message.zh if words.language == "zh_CN" else message.en[:1].upper() + message.en[1:]


def list_aisles(bank: BankView, words: Wording) -> tuple[AisleChoice, ...]:
    """List the aisles to choose from; the one that stands open is chosen before."""
    first_open = next((aisle["no"] for aisle in bank["aisles"] if aisle["open"]), None)
    choices = []
    for aisle in bank["aisles"]:
        signs = [words("open")] if aisle["open"] else []
        signs += [words("locked from inside") if aisle["lock"] == "inside" else words("locked")] * aisle["locked"]
        signs += [words("lit")] * aisle["light"]
        label = words("Aisle {aisle}", aisle=aisle["no"])
        shown = f"{label} · {words.join_words(signs)}" if signs else label
        choices.append(AisleChoice(aisle["no"], shown, aisle["no"] == first_open))
    return tuple(choices)


def describe_state(state: str, words: Wording) -> str:
    """Name the state of a bank."""
    names = {
        "asleep": words("asleep"),
        "waking": words("waking"),
        "idle": words("at rest"),
        "selected": words("selected"),
        "warning": words("about to move"),
        "moving": words("moving"),
        "settling": words("settling"),
        "stopped": words("stopped"),
        "fault": words("fault"),
        "offline": words("offline"),
    }
    return names.get(state) or words("state unknown")


def describe_climate(climate: ClimateView) -> str:
    """Write temperature and humidity, as far as they are measured."""
    temperature, humidity = climate["temperature_dc"], climate["humidity_permille"]
    parts = [] if temperature is None else [f"{temperature / 10:.1f}\N{NO-BREAK SPACE}°C"]
    parts += [] if humidity is None else [f"{round(humidity / 10)}\N{NO-BREAK SPACE}%"]
    return " · ".join(parts)


def describe_band(bands: ClimateBands, words: Wording) -> str:
    """Write what the paper bears."""
    return words(
        "Right for paper: {low} to {high} °C, {dry} to {humid} %",
        low=f"{bands.temperature_min_dc / 10:g}",
        high=f"{bands.temperature_max_dc / 10:g}",
        dry=f"{bands.humidity_min_permille / 10:g}",
        humid=f"{bands.humidity_max_permille / 10:g}",
    )


def describe_excess(kind: str, words: Wording) -> str:
    """Name on which side of its band a value lies."""
    return {"hot": words("too warm"), "cold": words("too cold"), "humid": words("too damp"), "dry": words("too dry")}[
        kind
    ]


def rank_sensor(sensor: SensorView) -> int:
    """Put what is amiss first."""
    return ("faulty", "overdue", "ok").index(sensor["state"])


def present_sensor(sensor: SensorView, bank: BankView, words: Wording) -> SensorRow:
    """Word one sensor: where it looks and until when it is proven."""
    everywhere = len(sensor["aisles"]) == len(bank["aisles"])
    where = words("all aisles") if everywhere else words("aisle {aisles}", aisles=words.join(sensor["aisles"]))
    due = words.day(sensor["test_due_at"]) if sensor["test_due_at"] else ""
    sentences = {
        "ok": words("proven until {day}", day=due) if due else words("never proven"),
        "overdue": words("proof test expired {day}", day=due) if due else words("never proven"),
        "faulty": words("faulty: did not see somebody it should have seen"),
    }
    return SensorRow(sensor["name"], where, sensor["state"], sentences[sensor["state"]])


def describe_scan_alone(bank: BankView, words: Wording) -> str:
    """Say who decided that a scan alone may open this bank, after which document, and until when."""
    entry = bank["scan_alone"]
    if entry is None:
        return ""
    return words(
        "decided by {names}, {document}, signed {signed}, ends {day}",
        names=words.join_words(entry["names"]),
        document=entry["document"],
        signed=entry["signed_on"],
        day=words.day(entry["expires_at"]),
    )


def is_banner(state: StateView) -> bool:
    """Tell whether a state is told above the plan."""
    return state["key"].startswith(BANNER_KEYS)


def present_banners(view: KioskView, words: Wording) -> tuple[Banner, ...]:
    """Word what nobody may miss; a danger names who is badged in, a scan-alone bank who decided it."""
    present = words.join_words(list(dict.fromkeys(session["staff_name"] for session in view["sessions"])))
    banks = {bank["bank"]: bank for bank in view["banks"]}
    banners = []
    for state in view["states"]:
        if not is_banner(state):
            continue
        detail = ""
        if state["key"].startswith("hazard_"):
            detail = words("Badged in: {names}", names=present) if present else words("Nobody is badged in.")
        elif state["key"].startswith("scan_alone"):
            # document and end stand in the sentence itself
            entry = banks[state["subject"]]["scan_alone"] if state["subject"] in banks else None
            names = words.join_words(entry["names"]) if entry else ""
            detail = words("signed by {names} {day}", names=names, day=entry["signed_on"]) if entry else ""
        banners.append(Banner(state["level"], words.say(state["message"]), detail))
    return tuple(banners)
