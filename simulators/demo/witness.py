"""What can be proven from the outside: the centre's API, the printer's picture, the controller's registers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import httpx
import numpy as np
import zxingcpp
from pymodbus.client import ModbusTcpClient

from simulators.demo.stage import Stage
from simulators.demo.stage_files import HOST, UNIT
from simulators.room_plan import Place

_GLANCE_S = 0.03
_PAUSE = threading.Event()
# Numbers of the shelf wire's SPEC, on purpose by themselves: a witness does not borrow the codec of the accused
MOTION, DETAIL_INDICATOR, REQUEST_LOG = 0x0100, 0x021F, 0x0300
IDLE, WARNING, MOVING, SETTLING = 3, 5, 6, 7
OUTCOME_DONE, CAUSE_ARRIVED = 3, 1
FACES = {"A": 1, "B": 2}


class WitnessError(Exception):
    """Something could not be seen from the outside."""


@dataclass(frozen=True)
class ShelfSight:
    """What the registers of the bank say."""

    state: int
    open_aisles: tuple[int, ...]
    progress_permille: int


class Witness:
    """Looks at everything without belonging to any of it."""

    def __init__(self, stage: Stage) -> None:
        user = stage.plan.users[0]
        self._centre = httpx.Client(base_url=stage.centre_url, timeout=10)
        self._room = httpx.Client(base_url=stage.control_url, timeout=10)
        self._shelf = ModbusTcpClient(HOST, port=stage.ports.service, timeout=3)
        self._room_id = stage.plan.options.room_id
        token = self._post("/api/v1/sessions", {"login": user.login, "password": user.password})["token"]
        self._centre.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close all windows."""
        self._centre.close()
        self._room.close()
        self._shelf.close()  # type: ignore[no-untyped-call]

    # ---- the centre -----------------------------------------------------------------------------

    def find_box(self, code: str) -> dict[str, Any]:
        """Return where the centre says that a box is."""
        return self._get(f"/api/v1/boxes/by-code/{code}")

    def list_movements(self, box_id: str) -> list[dict[str, Any]]:
        """Return the history of a box, newest first."""
        items: list[dict[str, Any]] = self._get(f"/api/v1/boxes/{box_id}/movements")["items"]
        return items

    def print_label(self, box_id: str) -> dict[str, Any]:
        """Have the centre print a label."""
        return self._post(f"/api/v1/boxes/{box_id}/labels", None)

    def find_live_bank(self, bank: str) -> dict[str, Any]:
        """Return the centre's live view of a bank; empty before the first."""
        live = self._get(f"/api/v1/rooms/{self._room_id}/live")
        view: dict[str, Any] = live["banks"].get(bank, {})
        return view

    def gateway_state(self) -> str:
        """Return what the centre thinks of the room's gateway."""
        presence = self._get(f"/api/v1/rooms/{self._room_id}/live")["presence"]
        return str(presence.get("state"))

    def await_box(self, code: str, what: str, seen: Callable[[dict[str, Any]], bool], timeout_s: float = 10) -> Any:
        """Ask the centre for a box until it says what is expected."""
        return self.await_sight(what, lambda: box if seen(box := self.find_box(code)) else None, timeout_s)

    # ---- the printer ----------------------------------------------------------------------------

    def count_labels(self) -> int:
        """Return how many labels have come out."""
        return len(self._room.get("/printer").raise_for_status().json()["labels"])

    def decode_label(self, number: int) -> set[tuple[str, str]]:
        """Read a printed label's picture: symbology and text of each code on it."""
        octets = self._room.get(f"/printer/{number}.png").raise_for_status().content
        picture = cv2.imdecode(np.frombuffer(octets, np.uint8), cv2.IMREAD_GRAYSCALE)
        return {(str(found.format), found.text) for found in zxingcpp.read_barcodes(picture)}

    def hold_before_camera(self, number: int) -> None:
        """Hold a printed label before the camera."""
        self._room.post("/camera/label", json={"label": number}).raise_for_status()

    def clear_camera(self) -> None:
        """Take it away."""
        self._room.delete("/camera").raise_for_status()

    # ---- the controller -------------------------------------------------------------------------

    def read_shelf(self) -> ShelfSight:
        """Read the bank's state by pymodbus on the service port."""
        words = self._read(MOTION, 16)
        return ShelfSight(words[0], tuple(bit + 1 for bit in range(16) if words[1] >> bit & 1), words[3])

    def check_request_done(self, aisle: int) -> str:
        """Return the request id of the newest request, which must have opened this aisle by itself."""
        words = self._read(REQUEST_LOG, 6)
        if words[4] != 1 << 8 | aisle or words[5] != OUTCOME_DONE << 8 | CAUSE_ARRIVED:
            raise WitnessError(f"the controller's log says {words[4]:04x} {words[5]:04x}")
        return "".join(f"{word:04x}" for word in words[:4])

    def check_indicator(self, place: Place) -> None:
        """Let the registers show the lights of this place."""
        aisle, packed = self._read(DETAIL_INDICATOR, 2)
        expected = FACES[place.face] << 12 | place.section << 6 | place.tier
        if (aisle, packed) != (place.aisle, expected):
            raise WitnessError(f"the indicator shows aisle {aisle}, place {packed:04x} instead of {expected:04x}")

    def _read(self, address: int, count: int) -> list[int]:
        answer = self._shelf.read_holding_registers(address, count=count, device_id=UNIT)
        if answer.isError():
            raise WitnessError(f"registers {address:#06x}: {answer}")
        return list(answer.registers)

    # ---- patience -------------------------------------------------------------------------------

    @staticmethod
    def await_sight(what: str, look: Callable[[], Any], timeout_s: float = 10) -> Any:
        """Look until something is seen; WitnessError names what never came."""
        ends_at = time.monotonic() + timeout_s
        while not (found := look()):
            if time.monotonic() > ends_at:
                raise WitnessError(f"{what}: not seen within {timeout_s:g} s")
            _PAUSE.wait(_GLANCE_S)
        return found

    def _get(self, path: str) -> dict[str, Any]:
        return self._judge(self._centre.get(path))

    def _post(self, path: str, body: object) -> dict[str, Any]:
        return self._judge(self._centre.post(path, json=body))

    @staticmethod
    def _judge(answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 300:
            raise WitnessError(
                f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
            )
        told: dict[str, Any] = answer.json()
        return told
