"""The parts of the world by themselves: harm as the law counts it, habits, shrinking, the command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from simulators.bank_plan import BankPlan, SensorKind, plan_bank
from simulators.occupancy import Occupancy, Person, Posture
from simulators.world.habits import FILE, HabitsError, read_habits
from simulators.world.harm import HarmWatch
from simulators.world.hazards import HAZARDS, list_absent
from simulators.world.run import World
from simulators.world.shrinking import Case, list_smaller, play, shrink, tell_story
from simulators.world.switches import removed

STOP_MM = 18.0


class Crush:
    """Steel closing on one person in aisle 3, a millimetre at a time."""

    def __init__(self, sensors: tuple[SensorKind, ...], posture: Posture) -> None:
        plan = BankPlan(columns=plan_bank(4).columns, sensors=sensors)
        self.occupancy = Occupancy(plan)
        self.told: list[str] = []
        self.occupancy.enter(Person("somebody", 3, posture))
        self.watch = HarmWatch(plan, self.occupancy, STOP_MM, lambda _person, how: self.told.append(how))

    def close(self, start_mm: float, end_mm: float) -> list[str]:
        width = start_mm
        while width > end_mm:
            before, after = {3: width}, {3: width - 1}
            self.occupancy.squeeze(before, after, self.occupancy.people)
            self.watch.watch(before, after)
            width -= 1
        return self.told


def test_steel_that_goes_on_more_than_fifty_millimetres_after_contact_harms() -> None:
    assert Crush((), Posture.STILL).close(800, 351) == []
    assert Crush((), Posture.STILL).close(800, 348) == ["crushed"]


def test_a_gap_that_closes_long_after_somebody_could_be_sensed_harms() -> None:
    beams = (SensorKind.FOOT_BEAM,)
    assert Crush(beams, Posture.KNEELING).close(800, 399) == ["reached"]
    assert Crush(beams, Posture.KNEELING).close(416, 399) == []  # within the stop distance
    assert Crush(beams, Posture.LADDER).close(800, 399) == []  # a foot beam can't sense them
    assert Crush((SensorKind.ENTRY_BEAMS,), Posture.LADDER).close(800, 399) == ["reached"]


def test_nobody_is_counted_twice() -> None:
    assert Crush((SensorKind.FOOT_BEAM,), Posture.STILL).close(800, 100) == ["reached"]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    changed = tmp_path / "habits.toml"
    changed.write_text(FILE.read_text().replace("no_look = 0.15", "no_look = 0.0"))
    assert read_habits(changed).digest != read_habits().digest
    assert len(read_habits().digest) == 64


def test_a_rate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HabitsError, match=r"people\.luck"):
        read_habits().with_rates({"people.luck": 1.0})
    broken = tmp_path / "habits.toml"
    broken.write_text(FILE.read_text() + "\n[moods]\ngood = 1.0\n")
    with pytest.raises(HabitsError, match="moods"):
        read_habits(broken)


def test_hazards_that_never_occurred_are_named() -> None:
    everything = Counter(dict.fromkeys(HAZARDS, 1))
    assert list_absent(everything) == []
    everything["kneel"] = 0
    assert list_absent(everything) == ["kneel"]


def test_every_case_is_made_smaller_in_time_rooms_faults_and_acts() -> None:
    smaller = list(list_smaller(Case(1, 2.0, 3, read_habits())))
    assert {case.rooms for case in smaller} == {1, 3}
    assert min(case.hours for case in smaller) == 0.5
    assert {name.split(".")[0] for case in smaller for name in case.left_out} == {"acts", "faults"}


def test_a_failing_seed_shrinks_and_tells_its_story() -> None:
    case = Case(1, 0.1, 1, read_habits(), kind="beams_and_edges", shape="one_bank")
    with removed("19 warning"):
        assert play(case)[1].violations
        small = shrink(case)
        story = tell_story(small)
    assert small.hours < case.hours or small.left_out
    assert "VIOLATION rule 19: moving before the warning was over" in story
    assert "opens aisle" in story or "presses (" in story


@pytest.mark.parametrize(
    ("seed", "kind", "shape", "acts_per_hour"),
    [
        (5, "beams_and_edges", "one_bank", 60.0),
        (11, "", "", 60.0),
        (17, "", "one_bank", 60.0),  # a bank that sleeps
        (3, "edges_only", "one_bank", 300.0),  # mostly under way
        (6, "", "one_bank", 300.0),  # others move the steel too
        (2, "", "slow_bus", 60.0),
        (6, "", "two_buses", 60.0),
    ],
)
def test_polls_leapt_over_change_nothing_at_all(seed: int, kind: str, shape: str, acts_per_hour: float) -> None:
    """With every exchange spoken the same is known, decided, told and done at the same moments, but more slowly."""
    habits = read_habits().with_rates({"pace.acts_per_hour": acts_per_hour, "acts.remote": 60.0, "acts.stop": 5.0})
    quick, patient = (
        World(seed, habits, hours=0.08, kind=kind, shape=shape, every_poll=spoken, keeps_digest=True).run()
        for spoken in (False, True)
    )
    assert quick.spared > 0
    assert patient.spared == 0
    assert quick.digests == patient.digests
    assert quick.polls + quick.spared == patient.polls
    assert (quick.counts, quick.harm, quick.violations) == (patient.counts, patient.harm, patient.violations)


@pytest.mark.parametrize(("seed", "shape"), [(2, "broker"), (1, "broker_and_bus")])
def test_banks_on_a_broker_that_loses_delays_and_goes_away_keep_the_law(seed: int, shape: str) -> None:
    rates = {
        "faults.line_burst": 60.0,
        "faults.line_babble": 30.0,
        "faults.gateway_kill": 10.0,
        "faults.power_cut": 5.0,
    }
    habits = read_habits().with_rates({**rates, "pace.acts_per_hour": 180.0, "acts.stop": 10.0})
    report = World(seed, habits, hours=0.06, kind="beams_and_edges", shape=shape).run()
    assert report.motions
    assert not report.violations
    assert not report.harm


def test_a_wrong_controller_on_a_broker_says_that_it_is_one() -> None:
    rates = {"faults.wrong_controller": 60.0, "pace.acts_per_hour": 400.0, "people.no_press": 0.0}
    report = World(1, read_habits().with_rates(rates), hours=0.1, kind="beams_and_edges", shape="broker").run()
    assert report.counts["wrong_controller"]
    assert not report.violations


def test_a_line_may_cut_an_answer_off_before_its_first_byte() -> None:
    habits = read_habits().with_rates({"faults.line_burst": 400.0, "line.cut_per_frame": 0.9})
    report = World(1, habits, hours=0.04, kind="beams_and_edges", shape="one_bank").run()
    assert report.counts["line_burst"]
    assert not report.violations


def test_killed_gateways_on_a_real_disk_lose_nothing(tmp_path: Path) -> None:
    habits = read_habits().with_rates({"faults.gateway_kill": 60.0, "pace.acts_per_hour": 240.0})
    report = World(4, habits, hours=0.08, kind="beams_and_edges", shape="one_bank", folder=tmp_path).run()
    assert report.counts["gateway_kill"] > 1
    assert not report.violations


def test_rooms_share_one_centre() -> None:
    world = World(3, read_habits(), hours=0.03, rooms=3)
    assert not world.run().violations
    assert all(world.centre.list_lines(room.layout.room_id) for room in world.rooms)


def test_the_command_ends_with_the_sum_and_fails_when_a_hazard_never_came() -> None:
    command = [sys.executable, "-m", "simulators.world", "--seeds", "1", "--hours", "0.02"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert "hazards that never occurred" in done.stdout
    assert summary["violations"] == 0
    assert summary["habits_sha256"] == read_habits().digest
    assert {"hours", "seeds", "acts", "motions", "hazards", "harm", "x_real_time"} <= set(summary)


def test_the_habits_are_those_that_a_decision_names() -> None:
    records = Path(__file__).parents[2].joinpath("docs", "decisions").glob("*.md")
    assert any(read_habits().digest in record.read_text() for record in records)
