"""The hazards that a run must have met; one that never occurred proves nothing."""

from __future__ import annotations

from collections.abc import Mapping

HAZARDS = (
    "asked_from_afar",
    "beam_blind",
    "beam_stuck",
    "centre_down",
    "cleaner_came",
    "climb",
    "closed_all",
    "confirmed_from_afar",
    "confirmed_over_somebody",
    "confirmed_without_looking",
    "count_drift",
    "disk_full",
    "edge_dead",
    "entry_blind",
    "executor_stall",
    "fire_alarm",
    "forgot_box",
    "gateway_kill",
    "gateway_killed_in_motion",
    "hit_emergency_stop",
    "inbox_flood",
    "inbox_overflowed",
    "jam",
    "kneel",
    "label_asked",
    "label_printed_again",
    "left_prompt",
    "line_babble",
    "line_burst",
    "locked_aisle",
    "no_standstill",
    "noticed_warning",
    "out_of_labels",
    "power_cut",
    "pressed_again",
    "pressed_bank_button",
    "pressed_stop",
    "pressed_undo",
    "printer_mute",
    "prop_sweep",
    "saw_somebody",
    "scanned_after_press",
    "scanned_wrong",
    "stand_still",
    "stayed_behind",
    "turned_handle",
    "turned_maintenance_key",
    "used_remote",
    "walked_in_while_closing",
    "wall_step",
    "wrong_controller",
)


def list_absent(counts: Mapping[str, int]) -> list[str]:
    """List the hazards that never occurred."""
    return [name for name in HAZARDS if not counts.get(name)]
