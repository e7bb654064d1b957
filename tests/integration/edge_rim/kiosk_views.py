"""Views as the core publishes them, and a board to hang them on: what a kiosk shows in the situations people meet."""

from __future__ import annotations

import copy
import threading
from typing import Any

from edge.core.shown import KioskView
from edge.kiosk.desk import Board

PLACE = {"bank": "A", "bank_name": "1区", "column": 7, "face": "A", "section": 3, "tier": 4, "slot": 12}
BOX = {"code": "BX010000019", "title": "成都锦江宾馆有限责任公司"}


class PlainBoard(Board):
    """The newest view with a number, and a condition to wait on."""

    def __init__(self, view: KioskView | None = None) -> None:
        self._view = view
        self._number = 0 if view is None else 1
        self._came = threading.Condition()

    def latest(self) -> tuple[int, KioskView | None]:
        with self._came:
            return self._number, self._view

    def wait_newer(self, number: int, timeout_s: float) -> tuple[int, KioskView | None]:
        with self._came:
            self._came.wait_for(lambda: self._number > number, timeout_s)
            return self._number, self._view

    def hang(self, view: KioskView) -> None:
        with self._came:
            self._view, self._number = view, self._number + 1
            self._came.notify_all()


def message(key: str, **params: Any) -> dict[str, Any]:
    return {"key": key, "params": params}


def prompt(key: str = "prompt.scan_box", **changes: Any) -> dict[str, Any]:
    params = changes.pop("params", {})
    return {
        "id": "",
        "kind": "info",
        "bank": "",
        "message": message(key, **params),
        "opening_aisle": None,
        "closing_aisles": [],
        "remaining_ms": None,
        "confirmable": False,
        "points": [],
        "box": None,
        "place": None,
        **changes,
    }


def aisle(no: int, is_open: bool, occupancy: str = "clear", **changes: Any) -> dict[str, Any]:
    return {
        "no": no,
        "width_mm": 800 if is_open else 0,
        "open": is_open,
        "occupancy": occupancy,
        "locked": False,
        "lock": "",
        "light": False,
        **changes,
    }


MOVING = ("open_aisle", "close_all", "ventilate", "park", "home")
STILL = ("unlock", "lock", "light_on", "light_off", "clear_fault", "wake", "sleep", "deselect")


def operations(*missing: str) -> list[dict[str, Any]]:
    names = (*MOVING, *STILL)
    return [{"operation": name, "moves": name in MOVING, "offered": name not in missing} for name in names]


def bank(open_aisle: int = 3, **changes: Any) -> dict[str, Any]:
    columns, aisles, x_mm = [], [], 0
    for no in range(1, 12):
        faces = ["B"] if no == 1 else ["A", "B"]
        columns.append(
            {"no": no, "fixed": no == 1, "width_mm": 550, "faces": faces, "x_mm": x_mm, "quality": "measured"}
        )
        is_open = no == open_aisle
        x_mm += 550 + (800 if is_open else 0)
        occupancy = "presumed" if is_open else "clear"
        aisles.append(aisle(no, is_open, occupancy))
    return {
        "bank": "A",
        "name": "1区",
        "state": "idle",
        "columns": columns,
        "aisles": aisles,
        "rail_mm": 6850,
        "target_aisle": None,
        "closing_aisles": [],
        "progress": 0.0,
        "speed_mm_s": 80,
        "indicator": None,
        "faults": [],
        "sequence": 17,
        "as_of": "2026-11-24T01:30:00.000Z",
        "stale": False,
        "positions": "measured",
        "numbered_from": "left",
        "home_aisles": [11],
        "operations": operations(),
        "sensors": [
            {"id": "foot-a", "kind": "foot_beam", "name": "脚踏光幕", "aisles": list(range(1, 12)), "state": "ok",
             "tested_on": "2026-11-02", "test_due_at": "2027-05-01T16:00:00.000Z"}
        ],
        "scan_alone": None,
        "climate": {"temperature_dc": 214, "humidity_permille": 523, "out": [],
                    "temperature_band_dc": [140, 240], "humidity_band_permille": [450, 600]},
        "hazards": [],
        "door_open": False,
        **changes,
    }  # fmt: skip


def act(no: int, key: str, undoable: bool = False, undone: bool = False, **params: Any) -> dict[str, Any]:
    return {
        "id": f"act-{no}",
        "kind": key.partition(".")[2],
        "at": f"2026-11-24T01:{29 - no:02d}:00.000Z",
        "message": message(key, **params),
        "undoable": undoable,
        "undone": undone,
    }


def calm_view() -> KioskView:
    """Somebody is signed on, one aisle is open, nothing is asked."""
    names = [
        "锦江宾馆",
        "东郊机械厂",
        "四川大学华西医院",
        "春熙路百货",
        "人民公园管理处",
        "双流冷库",
        "青白江物流园",
        "成都地铁3号线",
    ]
    acts = [act(0, "act.motion", aisle=3)]
    acts += [act(1, "act.take_out", undoable=True, name="李敏", title=names[0])]
    acts += [
        act(no, "act.put_away", name="李敏", title=names[no - 1], place=PLACE, undone=no == 3) for no in range(2, 9)
    ]
    acts += [act(9, "act.move", name="王建国", title="高新区管委会", place=PLACE)]
    shown = prompt()
    view = {
        "room": {"id": "r01", "name": "城区供电所档案库房", "number": "01"},
        "as_of": "2026-11-24T01:30:00.000Z",
        "clock_ok": True,
        "siren": False,
        "prompt": shown,
        "prompts": [shown],
        "banks": [bank()],
        "last_acts": acts,
        "queue": [],
        "sessions": [
            {"station": "kiosk-a", "source_ids": ["scan-1"], "staff_code": "ST010000019", "staff_name": "李敏",
             "needs_pin": False, "place": None, "wanted": None}
        ],
        "states": [],
        "answers": [
            {"number": 4, "station": "kiosk-a", "source_id": "scan-1", "sound": "ok",
             "message": message("scan.taken", title=names[0])}
        ],
        "jobs": [],
        "link": "online",
    }  # fmt: skip
    return copy.deepcopy(view)  # type: ignore[return-value]


def asking_view() -> KioskView:
    """Opening aisle 7 closes aisle 3: a press is asked for; much else is going on."""
    view: Any = calm_view()
    asked = prompt(
        "prompt.confirm_close",
        params={"closing": [3], "aisle": 7},
        id="prompt-1",
        kind="open",
        bank="A",
        opening_aisle=7,
        closing_aisles=[3],
        remaining_ms=24_000,
        confirmable=True,
        points=[{"id": "kiosk-a", "kind": "kiosk", "name": "1区入口屏"}],
        box=BOX,
        place=PLACE,
    )
    view["prompt"], view["prompts"] = asked, [asked]
    view["queue"] = [
        {"id": "wish-2", "bank": "A", "place": 0, "operation": "open_aisle", "aisle": 9, "box": {"code": "BX01000002X", "title": "四川大学华西医院"},
         "staff_name": "王建国", "reason": message("refused.busy"), "remaining_ms": 20_000}
    ]  # fmt: skip
    view["states"] = [
        {"key": "link_down", "level": "notice", "subject": "", "message": message("state.link_down")},
        {"key": "printer_out_of_labels", "level": "warning", "subject": "zpl-1",
         "message": message("state.printer_out_of_labels", codes=["BX010000019"])},
    ]  # fmt: skip
    view["jobs"] = [{"id": "job-1", "code": "BX010000019", "state": "failed", "detail": "out_of_labels"}]
    view["answers"] = [
        {"number": 5, "station": "kiosk-a", "source_id": "cam-1", "sound": "look",
         "message": message("scan.prompted", closing=[3])}
    ]  # fmt: skip
    view["link"] = "offline"
    return view  # type: ignore[no-any-return]


def moving_view() -> KioskView:
    """Columns travel."""
    view: Any = calm_view()
    shown = prompt(
        "prompt.closing",
        params={"closing": [3], "aisle": 7, "seconds": 8},
        kind="moving",
        bank="A",
        opening_aisle=7,
        closing_aisles=[3],
        remaining_ms=8000,
        box=BOX,
        place=PLACE,
    )
    view["prompt"], view["prompts"] = shown, [shown]
    moving = bank(state="moving", target_aisle=7, closing_aisles=[3], progress=0.4)
    moving["columns"] = [
        {**column, "x_mm": column["x_mm"] - (320 if 4 <= column["no"] <= 7 else 0)} for column in moving["columns"]
    ]
    moving["aisles"][2].update(width_mm=480)
    moving["aisles"][6].update(width_mm=320)
    view["banks"] = [moving]
    return view  # type: ignore[no-any-return]


def alarm_view() -> KioskView:
    """A stop nobody confirmed."""
    view: Any = calm_view()
    shown = prompt("prompt.stop_unconfirmed", kind="stopping", bank="A")
    view["prompt"], view["prompts"], view["siren"] = shown, [shown], True
    view["states"] = [
        {
            "key": "stop_unconfirmed",
            "level": "alarm",
            "subject": "A",
            "message": message("state.stop_unconfirmed", bank="1区"),
        }
    ]
    return view  # type: ignore[no-any-return]


def pin_view() -> KioskView:
    """A badge was shown; its PIN is asked for."""
    view: Any = calm_view()
    view["sessions"][0]["needs_pin"] = True
    shown = prompt("prompt.enter_pin", params={"name": "李敏"})
    view["prompt"], view["prompts"] = shown, [shown]
    return view  # type: ignore[no-any-return]


def wish(no: int, bank_id: str, place: int, title: str | None, operation: str = "open_aisle") -> dict[str, Any]:
    return {
        "id": f"wish-{no}",
        "bank": bank_id,
        "place": place,
        "operation": operation,
        "aisle": no if operation == "open_aisle" else 0,
        "box": {"code": f"BX0100000{no:02d}", "title": title} if title else None,
        "staff_name": "王建国",
        "reason": message("refused.busy"),
        "remaining_ms": 30_000 * no,
    }


def state(key: str, level: str, subject: str = "A", **params: Any) -> dict[str, Any]:
    return {"key": key, "level": level, "subject": subject, "message": message(f"state.{key}", **params)}


def spread_bank() -> dict[str, Any]:
    """A bank with a fixed column in its middle, column 1 at the right, spread for ventilation; a lock and a light."""
    columns, x_mm = [], 0
    gap_mm = 160
    for no in range(1, 12):
        fixed = no in {1, 6, 11}
        columns.append({"no": no, "fixed": fixed, "width_mm": 550, "faces": ["A", "B"], "x_mm": x_mm,
                        "quality": "measured"})  # fmt: skip
        x_mm += 550 + gap_mm
    aisles = [aisle(no, False, width_mm=gap_mm) for no in range(1, 11)]
    aisles[3].update(locked=True, lock="gateway")
    aisles[7].update(light=True)
    return bank(
        bank="B",
        name="2区",
        columns=columns,
        aisles=aisles,
        rail_mm=11 * 550 + 10 * gap_mm,
        numbered_from="right",
        home_aisles=[5, 10],
        operations=operations("park", "sleep"),
        climate={"temperature_dc": 268, "humidity_permille": 655, "out": ["hot", "humid"]},
    )


def contact_bank() -> dict[str, Any]:
    """A bank that knows contacts only, on its way: nothing of it may seem to travel."""
    aisles = [aisle(no, no == 3, width_mm={3: 800}.get(no, 0)) for no in range(1, 12)]
    aisles[2].update(open=False, width_mm=400)
    aisles[6].update(width_mm=400)
    columns = [{**column, "quality": "contacts"} for column in bank(3)["columns"]]
    return bank(
        bank="C",
        name="3区",
        positions="contacts",
        state="moving",
        columns=columns,
        aisles=aisles,
        target_aisle=7,
        closing_aisles=[3],
        sensors=[],
        climate={"temperature_dc": None, "humidity_permille": None, "out": []},
    )


def many_banks_view() -> KioskView:
    """Eight banks, a long queue, water, a blind sensor and a bank that opens by scan alone."""
    view: Any = calm_view()
    blind = {"id": "pir-a", "kind": "pir", "name": "红外", "aisles": [3], "state": "faulty", "tested_on": "2026-06-02",
             "test_due_at": "2026-11-01T16:00:00.000Z"}  # fmt: skip
    scan_alone = {
        "active": True,
        "names": ["张伟", "王建国"],
        "document": "风险评估 RA-2026-014",
        "signed_on": "2026-11-02",
        "expires_at": "2027-05-01T16:00:00.000Z",
    }
    first = bank(scan_alone=scan_alone)
    first["sensors"].append(blind)
    others = [bank(bank=letter, name=f"{no}区", state="idle") for no, letter in enumerate("DEFGH", start=4)]
    others[1].update(state="fault", faults=["drive"], hazards=["water"])
    view["banks"] = [first, spread_bank(), contact_bank(), *others]
    view["queue"] = [
        wish(1, "A", 0, "锦江宾馆"),
        wish(2, "A", 1, "四川大学华西医院"),
        wish(3, "A", 2, None, "ventilate"),
        wish(4, "B", 0, "春熙路百货大楼股份有限公司"),
        wish(5, "C", 0, None),
    ]
    view["sessions"].append({**view["sessions"][0], "station": "scan-2", "source_ids": ["scan-2"],
                             "staff_code": "ST010000027", "staff_name": "王建国"})  # fmt: skip
    view["states"] = [
        state("hazard_water", "alarm", "E", bank="5区"),
        state("sensor_faulty", "warning", bank="1区", sensor="红外"),
        state("scan_alone", "warning", bank="1区", document="风险评估 RA-2026-014", expires="2027-05-02"),
        state("climate_hot", "warning", "B", bank="2区"),
        state("climate_humid", "warning", "B", bank="2区"),
    ]
    return view  # type: ignore[no-any-return]


def asking_for(kind: str, key: str, **params: Any) -> KioskView:
    """One bank asks for the press of an operation."""
    view: Any = calm_view()
    closing = params.get("closing", [])
    asked = prompt(
        key,
        params=params,
        id="prompt-1",
        kind=kind,
        bank="A",
        opening_aisle=params.get("aisle"),
        closing_aisles=closing,
        remaining_ms=24_000,
        confirmable=True,
        points=[{"id": "kiosk-a", "kind": "kiosk", "name": "1区入口屏"}],
    )
    view["prompt"], view["prompts"] = asked, [asked]
    return view  # type: ignore[no-any-return]


def home_view() -> KioskView:
    """Homing may close any aisle: the longest sentence there is."""
    return asking_for("home", "prompt.confirm_home", closing=list(range(1, 12)))


def fire_view() -> KioskView:
    """Fire: everybody badged in is named."""
    view: Any = calm_view()
    view["banks"][0].update(hazards=["fire"])
    view["states"] = [state("hazard_fire", "alarm", bank="1区"), state("hazard_smoke", "alarm", bank="1区")]
    return view  # type: ignore[no-any-return]
