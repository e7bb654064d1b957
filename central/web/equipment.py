"""What a bank's report says of air and dangers, in words: climate against its band, and every sign that stands. Pure.

static/map.js does the same to each report that comes after; a test holds both to one list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from central.domain.wording import N_
from central.web.render import Say
from central.web.words import Word

#: Codes of hazards, safety devices and faults in a bank view, in the order in which they are told.
SIGNS = {
    "fire": Word("stop", "fault", N_("fire alarm")),
    "smoke": Word("stop", "fault", N_("smoke")),
    "water": Word("stop", "fault", N_("water on the floor")),
    "emergency_stop": Word("stop", "stop", N_("emergency stop pressed")),
    "edge": Word("stop", "stop", N_("safety edge tripped")),
    "sweep": Word("stop", "stop", N_("kick strip tripped")),
    "beam": Word("stop", "stop", N_("beam broken")),
    "overload": Word("stop", "fault", N_("overload")),
    "drive": Word("stop", "fault", N_("drive fault")),
    "jam": Word("stop", "fault", N_("jammed")),
    "supply_lost": Word("stop", "fault", N_("the drives have no supply")),
    "position_lost": Word("stop", "fault", N_("position lost")),
    "contact_mismatch": Word("stop", "fault", N_("contacts contradict each other")),
    "travel_time": Word("stop", "fault", N_("travel took too long")),
    "column_bus": Word("stop", "fault", N_("fault between the columns")),
    "self_test": Word("stop", "fault", N_("self-test failed")),
    "other": Word("stop", "fault", N_("a protective device is latched")),
    "sensor": Word("warning", "attention", N_("sensor fault")),
    "supply_low": Word("warning", "attention", N_("low supply")),
    "indicator": Word("warning", "attention", N_("indicator fault")),
    "lock": Word("warning", "attention", N_("lock fault")),
    "climate": Word("warning", "attention", N_("climate sensor fault")),
    "maintenance": Word("warning", "attention", N_("under maintenance")),
    "panel": Word("warning", "attention", N_("the panel at the bank is in use")),
    "handle": Word("warning", "attention", N_("handle or clutch released")),
    "aisle_lock": Word("warning", "attention", N_("locked from inside an aisle")),
    "door_open": Word("warning", "attention", N_("the room's door is open")),
}
#: A sign this centre has no word for yet is told as this one, never as a code.
OTHER_SIGN = "other"

#: Which way a value lies out of its band.
EXCESSES = {
    "hot": Word("warning", "attention", N_("too warm")),
    "cold": Word("warning", "attention", N_("too cold")),
    "humid": Word("warning", "attention", N_("too damp")),
    "dry": Word("warning", "attention", N_("too dry")),
}
IN_BAND = Word("normal", "done", N_("right for paper"))

#: (value, its band, its excesses, sentence, sentence without a band)
MEASURES = (
    (
        "temperature_dc",
        "temperature_band_dc",
        ("hot", "cold"),
        N_("Temperature {value} °C (right: {low} to {high} °C)"),
        N_("Temperature {value} °C"),
    ),
    (
        "humidity_permille",
        "humidity_band_permille",
        ("humid", "dry"),
        N_("Humidity {value} % (right: {low} to {high} %)"),
        N_("Humidity {value} %"),
    ),
)


def list_signs(view: Mapping[str, Any]) -> list[str]:
    """Return the codes of everything that stands, dangers first, each once."""
    codes = [*_texts(view.get("hazards")), *_texts(view.get("faults"))]
    codes += ["door_open"] if view.get("door_open") is True else []
    known = {code if code in SIGNS else OTHER_SIGN for code in codes}
    return [code for code in SIGNS if code in known]


def show_climate(say: Say, view: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return temperature and humidity as sentences, each with a word on whether it is right; [] if none is measured."""
    climate = view.get("climate")
    if not isinstance(climate, dict):
        return []
    rows = []
    for name, band_name, excesses, sentence, short in MEASURES:
        value, band = climate.get(name), climate.get(band_name)
        if not _is_number(value):
            continue
        out = next((kind for kind in excesses if kind in _texts(climate.get("out"))), None)
        if isinstance(band, list) and len(band) == len(excesses) and all(_is_number(each) for each in band):
            text = say(sentence).format(value=_tenths(value), low=_tenths(band[0]), high=_tenths(band[1]))
            word: Word | None = IN_BAND
        else:
            text, word = say(short).format(value=_tenths(value)), None
        rows.append({"text": text, "word": word if out is None else EXCESSES[out]})
    return rows


def tell_words(say: Say) -> dict[str, Any]:
    """Return what the map's script needs to say the same of a later report."""
    words = {**SIGNS, **EXCESSES, "": IN_BAND}
    return {
        "words": {code: {"tone": word.tone, "icon": word.icon, "text": say(word.text)} for code, word in words.items()},
        "signs": list(SIGNS),
        "measures": [
            {"name": name, "band": band, "out": list(out), "sentence": say(sentence), "short": say(short)}
            for name, band, out, sentence, short in MEASURES
        ],
    }


def _texts(values: object) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _tenths(value: int) -> str:
    return f"{value / 10:g}" if value % 10 else str(value // 10)
