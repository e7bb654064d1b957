"""One bank as pages draw it: plan to scale, aisles, what moves. Shown, never read for a decision."""

from __future__ import annotations

from edge.core.equipment_view import (
    list_home_aisles,
    list_operations,
    list_sensors,
    name_hazards,
    show_climate,
    show_scan_alone,
    tell_door,
)
from edge.core.events import Now
from edge.core.geometry import find_aisle, list_aisles, list_segment_aisles, rail_length_mm
from edge.core.occupancy import list_closing, list_locked, list_widths_mm, tell_occupancy
from edge.core.outcomes import format_wall
from edge.core.refusals import STALE_MS
from edge.core.room import BankSettings, ClimateBands
from edge.core.shown import AisleView, BankView, ColumnView, IndicatorView
from edge.core.state import Bank

# after so long without a reading the plan is greyed
OFFLINE_MS = 10_000


def show_bank(settings: BankSettings, bank: Bank, now: Now, *, bands: ClimateBands, steady: bool = True) -> BankView:
    """Draw one bank."""
    snapshot = bank.snapshot
    age_ms = now.mono_ms - bank.read_mono_ms
    offline = snapshot is None or bank.controller != "online"
    widths = guess_widths_mm(settings, bank)
    request = bank.request
    positions = tell_positions(settings, bank)
    return BankView(
        bank=settings.id,
        name=settings.name,
        state="offline" if offline or snapshot is None else snapshot.state,
        columns=show_columns(settings, bank, widths),
        aisles=show_aisles(settings, bank, widths),
        rail_mm=rail_length_mm(settings.geometry),
        target_aisle=snapshot.target_aisle if snapshot is not None else None,
        closing_aisles=list(request.closing) if request is not None else show_closing(settings, bank),
        # who knows contacts alone measures no progress: nothing is made up
        progress=snapshot.progress_permille / 1000 if snapshot is not None and positions == "measured" else 0.0,
        speed_mm_s=settings.speed_mm_s,
        indicator=show_indicator(bank),
        faults=[*snapshot.faults, *snapshot.safety] if snapshot is not None else [],
        sequence=snapshot.sequence if snapshot is not None else 0,
        as_of=format_wall(now, age_ms if snapshot is not None else 0),
        stale=offline or age_ms > max(STALE_MS, OFFLINE_MS if bank.request is None else STALE_MS),
        positions=positions,
        numbered_from=settings.numbered_from,
        home_aisles=list_home_aisles(settings),
        operations=list_operations(bank),
        sensors=list_sensors(settings, bank, now),
        scan_alone=show_scan_alone(settings, now, steady=steady),
        climate=show_climate(bank, bands),
        hazards=name_hazards(bank),
        door_open=tell_door(bank),
    )


def show_closing(settings: BankSettings, bank: Bank) -> list[int]:
    """Name what the prompt on show would close."""
    prompt = bank.prompt
    return list(list_closing(settings, bank, prompt.wish.target)) if prompt is not None else []


def guess_widths_mm(settings: BankSettings, bank: Bank) -> dict[int, int]:
    """Choose a width to draw for every gap: measured where it is, else as known, else what is left over."""
    measured: dict[int, int | None] = {}
    if bank.detail is not None:
        measured = dict(enumerate(bank.detail.aisle_widths_mm, start=1))
    known = list_widths_mm(settings, bank)
    drawn: dict[int, int] = {}
    for segment in settings.geometry.segments:
        unknown: list[int] = []
        left = segment.free_width_mm
        for aisle in list_segment_aisles(segment):
            width = known.get(aisle) if measured.get(aisle) is None else measured[aisle]
            if width is None:
                unknown.append(aisle)
            else:
                drawn[aisle] = width
                left -= width
        drawn.update({aisle: max(0, left) // len(unknown) for aisle in unknown})
    return drawn


def show_columns(settings: BankSettings, bank: Bank, widths: dict[int, int]) -> list[ColumnView]:
    """Place every column: by its measured position, else by the gaps before it."""
    detail = bank.detail
    touching = bank.snapshot is not None and bool(bank.snapshot.contacts) and bank.snapshot.state != "unknown"
    views: list[ColumnView] = []
    reckoned = 0
    for index, column in enumerate(settings.geometry.columns):
        position = detail.positions_mm[index] if detail is not None and index < len(detail.positions_mm) else None
        quality = detail.quality[index] if detail is not None and index < len(detail.quality) else "unknown"
        if position is None and quality == "measured":
            quality = "inferred"
        elif quality == "unknown" and touching:
            quality = "contacts"
        views.append(
            ColumnView(
                no=column.no,
                fixed=column.fixed,
                width_mm=column.width_mm,
                faces=list(column.faces),
                x_mm=reckoned if position is None else position,
                quality="measured" if column.fixed else quality,
            )
        )
        reckoned += column.width_mm + widths.get(column.no, 0)
    return views


def show_aisles(settings: BankSettings, bank: Bank, widths: dict[int, int]) -> list[AisleView]:
    """Show every aisle with its width and who may be inside."""
    open_aisles = bank.snapshot.open_aisles if bank.snapshot is not None else ()
    known = list_widths_mm(settings, bank)
    inside = bank.detail.locked if bank.detail is not None else ()
    locked = list_locked(bank)
    lights = bank.detail.lights if bank.detail is not None else ()
    return [
        AisleView(
            no=no,
            width_mm=widths.get(no, 0),
            open=no in open_aisles,
            gap=tell_gap(settings, known[no]) if bank.snapshot is not None else "unknown",
            occupancy=tell_occupancy(bank, no),
            locked=no in locked,
            lock="inside" if no in inside else "gateway" if no in locked else "",
            light=no in lights,
        )
        for no in list_aisles(settings.geometry)
    ]


def tell_gap(settings: BankSettings, width_mm: int | None) -> str:
    """Tell a gap as far as it is known: closed, wide enough to walk in, or something between."""
    if width_mm == 0:
        return "closed"
    return "open" if width_mm is not None and width_mm >= settings.geometry.passable_gap_mm else "between"


def tell_positions(settings: BankSettings, bank: Bank) -> str:
    """Tell whether this controller measures where columns are, or knows contacts alone."""
    unmeasured = bank.capabilities is not None and "measures_position" not in bank.capabilities
    return "contacts" if unmeasured else settings.positions


def show_indicator(bank: Bank) -> IndicatorView | None:
    """Show the place whose indicator is lit."""
    place = bank.indicator
    if place is None:
        return None
    aisle = find_aisle(place.column, place.face)
    return IndicatorView(aisle=aisle, face=place.face, section=place.section, tier=place.tier)
