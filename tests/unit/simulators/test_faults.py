"""Faults on a byte line: nothing by default, the named thing when asked, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import FaultPlan, FaultyWire


@given(st.binary(max_size=300))
def test_a_wire_without_faults_changes_nothing(octets: bytes) -> None:
    wire = FaultyWire(FaultPlan(seed=3))
    assert wire.disturb(octets) == octets
    assert not wire.echoes()
    assert not wire.swallows()
    assert wire.delay_ms() == 0
    assert wire.counts == {}


@pytest.mark.parametrize(
    ("plan", "judge"),
    [
        (
            FaultPlan(seed=1, bit_flip=1.0),
            lambda sent, got: all((a ^ b).bit_count() == 1 for a, b in zip(sent, got, strict=True)),
        ),
        (FaultPlan(seed=1, loss=1.0), lambda _, got: got == b""),
        (FaultPlan(seed=1, insertion=1.0), lambda sent, got: len(got) == 2 * len(sent) and got[1::2] == sent),
        (FaultPlan(seed=1, cut_per_frame=1.0), lambda sent, got: len(got) < len(sent) and sent.startswith(got)),
    ],
)
def test_each_fault_does_what_its_name_says(plan: FaultPlan, judge: Callable[[bytes, bytes], bool]) -> None:
    sent = bytes(range(40))
    wire = FaultyWire(plan)
    assert judge(sent, wire.disturb(sent))
    assert sum(wire.counts.values()) > 0


def test_frame_faults_happen_by_their_share() -> None:
    wire = FaultyWire(FaultPlan(seed=2, late_per_frame=0.5, late_ms=70, silence_per_frame=0.25, echo_per_frame=1.0))
    delays = [wire.delay_ms() for _ in range(400)]
    assert set(delays) == {0, 70}
    assert 140 < delays.count(70) < 260
    assert 60 < sum(wire.swallows() for _ in range(400)) < 140
    assert wire.echoes()


@given(st.binary(min_size=1, max_size=100), st.integers(0, 99))
def test_the_same_seed_disturbs_the_same_way(octets: bytes, seed: int) -> None:
    plan = FaultPlan(seed=seed, bit_flip=0.1, loss=0.1, insertion=0.1)
    assert FaultyWire(plan).disturb(octets) == FaultyWire(plan).disturb(octets)


def test_shares_outside_0_to_1_are_refused() -> None:
    with pytest.raises(ValueError, match="bit_flip"):
        FaultPlan(bit_flip=1.5)
