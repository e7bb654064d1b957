"""Colour and sign of a state's word; pages always show the word beside them."""

from __future__ import annotations

TONES: dict[str, str] = {
    **dict.fromkeys(("idle", "online", "ok", "confirmed", "done", "good", "selected", "asleep"), "normal"),
    **dict.fromkeys(("moving", "settling", "waking", "warning", "queued", "connecting", "asked"), "moving"),
    **dict.fromkeys(("fault", "failed", "bad", "full", "geometry_mismatch", "crc", "faulty", "alarm"), "stop"),
    **dict.fromkeys(("stopped", "out_of_labels", "paused", "overdue", "waiting_centre", "truncated"), "warning"),
    **dict.fromkeys(("offline", "silent", "unplugged", "rebooted"), "offline"),
}


def tone_of(word: str) -> str:
    """Tell colour and sign of a state; one without is unknown."""
    return TONES.get(word, "unknown")
