"""A centre as a process of its own on SQLite, filled with the demo room, and a stand-in for the gateway on the broker."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.room_plan import RoomPlan, describe_room, plan_room
from tests.plugins.broker import Broker
from tests.wait import wait_for

ROOM = "r01"
TREE = f"openaisle/v1/rooms/{ROOM}"
COLUMN_MM = 550
#: What centre and marketing system sign with.
MARKETING_KEY, MARKETING_KEY_ID = b"a key of thirty-two good bytes!!", "k1"
FREE_MM = 800


class Centre:
    """`openaisle-central serve` with its data in a folder."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.plan: RoomPlan = plan_room()
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        #: Where a simulated marketing system listens, if there is one.
        self.callback_port = _free_port()
        (folder / "marketing.key").write_bytes(MARKETING_KEY)
        self.config = folder / "central.toml"
        self.config.write_text(
            f'[http]\nport = {self.port}\n[database]\nurl = "sqlite:///central.db"\n'
            f'[mqtt]\nport = {broker.port}\npassword_file = "{broker.password_file("central")}"\n'
            f'[marketing]\ncallback_url = "http://127.0.0.1:{self.callback_port}/callbacks"\n'
            f'[[marketing.keys]]\nid = "{MARKETING_KEY_ID}"\nfile = "marketing.key"\n'
            "[password]\ntime_cost = 1\nmemory_kib = 8192\n"
            '[log]\nlevel = "warning"\nform = "json"\n'
        )
        seed = folder / "room.json"
        seed.write_text(json.dumps(describe_room(self.plan), ensure_ascii=False))
        self._run("migrate")
        self._run("import-room", str(seed))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command("serve"), stdout=log, stderr=log)
        wait_for(self._answers, 30, f"the centre on port {self.port}; log: {self.folder / 'log'}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)
            self._process = None

    def password_of(self, login: str) -> str:
        return next(user.password for user in self.plan.users if user.login == login)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "central", "--config", str(self.config), *words]

    def _run(self, *words: str) -> None:
        done = subprocess.run(self._command(*words), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class RoomVoice:
    """What a gateway says to pages: presence and bank views; and what it answers to commands (docs/link-protocol.md 8, 9)."""

    def __init__(self, broker: Broker) -> None:
        self.answer: tuple[str, str | None] = ("prompted", None)
        self.asked: list[dict[str, Any]] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"gateway-{ROOM}", protocol=mqtt.MQTTv5)
        self._client.username_pw_set(ROOM, broker.password(ROOM))
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say_presence(self, state: str) -> None:
        body = {"v": 1, "state": state, "at": _now(), "boot": "b1", "epoch": "0" * 32, "version": "0.1.0"}
        self._publish("presence", body, qos=1)

    def greet(self, epoch: str) -> None:
        """Report with a record book of this epoch and nothing to send (link-protocol 4.2)."""
        header = {
            "batch": secrets.token_hex(8),
            "centre": None,
            "count": 0,
            "epoch": epoch,
            "first": 1,
            "head": 0,
            "v": 1,
        }
        self._client.publish(f"{TREE}/up", json.dumps(header, separators=(",", ":")), qos=1).wait_for_publish(5)

    def show(self, view: dict[str, Any]) -> None:
        self._publish(f"state/{view['bank']}", view, qos=0)

    def _publish(self, name: str, body: dict[str, Any], qos: int) -> None:
        self._client.publish(
            f"{TREE}/{name}", json.dumps(body, ensure_ascii=False), qos=qos, retain=True
        ).wait_for_publish(5)

    def _on_connect(self, client: mqtt.Client, *_rest: object) -> None:
        client.subscribe(f"{TREE}/command", qos=0)

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.asked.append(command)
        result, reason = self.answer
        body = {"v": 1, "id": command["id"], "result": result, "reason": reason, "detail": {}, "answered_at": _now()}
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        client.publish(message.properties.ResponseTopic, json.dumps(body), qos=1, properties=properties)


def draw_view(open_aisle: int, *, target: int | None = None, share: float = 0.0, **changes: Any) -> dict[str, Any]:
    """The bank view of the demo bank: `open_aisle` stands open; on the way to `target`, `share` of the travel is done."""
    places = {no: COLUMN_MM * (no - 1) + (FREE_MM if no > open_aisle else 0) for no in range(1, 12)}
    for no in range(2, 12):
        if target is not None and min(open_aisle, target) < no <= max(open_aisle, target):
            places[no] += round(FREE_MM * share) * (1 if target < open_aisle else -1)
    ends = {**{no: places[no + 1] for no in range(1, 11)}, 11: COLUMN_MM * 11 + FREE_MM}
    widths = {no: ends[no] - places[no] - COLUMN_MM for no in range(1, 12)}
    return {
        "bank": "A",
        "name": "1区",
        "state": "idle" if target is None else "moving",
        "columns": [
            {
                "no": no,
                "fixed": no == 1,
                "width_mm": COLUMN_MM,
                "faces": ["B"] if no == 1 else ["A", "B"],
                "x_mm": places[no],
                "quality": "measured",
            }
            for no in range(1, 12)
        ],
        "aisles": [
            {"no": no, "width_mm": width, "open": width >= 700, "occupancy": "clear", "locked": False}
            for no, width in widths.items()
        ],
        "rail_mm": COLUMN_MM * 11 + FREE_MM,
        "target_aisle": target,
        "closing_aisles": [] if target is None else [open_aisle],
        "progress": share,
        "speed_mm_s": 80,
        "indicator": None,
        "faults": [],
        "sequence": 1,
        "as_of": _now(),
        "stale": False,
    } | changes


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
