"""A gateway as a real process in a simulated room, without centre and broker: its replica is laid in before it starts."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from edge.core.link import FeedRow
from edge.runtime.clock import read_wall_ms
from edge.store import open_store
from simulators.room import SimulatedRoom
from simulators.room_plan import RoomOptions, RoomPlan, plan_room
from simulators.room_settings import BankSettings, RoomSettings
from tests.unit.edge_rim.label_pictures import FONT_FILE
from tests.wait import wait_for

EXAMPLE = Path(__file__).parents[3] / "deploy" / "gateway.example.toml"
SPEED_MM_S = 133  # the fastest bank allowed: a shorter test


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class GatewayRoom:
    """The room's devices in this process, the gateway in another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan: RoomPlan = plan_room(RoomOptions(boxes=30, speed_mm_s=SPEED_MM_S))
        self.room = SimulatedRoom(RoomSettings(dir=folder / "room", bank=BankSettings(speed_mm_s=SPEED_MM_S)))
        self.kiosk = f"http://127.0.0.1:{(port := free_port())}"
        self.config = folder / "gateway.toml"
        self.config.write_text(self.fill_example(port), encoding="utf-8")
        (folder / "link-password").write_text("secret")
        self.process: subprocess.Popen[bytes] | None = None

    def fill_example(self, kiosk_port: int) -> str:
        text = EXAMPLE.read_text(encoding="utf-8")
        described = self.room.describe()
        for pattern, value in (
            (r'dir = "/var[^"]*"', f'dir = "{self.folder / "store"}"'),
            (r'host = "centre.example"\nport = 8883', f'host = "127.0.0.1"\nport = {free_port()}'),
            (r'"/etc/openaisle/link-password"\nca_file = .*', '"link-password"'),
            (r"port = 8090", f"port = {kiosk_port}"),
            (r'port = "/dev/serial/by-id/usb-FTDI[^"]*"', f'port = "{described["bus"]}"'),
            (r'parity = "E"\nstop_bits = 1', 'parity = "N"\nstop_bits = 2'),
            (r'port = "/dev/serial/by-id/usb-Honeywell[^"]*"', f'port = "{described["scanners"]["scan-1"]}"'),
            (r'source = "[^"]*"', f'source = "{described["camera"]}"'),
            (r'host = "192.168.10.40"\nport = 9100', f'host = "127.0.0.1"\nport = {described["printer_port"]}'),
            (r'font_file = "[^"]*"', f'font_file = "{FONT_FILE}"'),
            (r"speed_mm_s = \d+", f"speed_mm_s = {SPEED_MM_S}"),
        ):
            text, count = re.subn(pattern, value, text, count=1)
            assert count == 1, pattern
        return text

    def lay_replica(self) -> None:
        """Put places, boxes and staff of the plan where the feed would have put them."""
        plan = self.plan
        codes = {place.key: place for place in plan.places}
        rows: list[tuple[str, str, dict[str, Any]]] = [
            ("place", key, {"code": p.code, "bank": "A", "column": p.column, "face": p.face, "section": p.section,
                            "tier": p.tier, "slot": p.slot})
            for key, p in codes.items()
        ]  # fmt: skip
        rows += [
            ("box", b.code, {"code": b.code, "title": b.title, "customer_no": b.customer_no,
                             "customer_name": b.customer_name, "state": "shelved", "place_key": b.place_key})
            for b in plan.boxes
        ]  # fmt: skip
        hasher = PasswordHasher()
        rows += [
            ("staff", one.code, {"code": one.code, "name": one.name, "pin_hash": hasher.hash(one.pin), "active": True})
            for one in plan.staff
        ]
        store = open_store(self.folder / "store", read_wall_ms)
        feed = [FeedRow(kind, key, number, body, None, 0) for number, (kind, key, body) in enumerate(rows, start=1)]
        store.replica.apply_rows("c" * 32, feed, len(feed))
        store.close()

    def start(self) -> None:
        self.room.start()
        self.start_gateway()

    def start_gateway(self) -> None:
        command = [sys.executable, "-m", "edge", "--config", str(self.config), "run"]
        with (self.folder / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        wait_for(self.is_ready, 40, "gateway with its shelf at rest", pause_s=0.2)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "gateway.log").read_text()[-2000:]
        return self.bank_state() in {"idle", "asleep"}

    def stop_gateway(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.room.close()

    def scan(self, text: str) -> None:
        self.room.scanners["scan-1"].scan(text)

    def view(self) -> dict[str, Any]:
        try:
            view: dict[str, Any] = httpx.get(f"{self.kiosk}/api/view").json()["view"] or {}
        except httpx.TransportError:
            return {}
        return view

    def bank_state(self) -> str:
        view = self.view()
        return str(view["banks"][0]["state"]) if view else ""

    def prompt_key(self) -> str:
        return str(self.view()["prompt"]["message"]["key"])

    def answer_keys(self) -> list[str]:
        return [answer["message"]["key"] for answer in self.view()["answers"]]

    def press(self, act: str, **fields: Any) -> int:
        return httpx.post(f"{self.kiosk}/api/{act}", json=fields, headers={"Origin": self.kiosk}).status_code

    def metric(self, line: str) -> float | None:
        for each in httpx.get(f"{self.kiosk}/metrics").text.splitlines():
            if each.startswith(line + " "):
                return float(each.rpartition(" ")[2])
        return None

    def metrics(self, name: str) -> float:
        """Return the sum of a metric over all its labels."""
        lines = httpx.get(f"{self.kiosk}/metrics").text.splitlines()
        return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith((name + " ", name + "{")))
