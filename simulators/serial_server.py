"""A serial server as sold for DIN rails: a line behind a TCP port, raw or RFC 2217, with what such boxes do wrong.

It delays, it stores while it "thinks", it cuts connections. One client at a time; the next is hung up on.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from typing import Any, Literal

from serial import rfc2217

Way = Literal["to_line", "to_client"]
CONNECTION_LOST = (OSError, ValueError)
SEND_STEP_S = 0.05


class SerialSettings:
    """What an RFC 2217 client sets at the port; read by tests. Modem lines are all up."""

    cts = dsr = ri = cd = True

    def __init__(self) -> None:
        self.baudrate, self.bytesize, self.parity, self.stopbits = 9600, 8, "N", 1
        self.rts = self.dtr = True
        self.rtscts = self.xonxoff = self.break_condition = False
        self.purged = 0

    def reset_input_buffer(self) -> None:
        """Note that the client wanted old bytes gone."""
        self.purged += 1

    def reset_output_buffer(self) -> None:
        """Note that the client wanted old bytes gone."""
        self.purged += 1


class _Held:
    """Bytes on their way, each with the moment from which they may go on."""

    def __init__(self) -> None:
        self.frozen = False
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()

    def put(self, octets: bytes, at_s: float) -> None:
        with self._changed:
            self._pieces.append((at_s, octets))
            self._changed.notify_all()

    def take(self, timeout_s: float) -> bytes:
        """Return the next piece that is due, b"" when none gets due in this time."""
        until_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                now_s = time.monotonic()
                due_s = self._pieces[0][0] if self._pieces and not self.frozen else until_s
                if self._pieces and not self.frozen and due_s <= now_s:
                    return self._pieces.popleft()[1]
                if now_s >= until_s:
                    return b""
                self._changed.wait(max(0.0, min(due_s, until_s) - now_s))

    def peek(self, timeout_s: float) -> bool:
        """Tell whether a piece gets due in this time."""
        octets = self.take(timeout_s)
        if octets:
            with self._changed:
                self._pieces.appendleft((0.0, octets))
        return bool(octets)

    def freeze(self, frozen: bool) -> None:
        with self._changed:
            self.frozen = frozen
            self._changed.notify_all()

    def drop(self) -> None:
        with self._changed:
            self._pieces.clear()


class ServerPort:
    """The server's serial side, as a port for `PtyLine`: what comes from TCP is read here, answers are written here."""

    def __init__(self, *, speaks_rfc2217: bool = False, delay_ms: float = 0.0, port: int = 0) -> None:
        self.delay_ms = delay_ms  # one way
        self.settings = SerialSettings()
        self.connections = 0
        self.refused = 0
        self._speaks_rfc2217 = speaks_rfc2217
        self._to_line, self._to_client = _Held(), _Held()
        self._client: socket.socket | None = None
        self._manager: Any = None
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._threads = [
            threading.Thread(target=target, name=f"serial-server-{target.__name__}", daemon=True)
            for target in (self._accept, self._send)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def name(self) -> str:
        """Return what the line calls its port."""
        return self.path

    @property
    def path(self) -> str:
        """Return the URL under which the line is reached."""
        scheme = "rfc2217" if self._speaks_rfc2217 else "socket"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def plugged(self) -> bool:
        """Whether the box has power."""
        return not self._closing.is_set()

    # ---- what goes wrong ------------------------------------------------------------------------

    def hold(self, way: Way) -> None:
        """Store what goes this way until `release`."""
        (self._to_line if way == "to_line" else self._to_client).freeze(True)

    def release(self) -> None:
        """Let all go on that was stored, at once and in order."""
        self._to_line.freeze(False)
        self._to_client.freeze(False)

    def cut(self, *, forget: bool = True) -> None:
        """Hang up on the client; a box that does not `forget` still sends what it has to the line."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._to_client.drop()
        if forget:
            self._to_line.drop()

    # ---- the line's side ------------------------------------------------------------------------

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until bytes for the line are there."""
        return self._to_line.peek(3600.0 if timeout_s is None else timeout_s)

    def read(self, limit: int = 4096) -> bytes:
        """Return what is there for the line."""
        return self._to_line.take(0.0)[:limit]

    def write(self, octets: bytes) -> int:
        """Send what came from the line."""
        if self._client is None:
            return 0
        self._to_client.put(octets, time.monotonic() + self.delay_ms / 1000)
        return len(octets)

    def plug_in(self) -> None:
        """Stay as it is: a box that was taken off is replaced by another."""

    def unplug(self) -> None:
        """Take the box off."""
        self._closing.set()
        self.cut()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=2)

    close = unplug

    # ---- the network's side ---------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                ready, _, _ = select.select([self._listener], [], [], SEND_STEP_S)
                if not ready:
                    continue
                client, _ = self._listener.accept()
            except CONNECTION_LOST:
                return
            if self._client is not None:
                self.refused += 1
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), name="serial-server-client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        self._client = client
        manager = rfc2217.PortManager(self.settings, _Wire(client)) if self._speaks_rfc2217 else None
        self._manager = manager
        with contextlib.suppress(*CONNECTION_LOST):
            while self._client is client and (octets := client.recv(4096)):
                plain = b"".join(manager.filter(octets)) if manager is not None else octets
                if plain:
                    self._to_line.put(plain, time.monotonic() + self.delay_ms / 1000)
        if self._client is client:
            self._client = None
        client.close()

    def _send(self) -> None:
        while not self._closing.is_set():
            octets = self._to_client.take(SEND_STEP_S)
            client = self._client
            if not octets or client is None:
                continue
            escaped = b"".join(self._manager.escape(octets)) if self._manager is not None else octets
            with contextlib.suppress(*CONNECTION_LOST):
                client.sendall(escaped)


class _Wire:
    """The way back to the client, as pyserial's PortManager wants it."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def write(self, octets: bytes) -> None:
        self._client.sendall(octets)
