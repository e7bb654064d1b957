"""Any mixture of lost, late, doubled and spoiled answers: no request twice, no lease without a fresh permit."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_protocol import registers as map_
from firmware_protocol.reports import MotionRead, SelectAnswered
from tests.unit.protocol.virtual_bus import VirtualBus

SELECT, OPERATE, LEASE, STOP = (block.address for block in (map_.SELECT, map_.OPERATE, map_.LEASE, map_.STOP))
ORDERS = ("select", "operate", "stop", "deselect", "outcome", "wait", "cut_power", "permit_off", "permit_on", "button")


class Dice:
    """A fate by seed: each answer may be lost, late, doubled or spoiled."""

    def __init__(self, seed: int, badness: float) -> None:
        self._random = random.Random(seed)
        self.badness = badness

    def __call__(self, _asked: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        if self._random.random() >= self.badness:
            return [(0.0, answer)]
        kind = self._random.randrange(5)
        if kind == 0:
            return []
        if kind == 1:
            return [(self._random.uniform(10, 700), answer)]
        if kind == 2:
            return [(0.0, answer), (self._random.uniform(1, 300), answer)]
        spoiled = bytearray(answer)
        if kind == 3:
            spoiled[self._random.randrange(len(spoiled))] ^= 1 << self._random.randrange(8)
        else:
            del spoiled[self._random.randrange(len(spoiled))]
        return [(0.0, bytes(spoiled))]


def give_order(bus: VirtualBus, order: str, ids: count[int], unit: int) -> None:
    session = bus.schedule.sessions[unit]
    if order == "select":
        bus.select(next(ids) % 10 + 1, next(ids), unit)
    elif order == "operate" and bus.told(SelectAnswered, unit) and bus.last(SelectAnswered, unit).answer.token:
        bus.operate(unit)
    elif order == "stop":
        session.order_stop(1, bus.now_ms)
    elif order == "deselect":
        session.order_deselect()
    elif order == "outcome":
        session.order_outcome(next(ids))
    elif order in {"permit_off", "permit_on"}:
        bus.permitting = order == "permit_on"
    elif order in {"cut_power", "button"}:
        with bus.controllers[unit].at_now() as model:
            if order == "button":
                model.press_confirm(1)
            else:
                model.cut_power()
                model.restore_power()


def check(bus: VirtualBus) -> None:
    for address in (SELECT, OPERATE):
        requests = Counter(octets for _, octets in bus.writes(address))
        ids = Counter(
            (octets[0], octets[11:19] if octets[1] == 0x17 else octets[7:15]) for _, octets in bus.writes(address)
        )
        assert all(times == 1 for times in (*requests.values(), *ids.values())), "sent twice"
    for at, octets in bus.writes(LEASE):
        given_ms = [permit for permit in bus.permits.get(octets[0], []) if permit <= at]
        assert given_ms
        assert at - given_ms[-1] <= 250, "renewed on a permit older than 250 ms"
    times = [at for at, _ in bus.sent]
    assert times == sorted(times)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    badness=st.sampled_from((0.0, 0.05, 0.3, 0.7)),
    orders=st.lists(st.tuples(st.sampled_from(ORDERS), st.sampled_from((1, 2)), st.integers(0, 900)), max_size=14),
)
def test_nothing_is_sent_twice_and_no_lease_is_renewed_without_a_fresh_permit(
    seed: int, badness: float, orders: list[tuple[str, int, int]]
) -> None:
    """SPEC 6.2, 6.4."""
    bus = VirtualBus(units=(1, 2), fate=Dice(seed, badness))
    ids = count(1)
    bus.run(400)
    for order, unit, wait_ms in orders:
        give_order(bus, order, ids, unit)
        bus.run(wait_ms)
    bus.run(500)
    check(bus)


def test_recovers_within_two_polls_and_nothing_moves_that_was_not_asked_for() -> None:
    """SPEC 2.5: a quarter of an hour on a bad line; afterwards a clean one is read at once."""
    bus = VirtualBus(units=(1, 2), fate=Dice(7, 0.2))
    bus.run(900_000)
    assert bus.schedule.counters.exchanges > 7_000
    assert bus.schedule.counters.timeouts > 500
    for controller in bus.controllers.values():
        with controller.at_now() as model:
            assert model.state.value == "idle"
            assert model.ring_head == 1
    assert bus.writes(SELECT) == bus.writes(OPERATE) == []
    bus.fate = Dice(0, 0.0)
    readings = len(bus.told(MotionRead, 1))
    bus.run(500)
    assert len(bus.told(MotionRead, 1)) >= readings + 1
