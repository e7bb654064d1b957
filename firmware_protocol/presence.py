"""Whether a controller is there, which boot of it, and whether it is the one we were made for (SPEC 6.1, 6.9)."""

from __future__ import annotations

from firmware_protocol.blocks import Identity
from firmware_protocol.exchange import Exchange, Kind
from firmware_protocol.fields import MessageFault
from firmware_protocol.pdu import ask_registers
from firmware_protocol.registers import IDENTITY, KNOWN_MAPS
from firmware_protocol.reports import Condition, ConditionChanged

# A unit that has just fallen silent is looked for as often as it would be read: most lines are bad for moments only.
# One that stays away is off, and must not cost its neighbours time.
PROBE_WAITS_MS = (*(250.0,) * 12, 1000.0, 2000.0, 5000.0)
# Two readings with their retries, over a second; less would call a unit silent for a collision or a busy machine.
MAX_MISSES = 4
SILENT_AFTER_MS = 1000.0
MAX_PROBE_MISSES = 2
IDENTITY_READ = 60


class Presence:
    """Counts what failed in a row, holds the identity, and says what changed."""

    def __init__(self, geometry_hash: int) -> None:
        """Take the hash of the steel the gateway was commissioned for."""
        self._geometry_hash = geometry_hash
        self.identity: Identity | None = None
        self.condition: Condition | None = None
        self.misses = 0
        self.probe_due_ms = 0.0
        self._probes = 0
        self._heard_ms = 0.0

    @property
    def is_online(self) -> bool:
        """Whether the unit answers and its map is ours; its geometry may be another."""
        return self.identity is not None and self.condition is not Condition.SILENT

    def take_answer(self, now_ms: float) -> None:
        """Note that the unit has answered."""
        self.misses, self._heard_ms = 0, now_ms

    def is_lost(self, now_ms: float) -> bool:
        """Tell whether so much has failed in a row that the unit counts as silent."""
        if not self.is_online:
            return self.misses >= MAX_PROBE_MISSES
        return self.misses >= MAX_MISSES and now_ms - self._heard_ms >= SILENT_AFTER_MS

    def fall_silent(self, now_ms: float) -> ConditionChanged | None:
        """Call the unit silent, and look for it after a while."""
        self.misses = 0
        self.probe_due_ms = now_ms + PROBE_WAITS_MS[min(self._probes, len(PROBE_WAITS_MS) - 1)]
        self._probes += 1
        return self.change(Condition.SILENT, self.identity)

    @property
    def block(self) -> str:
        """Why nothing may be asked of it, "" if something may."""
        if self.condition is Condition.MISMATCH:
            return "geometry_mismatch"
        return "" if self.is_online and self.condition is Condition.ONLINE else "silent"

    def ask(self, unit: int, now_ms: float) -> Exchange:
        """Build the read of the identity."""
        self.probe_due_ms = now_ms + PROBE_WAITS_MS[-1]
        octets = ask_registers(unit, IDENTITY.address, IDENTITY_READ)
        return Exchange(Kind.IDENTITY, octets, 5 + 2 * IDENTITY_READ)

    def is_other_boot(self, boot_id_low: int) -> bool:
        """Tell whether a reading comes from another boot than the identity."""
        return self.identity is not None and boot_id_low != self.identity.boot_id & 0xFFFF

    def read(self, words: tuple[int, ...]) -> Identity | ConditionChanged | None:
        """Decode an identity; one that is not ours is told once instead."""
        identity = Identity.from_registers(words)
        if isinstance(identity, MessageFault):
            return self.change(Condition.MISMATCH, None, identity.field)
        if KNOWN_MAPS.get(identity.protocol_version) != identity.map_hash:
            return self.change(Condition.MISMATCH, None, "map_hash")
        return identity

    def accept(self, identity: Identity) -> ConditionChanged | None:
        """Take an identity whose map is ours."""
        self.identity, self._probes = identity, 0
        if identity.geometry_hash != self._geometry_hash:
            return self.change(Condition.MISMATCH, identity, "geometry_hash")
        return self.change(Condition.ONLINE, identity)

    def change(self, condition: Condition, identity: Identity | None, detail: str = "") -> ConditionChanged | None:
        """Change the condition; None when it was told before."""
        known = condition is self.condition and condition in {Condition.SILENT, Condition.MISMATCH}
        self.condition = condition
        return None if known else ConditionChanged(condition, identity, detail)
