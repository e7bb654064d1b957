"""Frames that pymodbus and mbpoll made, by their names in the vectors."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "firmware_protocol" / "vectors"


def load_frames() -> dict[str, bytes]:
    """Bytes of every vector by its id."""
    rows = [row for name in ("pymodbus", "mbpoll", "hand") for row in json.loads((FOLDER / f"{name}.json").read_text())]
    return {row["id"]: bytes.fromhex(row["hex"]) for row in rows}


FRAMES = load_frames()
