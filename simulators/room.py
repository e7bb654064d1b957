"""One simulated archive room: shelf controller, scanners, camera, printer, each on its own real port."""

from __future__ import annotations

from typing import Any

from simulators.camera import Camera
from simulators.printer import LabelPrinter
from simulators.room_settings import RoomSettings
from simulators.serial_scanner import SerialScanner
from simulators.shelf_controller import ShelfController
from simulators.shelf_device import ShelfDevice


class SimulatedRoom:
    """All devices of a room. Start them, act on them, read the truth."""

    def __init__(self, settings: RoomSettings) -> None:
        folder = settings.dir
        folder.mkdir(parents=True, exist_ok=True)
        bank = settings.bank
        self.settings = settings
        self.shelf = ShelfDevice(
            {bank.unit: settings.options.bank},
            baud=bank.baud,
            folder=folder,
            service_port=bank.service_port,
            seed=settings.seed,
        )
        self.scanners = {
            each.id: SerialScanner(each.id, folder=folder, trigger=each.trigger) for each in settings.scanner
        }
        self.camera = Camera(port=settings.camera.port, seed=settings.seed)
        self.printer = LabelPrinter(folder / "labels", port=settings.printer.port)

    @property
    def controller(self) -> ShelfController:
        """Return the controller of the room's bank."""
        return self.shelf.controllers[self.settings.bank.unit]

    def start(self) -> None:
        """Switch everything on."""
        self.shelf.start()
        for scanner in self.scanners.values():
            scanner.start()
        self.camera.start()
        self.printer.start()

    def close(self) -> None:
        """Switch everything off."""
        self.printer.close()
        self.camera.close()
        for scanner in self.scanners.values():
            scanner.close()
        self.shelf.close()

    def describe(self) -> dict[str, Any]:
        """Tell where every device can be reached."""
        bank = self.settings.bank
        return {
            "bank": bank.id,
            "unit": bank.unit,
            "baud": bank.baud,
            "bus": self.shelf.bus_path,
            "service_pty": self.shelf.service_path,
            "service_port": self.shelf.service_port,
            "scanners": {name: scanner.port.path for name, scanner in self.scanners.items()},
            "camera": self.camera.url,
            "printer_port": self.printer.port,
            "labels": str(self.printer.folder),
        }


def tell_truth(controller: ShelfController) -> dict[str, Any]:
    """Tell what is so at the bank, whatever the wire says: for those who judge, never for the gateway."""
    with controller.at_now() as model:
        now = model.snapshot()
        return {
            "now_ms": now.now_ms,
            "powered": model.powered,
            "state": now.state,
            "standstill": not model.rails.moving,
            "boot_id": now.boot_id,
            "sequence": now.sequence,
            "ring_head": now.ring_head,
            "open_aisles": sorted(now.open_aisles),
            "widths_mm": model.rails.widths_mm(),
            "positions_mm": list(model.rails.positions_mm),
            "travelled_mm": model.rails.travelled_mm,
            "target_aisle": now.target_aisle,
            "progress_permille": now.progress_permille,
            "indicator": vars(now.indication) if now.indication else None,
            "seen": sorted(now.seen),
            "safety": sorted(now.safety),
            "faults": sorted(now.faults),
            "locks": sorted(now.locks),
            "people": [vars(person) for person in model.occupancy.people],
            "squeezed_mm": dict(model.occupancy.squeezed_mm),
            "motions": [
                {"request_id": None if key is None else f"{key:016x}", "operation": operation, "aisle": aisle}
                for key, operation, aisle in model.motions
            ],
            "requests": [
                {
                    "request_id": f"{entry.request_id:016x}",
                    "operation": entry.operation,
                    "aisle": entry.aisle,
                    "outcome": entry.outcome,
                    "cause": entry.cause,
                }
                for entry in reversed(model.request_log)
            ],
            "events": [
                {"number": event.number, "kind": event.kind, "argument": event.argument, "at_ms": event.at_ms}
                for event in model.events
            ],
        }
