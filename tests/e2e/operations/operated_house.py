"""A gateway and its room as processes, without a centre: bank A on a line, bank B on the room's broker, a device page.

What becomes of a press is read from bank A's registers by pymodbus, on the service port of its controller.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from pymodbus.client import ModbusTcpClient

from edge.device.accounts import write_account
from simulators.demo.stage import Stage
from simulators.demo.stage_files import HOST, KIOSK_POINT, UNIT
from simulators.room_plan import RoomOptions
from simulators.shelf_controller import ShelfController, count_milliseconds
from simulators.shelf_model import ShelfModel
from simulators.shelf_mqtt import MqttController
from tests.e2e.kiosk_front import KioskFront
from tests.integration.edge_device.certificates import make_certificate
from tests.integration.edge_device.device_room import NAME, PASSWORD
from tests.integration.edge_rim.gateway_room import free_port
from tests.integration.wires.room_broker import RoomBroker
from tests.wait import wait_for

#: Two moving columns: three aisles, and short ways.
OPTIONS = RoomOptions(boxes=4, slots=1, moving_columns=2, aisle_mm=720, speed_mm_s=133)
COLUMNS, AISLES = 3, 3
# addresses and numbers of firmware_protocol/SPEC.md, by themselves
STATE, TARGET, SAFETY, FAULTS = 0x0100, 0x0102, 0x0104, 0x0105
POSITIONS, LOCKS, INDICATOR, LIGHTS, WIDTHS = 0x0200, 0x021E, 0x021F, 0x0221, 0x0228
REQUEST_LOG, LOG_REGISTERS = 0x0300, 96
UNKNOWN, IDLE, WARNING, MOVING, STOPPED, FAULT = 0, 3, 5, 6, 8, 9
DONE_ARRIVED = 3 << 8 | 1


class Registers:
    """Bank A's registers as any technician's Modbus tool reads them."""

    def __init__(self, port: int) -> None:
        self._client = ModbusTcpClient(HOST, port=port, timeout=3)

    def read(self, address: int, count: int = 1) -> list[int]:
        answer = self._client.read_holding_registers(address, count=count, device_id=UNIT)
        assert not answer.isError(), answer
        return list(answer.registers)

    def word(self, address: int) -> int:
        return self.read(address)[0]

    def widths_mm(self) -> list[int]:
        return self.read(WIDTHS, AISLES)

    def newest_request(self) -> tuple[int, int]:
        """Target and outcome of the newest request, both packed."""
        target, outcome = self.read(REQUEST_LOG + 4, 2)
        return target, outcome

    def standing(self) -> tuple[list[int], list[int]]:
        """Where every column stands, and every request that was ever made: equal means that nothing was started."""
        return self.read(POSITIONS, COLUMNS), self.read(REQUEST_LOG, LOG_REGISTERS)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]


class OperatedHouse(KioskFront):
    """The house, its kiosk, its technician and its registers."""

    def __init__(self, folder: Path, broker: RoomBroker) -> None:
        self.stage = Stage(folder, OPTIONS)
        super().__init__(self.stage.kiosk_url)
        self.device_url = f"https://localhost:{(port := free_port())}"
        self.certificate, _ = make_certificate(folder)
        write_account(folder / "technicians", NAME, PASSWORD)
        config = folder / "gateway.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text + word_other_bank(text, broker) + word_device_page(port), encoding="utf-8")
        plan = replace(OPTIONS.bank, bank_id="B")
        # what nobody times here may be fast
        plan = replace(plan, times=replace(plan.times, speed_mm_s=800, warning_ms=600))
        self.other = MqttController(
            ShelfController(ShelfModel(plan, seed=2), 1, count_milliseconds()),
            broker.host, broker.port, broker.password("B"),
        )  # fmt: skip
        self.room = httpx.Client(base_url=self.stage.control_url, timeout=10)
        self.registers = Registers(self.stage.ports.service)

    def start(self) -> None:
        """Bring room, bank B and gateway up, and wait until both banks are read."""
        self.other.start()
        for program in (self.stage.room, self.stage.gateway):
            program.start()
        self.stage.await_room()
        self.stage.await_gateway()
        self.see("both banks", lambda view: [each["state"] for each in view["banks"]] == ["idle", "idle"], 30)

    def close(self) -> None:
        for client in (self.kiosk, self.room):
            client.close()
        self.registers.close()
        for program in (self.stage.gateway, self.stage.room):
            program.stop()
        self.other.close()

    def settle(self) -> None:
        """Leave nothing asked and nothing moving."""
        wait_for(self._is_calm, 30, "nothing asked and nothing moving", pause_s=0.05)

    def _is_calm(self) -> bool:
        view = self.view()
        for waiting in view.get("queue", []):
            self.press("withdraw", queue_id=waiting["id"])
        for prompt in view.get("prompts", []):
            if prompt["id"]:
                self.press("dismiss", prompt_id=prompt["id"])
        asked = not view or view["queue"] or [each for each in view["prompts"] if each["bank"]]
        return not asked and all(each["state"] in {"idle", "stopped"} and not each["stale"] for each in view["banks"])

    # -- asking and pressing ----------------------------------------------------------------------

    def ask(self, operation: str, aisle: int | None = None, bank: str = "A") -> str:
        """Ask for an operation at the kiosk; the answer's key."""
        return self.said("operate", self.newest_answer(), bank=bank, operation=operation, aisle=aisle)

    def prompt(self, kind: str, bank: str = "A") -> dict[str, Any]:
        """Wait for the prompt that asks for a press."""

        def asked(view: dict[str, Any]) -> dict[str, Any] | None:
            shown = [each for each in view["prompts"] if each["bank"] == bank and each["confirmable"]]
            return next((each for each in shown if each["kind"] == kind), None)

        found: dict[str, Any] = self.see(f"a prompt to {kind}", asked)
        return found

    def confirm(self, prompt: dict[str, Any]) -> str:
        """Press what a prompt asks; the answer's key."""
        return self.said("confirm", self.newest_answer(), point_id=KIOSK_POINT, prompt_id=prompt["id"])

    def waiting(self, bank: str = "A") -> list[dict[str, Any]]:
        """What waits for a bank, in its order."""
        return sorted((each for each in self.view()["queue"] if each["bank"] == bank), key=lambda each: each["place"])

    def bank(self, bank: str = "A") -> dict[str, Any]:
        """One bank as the kiosk draws it."""
        shown: dict[str, Any] = next(each for each in self.view()["banks"] if each["bank"] == bank)
        return shown

    def act(self, act: str, number: int = 0, millimetres: float = 0.0) -> None:
        """Do something at the steel itself."""
        told = self.room.post("/shelf", json={"act": act, "number": number, "millimetres": millimetres})
        told.raise_for_status()

    def motions(self) -> int:
        """How many motions the controller has really begun."""
        return len(self.room.get("/shelf").raise_for_status().json()["motions"])


def word_other_bank(text: str, broker: RoomBroker) -> str:
    """Word bank B as a twin of bank A, on the room's broker."""
    twin = text[text.index("[[bank]]") :]
    for ours, its in (
        ('id = "A"', 'id = "B"'),
        ('name = "1区"', 'name = "2区"'),
        ('bus = "bus1"', 'bus = "broker"'),
        (f"unit = {UNIT}\n", "unit = 0\n"),
    ):
        assert twin.count(ours) == 1, ours
        twin = twin.replace(ours, its)
    return f"""
{twin}
[[bus]]
id = "broker"
kind = "mqtt"
host = "{broker.host}"
port = {broker.port}
user = "gateway"
password_file = "{broker.password_file("gateway")}"
"""


def word_device_page(port: int) -> str:
    """Word the section of the technicians' page."""
    return f"""
[device_page]
host = "127.0.0.1"
port = {port}
names = ["localhost"]
certificate_file = "device.pem"
key_file = "device.key"
technicians_file = "technicians"
"""
