"""What a technician may do from afar: ask for a prompt, print a label, keep the check-list. Nothing moves steel."""

from __future__ import annotations

import structlog
from fastapi.responses import Response

from edge.core.geometry import list_aisles
from edge.core.room import BankSettings
from edge.core.snapshot import Operation
from edge.device.house import ASKED
from edge.device.troubles import BadRequestError, NotFoundError
from edge.device.visits import Visit

log = structlog.get_logger(__name__)

AISLES_MOST = 64
LABEL_CODE_MOST = 20


def find_bank(visit: Visit) -> BankSettings:
    """Find the bank that the path names."""
    bank = visit.part("bank")
    for settings in visit.house.room.banks:
        if settings.id == bank:
            return settings
    raise NotFoundError(bank)


def read_aisle(visit: Visit, bank: BankSettings) -> int:
    """Read the aisle of the form; BadRequestError when the bank has no such aisle."""
    aisle = visit.number("aisle", 1, AISLES_MOST)
    if aisle not in list_aisles(bank.geometry):
        raise BadRequestError("aisle")
    return aisle


def propose(visit: Visit) -> Response:
    """Ask the room for an aisle or another motion: whoever stands there looks and presses, or doesn't."""
    bank = find_bank(visit)
    operation = next((each for each in ASKED if each == visit.form.get("operation")), None)
    if operation is None:
        raise BadRequestError("operation")
    told = ask_room(visit, bank.id, operation, read_aisle(visit, bank) if operation == "open_aisle" else None)
    return visit.go(f"/banks/{bank.id}", told)


def ask_room(visit: Visit, bank: str, operation: Operation, aisle: int | None) -> str:
    """Ask, keep the room's answer for the next page, and tell when there is none."""
    answer = visit.house.propose(bank, operation, aisle)
    if visit.log_in is not None:
        visit.log_in.answer = answer
    key = answer["message"]["key"] if answer else ""
    log.info("device_asked_room", by=visit.name, bank=bank, operation=operation, aisle=aisle, answer=key)
    return "" if answer else "no_answer"


def print_test(visit: Visit) -> Response:
    """Print a label that belongs to no box."""
    label = {
        "code": f"TEST{visit.house.wall_ms() // 1000 % 10_000:04d}",
        "title": "测试标签 Test label",
        "customer_name": visit.house.room.name,
        "place_path": visit.words.moment(visit.house.wall_ms()),
    }
    outcome, detail = visit.house.print_label(label)
    log.info("device_test_label", by=visit.name, outcome=outcome, detail=detail)
    return visit.go("/printer", f"label_{outcome}", detail)


def begin_checklist(visit: Visit) -> Response:
    """Begin a bank anew."""
    bank = find_bank(visit)
    visit.house.commissioning.begin(bank.id, visit.name)
    log.info("checklist_begun", by=visit.name, bank=bank.id)
    return visit.go(f"/checklist/{bank.id}")


def ask_checklist(visit: Visit) -> Response:
    """Ask the room for one aisle of the list; the list waits until it stands open."""
    bank = find_bank(visit)
    aisle = read_aisle(visit, bank)
    visit.house.commissioning.ask(bank.id, aisle, visit.name)
    return visit.go(f"/checklist/{bank.id}", ask_room(visit, bank.id, "open_aisle", aisle))


def finish_aisle(visit: Visit) -> Response:
    """Close an aisle whose label was read."""
    bank = find_bank(visit)
    good = visit.house.commissioning.finish_aisle(bank.id, read_aisle(visit, bank), visit.name)
    return visit.go(f"/checklist/{bank.id}", "aisle_done" if good else "no_label")


def repeat_aisle(visit: Visit) -> Response:
    """Do an aisle again."""
    bank = find_bank(visit)
    visit.house.commissioning.repeat_aisle(bank.id, read_aisle(visit, bank), visit.name)
    return visit.go(f"/checklist/{bank.id}")


def end_checklist(visit: Visit) -> Response:
    """Close the check-list when no aisle is left."""
    bank = find_bank(visit)
    good = visit.house.commissioning.end(bank.id)
    log.info("checklist_ended", by=visit.name, bank=bank.id, whole=good)
    return visit.go(f"/checklist/{bank.id}", "list_done" if good else "list_open")


def print_mapping(visit: Visit) -> Response:
    """Print the mapping of one aisle, for the aisle's mouth."""
    bank = find_bank(visit)
    aisle = read_aisle(visit, bank)
    found = visit.house.commissioning.find(bank.id)
    row = next((each for each in found.aisles if each.aisle == aisle and each.state == "done"), None) if found else None
    if row is None:
        return visit.go(f"/checklist/{bank.id}", "no_label")
    faces = [label for label in row.labels if label.fits]
    plain = "".join(each for each in bank.id.upper() if each.isascii() and each.isalnum())[:8]
    label = {
        "code": f"AISLE{plain}{aisle:02d}"[:LABEL_CODE_MOST],
        "title": " · ".join(each.face for each in faces),
        "customer_name": f"{bank.name} 通道 {aisle}",
        "place_path": " ".join(each.code for each in faces),
    }
    outcome, detail = visit.house.print_label(label)
    return visit.go(f"/checklist/{bank.id}", f"label_{outcome}", detail)
