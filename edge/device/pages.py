"""The pages that only show. Each makes its live part once, so that it is whole without a script."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from fastapi.responses import Response

from edge.core.geometry import list_aisles
from edge.device.charts import draw_line
from edge.device.flight import Flight, FlightBusyError, FlightFailedError
from edge.device.house import ASKED
from edge.device.parts import name_row, tell_bus
from edge.device.streaming import render_part
from edge.device.troubles import NotFoundError
from edge.device.visits import Visit, is_number
from edge.device.words import Words
from edge.line_view import FrameView, RegisterReading
from edge.store.wear import DAY_MS, WearDay, WearKind, WearTotal

FRAMES_SHOWN = 100
PICTURE_WIDTH_PX = 640
WEAR_KINDS: tuple[WearKind, ...] = ("cycles", "opening_ms", "current_ma")
TREND_DAYS = 90
RECENT_DAYS = 7


def show_live(visit: Visit, template: str, part: str, key: str = "", **values: Any) -> Response:
    """Answer with a page around its live part."""
    return visit.page(template, live=render_part(visit, part, key), live_of=f"{part}:{key}", key=key, **values)


def show_overview(visit: Visit) -> Response:
    """Show every device with its state."""
    return show_live(visit, "overview.html", "overview")


def show_bank(visit: Visit) -> Response:
    """Show one bank."""
    bank = visit.part("bank")
    live = render_part(visit, "bank", bank)  # 404 for a bank that isn't
    settings = next(each for each in visit.house.room.banks if each.id == bank)
    sheet = visit.house.sheets[bank]
    view = visit.house.read_view()
    shown = next((each for each in view["banks"] if each["bank"] == bank), None) if view else None
    offered = {each["operation"] for each in shown["operations"] if each["offered"]} if shown else set()
    return visit.page(
        "bank.html", live=live, live_of=f"bank:{bank}", key=bank, settings=settings, sheet=sheet,
        turn=tell_turn(visit, bank),
        aisles=list_aisles(settings.geometry),
        operations=[each for each in ASKED[1:] if each in offered],
    )  # fmt: skip


def show_registers(visit: Visit) -> Response:
    """Show every live register of a bank."""
    return show_live(visit, "registers.html", "registers", visit.part("bank"))


def show_events(visit: Visit) -> Response:
    """Show the event ring of a bank."""
    return show_live(visit, "events.html", "events", visit.part("bank"))


# ---------------------------------------------------------------- frames of a bus


def show_bus(visit: Visit) -> Response:
    """Show counts of a bus and its newest frames that the filter lets through."""
    bus = visit.part("bus")
    live = render_part(visit, "bus", bus)
    line = visit.house.find_line(bus)
    frames = line.list_frames() if line else []
    kept = [frame for frame in reversed(frames) if passes(frame, visit)]
    before = visit.query("before")
    shown = [frame for frame in kept if not is_number(before) or frame.number < int(before)][:FRAMES_SHOWN]
    older = shown[-1].number if len(shown) == FRAMES_SHOWN and shown[-1].number != kept[-1].number else 0
    fields = {name: visit.query(name) for name in ("bank", "direction", "trouble", "text")}
    return visit.page(
        "bus.html",
        live=live,
        live_of=f"bus:{bus}",
        key=bus,
        banks=list(line.banks) if line else [],
        frames=[tell_frame(frame, visit.words) for frame in shown],
        found=len(kept),
        total=len(frames),
        older=older,
        fields=fields,
    )


def passes(frame: FrameView, visit: Visit) -> bool:
    """Tell whether a frame is one that the filter asks for."""
    bank, direction, trouble, text = (visit.query(name) for name in ("bank", "direction", "trouble", "text"))
    if bank and frame.bank != bank:
        return False
    if direction and frame.direction != direction:
        return False
    if trouble and not frame.fault and frame.act not in {"exception", "stray", "echo", "lost_line"}:
        return False
    return not text or text.lower() in searchable(frame)


def searchable(frame: FrameView) -> str:
    """Collect what a search of frames looks through."""
    names = " ".join(f"{each.name} {each.value} {' '.join(each.words)}" for each in frame.registers)
    return f"{frame.act} {frame.what} {frame.fault} {names} {frame.octets.hex(' ')}".lower()


def tell_frame(frame: FrameView, words: Words) -> dict[str, Any]:
    """One frame for the table."""
    return {
        "frame": frame,
        "at": words.fine_clock(frame.wall_ms),
        "direction": words.code(frame.direction),
        "act": words.code(frame.fault or frame.act) if frame.fault or frame.act else "–",
        "what": words.code(frame.what) if frame.what else "",
        "rows": [name_row(each, words) for each in frame.registers],
        "hex": frame.octets.hex(" ").upper(),
        "trip": f"{frame.round_trip_ms:.1f}" if frame.round_trip_ms is not None else "",
    }


def export_frames(visit: Visit) -> Response:
    """Give the frames that the filter lets through as CSV (UTF-8 with byte order mark)."""
    bus = visit.part("bus")
    line = visit.house.find_line(bus)
    if line is None:
        raise NotFoundError(bus)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["number", "at_utc", "direction", "unit", "bank", "function", "act", "block", "fault",
                   "round_trip_ms", "registers", "octets"])  # fmt: skip
    for frame in line.list_frames():
        if passes(frame, visit):
            at = datetime.fromtimestamp(frame.wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
            told = "; ".join(tell_register(each) for each in frame.registers)
            trip = "" if frame.round_trip_ms is None else f"{frame.round_trip_ms:.1f}"
            rows.writerow([frame.number, at, frame.direction, frame.unit, frame.bank, f"{frame.function:02X}",
                           frame.act, frame.what, frame.fault, trip, told, frame.octets.hex(" ")])  # fmt: skip
    head = {"content-disposition": f'attachment; filename="frames-{safe_name(bus)}.csv"'}
    return Response("\N{BYTE ORDER MARK}" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=head)


def tell_register(reading: RegisterReading) -> str:
    """One register as name=value unit."""
    place = f"[{reading.index}]" if reading.index else ""
    return f"{reading.name}{place}={' '.join((*reading.words, reading.value)).strip()} {reading.unit}".strip()


def safe_name(text: str) -> str:
    """Keep of a name what a file may be called."""
    return "".join(each for each in text if each.isascii() and (each.isalnum() or each in "-_"))[:64]


# ---------------------------------------------------------------- wear


def show_wear(visit: Visit) -> Response:
    """Show what wears out in a bank: tables of totals, and one trend as a line."""
    bank = visit.part("bank")
    if all(each.id != bank for each in visit.house.room.banks):
        raise NotFoundError(bank)
    kind = next((each for each in WEAR_KINDS if each == visit.query("kind")), WEAR_KINDS[0])
    wear = visit.house.wear
    days = wear.list_days(bank, kind, TREND_DAYS)
    rows = [tell_wear(total, days, kind) for total in wear.list_totals(bank, kind)]
    told = read_own_cycles(visit, bank) if kind == "cycles" else {}
    chosen = pick_number(visit.query("number"), rows)
    row = next((each for each in rows if each["number"] == chosen), None)
    line = [(day.day, value_of(day, kind)) for day in days if day.number == chosen]
    chart = draw_line(line, row["usual"] if row and kind != "cycles" else None)
    trend = [(visit.words.day(day.day * DAY_MS), day) for day in reversed(days) if day.number == chosen]
    return visit.page(
        "wear.html", key=bank, kind=kind, kinds=WEAR_KINDS, rows=rows, own=told, chosen=chosen, chart=chart,
        trend=trend, ends=tuple(visit.words.day(day * DAY_MS) for day in ((chart.first, chart.last) if chart else ())),
    )  # fmt: skip


def read_own_cycles(visit: Visit, bank: str) -> dict[int, str]:
    """Read what a controller itself says of its columns' cycles, if it counts them."""
    line = visit.house.find_line_of(bank)
    readings = line.read_registers(bank) if line else []
    return {each.index: each.value for each in readings if each.name == "column_cycles" and each.value}


def pick_number(asked: str, rows: list[dict[str, Any]]) -> int:
    """Take the column or aisle asked for, else the one that stands out."""
    if is_number(asked) and any(row["number"] == int(asked) for row in rows):
        return int(asked)
    standing_out = max(rows, key=lambda row: (abs(row["drift"] or 0), row["total"]), default=None)
    return int(standing_out["number"]) if standing_out else 0


def value_of(day: WearDay, kind: WearKind) -> float:
    """The number of a day: a sum of cycles, else an average."""
    return float(day.total) if kind == "cycles" else day.total / day.count


def tell_wear(total: WearTotal, days: list[WearDay], kind: WearKind) -> dict[str, Any]:
    """One column or aisle: total, last week, usual value and how far the last week is from it."""
    mine = [day for day in days if day.number == total.number]
    newest = max((day.day for day in days), default=0)
    recent = [day for day in mine if day.day > newest - RECENT_DAYS]
    count, recent_sum = sum(day.count for day in recent), sum(day.total for day in recent)
    usual = total.first_total / total.first_count
    average = recent_sum / count if count else None
    drift = None if kind == "cycles" or average is None or not usual else round((average / usual - 1) * 100)
    return {
        "number": total.number,
        "total": total.total if kind == "cycles" else total.count,
        "recent": recent_sum if kind == "cycles" else count,
        "usual": usual,
        "average": average,
        "most": max((day.most for day in mine), default=0),
        "drift": drift,
    }


# ---------------------------------------------------------------- devices and recorder


def show_printer(visit: Visit) -> Response:
    """Show the printer."""
    return show_live(visit, "printer.html", "printer")


def show_scanners(visit: Visit) -> Response:
    """Show scanners and cameras; a camera with its newest picture."""
    cameras = [device for device in visit.house.devices if device.kind == "camera"]
    return show_live(visit, "scanners.html", "scanners", cameras=cameras)


def show_picture(visit: Visit) -> Response:
    """Give a camera's newest picture."""
    source = visit.part("source")
    if all(device.id != source or device.kind != "camera" for device in visit.house.devices):
        raise NotFoundError(source)
    picture = visit.house.read_picture(source, PICTURE_WIDTH_PX)
    return Response(picture, media_type="image/jpeg") if picture else Response(status_code=204)


def show_recorder(visit: Visit) -> Response:
    """Show the segments kept; with `?at=` also what the core knew at that moment of the room's time."""
    flight, trouble = None, ""
    asked = visit.query("at")
    if asked:
        try:
            local = datetime.fromisoformat(asked).replace(tzinfo=visit.house.zone)
            flight = visit.house.flight.replay_to(local.astimezone(UTC))
        except FlightBusyError:
            trouble = "busy"
        except FlightFailedError:
            trouble = "failed"
        except (ValueError, OverflowError):
            trouble = "moment"
    segments = visit.house.flight.list_segments()
    status = 400 if trouble == "moment" else 503 if trouble else 200
    return visit.page(
        "recorder.html", status, segments=segments, asked=asked, flight=flight, trouble=trouble,
        told_state=tell_flight(flight, visit) if flight else None,
    )  # fmt: skip


def tell_flight(flight: Flight, visit: Visit) -> dict[str, Any] | None:
    """Word the view of a moment."""
    view = flight.view
    if view is None:
        return None
    words = visit.words
    at_ms = int(datetime.fromisoformat(flight.moment).timestamp() * 1000)
    return {
        "at": words.moment(at_ms),
        "prompts": [words.say(each["message"]) for each in view["prompts"]],
        "banks": view["banks"],
        "queue": view["queue"],
        "sessions": [each["staff_name"] for each in view["sessions"]],
        "conditions": [words.say(each["message"]) for each in view["states"]],
        "acts": [words.say(each["message"]) for each in view["last_acts"]],
    }


def export_segment(visit: Visit) -> Response:
    """Give one segment, zipped, to be replayed elsewhere."""
    number = visit.part("number")
    try:
        packed = visit.house.flight.export(int(number)) if is_number(number) else None
    except FlightBusyError:
        return visit.go("/recorder", "busy")
    if packed is None:
        raise NotFoundError(number)
    name = f"journal-{safe_name(visit.house.room.id)}-{number}.zip"
    head = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(packed, media_type="application/zip", headers=head)


# ---------------------------------------------------------------- commissioning


def show_checklists(visit: Visit) -> Response:
    """Show the check-lists of all banks."""
    rows = []
    for bank in visit.house.room.banks:
        found = visit.house.commissioning.find(bank.id)
        done = sum(each.state == "done" for each in found.aisles) if found else 0
        rows.append((bank, found, done, len(list_aisles(bank.geometry))))
    return visit.page("checklists.html", rows=rows)


def show_checklist(visit: Visit) -> Response:
    """Show how far a bank has come."""
    bank = visit.part("bank")
    live = render_part(visit, "checklist", bank)
    name = next(each.name for each in visit.house.room.banks if each.id == bank)
    return visit.page("checklist.html", live=live, live_of=f"checklist:{bank}", key=bank, bank_name=name)


def show_sheet(visit: Visit) -> Response:
    """Show the mapping and the sums of a bank as a sheet to be printed and signed."""
    bank = visit.part("bank")
    settings = next((each for each in visit.house.room.banks if each.id == bank), None)
    if settings is None:
        raise NotFoundError(bank)
    found = visit.house.commissioning.find(bank)
    moment = visit.words.moment(visit.house.wall_ms())
    line = visit.house.find_line_of(bank)
    bus = tell_bus(visit.house, visit.words, line.bus_id) if line else None
    return visit.page(
        "sheet.html", key=bank, settings=settings, found=found, moment=moment, sheet=visit.house.sheets[bank], bus=bus,
        turn=tell_turn(visit, bank),
    )  # fmt: skip


def tell_turn(visit: Visit, bank: str) -> dict[str, Any] | None:
    """Tell the turn of a bank on a broker as measured while it runs, and how far a STOP by it lets steel run."""
    sheet, line = visit.house.sheets[bank], visit.house.find_line_of(bank)
    if line is None or "turn_limit_ms" not in sheet:
        return None
    trips = next((each for each in line.list_round_trips(bank) if each.what == "motion"), None)
    if trips is None:
        return None
    settings = next(each for each in visit.house.room.banks if each.id == bank)
    gained_mm = settings.speed_mm_s * (trips.worst_ms - sheet["turn_limit_ms"]) / 1000
    return {
        "trips": trips,
        "limit_ms": sheet["turn_limit_ms"],
        "by_stop_mm": sheet["stop_distance_by_stop_mm"] + gained_mm,
    }
