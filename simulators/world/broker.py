"""A bank whose controller speaks MQTT, on the virtual clock: the real channel, gate and desk, and a broker between.

The broker keeps the order of what one client says, holds messages for a while, loses and expires some, and goes away.
It tells the last wills. What hurts a line hurts it too: a silent line loses a message, a late one holds it, a cut
breaks the connection, and something that talks without a pause holds everything up.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import cast

from edge.drivers.shelf_mqtt import BankChannel, RoomBroker
from firmware_protocol.blocks import Identity, MotionSnapshot
from firmware_protocol.codes import SafetyBits, StopReason
from firmware_protocol.fields import MessageFault
from firmware_protocol.json_blocks import Block
from firmware_protocol.json_form import EVERY_BANK, MAX_EXPIRY_S, Presence, Sheet, Stamp, read_report, write_report
from simulators.faults import FaultyWire
from simulators.shelf_controller import Station
from simulators.shelf_mqtt import MessageDesk
from simulators.world import stranger
from simulators.world.gateway import SteppedShelf
from simulators.world.line import LEAST_MS, NEVER_MS, Carried, LineWatcher, VirtualLine
from simulators.world.site import Site

WAY_MS = (1.0, 15.0)
EXPIRY_MS = MAX_EXPIRY_S * 1000.0
KEEPALIVE_MS = 7_500.0  # half as long again as the clients promise; a kill is noticed at once
AWAY_MS = (50.0, 4_000.0)  # a broken connection
FAREWELL = b'{"reason":%d}' % StopReason.SHUTDOWN
Message = tuple[str, bytes]
STRANGE = 0x5A5A_5A5A  # of another geometry's hash


class Desks:
    """The broker of a room: the lines to its banks, for what is said to all of them."""

    def __init__(self) -> None:
        self.lines: list[BrokerLine] = []

    def say_to_all(self, leaf: str, payload: bytes, now_ms: float) -> None:
        """Publish to every bank; nobody answers."""
        for line in self.lines:
            line.carry_request((leaf, payload), now_ms)


class Client:
    """The gateway's connection, as its channels see it; of one process, with the nonce that it drew."""

    def __init__(self, line: BrokerLine, nonce: int) -> None:
        self._line = line
        self._nonce = nonce
        self._number = 0

    def next_stamp(self) -> Stamp:
        """Return the stamp of the next request."""
        self._number += 1
        return Stamp(self._nonce, self._number)

    def publish(self, bank: str, leaf: str, payload: bytes) -> None:
        """Hand a message to the broker."""
        self._line.take_published(bank, leaf, payload)


class WorldDesk(MessageDesk):
    """The desk of a controller that may be one of another bank, or not know that its steel stands."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.controller)
        self._fitted = site.controller

    def draw(self, sheet: Sheet) -> Block:
        """Fill one sheet with what this controller says on a line."""
        told = super().draw(sheet)
        if isinstance(told, Identity) and self._fitted.is_strange:
            return replace(told, geometry_hash=told.geometry_hash ^ STRANGE)
        if isinstance(told, MotionSnapshot) and self._fitted.hides_standstill:
            return replace(told, safety=told.safety & ~SafetyBits.STANDSTILL)
        return told


class BrokerLine(VirtualLine):
    """The way to one bank over the broker of the room."""

    can_leap = False  # its turns are not reckoned, they are spoken

    def __init__(self, site: Site, watcher: LineWatcher, desks: Desks, dice: random.Random) -> None:
        super().__init__(site.layout.line, Station([]), FaultyWire(), watcher)
        self._desk = WorldDesk(site)
        self._site = site
        self._dice = dice
        self._desks = desks
        self._client = Client(self, 0)
        self._open_channel()
        self._sent_ms = self._told_ms = 0.0  # when the last message of each way arrives: order is kept
        self._now_ms = 0.0
        self._away_until_ms = 0.0
        self._was_powered = True
        self._overheard: Message | None = None  # the newest answer of the controller
        desks.lines.append(self)

    def connect(self, shelf: SteppedShelf | None) -> None:
        """Let a gateway connect, with a nonce of its own; of one that died the broker tells the last will."""
        if shelf is None and self.shelf is not None:
            self._desks.say_to_all("stop", FAREWELL, self._now_ms)
        super().connect(shelf)
        self._client = Client(self, self._dice.getrandbits(64))
        self._open_channel()

    def _open_channel(self) -> None:
        self._channel = BankChannel(cast("RoomBroker", self._client), self._site.layout.id)

    def run(self, now_ms: float, dice: random.Random) -> None:
        """Deliver what has arrived; tell who has gone."""
        self._now_ms = now_ms
        self._watch_presence(now_ms)
        super().run(now_ms, dice)

    def _watch_presence(self, now_ms: float) -> None:
        """Let the controller's last will be told when it has lost its power, and its greeting when it is back."""
        model = self._site.model
        if model.powered == self._was_powered:
            return
        self._was_powered = model.powered
        said = write_report(Presence(model.powered, model.boot_id), None, self._desk.columns)
        self._carry_report(said, now_ms + (0.0 if model.powered else KEEPALIVE_MS))

    def _talk(self, now_ms: float, _dice: random.Random) -> None:
        """Hold everything up for as long as something else keeps the broker busy."""
        self._babble_due_ms = NEVER_MS if now_ms > self.babbles_until_ms else self.babbles_until_ms + LEAST_MS

    # ---- from the gateway ------------------------------------------------------------------------------

    def _send(self, octets: bytes, now_ms: float) -> None:
        self.exchanges += 1
        self._is_waiting = True
        self._now_ms = now_ms
        self._watcher.note_frame(octets)
        channel = self._channel
        if now_ms < self._away_until_ms:
            return
        channel.write(octets)
        kept = channel.read(0.0)
        if kept:
            self._later(now_ms + LEAST_MS, False, kept)

    def take_published(self, bank: str, leaf: str, payload: bytes) -> None:
        """Take a message of the gateway, for this bank or for all."""
        if bank == EVERY_BANK:
            self._desks.say_to_all(leaf, payload, self._now_ms)
        else:
            self.carry_request((leaf, payload), self._now_ms)

    def publish_as(self, user: str, leaf: str, payload: bytes, now_ms: float) -> None:
        """Take a message to the bank from whoever has connected."""
        if stranger.is_listed(user):
            self.carry_request((leaf, payload), now_ms)

    def listen_as(self, user: str) -> Message | None:
        """Let whoever has connected read the controller's newest answer."""
        return self._overheard if stranger.is_listed(user) else None

    def carry_request(self, message: Message, now_ms: float) -> None:
        """Bring a message to the controller, unless it is lost or too old by then."""
        at_ms = self._find_arrival(now_ms, self._sent_ms)
        if at_ms is not None:
            self._sent_ms = at_ms
            self._later(at_ms, True, message)

    def _find_arrival(self, now_ms: float, last_ms: float) -> float | None:
        """Find when a message arrives that is published now; None when it never does."""
        wire = self.wire
        held_ms = max(0.0, self.babbles_until_ms - now_ms) if self._babble_due_ms < NEVER_MS else 0.0
        if not wire.is_good:
            if wire.swallows():
                return None
            held_ms += wire.delay_ms()
            if wire.cuts():
                self._break(now_ms)
                return None
        at_ms = max(last_ms, now_ms + held_ms + self._dice.uniform(*WAY_MS))
        return at_ms if at_ms - now_ms < EXPIRY_MS else None

    def _break(self, now_ms: float) -> None:
        """Lose the connection to the broker for a while: the gateway's session meets a line that is gone."""
        self._away_until_ms = now_ms + self._dice.uniform(*AWAY_MS)
        self._later(now_ms + LEAST_MS, False, ("", b""))

    # ---- from the controller ---------------------------------------------------------------------------

    def _answer(self, octets: Carried, now_ms: float) -> None:
        assert isinstance(octets, tuple)
        if not self._site.model.powered:
            return
        said = self._desk.hear(*octets)
        if said is not None:
            self._overheard = said if said[0] == "answer" else self._overheard
            self._carry_report(said, now_ms)

    def _carry_report(self, said: Message, now_ms: float) -> None:
        at_ms = self._find_arrival(now_ms, self._told_ms)
        if at_ms is not None:
            self._told_ms = at_ms
            self._later(at_ms, False, said)

    def _hear(self, octets: Carried, now_ms: float) -> None:
        shelf, channel = self.shelf, self._channel
        assert shelf is not None
        if isinstance(octets, bytes):
            super()._hear(octets, now_ms)
            return
        if not octets[0]:
            self._lose(now_ms)
            return
        told = read_report(*octets)
        if isinstance(told, MessageFault):
            return
        if isinstance(told.report, Presence):
            self._lose(now_ms)
        elif channel.hear(told):
            super()._hear(channel.read(0.0), now_ms)

    def _lose(self, now_ms: float) -> None:
        """Do as the port does when its channel is gone: what was asked is in doubt, and a new channel is opened."""
        assert self.shelf is not None
        self._is_waiting = False
        self.shelf.lose(now_ms)
        self._open_channel()
