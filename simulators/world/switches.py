"""Rules taken away, each in both layers at once: does the world miss them? Production code knows nothing of it.

A switch replaces names in modules and classes for as long as it is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulators.shelf_record import SafetyInput
from simulators.world import rows_removed as rows
from simulators.world import rules_removed as rules
from simulators.world.patches import Patch

SWITCHES: dict[str, Callable[[], list[Patch]]] = {
    "0 nothing starts by itself": rules.remove_own_start,
    "1 a person starts": rules.remove_press,
    "2 a place scan kills the confirmation": rules.remove_death_by_scan,
    "2 a place scan calls OPERATE back": rules.remove_calling_back,
    "2 fifteen seconds": rules.remove_fifteen_seconds,
    "3 nothing from afar": rules.remove_afar,
    "4 what waited needs a new press": rules.remove_new_press,
    "6 in-aisle lock": rules.remove_lock,
    "7 presumed occupied": rules.remove_presumption,
    "7 seen occupied": rules.remove_seen_occupied,
    "9 nothing since the press": rules.remove_ring_head,
    "9 three hundred milliseconds": rules.remove_freshness,
    "10 position unknown": rules.remove_position_unknown,
    "11 motion of others": rules.remove_yielding,
    "12 never twice": rules.remove_once,
    "12 two seconds": rules.remove_two_seconds,
    "13 lease": rules.remove_lease,
    "14 STOP": rules.remove_stop,
    "16 strangers on the broker": rules.remove_broker_rules,
    "19 warning": rules.remove_warning,
    "19 travel time": rules.remove_travel_time,
    "19 awake first": rules.remove_waking,
    "refused.store": rows.remove_store,
    "refused.overloaded": rows.remove_overload,
    "refused.controller_silent": rows.remove_silence,
    "refused.geometry_mismatch": rows.remove_geometry,
    "refused.stopping": rows.remove_stopping,
    "refused.fire": rows.remove_sign("fire", ("fire", "trip"), SafetyInput.FIRE),
    "refused.smoke": rows.remove_sign("smoke", ("smoke",), SafetyInput.SMOKE),
    "refused.water": rows.remove_water,
    "refused.maintenance": rows.remove_sign("maintenance", ("maintenance", "trip"), SafetyInput.MAINTENANCE),
    "refused.emergency_stop": rows.remove_sign("emergency_stop", ("emergency_stop",), SafetyInput.EMERGENCY_STOP),
    "refused.edge": rows.remove_edge,
    "refused.sweep": rows.remove_sign("sweep", ("sweep",), SafetyInput.SWEEP),
    "refused.local": rows.remove_sign("supply_lost", ("power_failed",), SafetyInput.SUPPLY_LOST),
    "refused.locked": rows.remove_locks_by_wire,
    "refused.beam": rows.remove_sign("beam", ("beam",), SafetyInput.BEAM),
    "refused.bank_fault": rows.remove_fault,
    "refused.stale": rows.remove_staleness,
    "refused.busy": rows.remove_busy,
    "refused.moving": rows.remove_moving,
    "refused.bus_full": rows.remove_bus_limit,
}
# rows whose rule has a number of its own, and rows that are one rule: nobody can tell them apart from outside
SAME_AS = {
    "refused.aisle_lock": "6 in-aisle lock",
    "refused.position_unknown": "10 position unknown",
    "refused.seen_occupied": "7 seen occupied",
    "refused.foreign_motion": "refused.moving",
}
INHERITED = object()  # the name stood in a class above
ALL_OFF = (
    "1 a person starts",
    "7 seen occupied",
    "refused.edge",
    "refused.beam",
    "13 lease",
    "14 STOP",
    "19 warning",
    "6 in-aisle lock",
)


@contextmanager
def removed(*names: str) -> Iterator[None]:
    """Live without these rules for a while."""
    before: list[Patch] = []
    try:
        for name in names:
            for target, attribute, value in SWITCHES[name]():
                before.append((target, attribute, vars(target).get(attribute, INHERITED)))
                setattr(target, attribute, value)
        yield
    finally:
        for target, attribute, value in reversed(before):
            if value is INHERITED:
                delattr(target, attribute)
            else:
                setattr(target, attribute, value)
