"""The room's label printer on the virtual clock: prints, runs out of labels, and loses its voice in mid-label."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Literal

from edge.core.events import DeviceChanged, PrintSettled
from edge.ports import Sink
from simulators.world.agenda import Agenda

PRINT_MS = 600.0


class WorldPrinter:
    """What the gateway sees of it. It outlives the gateway, and knows what really came out."""

    def __init__(self, agenda: Agenda, dice: random.Random) -> None:
        self.has_labels = True
        self.is_mute = False  # prints, but can't say so any more
        self.asked: Counter[str] = Counter()  # how often each job was handed over
        self._agenda = agenda
        self._dice = dice
        self._sink: Sink | None = None

    def start(self, sink: Sink) -> None:
        """Talk to this gateway from now on."""
        self._sink = sink

    def print_label(self, job_id: str, _label: dict[str, Any]) -> None:
        """Print, or say why not, after a while."""
        self.asked[job_id] += 1
        sink = self._sink
        self._agenda.after(PRINT_MS, lambda: self._settle(sink, job_id))

    def close(self) -> None:
        """The gateway is gone."""
        self._sink = None

    def load(self) -> None:
        """Put labels in."""
        self.has_labels = True
        if self._sink is not None:
            self._sink(DeviceChanged("printer", "online"))

    def _settle(self, sink: Sink | None, job_id: str) -> None:
        if sink is None or sink is not self._sink:
            return  # whoever asked is not there any more
        outcome: Literal["done", "failed", "unknown"] = "done"
        if not self.has_labels:
            outcome = "failed"
            sink(DeviceChanged("printer", "out_of_labels"))
        elif self.is_mute:
            outcome = "unknown"
        sink(PrintSettled(job_id, outcome))
