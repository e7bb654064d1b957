"""Every route of the device page in one table: who may, and whether it can make a prompt. Nothing is served but these.

`prompt` is the most that any route may lead to: a question at the kiosk. No route confirms, presses or starts anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Need = Literal["open", "technician"]
TECH: Need = "technician"
Effect = Literal["reads", "account", "prints", "notes", "prompt"]


@dataclass(frozen=True, slots=True)
class RouteDef:
    """One route: its need, the most it may do, and what it is for."""

    method: Literal["GET", "POST"]
    path: str
    name: str  # of the handler
    need: Need
    effect: Effect
    words: str


ROUTES: tuple[RouteDef, ...] = (
    RouteDef("GET", "/login", "show_login", "open", "reads", "The log-in form."),
    RouteDef("POST", "/login", "log_in", "open", "account", "Open a session, or say how long to wait."),
    RouteDef("POST", "/language", "choose_language", "open", "account", "Remember a language in this browser."),
    RouteDef("GET", "/assets/{folder}/{file}", "show_asset", "open", "reads", "Styles, scripts and the mark."),
    RouteDef("POST", "/logout", "log_out", TECH, "account", "End the session."),
    RouteDef("GET", "/", "show_overview", TECH, "reads", "Every device with its state."),
    RouteDef("GET", "/live", "follow", TECH, "reads", "The live part of one page as it changes."),
    RouteDef("GET", "/banks/{bank}", "show_bank", TECH, "reads", "One bank: identity, sums, self-test, sensors."),
    RouteDef("GET", "/banks/{bank}/registers", "show_registers", TECH, "reads", "Every live register by name."),
    RouteDef("GET", "/banks/{bank}/events", "show_events", TECH, "reads", "The controller's event ring."),
    RouteDef("GET", "/banks/{bank}/wear", "show_wear", TECH, "reads", "Cycles, opening times, motor currents."),
    RouteDef("POST", "/banks/{bank}/propose", "propose", TECH, "prompt", "Ask the room for an aisle."),
    RouteDef("GET", "/buses/{bus}", "show_bus", TECH, "reads", "Counts of a bus and its last 1,000 frames."),
    RouteDef("GET", "/buses/{bus}/frames.csv", "export_frames", TECH, "reads", "The frames for a spreadsheet."),
    RouteDef("GET", "/printer", "show_printer", TECH, "reads", "The printer and its last labels."),
    RouteDef("POST", "/printer/test", "print_test", TECH, "prints", "Print a test label."),
    RouteDef("GET", "/scanners", "show_scanners", TECH, "reads", "Every scanner with its last readings."),
    RouteDef("GET", "/scanners/{source}/picture.jpg", "show_picture", TECH, "reads", "A camera's newest picture."),
    RouteDef("GET", "/recorder", "show_recorder", TECH, "reads", "Segments of the journal; the state at a moment."),
    RouteDef("GET", "/recorder/segments/{number}", "export_segment", TECH, "reads", "One segment to take away."),
    RouteDef("GET", "/checklist", "show_checklists", TECH, "reads", "The check-lists of all banks."),
    RouteDef("GET", "/checklist/{bank}", "show_checklist", TECH, "reads", "Commissioning of one bank, by aisle."),
    RouteDef("GET", "/checklist/{bank}/sheet", "show_sheet", TECH, "reads", "The mapping, to be printed and signed."),
    RouteDef("POST", "/checklist/{bank}/begin", "begin_checklist", TECH, "notes", "Begin a bank anew."),
    RouteDef("POST", "/checklist/{bank}/ask", "ask_checklist", TECH, "prompt", "Ask the room for the next aisle."),
    RouteDef("POST", "/checklist/{bank}/done", "finish_aisle", TECH, "notes", "Close an aisle whose label fits."),
    RouteDef("POST", "/checklist/{bank}/again", "repeat_aisle", TECH, "notes", "Do an aisle again."),
    RouteDef("POST", "/checklist/{bank}/end", "end_checklist", TECH, "notes", "Close the check-list."),
    RouteDef("POST", "/checklist/{bank}/label", "print_mapping", TECH, "prints", "Print the mapping as a label."),
)
