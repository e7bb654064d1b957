"""The gate of writers: one at a time, in order of arrival, from threads and coroutines alike."""

from __future__ import annotations

import asyncio
import threading

import pytest

from central.store.gate import FairGate, GateBusyError
from tests.wait import wait_for


async def run_others() -> None:
    """Let every other task of the loop run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_threads_are_served_in_order_of_arrival() -> None:
    gate = FairGate(1)
    served: list[int] = []

    def take(no: int) -> None:
        gate.enter(10)
        served.append(no)
        gate.leave()

    gate.enter(1)
    threads = []
    for no in range(5):
        thread = threading.Thread(target=take, args=(no,))
        thread.start()
        threads.append(thread)
        wait_for(lambda no=no: gate.waiting == no + 1, 5, "the thread in the queue")
    gate.leave()
    for thread in threads:
        thread.join(5)
    assert served == [0, 1, 2, 3, 4]


def test_who_waits_too_long_leaves_the_queue() -> None:
    gate = FairGate(1)
    gate.enter(1)
    with pytest.raises(GateBusyError):
        gate.enter(0.01)
    gate.leave()
    gate.enter(0.01)
    gate.leave()


def test_coroutines_wait_in_the_same_queue() -> None:
    gate = FairGate(1)
    served: list[str] = []

    async def take(name: str) -> None:
        await gate.enter_async(5)
        served.append(name)
        gate.leave()

    async def play() -> None:
        gate.enter(1)
        tasks = [asyncio.create_task(take(name)) for name in "abc"]
        await run_others()
        assert gate.waiting == 3
        tasks[1].cancel()
        await asyncio.sleep(0)
        threading.Thread(target=gate.leave).start()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())
    assert served == ["a", "c"]
    gate.enter(0.01)


def test_a_place_granted_to_one_who_just_left_is_not_lost() -> None:
    gate = FairGate(1)

    async def play() -> None:
        gate.enter(1)
        waiting = asyncio.create_task(gate.enter_async(5))
        await run_others()
        assert gate.waiting == 1
        gate.leave()  # granted
        waiting.cancel()  # and cancelled before it could notice
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(play())
    gate.enter(0.01)


def test_several_places() -> None:
    gate = FairGate(2)
    gate.enter(0.01)
    gate.enter(0.01)
    with pytest.raises(GateBusyError):
        gate.enter(0.01)
    gate.leave()
    gate.enter(0.01)
