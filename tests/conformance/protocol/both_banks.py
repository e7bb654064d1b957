"""The Python and the C controller behind one face: frames in, frames out, a clock turned by hand, people's fingers."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from simulators.bank_plan import SensorKind, plan_bank
from simulators.shelf_controller import ShelfController, Station
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import RoomInput, SafetyInput
from tests.conformance.protocol.c_bank import UNIT, CLine, seal, unseal

MOVING_COLUMNS, AISLE_MM, SPEED_MM_S = 3, 800, 200
AISLES = MOVING_COLUMNS + 1
HELD = {
    "estop": SafetyInput.EMERGENCY_STOP,
    "fire": SafetyInput.FIRE,
    "smoke": SafetyInput.SMOKE,
    "key": SafetyInput.MAINTENANCE,
    "supply_lost": SafetyInput.SUPPLY_LOST,
}
NUMBERED = {"see", "lock", "sweep", "door"}


class Bank(Protocol):
    """One controller on a line whose clock is turned by hand."""

    def ask(self, hex_request: str) -> str: ...
    def hear(self, octets: bytes) -> list[bytes]: ...
    def run(self, ms: int) -> None: ...
    def hold(self, what: str, aisle: int, *, on: bool) -> None: ...
    def press_button(self) -> None: ...
    def turn_handle(self, column: int, mm: int) -> None: ...
    def reset(self) -> None: ...
    def jam(self, column: int) -> None: ...
    def cut_power(self) -> None: ...
    def let_fire_park(self) -> None: ...
    def let_sleep(self, after_ms: int) -> None: ...
    def travelled_um(self) -> int: ...
    def close(self) -> None: ...


class CBank(CLine):
    """The C controller; its clock wraps soon."""

    def __init__(self) -> None:
        super().__init__(start_ms=2**32 - 9000, moving=MOVING_COLUMNS, aisle_mm=AISLE_MM, speed=SPEED_MM_S)
        self.wake()

    def hold(self, what: str, aisle: int, *, on: bool) -> None:
        if what == "supply_lost":
            self.do(f"supply {not on:d}")
        else:
            self.do(f"{what} {aisle} {on:d}" if what in NUMBERED else f"{what} {on:d}")
        self.run(0)

    def press_button(self) -> None:
        for line in ("button 1 1", "run 0", "button 1 0", "run 0"):
            self.do(line)

    def turn_handle(self, column: int, mm: int) -> None:
        self.do(f"handle {column} {mm}")
        self.run(0)

    def reset(self) -> None:
        for line in ("reset 1", "run 0", "reset 0", "run 0"):
            self.do(line)

    def jam(self, column: int) -> None:
        self.do(f"jam {column} 1")

    def cut_power(self) -> None:
        for line in ("power 0", "run 1000", "power 1"):
            self.do(line)

    def let_fire_park(self) -> None:
        self.do("fireparks 1")

    def let_sleep(self, after_ms: int) -> None:
        self.do(f"sleep {after_ms}")

    def travelled_um(self) -> int:
        return self.truth()["travelled_um"]


class PythonBank:
    """The simulators' controller."""

    def __init__(self) -> None:
        self.model = ShelfModel(plan_bank(MOVING_COLUMNS, aisle_mm=AISLE_MM, speed_mm_s=SPEED_MM_S), seed=11)
        self._now_ms = 0
        self._controller = ShelfController(self.model, UNIT, lambda: self._now_ms)
        self._station = Station([self._controller])

    def ask(self, hex_request: str) -> str:
        answers = self.hear(seal(hex_request))
        assert len(answers) == 1
        return unseal(answers[0])

    def hear(self, octets: bytes) -> list[bytes]:
        return self._station.hear(octets, True)

    def run(self, ms: int) -> None:
        self._now_ms += ms
        with self._controller.at_now():
            pass

    def hold(self, what: str, aisle: int, *, on: bool) -> None:
        if what == "see":
            self.model.stick_sensor(aisle, SensorKind.FOOT_BEAM, reading=True if on else None)
        elif what == "lock":
            (self.model.set_lock if on else self.model.release_lock)(aisle)
        elif what == "sweep" and on:
            self.model.trip_sweep(aisle)
        elif what == "door":
            self.model.switch_room_input(RoomInput.DOOR_OPEN, on=on, door=aisle)
        elif what == "water":
            self.model.switch_room_input(RoomInput.WATER, on=on)
        elif what in HELD:
            (self.model.hold if on else self.model.release)(HELD[what])

    def press_button(self) -> None:
        self.model.press_confirm(1)

    def turn_handle(self, column: int, mm: int) -> None:
        self.model.turn_handle(column, mm)

    def reset(self) -> None:
        self.model.reset_locally()

    def jam(self, column: int) -> None:
        self.model.rails.jam(column)

    def cut_power(self) -> None:
        self.model.cut_power()
        self.run(1000)
        self.model.restore_power()

    def let_fire_park(self) -> None:
        self.model.plan = replace(self.model.plan, fire_parks=True)

    def let_sleep(self, after_ms: int) -> None:
        plan = self.model.plan
        self.model.plan = replace(plan, times=replace(plan.times, sleep_after_ms=after_ms))

    def travelled_um(self) -> int:
        return round(self.model.rails.travelled_mm * 1000)

    def close(self) -> None:
        pass
