"""The only place that commits. Everything else gets a session and leaves it uncommitted.

On SQLite one fair gate orders the writers of this process (pages, ingest, jobs): without it SQLite's own busy loop
lets a writer beside ingest starve. A write holds the gate at most 50 ms; longer is logged and counted.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from central.store.base import WRITES
from central.store.gate import FairGate

log = structlog.get_logger(__name__)

GATE_HOLD_LIMIT_MS = 50
#: A request that found no place within this time is answered "busy", not kept.
GATE_WAIT_S = 10.0
#: Connections kept for threads that aren't requests (ingest, jobs).
JOB_CONNECTIONS = 8

Step = Callable[[Session], None]


class Transactions:
    """Opens read sessions, and write sessions which commit when their block ends without an exception."""

    def __init__(self, engine: Engine, *, pool_size: int = 48) -> None:
        self.engine = engine
        self._writers = engine.execution_options(**{WRITES: True})
        self.gate = FairGate(1) if engine.dialect.name == "sqlite" else None
        self._slots = FairGate(pool_size - JOB_CONNECTIONS)
        self._last_steps: list[Step] = []
        self._observers: list[Callable[[float], None]] = []
        self._commit_listeners: list[Step] = []

    def before_commit(self, step: Step) -> None:
        """Run `step` at the end of every write, inside its transaction."""
        self._last_steps.append(step)

    def after_commit(self, listener: Step) -> None:
        """Call `listener` after every commit, with the session whose `info` tells what was done; it must not raise."""
        self._commit_listeners.append(listener)

    def observe_hold(self, observer: Callable[[float], None]) -> None:
        """Call `observer` with the seconds that each write held the gate."""
        self._observers.append(observer)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session whose work is never committed."""
        with Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session and commit it at the end; for threads of jobs, not for request threads."""
        if self.gate is not None:
            self.gate.enter(GATE_WAIT_S)
        entered = time.perf_counter()
        try:
            with Session(self._writers) as session:
                yield session
                self._commit(session)
        finally:
            self._leave_gate(entered)
        self._tell_listeners(session)

    @asynccontextmanager
    async def slots_async(self) -> AsyncIterator[None]:
        """Hold a place among the requests that may use a connection, so that none waits for one inside a thread."""
        await self._slots.enter_async(GATE_WAIT_S)
        try:
            yield
        finally:
            self._slots.leave()

    @asynccontextmanager
    async def read_async(self) -> AsyncIterator[Session]:
        """Yield a read session to a request, once a connection is sure to be free."""
        async with self.slots_async():
            session = Session(self.engine, autoflush=False)
            try:
                yield session
            finally:
                await _run_apart(session.close)

    @asynccontextmanager
    async def write_async(self) -> AsyncIterator[Session]:
        """Yield a write session to a request and commit it at the end, before the answer leaves."""
        async with self.slots_async():
            if self.gate is not None:
                await self.gate.enter_async(GATE_WAIT_S)
            entered = time.perf_counter()
            session = Session(self._writers)
            try:
                yield session
                await _run_apart(lambda: self._commit(session))
            finally:
                try:
                    await _run_apart(session.close)
                finally:
                    self._leave_gate(entered)
        self._tell_listeners(session)

    def _commit(self, session: Session) -> None:
        session.flush()
        for step in self._last_steps:
            step(session)
        session.commit()

    def _leave_gate(self, entered: float) -> None:
        held_s = time.perf_counter() - entered
        if self.gate is not None:
            self.gate.leave()
            if held_s * 1000 > GATE_HOLD_LIMIT_MS:
                log.warning("write_gate_held_long", held_ms=round(held_s * 1000, 1), limit_ms=GATE_HOLD_LIMIT_MS)
        for observer in self._observers:
            observer(held_s)

    def _tell_listeners(self, session: Session) -> None:
        for listener in self._commit_listeners:
            listener(session)


async def _run_apart(work: Callable[[], None]) -> None:
    """Run in a thread outside the common limit, which requests waiting for this very transaction may have used up.

    Shielded: a client that hangs up must not leave a transaction open or the gate shut.
    """
    with CancelScope(shield=True):
        await run_sync(work, limiter=CapacityLimiter(1))
