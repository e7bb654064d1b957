"""Builds what the technician sees from a gateway's running parts: wear and memories always, the page when it is wanted.

Part of the composition root: the one place where drivers, recorder and device page meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog

from edge.core.effects import Effect
from edge.core.events import Event
from edge.core.geometry import list_aisles
from edge.core.room import RoomSettings
from edge.core.state import State
from edge.device.accounts import Accounts
from edge.device.commissioning import Commissioning
from edge.device.flight import FlightRecorder
from edge.device.house import DeviceRow, House
from edge.device.serving import DeviceServer
from edge.device.site import create_device_site
from edge.device.watch import RING_KEPT, DeviceWatch
from edge.device.wearing import WearKeeper
from edge.drivers.label_picture import encode_picture
from edge.drivers.scanner_camera import CameraScanner
from edge.drivers.shelf_mqtt import MqttShelf
from edge.drivers.shelf_serial import SerialShelf
from edge.installation import commissioning_sheet
from edge.ports import LabelPrinter, LineWatch
from edge.runtime.board import ViewBoard
from edge.runtime.clock import read_mono_ms, read_wall_ms
from edge.settings import GatewaySettings
from edge.store import Store
from edge.store.checklists import Checklists
from edge.store.database import StoreUnavailableError
from edge.store.journal_rings import read_rings
from edge.store.wear import WearBook
from firmware_protocol.registers import MAP_HASH

log = structlog.get_logger(__name__)


class RunningGateway(Protocol):
    """The executor, as far as the page reads it."""

    @property
    def state(self) -> State: ...

    @property
    def board(self) -> ViewBoard: ...

    def post(self, event: Event) -> bool: ...


Health = Callable[[], tuple[bool, dict[str, Any]]]


class DevicePage:
    """The technician's side of one gateway."""

    def __init__(
        self, settings: GatewaySettings, room: RoomSettings, store: Store, shelves: Sequence[SerialShelf | MqttShelf]
    ) -> None:
        self._settings = settings
        self._room = room
        self._store = store
        self._lines = list_lines(shelves)
        self._watch = DeviceWatch(read_wall_ms, read_mono_ms)
        self._book = WearBook(store.database)
        geometries = {bank.id: bank.geometry for bank in room.banks}
        self._wear = WearKeeper(self._book, self._lines, geometries, read_wall_ms)
        aisles = {bank: list_aisles(geometry) for bank, geometry in geometries.items()}
        self._commissioning = Commissioning(Checklists(store.database), aisles, read_wall_ms)
        self._watch.listen(on_snapshot=self._wear.note_snapshot)
        self._watch.listen(on_snapshot=self._commissioning.note_snapshot, on_code=self._commissioning.note_code)
        self._server: DeviceServer | None = None

    @property
    def address(self) -> str:
        """Where the page is; "" when none is wanted."""
        return "" if self._server is None else f"https://{self._server.host}:{self._server.port}"

    def recall(self) -> None:
        """Take up what the journal holds of event rings; before the gateway starts. A disk that won't is told."""
        try:
            self._watch.recall_rings(read_rings(self._store.database, RING_KEPT))
        except StoreUnavailableError as error:
            log.warning("rings_not_recalled", condition=error.condition)

    def note_step(self, event: Event, effects: Sequence[Effect], seconds: float) -> None:
        """Remember one step; the executor calls."""
        self._watch.note_step(event, effects, seconds)

    def open(
        self,
        gateway: RunningGateway,
        *,
        cameras: Sequence[CameraScanner],
        printer: LabelPrinter | None,
        health: Health,
        version: str,
    ) -> None:
        """Bind the page, if one is wanted; OSError names a certificate, file or port that won't do."""
        page = self._settings.device_page
        if page is None:
            return
        self.recall()
        pictures = {camera.source_id: camera for camera in cameras}

        def read_picture(source: str, width_px: int) -> bytes | None:
            picture = pictures[source].newest
            return None if picture is None else encode_picture(picture, width_px)

        house = House(
            version=version,
            zone=ZoneInfo(self._settings.room.time_zone),
            room=self._room,
            sheets={sheet["bank"]: sheet for sheet in commissioning_sheet(self._settings)},
            devices=list_devices(self._settings),
            lines=self._lines,
            printer=printer,
            watch=self._watch,
            wear=self._book,
            commissioning=self._commissioning,
            flight=FlightRecorder(self._settings.store.dir, self._store.database),
            read_state=lambda: gateway.state,
            wait_view=gateway.board.wait_newer,
            read_picture=read_picture,
            read_health=health,
            expected_map_hash=MAP_HASH,
            wall_ms=read_wall_ms,
            mono_ms=read_mono_ms,
            _post=gateway.post,
        )
        site = create_device_site(house, Accounts(page.technicians_file), page.names, read_mono_ms)
        self._server = DeviceServer(
            site, page.host, page.port, certificate_file=page.certificate_file, key_file=page.key_file
        )

    def start(self) -> None:
        """Write wear, and serve the page."""
        self._wear.start()
        if self._server is not None:
            self._server.start()
            log.info("device_page_started", address=self.address)

    def close(self) -> None:
        """Stop serving and write what waits."""
        if self._server is not None:
            self._server.close()
        self._wear.close()


def list_lines(shelves: Sequence[SerialShelf | MqttShelf]) -> tuple[LineWatch, ...]:
    """List the records of all lines; a broker has one line per bank."""
    lines: list[LineWatch] = []
    for shelf in shelves:
        if isinstance(shelf, SerialShelf):
            lines.append(shelf.record)
            continue
        for line in shelf.lines:
            line.record.rename(f"{shelf.bus_id}-{line.banks[0]}")
            lines.append(line.record)
    return tuple(lines)


def list_devices(settings: GatewaySettings) -> list[DeviceRow]:
    """List scanners, cameras and printers with where they are connected."""
    rows = [DeviceRow(each.id, each.name, "scanner", each.port) for each in settings.scanner]
    rows += [DeviceRow(each.id, each.name, "camera", hide_password(each.source)) for each in settings.camera]
    rows += [DeviceRow(each.id, each.name, "printer", f"{each.host}:{each.port}") for each in settings.printer]
    return rows


def hide_password(source: str) -> str:
    """Leave name and password of a camera's URL out."""
    scheme, mark, rest = source.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if mark else source
