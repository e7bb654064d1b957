"""Who may be in an aisle: seen, presumed, confirmed clear or unknown. Silence of a sensor never confirms.

Also which gaps an act would narrow, from the contacts and widths of a reading; in doubt a gap counts as open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from edge.core.geometry import (
    aisle_width_mm,
    list_aisles,
    list_evened,
    list_gaps,
    list_gathered,
    list_narrowing,
    list_segment_aisles,
)
from edge.core.room import BankSettings
from edge.core.snapshot import MOVING, Contact, list_closed_aisles
from edge.core.state import Bank, Target

Occupancy = Literal["seen", "presumed", "clear", "unknown"]


def list_widths_mm(settings: BankSettings, bank: Bank) -> dict[int, int | None]:
    """Width of every gap as far as it is known; None where it is not."""
    snapshot = bank.snapshot
    if snapshot is None:
        return dict.fromkeys(list_aisles(settings.geometry))
    closed = list_closed_aisles(snapshot.contacts)
    widths: dict[int, int | None] = {}
    for segment in settings.geometry.segments:
        aisles = list_segment_aisles(segment)
        nominal = aisle_width_mm(segment)
        taken = 0
        for aisle in aisles:
            widths[aisle] = nominal if aisle in snapshot.open_aisles else 0 if aisle in closed else None
            taken += widths[aisle] or 0
        if bank.widths_valid and bank.detail is not None:
            widths.update(
                {a: bank.detail.aisle_widths_mm[a - 1] for a in aisles if a <= len(bank.detail.aisle_widths_mm)}
            )
        elif taken == segment.free_width_mm:
            # the gaps always sum to the free width, so nothing is left for the others
            widths.update({a: 0 for a in aisles if widths[a] is None})
    return widths


def list_closing(settings: BankSettings, bank: Bank, target: Target) -> tuple[int, ...]:
    """List the aisles that an act would narrow below the passable gap."""
    geometry = settings.geometry
    if target.operation not in MOVING:
        return ()
    if target.operation == "home" or (bank.snapshot is not None and bank.snapshot.state == "unknown"):
        return list_aisles(geometry)  # while positions are in doubt, no gap is known to be closed
    widths = list_widths_mm(settings, bank)
    if target.operation == "open_aisle":
        return list_narrowing(geometry, widths, target.aisle)
    if target.operation == "close_all":
        return list_gathered(geometry, widths)
    if target.operation == "ventilate":
        return list_evened(geometry, widths)
    return list_gaps(geometry, widths)


def list_closing_by_contacts(
    settings: BankSettings, bank: Bank, target: Target, contacts: tuple[Contact, ...]
) -> tuple[int, ...]:
    """List the aisles that an act would narrow, judged on newer contacts than the bank's own reading."""
    if bank.snapshot is None or not contacts:
        return list_closing(settings, bank, target)
    newer = replace(bank.snapshot, contacts=contacts)
    closed = list_closed_aisles(contacts)
    newer = replace(newer, open_aisles=tuple(a for a in newer.open_aisles if a not in closed))
    return list_closing(settings, replace(bank, snapshot=newer, widths_valid=False), target)


def list_locked(bank: Bank) -> frozenset[int]:
    """List the aisles known to be locked: from inside, over the wire, or by this gateway's own word."""
    detail = bank.detail
    told = (*detail.locked, *detail.gateway_locked) if detail is not None else ()
    return frozenset((*bank.locks, *told))


def is_open(bank: Bank, aisle: int) -> bool:
    """Tell whether the aisle stands open at rest, by a reading."""
    snapshot = bank.snapshot
    return snapshot is not None and aisle in snapshot.open_aisles and snapshot.state in {"idle", "asleep", "stopped"}


def presume_occupied(bank: Bank, aisle: int) -> Bank:
    """Presume somebody in the aisle until somebody has looked."""
    if aisle in bank.presumed:
        return bank
    return replace(bank, presumed=tuple(sorted((*bank.presumed, aisle))))


def forget_closed(bank: Bank, closed: tuple[int, ...]) -> Bank:
    """Drop what was presumed of aisles that closed after a look."""
    return replace(bank, presumed=tuple(a for a in bank.presumed if a not in closed), doubted=False)


def tell_occupancy(bank: Bank, aisle: int) -> Occupancy:
    """Tell what is known of an aisle; clear only while a confirmation stands, or where no gap is left."""
    snapshot = bank.snapshot
    if snapshot is None:
        return "unknown"
    if aisle in snapshot.occupied:
        return "seen"
    if bank.request is not None and bank.request.point_id and aisle in bank.request.closing:
        return "clear"  # somebody looked and pressed; nobody did for a scan alone
    if aisle in bank.presumed:
        return "presumed"
    if bank.doubted or aisle in snapshot.occupancy_unknown:
        return "unknown"
    return "clear" if aisle in list_closed_aisles(snapshot.contacts) else "unknown"
