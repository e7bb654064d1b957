"""One bank as it stands in its room: steel, controller, monitor, and who walks into its aisles."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from edge.core.state import Bank
from firmware_protocol import registers as map_
from firmware_protocol.codes import SafetyBits
from simulators.occupancy import Person
from simulators.shelf_controller import ShelfController
from simulators.shelf_model import ShelfModel
from simulators.shelf_words import identify
from simulators.world.agenda import Agenda
from simulators.world.bank import WatchedModel
from simulators.world.harm import HarmWatch
from simulators.world.layout import BankLayout
from simulators.world.monitor import Gateway, Monitor

_SAFETY_AT = 4  # in the MOTION block
_GEOMETRY_AT = 3  # in the IDENTITY block


class WorldController(ShelfController):
    """The simulated controller, which can also be one of another bank, or not know that its steel stands."""

    def __init__(self, model: ShelfModel, unit: int, clock: Callable[[], int]) -> None:
        super().__init__(model, unit, clock)
        self.is_strange = False  # fitted from another bank: its geometry is not ours
        self.hides_standstill = False  # its sensor of standstill is broken

    def _image(self, model: ShelfModel, block: map_.Block) -> tuple[int, ...]:
        image = super()._image(model, block)
        if self.hides_standstill and block == map_.MOTION:
            safety = image[_SAFETY_AT] & ~int(SafetyBits.STANDSTILL)
            return (*image[:_SAFETY_AT], safety, *image[_SAFETY_AT + 1 :])
        if self.is_strange and block == map_.IDENTITY:
            return (*image[:_GEOMETRY_AT], image[_GEOMETRY_AT] ^ 0x5A5A, *image[_GEOMETRY_AT + 1 :])
        return image


class Surroundings(Protocol):
    """What a bank needs of its room."""

    agenda: Agenda

    def tell(self, what: str) -> None: ...

    def find_bank(self, bank_id: str) -> Bank | None: ...

    def note_breach(self, rule: str, what: str) -> None: ...

    def note_harm(self, site: Site, person: Person, how: str) -> None: ...


class Site:
    """A bank and its truth. People and mishaps act on it through these methods."""

    def __init__(self, room: Surroundings, layout: BankLayout, dice: random.Random, gateway: Gateway) -> None:
        self.layout = layout
        self.faults: dict[tuple[str, int], str] = {}  # (fault, aisle), for the causes of harm
        self._room = room
        self.model = WatchedModel(layout.plan, seed=dice.getrandbits(31))
        self.controller = WorldController(self.model, layout.unit, lambda: int(room.agenda.now_ms))
        self.geometry_hash = identify(self.model, "world").geometry_hash
        watch = HarmWatch(
            layout.plan,
            self.model.occupancy,
            layout.distances.by_stop_mm,
            lambda person, how: room.note_harm(self, person, how),
        )
        self.monitor = Monitor(
            self.model,
            watch,
            gateway,
            line=layout.line,
            clock=lambda: room.agenda.now_ms,
            fail=room.note_breach,
        )
        self.monitor.may_scan_alone = layout.opens_by_scan
        self.model.watcher = self.monitor

    @contextmanager
    def at_now(self) -> Iterator[WatchedModel]:
        """Hold the steel, brought up to the present."""
        with self.controller.at_now():
            yield self.model

    @property
    def bank(self) -> Bank:
        """What the gateway knows of this bank."""
        known = self._room.find_bank(self.layout.id)
        assert known is not None
        return known

    @property
    def is_resting(self) -> bool:
        """Whether neither gateway nor steel is about anything; more must hold before a poll may be left out."""
        bank, model = self.bank, self.model
        return (
            bank.request is None
            and bank.stop is None
            and bank.act is None
            and not bank.foreign
            and not bank.sights
            and bank.controller == "online"
            and model.powered
            and model.rails.arrived
        )

    def enter(self, name: str, aisle: int) -> None:
        """Walk into an aisle."""
        self._room.tell(f"{name} walks into aisle {self.layout.id}{aisle} ({self.width_mm(aisle):.0f} mm)")
        with self.at_now() as model:
            model.enter(Person(name, aisle))

    def leave(self, name: str) -> None:
        """Walk out, wherever one is."""
        with self.at_now() as model:
            model.leave(name)
        self.monitor.harm.forget(name)

    def find_person(self, name: str) -> Person | None:
        """Find somebody who is inside."""
        return next((each for each in self.model.occupancy.people if each.name == name), None)

    def width_mm(self, aisle: int) -> float:
        """See how wide an aisle is."""
        with self.at_now() as model:
            return model.rails.width_mm(aisle)

    def look_into(self, aisles: Sequence[int]) -> list[Person]:
        """See with one's own eyes who is in these aisles."""
        with self.at_now() as model:
            return [person for person in model.occupancy.people if person.aisle in aisles]

    def list_open(self) -> list[int]:
        """See which aisles one could walk into."""
        with self.at_now() as model:
            return model.list_open()
