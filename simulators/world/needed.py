"""How each rule was missed: seed, sensors and habits with which its removal was found, to be lived again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulators.world.habits import Habits
from simulators.world.run import Report, World
from simulators.world.switches import removed

NO_RATES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Finding:
    """A history in which the rule is missed. `rates` differ from the habits only to make it short."""

    seed: int
    expected: str  # how the breach begins, or "harm"
    hours: float = 0.1
    kind: str = "beams_and_edges"
    shape: str = "one_bank"
    rates: Mapping[str, Any] = field(default_factory=lambda: NO_RATES)


CARELESS = {
    "people.no_look": 1.0,
    "people.stay_behind": 1.0,
    "people.notice_warning": 0.0,
    "acts.clean": 60.0,
    "people.prop_sweep": 0.0,
}
BUSY = {"pace.acts_per_hour": 240.0}
SCANNING = {"people.second_scan": 1.0, "people.no_press": 0.0, **BUSY}
NOISY = {"faults.line_burst": 400.0, "line.silence_per_frame": 0.3, "line.cut_per_frame": 0.3, **BUSY}
PRESSING = {"people.no_press": 0.0, "people.no_look": 1.0, "acts.wander": 0.0, "acts.clean": 0.0, **BUSY}
HURRIED = {"pace.acts_per_hour": 900.0, "pace.look_s": [0.0, 0.3], "pace.search_s": [1.0, 3.0]}
FINDINGS: dict[str, Finding] = {
    "0 nothing starts by itself": Finding(1, "rule 0", rates={"people.no_press": 1.0}),
    "1 a person starts": Finding(1, "rule 1"),
    "2 a place scan kills the confirmation": Finding(4, "rule 2", rates=SCANNING),
    # the executor waits while SELECT is answered; somebody scans a place of the aisle that is about to open
    "2 a place scan calls OPERATE back": Finding(
        2, "rule 2", rates={"faults.executor_stall": 3000.0, "pace.stall_s": [0.1, 0.3], **SCANNING}
    ),
    "2 fifteen seconds": Finding(
        1, "rule 2", hours=0.18, rates={"faults.line_babble": 300.0, "pace.babble_s": [17.0, 25.0], **PRESSING}
    ),
    "3 nothing from afar": Finding(1, "rule 3", rates={"acts.afar": 500.0}),
    "4 what waited needs a new press": Finding(1, "rule 0", rates=BUSY),
    "6 in-aisle lock": Finding(5, "rule 6", kind="edges_only", rates={"acts.lock": 30.0, **CARELESS, **BUSY}),
    "7 presumed occupied": Finding(1, "rule 7", rates=SCANNING),
    "7 seen occupied": Finding(1, "rule 7", rates={**CARELESS, **BUSY}),
    "9 nothing since the press": Finding(1, "rule 9", rates={"people.second_press": 1.0, **BUSY}),
    "9 three hundred milliseconds": Finding(
        1, "rule 9", rates={"faults.executor_stall": 3000.0, "pace.stall_s": [0.4, 1.0], **PRESSING}
    ),
    "10 position unknown": Finding(5, "rule 10", rates={"acts.handle": 20.0, **BUSY}),
    "11 motion of others": Finding(1, "rule 11", rates={"acts.remote": 60.0}),
    "12 never twice": Finding(3, "rule 12", hours=0.04, rates=NOISY),
    "12 two seconds": Finding(
        1, "rule 12", hours=0.04, rates={"faults.executor_stall": 1500.0, "pace.stall_s": [2.2, 3.0], **PRESSING}
    ),
    "13 lease": Finding(4, "rule 13", rates={"faults.gateway_kill": 60.0}),
    "14 STOP": Finding(2, "rule 14", rates={"acts.stop": 100.0}),
    "16 strangers on the broker": Finding(
        1, "rule 0", hours=0.02, shape="broker", rates={"faults.stranger_on_broker": 1200.0}
    ),
    "19 warning": Finding(1, "rule 19"),
    "19 travel time": Finding(2, "rule 19", rates={"faults.jam": 100.0, **BUSY}),
    "19 awake first": Finding(1, "rule 19", rates={"shapes.sleeps": 1.0, "pace.acts_per_hour": 40.0}, hours=0.3),
    "refused.store": Finding(1, "rule store", rates={"faults.disk_full": 30.0, **BUSY}),
    "refused.overloaded": Finding(4, "rule overloaded", hours=0.06, rates={"faults.inbox_flood": 300.0, **PRESSING}),
    "refused.controller_silent": Finding(10, "rule stale", hours=0.06, rates={"faults.power_cut": 100.0, **PRESSING}),
    "refused.geometry_mismatch": Finding(2, "rule geometry", rates={"faults.wrong_controller": 60.0, **PRESSING}),
    "refused.stopping": Finding(1, "rule 14", rates={"faults.no_standstill": 60.0, "acts.stop": 30.0, **PRESSING}),
    "refused.fire": Finding(1, "rule local", rates={"acts.fire_alarm": 20.0, **BUSY}),
    "refused.smoke": Finding(1, "rule local", hours=0.06, rates={"acts.smoke_alarm": 20.0, **PRESSING}),
    "refused.water": Finding(1, "rule local", hours=0.06, rates={"acts.water_alarm": 20.0, **PRESSING}),
    "refused.sweep": Finding(1, "rule local", hours=0.08, rates={"acts.kick_sweep": 20.0, **PRESSING}),
    "refused.local": Finding(1, "rule local", rates={"faults.supply_lost": 100.0, **PRESSING}),
    "refused.locked": Finding(1, "rule 6", hours=0.06, rates={"acts.lock_by_screen": 40.0, **PRESSING}),
    "refused.maintenance": Finding(6, "rule local", rates={"acts.maintain": 20.0, **BUSY}),
    "refused.emergency_stop": Finding(3, "rule local", rates={"acts.emergency_stop": 20.0, **BUSY}),
    "refused.edge": Finding(2, "harm", kind="edges_only", rates=CARELESS),
    "refused.beam": Finding(1, "rule local", rates={"people.walk_in_closing": 1.0, **BUSY}),
    "refused.bank_fault": Finding(2, "rule fault", rates={"faults.jam": 60.0, **BUSY}),
    "refused.stale": Finding(8, "rule stale", rates={"faults.power_cut": 100.0, **PRESSING}),
    "refused.busy": Finding(
        7,
        "rule busy",
        hours=0.06,
        rates={"faults.line_babble": 600.0, "pace.babble_s": [3.0, 4.0], **PRESSING, **HURRIED},
    ),
    "refused.moving": Finding(2, "rule busy", rates={"acts.remote": 30.0, **BUSY}),
    "refused.bus_full": Finding(3, "rule 13", shape="slow_bus", rates={**PRESSING, **HURRIED}),
}


def live_without(name: str, finding: Finding, habits: Habits, seed: int | None = None) -> Report:
    """Live the history of a finding with its rule taken away in both layers."""
    with removed(name):
        return live_with(finding, habits, seed)


def live_with(finding: Finding, habits: Habits, seed: int | None = None) -> Report:
    """Live the same history with every rule in place."""
    mine = habits.with_rates(finding.rates)
    number = finding.seed if seed is None else seed
    return World(number, mine, hours=finding.hours, kind=finding.kind, shape=finding.shape).run()


def is_missed(finding: Finding, report: Report) -> bool:
    """Tell whether the report shows what the finding says."""
    if finding.expected == "harm":
        return bool(report.harm)
    return any(f": {finding.expected}:" in breach for breach in report.violations)


def search(name: str, habits: Habits, seeds: range = range(1, 30)) -> int | None:
    """Find a seed anew, for a change of people or habits throws all dice anew; None when the rule is not missed."""
    finding = FINDINGS[name]
    for seed in seeds:
        clean = live_with(finding, habits, seed)
        if is_missed(finding, live_without(name, finding, habits, seed)) and not clean.violations and not clean.harm:
            return seed
    return None
