"""Centre, broker, gateway and simulated room as four real processes in one folder, each to be ended and begun alone."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from simulators.demo.office import HANDLERS
from simulators.demo.program import Program
from simulators.demo.stage_files import HOST, MARKETING_KEY_ID, Ports, choose_ports, write_stage
from simulators.room_plan import RoomOptions, RoomPlan, plan_room

READY_TIMEOUT_S = 60.0
_PAUSE = threading.Event()


class StageError(Exception):
    """Something of the stage did not come up; the text holds the end of its log."""


class Stage:
    """A folder with everything in it and the four programs that run from it.

    The order of `start` is broker, room, centre, gateway; each one may be stopped, killed and started again alone.
    The room's ports and pty names stay the same over all restarts of the others.
    """

    def __init__(self, folder: Path, options: RoomOptions | None = None, *, first_port: int = 0) -> None:
        self.folder = folder.resolve()
        self.plan: RoomPlan = plan_room(options)
        self.ports: Ports = choose_ports(first_port)
        write_stage(self.folder, self.plan, self.ports)
        self.broker = self._program("broker", "mosquitto", "-c", str(self.folder / "mosquitto.conf"))
        self.room = self._python("room", "simulators", "room", "--config", str(self.folder / "room.toml"))
        self.centre = self._python("centre", "central", "--config", str(self.folder / "central.toml"), "serve")
        self.gateway = self._python("gateway", "edge", "--config", str(self.folder / "gateway.toml"), "run")
        self.programs = (self.broker, self.room, self.centre, self.gateway)
        #: Not one of the house's own: whoever wants business starts it.
        self.marketing = self._python("marketing", "simulators", "marketing", *self._word_marketing())

    @property
    def centre_url(self) -> str:
        """Return the address of the centre's pages and API."""
        return f"http://{HOST}:{self.ports.centre}"

    @property
    def kiosk_url(self) -> str:
        """Return the address of the kiosk page."""
        return f"http://{HOST}:{self.ports.kiosk}"

    @property
    def control_url(self) -> str:
        """Return the address of the room's control API."""
        return f"http://{HOST}:{self.ports.control}"

    def describe(self) -> dict[str, Any]:
        """Tell everything somebody outside needs: addresses, log-ins, badges, paths."""
        return {
            "folder": str(self.folder),
            "centre": self.centre_url,
            "kiosk": self.kiosk_url,
            "control": self.control_url,
            "ports": vars(self.ports),
            "users": [vars(user) for user in self.plan.users],
            "staff": [vars(one) for one in self.plan.staff],
            "bus": str(self.folder / "room" / "shelf-bus"),
            "service_pty": str(self.folder / "room" / "shelf-service"),
            "logs": {program.name: str(program.log) for program in self.programs},
        }

    def found_centre(self) -> None:
        """Make the centre's database and found the room in it; done again, it changes nothing."""
        for arguments in (["migrate"], ["import-room", str(self.folder / "room-file.json")]):
            command = [sys.executable, "-m", "central", "--config", str(self.folder / "central.toml"), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                raise StageError(f"openaisle-central {arguments[0]}: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Start all four side by side and wait until each answers."""
        for program in self.programs:
            program.start()
        self.await_broker()
        self.await_room()
        self.await_centre()
        self.await_gateway()
        self.write_description()

    def write_description(self) -> None:
        """Leave `stage.json` in the folder for whoever comes from outside."""
        (self.folder / "stage.json").write_text(json.dumps(self.describe(), ensure_ascii=False, indent=1))

    def start_broker(self, prefix: Sequence[str] = ()) -> None:
        """Start mosquitto and wait until it accepts."""
        self.broker.start(prefix)
        self.await_broker()

    def start_room(self, prefix: Sequence[str] = ()) -> None:
        """Start the simulated room and wait for its control API."""
        self.room.start(prefix)
        self.await_room()

    def start_centre(self, prefix: Sequence[str] = ()) -> None:
        """Start the centre and wait until it is healthy."""
        self.centre.start(prefix)
        self.await_centre()

    def start_gateway(self, prefix: Sequence[str] = ()) -> None:
        """Start the gateway and wait until its kiosk answers."""
        self.gateway.start(prefix)
        self.await_gateway()

    def await_broker(self) -> None:
        """Wait until mosquitto accepts."""
        self.wait_until(self._broker_answers, self.broker)

    def await_room(self) -> None:
        """Wait for the control API of the simulated room."""
        self.wait_until(lambda: self._answers(f"{self.control_url}/"), self.room)

    def await_centre(self) -> None:
        """Wait until the centre is healthy."""
        self.wait_until(lambda: self._answers(f"{self.centre_url}/health"), self.centre)

    def await_gateway(self) -> None:
        """Wait until the kiosk answers."""
        self.wait_until(lambda: self._answers(f"{self.kiosk_url}/health"), self.gateway)

    def close(self) -> None:
        """End all four, the gateway first."""
        self.marketing.stop()
        for program in reversed(self.programs):
            program.stop()

    def wait_until(self, answers: Callable[[], bool], program: Program, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait for a program to answer; StageError with the end of its log when it dies or takes too long."""
        ends_at = time.monotonic() + timeout_s
        while not answers():
            if not program.running or time.monotonic() > ends_at:
                what = "takes too long" if program.running else f"ended with {program.exit_status}"
                raise StageError(f"{program.name} {what}\n{program.tail()}")
            _PAUSE.wait(0.05)

    def _word_marketing(self) -> list[str]:
        options = {
            "--centre": self.centre_url,
            "--key-file": str(self.folder / "marketing.key"),
            "--key-id": MARKETING_KEY_ID,
            "--callback-port": str(self.ports.callbacks),
            "--speed": "1800",
            "--pause-s": "2",
            "--twice": "0.02",
            "--late": "0.05",
            "--nonsense": "0.01",
        }
        handlers = [part for login, team in HANDLERS for part in ("--handler", f"{login}:{team}")]
        return [part for pair in options.items() for part in pair] + handlers

    def _broker_answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.ports.broker), 1):
            return True
        return False

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return httpx.get(url, timeout=2).status_code < 500
        except httpx.HTTPError:
            return False

    def _program(self, name: str, *command: str) -> Program:
        return Program(name, command, self.folder)

    def _python(self, name: str, module: str, *arguments: str) -> Program:
        return self._program(name, sys.executable, "-m", module, *arguments)
