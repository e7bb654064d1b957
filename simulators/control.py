"""Acts in a simulated room over HTTP on loopback: for the simulated staff, demo and tests. Never for the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.camera import MAX_IMAGE_BYTES
from simulators.faults import FaultPlan
from simulators.occupancy import Person, Posture
from simulators.printer import PrintedLabel
from simulators.room import SimulatedRoom, tell_truth
from simulators.serial_scanner import SerialScanner
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import SafetyInput

Aisle = Annotated[int, Field(ge=1, le=16)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scan(_Body):
    text: str = Field(max_length=200)
    scanner: str | None = None


class Plug(_Body):
    plugged: bool
    scanner: str | None = None


class Noise(_Body):
    """Bytes in hex, as they come off a bad cable."""

    octets: str = Field(max_length=20_000, pattern=r"^([0-9a-f]{2})*$")
    scanner: str | None = None


class ShowLabel(_Body):
    label: int = Field(ge=1)


class PrinterState(_Body):
    out_of_labels: bool | None = None
    paused: bool | None = None
    garbled: bool | None = None


class Entry(_Body):
    name: str = Field(min_length=1, max_length=40)
    aisle: Aisle
    posture: Posture = Posture.WALKING


class ShelfAct(_Body):
    """One act at the bank; `number` is an aisle, a column or a point, as the act needs."""

    act: str
    number: int = Field(default=0, ge=0, le=24)
    millimetres: float = 0.0


class Faults(_Body):
    """The names of FaultPlan."""

    seed: int = 0
    bit_flip: float = 0.0
    loss: float = 0.0
    insertion: float = 0.0
    cut_per_frame: float = 0.0
    echo_per_frame: float = 0.0
    late_per_frame: float = 0.0
    late_ms: int = 300
    silence_per_frame: float = 0.0


SHELF_ACTS: dict[str, Callable[[ShelfModel, ShelfAct], object]] = {
    "cut_power": lambda model, _: model.cut_power(),
    "restore_power": lambda model, _: model.restore_power(),
    "home": lambda model, _: model.home_locally(),
    "reset": lambda model, _: model.reset_locally(),
    "press_open": lambda model, act: model.press_open(act.number),
    "press_confirm": lambda model, act: model.press_confirm(act.number),
    "press_stop": lambda model, _: model.press_stop(),
    "emergency_stop": lambda model, _: model.hold(SafetyInput.EMERGENCY_STOP),
    "release_emergency_stop": lambda model, _: model.release(SafetyInput.EMERGENCY_STOP),
    "set_lock": lambda model, act: model.set_lock(act.number),
    "release_lock": lambda model, act: model.release_lock(act.number),
    "turn_handle": lambda model, act: model.turn_handle(act.number, act.millimetres),
    "jam": lambda model, act: model.rails.jam(act.number),
    "free": lambda model, act: model.rails.jam(act.number, jammed=False),
}


def control_app(room: SimulatedRoom) -> FastAPI:
    """Build the control API of a room."""
    app = FastAPI(title="OpenAisle simulated room", docs_url=None, redoc_url=None)
    _add_shelf(app, room)
    _add_scanners(app, room)
    _add_printer(app, room)
    _add_camera(app, room)

    @app.get("/")
    def describe() -> dict[str, Any]:
        """Tell where every device can be reached."""
        return room.describe()

    return app


def _add_shelf(app: FastAPI, room: SimulatedRoom) -> None:
    @app.get("/shelf")
    def show_shelf() -> dict[str, Any]:
        """Tell the truth about the bank and its line."""
        line, station = room.shelf.line, room.shelf.station
        told = {"frames": station.frames, "bad_frames": station.bad_frames, "bad_bytes": station.bad_bytes}
        told |= {"heard_bytes": line.heard_bytes, "sent_bytes": line.sent_bytes, "collisions": line.collisions}
        return tell_truth(room.controller) | {"line": told, "faults_done": line.wire.counts}

    @app.post("/shelf")
    def act_at_shelf(wanted: ShelfAct) -> dict[str, Any]:
        """Do one of SHELF_ACTS."""
        act = SHELF_ACTS.get(wanted.act)
        if act is None:
            raise HTTPException(422, f"no such act; one of {', '.join(SHELF_ACTS)}")
        with room.controller.at_now() as model:
            told = act(model, wanted)
        return {"told": sorted(told) if isinstance(told, frozenset) else None}

    @app.get("/closing/{aisle}")
    def tell_closing(aisle: Aisle) -> dict[str, list[int]]:
        """Tell which aisles opening this one would narrow, by the steel itself."""
        with room.controller.at_now() as model:
            if aisle not in model.plan.aisles:
                raise HTTPException(404, "no such aisle")
            return {"closing": list(model.closing_for(aisle))}

    @app.post("/people")
    def enter_aisle(who: Entry) -> None:
        """Put somebody into an aisle."""
        with room.controller.at_now() as model:
            model.enter(Person(who.name, who.aisle, who.posture))

    @app.delete("/people/{name}")
    def leave_aisle(name: str) -> None:
        """Take somebody out of wherever they are."""
        with room.controller.at_now() as model:
            model.leave(name)

    @app.put("/faults")
    def set_faults(wanted: Faults) -> None:
        """Let the line behave worse, or well again (all zero)."""
        try:
            room.shelf.line.wire.change_plan(FaultPlan(**wanted.model_dump()))
        except ValueError as error:
            raise HTTPException(422, str(error)) from error


def _add_scanners(app: FastAPI, room: SimulatedRoom) -> None:
    def find(name: str | None) -> SerialScanner:
        scanner = room.scanners.get(name or next(iter(room.scanners), ""))
        if scanner is None:
            raise HTTPException(404, "no such scanner")
        return scanner

    @app.post("/scan")
    def scan(wanted: Scan) -> dict[str, bool]:
        """Read a code with a scanner."""
        return {"sent": find(wanted.scanner).scan(wanted.text)}

    @app.post("/scanner/noise")
    def make_noise(wanted: Noise) -> dict[str, bool]:
        """Send any bytes from a scanner."""
        return {"sent": find(wanted.scanner).send(bytes.fromhex(wanted.octets))}

    @app.put("/scanner")
    def plug(wanted: Plug) -> None:
        """Plug a scanner in or out."""
        scanner = find(wanted.scanner)
        if wanted.plugged:
            scanner.plug_in()
        else:
            scanner.unplug()

    @app.get("/scanner")
    def show_scanners() -> dict[str, Any]:
        """Tell what the scanners did and heard."""
        return {
            name: {"plugged": each.port.plugged, "scans": each.scans, "feedback": list(each.feedback)}
            for name, each in room.scanners.items()
        }


def _add_printer(app: FastAPI, room: SimulatedRoom) -> None:
    @app.get("/printer")
    def show_printer() -> dict[str, Any]:
        """List the labels that came out."""
        printer = room.printer
        labels = [{"number": each.number, "file": str(each.file)} for each in printer.labels]
        return {"out_of_labels": printer.out_of_labels, "paused": printer.paused, "labels": labels}

    @app.put("/printer")
    def set_printer(wanted: PrinterState) -> None:
        """Run out of labels or be loaded, pause or go on, talk sense or not."""
        room.printer.set_state(out_of_labels=wanted.out_of_labels, paused=wanted.paused, garbled=wanted.garbled)

    @app.get("/printer/{number}.png")
    def show_label(number: int) -> FileResponse:
        """Show one label as it came out."""
        return FileResponse(_find_label(room, number).file, media_type="image/png")


def _find_label(room: SimulatedRoom, number: int) -> PrintedLabel:
    if not 1 <= number <= len(room.printer.labels):
        raise HTTPException(404, "no such label")
    return room.printer.labels[number - 1]


def _add_camera(app: FastAPI, room: SimulatedRoom) -> None:
    @app.post("/camera/label")
    def hold_label(wanted: ShowLabel) -> None:
        """Hold a printed label before the camera."""
        room.camera.show(_find_label(room, wanted.label).file.read_bytes())

    @app.put("/camera")
    async def hold_image(request: Request) -> None:
        """Hold any picture (PNG or JPEG body) before the camera."""
        image = b""
        async for piece in request.stream():
            image += piece
            if len(image) > MAX_IMAGE_BYTES:
                raise HTTPException(413, "picture too large")
        try:
            room.camera.show(image)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    @app.delete("/camera")
    def clear_desk() -> None:
        """Leave nothing before the camera."""
        room.camera.clear()
