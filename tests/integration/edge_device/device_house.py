"""A device page around a real runtime, a real store and a shelf that answers in the same process; served over TLS."""

from __future__ import annotations

import functools
import ssl
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from edge.core.events import CodeRead, Event, PrintSettled, PromptConfirmed
from edge.core.geometry import list_aisles
from edge.device.accounts import Accounts
from edge.device.commissioning import Commissioning
from edge.device.flight import FlightRecorder
from edge.device.house import DeviceRow, House
from edge.device.serving import DeviceServer
from edge.device.site import create_device_site
from edge.device.watch import DeviceWatch
from edge.device.wearing import WearKeeper
from edge.drivers.line_record import LineRecord
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.store import open_store
from edge.store.checklists import Checklists
from edge.store.wear import WearBook
from firmware_protocol.registers import MAP_HASH
from firmware_protocol.timing import Line, describe_commissioning
from tests.integration.edge_core.driven_room import HASHER, PromptShelf, fill_replica, make_room
from tests.integration.edge_device.certificates import make_certificate
from tests.integration.edge_device.device_room import NAME, PASSWORD, Technician
from tests.integration.edge_device.vectors import FRAMES
from tests.wait import wait_for

UNIT = 17
JPEG = bytes.fromhex("ffd8ffd9")


class QuietPrinter:
    """A printer that says at once what it was told to say."""

    def __init__(self) -> None:
        self.outcome: Any = "done"
        self.labels: list[dict[str, Any]] = []
        self._sink: Any = lambda _event: True

    def start(self, sink: Any) -> None:
        self._sink = sink

    def close(self) -> None:
        return

    def print_label(self, job_id: str, label: dict[str, Any]) -> None:
        self.labels.append(label)
        self._sink(PrintSettled(job_id, self.outcome, ""))


def speak(record: LineRecord, at_ms: float) -> None:
    """Let a line carry what peers' tools once said, good and bad."""
    for asked, told in (("read-motion", "motion-moving"), ("read-motion", "motion-crc-swapped")):
        record.note_sent(FRAMES[asked], at_ms)
        record.note_heard(FRAMES[told], at_ms + 30)
        at_ms += 100
    record.note_sent(FRAMES["stop-unicast"], at_ms)


class DeviceHouse:
    """One gateway's technician side, and everything it posted."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "store", read_wall_ms)
        fill_replica(self.store)
        self.shelf = PromptShelf()
        self.printer = QuietPrinter()
        room = make_room()
        self.watch = DeviceWatch(read_wall_ms, read_mono_ms)
        self.record = LineRecord("bus1", 19200, {UNIT: "A"})
        self.book = WearBook(self.store.database)
        self.wear = WearKeeper(self.book, [self.record], {"A": room.banks[0].geometry}, read_wall_ms)
        aisles = {bank.id: list_aisles(bank.geometry) for bank in room.banks}
        self.commissioning = Commissioning(Checklists(self.store.database), aisles, read_wall_ms)
        self.watch.listen(on_snapshot=self.wear.note_snapshot)
        self.watch.listen(on_snapshot=self.commissioning.note_snapshot, on_code=self.commissioning.note_code)
        self.runtime = GatewayRuntime(
            room, self.store, shelves=[self.shelf], scanners={}, printer=self.printer, code_version="test",
            observe=self.watch.note_step,
        )  # fmt: skip
        self.posted: list[Event] = []
        self.picture: bytes | None = JPEG
        speak(self.record, read_mono_ms() - 400.0)
        sheet = {
            **describe_commissioning(Line(19200), 80, 50, 15), "stop_confirm_ms": 1000, "passable_gap_mm": 700,
            "geometry_hash": "0BADF00D", "points": [], "bank": "A",
        }  # fmt: skip
        house = House(
            version="1.2.3",
            zone=ZoneInfo("Asia/Shanghai"),
            room=room,
            sheets={"A": sheet},
            devices=[
                DeviceRow("scan-1", "扫描枪", "scanner", "/dev/ttyACM0"),
                DeviceRow("cam-1", "工作台摄像头", "camera", "http://127.0.0.1:8081/stream.mjpg"),
                DeviceRow("zpl-1", "标签打印机", "printer", "127.0.0.1:9100"),
            ],
            lines=[self.record],
            printer=self.printer,
            watch=self.watch,
            wear=self.book,
            commissioning=self.commissioning,
            flight=FlightRecorder(folder / "store", self.store.database, (sys.executable, "-m", "edge", "replay")),
            read_state=lambda: self.runtime.state,
            wait_view=self.runtime.board.wait_newer,
            read_picture=lambda _source, _width: self.picture,
            read_health=lambda: (True, {"link": {"backlog": 0}}),
            expected_map_hash=MAP_HASH,
            wall_ms=read_wall_ms,
            mono_ms=read_mono_ms,
            _post=self.take,
        )
        self.accounts_file = folder / "technicians"
        self.accounts_file.write_text(f"{NAME}:{HASHER.hash(PASSWORD)}\n")
        self.accounts_file.chmod(0o600)
        self.certificate, self.key = make_certificate(folder)
        self.site = create_device_site(house, Accounts(self.accounts_file, HASHER), ("localhost",), read_mono_ms)
        self.server = DeviceServer(self.site, "127.0.0.1", 0, certificate_file=self.certificate, key_file=self.key)

    @property
    def page(self) -> str:
        return f"https://localhost:{self.server.port}"

    @functools.cached_property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    def take(self, event: Event) -> bool:
        self.posted.append(event)
        return self.runtime.post(event)

    def start(self) -> None:
        self.runtime.start()
        self.server.start()
        wait_for(lambda: self.runtime.state.banks["A"].snapshot is not None, 5, "a first reading")

    def close(self) -> None:
        self.server.close()
        self.runtime.close()
        self.store.close()

    def browse(self) -> Technician:
        return Technician(self.page, self.certificate)

    def raw(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.page, verify=self.trust, headers=headers)

    def press(self) -> None:
        """What the person at the kiosk does; nobody else can."""
        wait_for(lambda: self.runtime.state.banks["A"].prompt is not None, 5, "a prompt")
        prompt = self.runtime.state.banks["A"].prompt
        assert prompt is not None
        assert self.runtime.post(PromptConfirmed("kiosk-a", prompt.wish.id))

    def scan(self, text: str) -> None:
        """What the person in the aisle does."""
        assert self.runtime.post(CodeRead("scan-1", "trigger", text, read_mono_ms()))
