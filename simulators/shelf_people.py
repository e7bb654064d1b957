"""What people and things do at a bank: stop button, inputs, locks, people in aisles, handles, power, fire."""

from __future__ import annotations

from simulators.bank_plan import SensorKind
from simulators.occupancy import Person, Posture
from simulators.shelf_acts import TRIPS, ShelfActs
from simulators.shelf_drive import Task
from simulators.shelf_record import (
    BankState,
    Cause,
    EventKind,
    FaultCode,
    Indication,
    Operation,
    Outcome,
    RoomInput,
    SafetyInput,
)

CONTACT_MM = 1.0
HELD = {
    SafetyInput.EMERGENCY_STOP: (EventKind.ESTOP_OPENED, 0),
    SafetyInput.FIRE: (EventKind.FIRE, 1),
    SafetyInput.SMOKE: (EventKind.SMOKE, 1),
    SafetyInput.MAINTENANCE: (EventKind.MAINTENANCE, 1),
    SafetyInput.SUPPLY_LOST: (EventKind.POWER_FAILED, 0),
}
RELEASED = {
    SafetyInput.EMERGENCY_STOP: EventKind.ESTOP_CLOSED,
    SafetyInput.FIRE: EventKind.FIRE,
    SafetyInput.SMOKE: EventKind.SMOKE,
    SafetyInput.MAINTENANCE: EventKind.MAINTENANCE,
    SafetyInput.SUPPLY_LOST: EventKind.POWER_RETURNED,
}
RESTORED = {
    SafetyInput.EDGE: EventKind.EDGE_RESTORED,
    SafetyInput.SWEEP: EventKind.SWEEP_RESTORED,
    SafetyInput.BEAM: EventKind.BEAM_RESTORED,
}


class ShelfPeople(ShelfActs):
    """Everything that happens at the bank and not over the wire."""

    def hold(self, what: SafetyInput) -> None:
        """Engage an input (emergency stop, fire, smoke, key, lost supply); it cuts the drive by itself."""
        self.circumstances.inputs.add(what)
        kind, argument = HELD[what]
        self._note(kind, argument)
        self._drop_if_forbidden()
        if what is SafetyInput.MAINTENANCE and self.state is BankState.SELECTED:
            self._finish(Outcome.DESELECTED, Cause.LOCAL_CONTROL, BankState.IDLE)
        if what is SafetyInput.FIRE and self.plan.fire_parks:
            self._park_for_fire()

    def _park_for_fire(self) -> None:
        """The controller's own act (SPEC 5.15): in doubt columns stay, now and later."""
        resting = self.state in (BankState.ASLEEP, BankState.IDLE, BankState.STOPPED, BankState.SELECTED)
        closing = set(self._narrowing_for(Operation.PARK, 0))
        task = Task(None, Operation.PARK, 0, Indication(0), fire=True)
        doubt = self.faults or not self._positions_known or closing & self.occupancy.unknown
        if not resting or doubt or self._reasons_against(task, frozenset(closing)):
            return
        if self.state is BankState.SELECTED:
            self._finish(Outcome.DESELECTED, Cause.LOCAL_CONTROL, BankState.IDLE)
        self._note(EventKind.LOCAL_MOTION, 0, Operation.PARK)
        self._task = task
        self._start(task)

    def release(self, what: SafetyInput) -> None:
        """Release an input at the bank; starts nothing."""
        self.circumstances.inputs.discard(what)
        self._note(RELEASED[what], 0)

    def set_lock(self, aisle: int) -> None:
        """Lock an aisle from inside."""
        self.circumstances.locks.add(aisle)
        self._note(EventKind.LOCK_SET, aisle)
        self._drop_if_forbidden()

    def release_lock(self, aisle: int) -> None:
        """Release an in-aisle lock at the mouth of the aisle."""
        self.circumstances.locks.discard(aisle)
        self._note(EventKind.LOCK_RELEASED, aisle)

    def reset_locally(self) -> None:
        """Clear trips and faults at the bank after a look; starts nothing."""
        for what, number in sorted(self._tripped.items()):
            if what in self.circumstances.inputs:
                self._note(RESTORED[what], number)
        self._tripped.clear()
        self.circumstances.inputs -= TRIPS
        self.faults &= self.standing_faults
        self._pressing_since_ms = None
        self._note(EventKind.TRIP_RESET, 0)
        if self.state is BankState.FAULT:
            self._enter(self._find_rest(BankState.STOPPED))

    def trip_sweep(self, column: int) -> None:
        """Kick the bar at the foot of a column: drives are cut, and it stays tripped until reset."""
        self.circumstances.inputs.add(SafetyInput.SWEEP)
        self._tripped[SafetyInput.SWEEP] = column
        self._note(EventKind.SWEEP_TRIPPED, column)
        self._drop_if_forbidden()

    def overload(self, column: int) -> None:
        """Let a drive draw more current than it may."""
        self._note(EventKind.OVERLOAD, column)
        self._fail(FaultCode.OVERLOAD, Cause.FAULT)

    def break_drive(self, broken: bool) -> None:
        """Let a drive report itself broken, or be mended; the fault stands until it is cleared or reset."""
        if not broken:
            self.standing_faults.discard(FaultCode.DRIVE)
            return
        self.standing_faults.add(FaultCode.DRIVE)
        self._fail(FaultCode.DRIVE, Cause.FAULT)

    def switch_room_input(self, what: RoomInput, *, on: bool, door: int = 0) -> None:
        """Let water come or go, a door open or close: noted, nothing moves or stops."""
        (self.room_inputs.add if on else self.room_inputs.discard)(what)
        if what is RoomInput.DOOR_OPEN:
            self._note(EventKind.DOOR, door << 8 | on)
        else:
            self._note(EventKind.WATER, int(on))

    def home_locally(self) -> None:
        """Let somebody at the bank look into every aisle and set the positions anew; takes the homing time."""
        if self.state is BankState.UNKNOWN:
            self._due["homed"] = self.now_ms + self.plan.times.homing_ms

    def enter(self, person: Person) -> None:
        """Let somebody walk into an aisle; broken entry beams stop motion that narrows it."""
        broken = self.occupancy.enter(person)
        self._watch_sensors()
        if broken and self.state is BankState.MOVING and person.aisle in self._narrowing_now():
            self._trip(SafetyInput.BEAM, EventKind.BEAM_BROKEN, person.aisle)
        self._drop_if_forbidden()

    def pose(self, name: str, posture: Posture) -> None:
        """Let somebody who is inside stand otherwise; some sensors see them then, some don't."""
        self.occupancy.pose(name, posture)
        self._watch_sensors()
        self._drop_if_forbidden()

    def leave(self, name: str) -> None:
        """Let somebody walk out."""
        self.occupancy.leave(name)
        self._watch_sensors()

    def stick_sensor(self, aisle: int, kind: SensorKind, reading: bool | None) -> None:
        """Freeze a sensor at a reading, or let it work again (None)."""
        self.occupancy.stick(aisle, kind, reading)
        self._watch_sensors()
        self._drop_if_forbidden()

    def turn_handle(self, column: int, delta_mm: float) -> None:
        """Move a column by hand: position and occupancy are unknown afterwards, selection is void."""
        self._note(EventKind.HANDLE, column)
        self.rails.shove(column, delta_mm)
        self._lose_positions()

    def cut_power(self) -> None:
        """Take the power away: brakes fall in, nothing is answered until it returns."""
        self.powered = False
        self._settle_log(Outcome.FAILED, Cause.POWER)
        self._task = None
        self._due.clear()
        self.rails.brake()
        self.state = BankState.UNKNOWN

    def restore_power(self) -> None:
        """Give the power back: a new boot that knows neither positions nor requests."""
        self.powered = True
        self._log.clear()
        self._last_request = None
        self._ring.clear()
        self._boot(proven=self._contacts_prove())

    def _contacts_prove(self) -> bool:
        """Whether a bank of contacts alone can tell where its columns stand (SPEC 3.9)."""
        apart = {no for no, width in self.rails.widths_mm().items() if width >= CONTACT_MM}
        segments = zip(self.plan.segments, self.plan.free_aisles, strict=True)
        return not self.plan.measures and all(len(apart & set(aisles)) == free for aisles, free in segments)
