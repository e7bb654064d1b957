"""Where a room with one bank may go on past exchanges that say nothing new, and how far."""

# Sessions, schedule and recorder keep their own time; it is set forward from here and from nowhere else.
# ruff: noqa: SLF001

from __future__ import annotations

from edge.runtime.clock import make_now
from simulators.world.agenda import Agenda
from simulators.world.gateway import SteppedRuntime
from simulators.world.journey import Journey, is_steady
from simulators.world.line import VirtualLine
from simulators.world.site import Site
from simulators.world.stillness import Notebook, Stillness, is_piece_true

WORTH_AT_REST_MS = 400.0  # less is spoken
WORTH_UNDER_WAY_MS = 100.0


def stride(line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda, notes: Notebook) -> bool:
    """Reckon what can be reckoned from the next step of the line on; False: it must be spoken."""
    schedule = line.shelf._schedule if line.shelf is not None else None
    if schedule is None or line.step_due_ms is None or schedule._sent or schedule._reader.pending_bytes:
        return False
    if schedule._stop_waits_from_ms is not None or not runtime.is_well:
        return False
    bank = runtime.state.banks[site.layout.id]
    if bank.request is None and not bank.foreign:
        return stand_still(line, site, runtime, agenda, notes)
    return travel(line, site, runtime, agenda)


def stand_still(line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda, notes: Notebook) -> bool:
    """Reckon the polls of a bank at rest; whoever only glances may do so meanwhile."""
    assert line.shelf is not None
    assert line.step_due_ms is not None
    ends_ms = min(agenda.next_act_ms, runtime.deadline_ms, site.model.next_timer_ms)
    if ends_ms - line.step_due_ms < WORTH_AT_REST_MS or not site.is_resting:
        return False
    until = make_now(int(ends_ms), int(ends_ms) + notes.wall_offset_ms, clock_ok=True)
    ends_ms = notes.find_change_ms(line, site, runtime.state, until)
    if ends_ms - line.step_due_ms < WORTH_AT_REST_MS:
        return False
    if not is_piece_true(site, line.shelf._schedule.sessions[site.layout.unit]):
        return False
    return Stillness(line, site, runtime, agenda).pass_until(ends_ms)


def travel(line: VirtualLine, site: Site, runtime: SteppedRuntime, agenda: Agenda) -> bool:
    """Reckon what is said while steel is under way; nobody may even look before it is told."""
    assert line.shelf is not None
    assert line.step_due_ms is not None
    request = runtime.state.banks[site.layout.id].request
    ends_ms = min(agenda.next_ms, runtime.deadline_ms)
    if ends_ms - line.step_due_ms < WORTH_UNDER_WAY_MS or (request is not None and request.stage != "moving"):
        return False
    if not is_steady(site, line.shelf._schedule.sessions[site.layout.unit], runtime.state, agenda.now_ms):
        return False
    return Journey(line, site, runtime, agenda, request).pass_until(ends_ms)
