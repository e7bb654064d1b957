"""Shelf controllers on real ports: a paced pty as the bus, and a read-only service port (pty and TCP) beside it."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from pathlib import Path
from struct import pack, unpack

from simulators.bank_plan import BankPlan
from simulators.faults import FaultPlan
from simulators.pty_line import PtyLine
from simulators.pty_port import PtyPort
from simulators.shelf_controller import ShelfController, Station, count_milliseconds
from simulators.shelf_model import ShelfModel

_MBAP_BYTES = 7
_MAX_PDU_BYTES = 253
_IDLE_TIMEOUT_S = 60


class ShelfDevice:
    """Banks on one line: `bus_path` for their owner, `service_path` and `service_port` for anybody who only looks."""

    def __init__(
        self,
        plans: dict[int, BankPlan],
        *,
        baud: int = 19200,
        folder: Path | None = None,
        service_port: int = 0,
        faults: FaultPlan | None = None,
        seed: int = 0,
    ) -> None:
        clock = count_milliseconds()
        self.controllers = {
            unit: ShelfController(ShelfModel(plan, seed=seed + unit), unit, clock) for unit, plan in plans.items()
        }
        everyone = list(self.controllers.values())
        self.station = Station(everyone)
        self.service = Station(everyone, read_only=True)
        link = folder / "shelf-bus" if folder else None
        service_link = folder / "shelf-service" if folder else None
        self.line = PtyLine(PtyPort(link), self.station.hear, baud=baud, faults=faults)
        self.service_line = PtyLine(PtyPort(service_link), self.service.hear, baud=baud)
        self._server = _ServiceServer(self.service, service_port)

    @property
    def bus_path(self) -> str:
        """Return the path of the line's one owner."""
        return self.line.port.path

    @property
    def service_path(self) -> str:
        """Return the path of the serial service port."""
        return self.service_line.port.path

    @property
    def service_port(self) -> int:
        """Return the number of the Modbus TCP service port on loopback."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer on all ports."""
        self.line.start()
        self.service_line.start()
        self._server.start()

    def close(self) -> None:
        """Take all ports away."""
        self.line.close()
        self.service_line.close()
        self._server.close()


class _ServiceServer(socketserver.ThreadingTCPServer):
    """Modbus TCP on loopback in front of a read-only station."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, station: Station, port: int) -> None:
        self.station = station
        self.open_sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _ServiceSession)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="shelf-service", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def close(self) -> None:
        """Stop and hang up on everybody."""
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        for each in list(self.open_sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _ServiceSession(socketserver.StreamRequestHandler):
    """One reader. A header that is not Modbus TCP ends the session: there is no way to find the next one."""

    timeout = _IDLE_TIMEOUT_S
    server: _ServiceServer

    def handle(self) -> None:
        """Answer requests until the reader hangs up or talks nonsense."""
        self.server.open_sockets.add(self.connection)
        try:
            with contextlib.suppress(OSError):
                while self._serve_one():
                    pass
        finally:
            self.server.open_sockets.discard(self.connection)

    def _serve_one(self) -> bool:
        head = self.rfile.read(_MBAP_BYTES)
        if len(head) < _MBAP_BYTES:
            return False
        transaction, protocol, length, unit = unpack(">HHHB", head)
        if protocol != 0 or not 2 <= length <= _MAX_PDU_BYTES + 1:
            return False
        body = self.rfile.read(length - 1)
        if len(body) < length - 1:
            return False
        answer = self._ask_station(unit, body)
        if answer is not None:
            self.wfile.write(pack(">HHHB", transaction, 0, len(answer) - 2, unit) + answer[1:-2])
        return True

    def _ask_station(self, unit: int, body: bytes) -> bytes | None:
        """Return the answer as an RTU frame; None when nobody answers or the body is no whole request."""
        request = Station.read_pdu(unit, body)
        return self.server.station.answer(request) if request else None
