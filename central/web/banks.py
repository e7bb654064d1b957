"""Bank views for the room map when no gateway has reported: geometry alone, everything else openly unknown. Pure."""

from __future__ import annotations

from typing import Any

from central.domain.places import Bank


def show_geometry(bank: Bank) -> dict[str, Any]:
    """Return a bank view (docs/link-protocol.md) that claims nothing but what the shelving is."""
    return {
        "bank": bank.key,
        "name": bank.name,
        "state": "unknown",
        "columns": [
            {
                "no": column.no,
                "fixed": column.fixed,
                "width_mm": column.width_mm,
                "faces": list(column.faces),
                "x_mm": None,
                "quality": "measured" if column.fixed else "unknown",
            }
            for column in bank.columns
        ],
        "aisles": [
            {"no": no, "width_mm": None, "open": False, "occupancy": "unknown", "locked": False} for no in bank.aisles
        ],
        "rail_mm": bank.rail_mm,
        "target_aisle": None,
        "closing_aisles": [],
        "progress": 0,
        "speed_mm_s": bank.speed_mm_s,
        "indicator": None,
        "faults": [],
        "sequence": 0,
        "as_of": None,
        "stale": True,
    }
