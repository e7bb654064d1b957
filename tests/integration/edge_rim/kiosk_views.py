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
        aisles.append(
            {"no": no, "width_mm": 800 if is_open else 0, "open": is_open, "occupancy": occupancy, "locked": False}
        )
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
        **changes,
    }


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
    view = calm_view()
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
    view["prompt"], view["prompts"] = asked, [asked]  # type: ignore[typeddict-item, list-item]
    view["queue"] = [
        {"id": "wish-2", "bank": "A", "aisle": 9, "box": {"code": "BX01000002X", "title": "四川大学华西医院"},
         "staff_name": "王建国", "reason": message("refused.busy"), "remaining_ms": 20_000}
    ]  # type: ignore[typeddict-item] # fmt: skip
    view["states"] = [
        {"key": "link_down", "level": "notice", "subject": "", "message": message("state.link_down")},
        {"key": "printer_out_of_labels", "level": "warning", "subject": "zpl-1",
         "message": message("state.printer_out_of_labels", codes=["BX010000019"])},
    ]  # type: ignore[typeddict-item] # fmt: skip
    view["jobs"] = [{"id": "job-1", "code": "BX010000019", "state": "failed", "detail": "out_of_labels"}]
    view["answers"] = [
        {"number": 5, "station": "kiosk-a", "source_id": "cam-1", "sound": "look",
         "message": message("scan.prompted", closing=[3])}
    ]  # type: ignore[typeddict-item] # fmt: skip
    view["link"] = "offline"
    return view


def moving_view() -> KioskView:
    """Columns travel."""
    view = calm_view()
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
    view["prompt"], view["prompts"] = shown, [shown]  # type: ignore[typeddict-item, list-item]
    moving = bank(state="moving", target_aisle=7, closing_aisles=[3], progress=0.4)
    moving["columns"] = [
        {**column, "x_mm": column["x_mm"] - (320 if 4 <= column["no"] <= 7 else 0)} for column in moving["columns"]
    ]
    moving["aisles"][2].update(width_mm=480)
    moving["aisles"][6].update(width_mm=320)
    view["banks"] = [moving]  # type: ignore[list-item]
    return view


def alarm_view() -> KioskView:
    """A stop nobody confirmed."""
    view = calm_view()
    shown = prompt("prompt.stop_unconfirmed", kind="stopping", bank="A")
    view["prompt"], view["prompts"], view["siren"] = shown, [shown], True  # type: ignore[typeddict-item, list-item]
    view["states"] = [
        {
            "key": "stop_unconfirmed",
            "level": "alarm",
            "subject": "A",
            "message": message("state.stop_unconfirmed", bank="1区"),
        }
    ]  # type: ignore[typeddict-item]
    return view


def pin_view() -> KioskView:
    """A badge was shown; its PIN is asked for."""
    view = calm_view()
    view["sessions"][0]["needs_pin"] = True
    shown = prompt("prompt.enter_pin", params={"name": "李敏"})
    view["prompt"], view["prompts"] = shown, [shown]  # type: ignore[typeddict-item, list-item]
    return view
