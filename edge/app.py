"""The composition root of the gateway: settings in, running parts out. Substitution happens here and nowhere else."""

from __future__ import annotations

import contextlib
import functools
import random
import socket
import threading
import uuid
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import serial
import structlog

from edge.bus_settings import SerialBusSettings
from edge.core.codes import PrintedCode, parse_code
from edge.core.effects import Effect
from edge.core.events import Event
from edge.core.shown import KioskView
from edge.device_page import DevicePage
from edge.drivers.label_zpl import LabelFont, LabelSheet
from edge.drivers.printer_zpl import CONNECT_TIMEOUT_S, ZplPrinter
from edge.drivers.scanner_camera import CameraScanner
from edge.drivers.scanner_pictures import open_capture
from edge.drivers.scanner_serial import SerialScanner
from edge.drivers.shelf_line import open_line
from edge.drivers.shelf_mqtt import MqttShelf, RoomBrokerAddress
from edge.drivers.shelf_serial import SerialShelf, ShelfBank
from edge.installation import describe_climate, describe_room, hash_geometry
from edge.kiosk.desk import Desk
from edge.kiosk.rendering import Renderer
from edge.kiosk.serving import SiteServer
from edge.kiosk.site import create_site
from edge.link.client import Clocks, GatewayIdentity, GatewayLink
from edge.link.deferred import DeferredLink
from edge.link.mqtt import BrokerAddress
from edge.metrics import Metrics, read_bus, read_counts, read_view
from edge.runtime.clock import make_now, read_mono_ms, read_wall_ms
from edge.runtime.gateway import GatewayRuntime
from edge.scan_alone import ScanAloneEntry
from edge.settings import CameraSettings, GatewaySettings, PrinterSettings, ScannerSettings
from edge.shelf_metrics import Readings, add, read_banks, read_equipment, read_wear
from edge.store import Store, StoreUnavailableError, open_store

log = structlog.get_logger(__name__)

SCANNER_READ_TIMEOUT_S = 0.02  # also the longest wait of a beep
SCANNER_WRITE_TIMEOUT_S = 0.2
VIEW_AGE_LIMIT_S = 5.0  # the executor shows a view each second, also when nothing happens


class Gateway:
    """One running gateway. OSError or FontError when it can't be built; a disk that takes nothing is no reason."""

    def __init__(self, settings: GatewaySettings, scan_alone: tuple[ScanAloneEntry, ...] = ()) -> None:
        self.settings = settings
        self.version = version("openaisle")
        self._boot_id = uuid.uuid4().hex
        self._printers = [build_printer(printer) for printer in settings.printer]
        self._store: Store = open_store(
            settings.store.dir,
            read_wall_ms,
            keep_days=settings.store.journal_keep_days,
            limit_mb=settings.store.journal_limit_mb,
        )
        self._shelves = [build_shelf(settings, bus.id) for bus in settings.bus]
        self._scanners = [build_scanner(scanner) for scanner in settings.scanner]
        self._cameras = [build_camera(camera) for camera in settings.camera]
        self._readers: list[SerialScanner | CameraScanner] = [*self._scanners, *self._cameras]
        # the link asks for the clock before the runtime that watches it stands
        self._runtime: GatewayRuntime | None = None
        self.metrics = Metrics(self._read_metrics)
        self._link = DeferredLink(self._build_link)
        room = describe_room(settings, scan_alone)
        self.device_page = DevicePage(settings, room, self._store, self._shelves)
        self.runtime = self._runtime = GatewayRuntime(
            room,
            self._store,
            shelves=self._shelves,
            scanners={each.source_id: each for each in self._readers},
            printer=self._printers[0] if self._printers else None,
            link=self._link,
            code_version=self.version,
            boot_id=self._boot_id,
            observe=self._note_step,
        )
        self.server = self._build_kiosk()
        self.device_page.open(
            self.runtime,
            cameras=self._cameras,
            printer=self._printers[0] if self._printers else None,
            health=self.health,
            version=self.version,
        )

    @property
    def failed(self) -> threading.Event:
        """Set when the executor died; the process must end then."""
        return self.runtime.failed

    def start(self) -> None:
        """Start everything; the page first, so that it can say what is missing."""
        self.server.start()
        self.runtime.start()
        self.device_page.start()
        log.info("gateway_started", room=self.settings.room.id, kiosk=self.server.address, version=self.version)

    def close(self) -> None:
        """Stop motion, then everything else, and close the store last."""
        self.runtime.close()
        self.device_page.close()
        self.server.close()
        self._store.close()
        log.info("gateway_stopped", room=self.settings.room.id)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether the gateway works, and what is the matter."""
        view: KioskView | None = self.runtime.board.latest()[1]
        fresh = view is not None and self.runtime.view_age_s() < VIEW_AGE_LIMIT_S
        store = self.runtime.state.store
        good = fresh and store == "ok" and not self.failed.is_set()
        return good, {
            "ok": good,
            "version": self.version,
            "room": self.settings.room.id,
            "store": store,
            "executor": "failed" if self.failed.is_set() else "running" if fresh else "stuck",
            "banks": {bank["bank"]: bank["state"] for bank in view["banks"]} if view else {},
            "conditions": [state["key"] for state in view["states"]] if view else [],
            "link": self._link.status(),
        }

    def _note_step(self, event: Event, effects: Sequence[Effect], seconds: float) -> None:
        self.metrics.note_step(event, effects, seconds)
        self.device_page.note_step(event, effects, seconds)

    def _build_link(self) -> GatewayLink:
        link = self.settings.link
        address = BrokerAddress(self.settings.room.id, link.host, link.port, link.password_file, ca_file=link.ca_file)
        return GatewayLink(
            address,
            self._store.outbox,
            self._store.replica,
            identity=GatewayIdentity(self._boot_id, self.version),
            clocks=Clocks(mono_ms=read_mono_ms, wall=self._read_wall),
            rng=random.Random(),  # noqa: S311 - jitter of resends
        )

    def _read_wall(self) -> tuple[datetime, bool]:
        steady = self._runtime is None or self._runtime.state.clock_steady
        now = make_now(read_mono_ms(), read_wall_ms(), clock_ok=steady)
        return now.wall_at, now.clock_ok

    def _build_kiosk(self) -> SiteServer:
        kiosk = self.settings.kiosk
        desk = Desk(kiosk.point_id, self.runtime.post, self.runtime.check_pin, self.runtime.board)
        bands = describe_climate(self.settings.climate)
        renderer = Renderer(kiosk.point_id, kiosk.language, ZoneInfo(self.settings.room.time_zone), bands)
        site = create_site(desk, renderer, self.metrics.registry, self.health, self.metrics.kiosk_refused)
        return SiteServer(site, kiosk.host, kiosk.port, self.metrics.kiosk_refused)

    def _read_metrics(self) -> Readings:
        view = self.runtime.board.latest()[1]
        readings: Readings = {
            **read_view(view, self.runtime.view_age_s()),
            **read_bus(self._shelves),
            **read_counts(dict(self.runtime.counts)),
            **read_banks(self.runtime.state.banks, read_mono_ms()),
            **read_equipment(view, self._read_wall()[0]),
            **self._read_shelves(view),
        }
        add(readings, "openaisle_gateway_build_info", [((self.version,), 1)])
        add(readings, "openaisle_gateway_executor_up", [((), not self.failed.is_set())])
        add(readings, "openaisle_gateway_inbox_events", [((), self.runtime.depth())])
        self._read_state(readings)
        self._read_devices(readings)
        self._read_link(readings)
        with contextlib.suppress(StoreUnavailableError):  # told by its own metric; the rest is worth having
            self._read_outbox(readings)
        return readings

    def _read_shelves(self, view: KioskView | None) -> Readings:
        home_aisles = {bank["bank"]: bank["home_aisles"] for bank in view["banks"]} if view else {}
        registers = {
            bank: line.record.read_registers(bank)
            for shelf in self._shelves
            for line in (shelf.lines if isinstance(shelf, MqttShelf) else (shelf,))
            for bank in line.banks
        }
        noted = self.metrics.watch.read(self.runtime.state.settings.banks, home_aisles, read_mono_ms())
        return {**noted, **read_wear(registers)}

    def _read_state(self, readings: Readings) -> None:
        state = self.runtime.state
        moving = {
            bank: each.request is not None and each.request.stage == "moving" for bank, each in state.banks.items()
        }
        add(readings, "openaisle_gateway_lease_permitted", [((bank,), on) for bank, on in moving.items()])
        devices = [device.source_id for device in self._readers]
        devices += [printer.printer_id for printer in self._printers]
        add(readings, "openaisle_gateway_device_up", [((device,), device not in state.devices) for device in devices])
        add(readings, "openaisle_gateway_feed_revision", [((), state.feed_revision)])

    def _read_devices(self, readings: Readings) -> None:
        codes = [((each.source_id,), each.codes_read) for each in self._readers]
        add(readings, "openaisle_gateway_scanner_codes_total", codes)
        garbage = [((each.source_id,), each.garbage_bytes) for each in self._scanners]
        add(readings, "openaisle_gateway_scanner_garbage_bytes_total", garbage)
        frames = [((each.source_id,), each.frames_seen) for each in self._cameras]
        add(readings, "openaisle_gateway_camera_frames_total", frames)
        looks = [((each.source_id,), each.looks_taken) for each in self._cameras]
        add(readings, "openaisle_gateway_camera_looks_total", looks)
        prints = [((p.printer_id, outcome), count) for p in self._printers for outcome, count in p.settled.items()]
        add(readings, "openaisle_gateway_prints_total", prints)
        add(
            readings,
            "openaisle_gateway_print_jobs_waiting",
            [((p.printer_id,), p.jobs_waiting) for p in self._printers],
        )
        add(
            readings,
            "openaisle_gateway_printer_garbage_total",
            [((p.printer_id,), p.bad_answers) for p in self._printers],
        )

    def _read_outbox(self, readings: Readings) -> None:
        oldest_ms = self._store.outbox.oldest_waiting_ms()
        age = 0.0 if oldest_ms is None else max(0, read_wall_ms() - oldest_ms) / 1000
        add(readings, "openaisle_gateway_outbox_facts", [((), self._store.outbox.count_waiting())])
        add(readings, "openaisle_gateway_outbox_oldest_seconds", [((), age)])

    def _read_link(self, readings: Readings) -> None:
        status = self._link.status()
        add(readings, "openaisle_gateway_link_up", [((), status["state"] == "online")])
        add(readings, "openaisle_gateway_link_state", [((status["state"],), 1)])
        counts = {**status["counts"], "refused_publishes": status["refused_publishes"]}
        add(
            readings,
            "openaisle_gateway_link_events_total",
            [((kind,), count) for kind, count in sorted(counts.items())],
        )


def is_printed_code(text: str) -> bool:
    """Tell whether a text is a code of ours with its right check character."""
    return isinstance(parse_code(text), PrintedCode)


def build_shelf(settings: GatewaySettings, bus_id: str) -> SerialShelf | MqttShelf:
    """Build the driver of one bus with its banks."""
    bus = next(bus for bus in settings.bus if bus.id == bus_id)
    banks = [
        ShelfBank(bank.id, bank.unit, hash_geometry(bank), bank.stop_confirm_ms, recalls_ring=True)
        for bank in settings.bank
        if bank.bus == bus_id
    ]
    if not isinstance(bus, SerialBusSettings):
        address = RoomBrokerAddress(bus.host, bus.port, bus.user, bus.password_file, bus.ca_file)
        return MqttShelf(bus.id, address, banks, client_id=f"gateway-{settings.room.id}", turn_ms=bus.turn_ms)
    opener = functools.partial(open_line, bus.port, baud=bus.baud, parity=bus.parity, stop_bits=bus.stop_bits)
    return SerialShelf(bus.id, opener, banks, baud=bus.baud, network_ms=bus.line.network_ms)


def build_scanner(scanner: ScannerSettings) -> SerialScanner:
    """Build the driver of a serial scanner."""
    opener = functools.partial(
        serial.Serial,
        scanner.port,
        scanner.baud,
        timeout=SCANNER_READ_TIMEOUT_S,
        write_timeout=SCANNER_WRITE_TIMEOUT_S,
        exclusive=True,
    )
    return SerialScanner(scanner.id, opener, trigger=scanner.trigger)


def build_camera(camera: CameraSettings) -> CameraScanner:
    """Build the driver of a camera."""
    return CameraScanner(
        camera.id,
        functools.partial(open_capture, camera.source, camera.stale_after_ms),
        is_printed_code,
        agreeing_reads=camera.agreeing_reads,
        repeat_after_ms=camera.repeat_after_ms,
    )


def build_printer(printer: PrinterSettings) -> ZplPrinter:
    """Build the driver of a label printer; FontError when its font can't print Chinese."""
    return ZplPrinter(
        printer.id,
        functools.partial(socket.create_connection, (printer.host, printer.port), CONNECT_TIMEOUT_S),
        sheet=LabelSheet(printer.label_width_mm, printer.label_height_mm, printer.dots_per_mm),
        font=LabelFont(printer.font_file, printer.font_index),
        confirm_timeout_s=printer.confirm_timeout_ms / 1000,
    )
