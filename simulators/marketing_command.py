"""Runs the simulated marketing system for the command line: until it is told to stop, with its counts at the end."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulators.marketing import MarketingSettings, MarketingSystem
from simulators.marketing_cases import CourierFaults, MarketingOffice

#: Rounds of a run that nobody limits: years.
ROUNDS_MOST = 10**9


@dataclass(frozen=True)
class MarketingRun:
    """What the command was told. `days_back`: how long before now the office opens."""

    settings: MarketingSettings
    faults: CourierFaults
    handlers: tuple[tuple[str, str], ...]
    seed: int = 1
    customers: int = 300
    days_back: float = 20.0
    rounds: int = 0


def read_key(path: Path) -> bytes:
    """Return the key in a file, without the line end that editors add."""
    return path.read_bytes().strip()


def read_handlers(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Return (log-in name, team) of each `login` or `login:team`."""
    pairs = tuple(text.partition(":")[::2] for text in texts)
    if not all(login for login, _ in pairs):
        raise ValueError("a handler is `login` or `login:team`")
    return pairs or (("handler", ""),)


def run_marketing(run: MarketingRun, ended: threading.Event) -> Counter[str]:
    """Work until all rounds are done or somebody ends it; return what was sent, taken, refused, asked and heard."""
    started_at = datetime.now(UTC) - timedelta(days=run.days_back)
    office = MarketingOffice(run.seed, started_at, customers=run.customers, handlers=run.handlers)
    system = MarketingSystem(run.settings, office, run.faults)
    system.start()
    try:
        system.run(run.rounds or ROUNDS_MOST, ended)
    finally:
        system.close()
    return system.counts


def end_by_signals(ended: threading.Event) -> None:
    """Let Ctrl-C and SIGTERM end the work in its order."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
