"""The room's mosquitto from the template in deploy/room: a port of loopback, a user for the gateway and each bank."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

from tests.wait import wait_for

TLS_LINES = ("certfile", "keyfile", "tls_version")
TEMPLATES = Path(__file__).parents[3] / "deploy" / "room"


class RoomBroker:
    """A running broker of a room; it can be stopped and started again on its port."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, users: Sequence[str], tls: tuple[Path, Path] | None = None) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind((self.host, 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for user in users:
            command = ["mosquitto_passwd", "-b", str(passwords), user, self.password(user)]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            self.password_file(user).write_text(self.password(user) + "\n")
        acl = folder / "acl"
        shutil.copy(TEMPLATES / "acl", acl)
        acl.chmod(0o600)
        filled = Template((TEMPLATES / "mosquitto.conf").read_text()).substitute(
            LISTENER=f"{self.port} {self.host}",
            USER=pwd.getpwuid(os.geteuid()).pw_name,
            PASSWORD_FILE=passwords,
            ACL_FILE=acl,
        )
        values = () if tls is None else (*tls, "tlsv1.3")
        for key, value in zip(TLS_LINES, values, strict=False):
            line = next(line for line in filled.splitlines() if line.startswith(f"#{key} "))
            filled = filled.replace(line, f"{key} {value}")
        (folder / "mosquitto.conf").write_text(filled)

    def password(self, user: str) -> str:
        return user * 2

    def password_file(self, user: str) -> Path:
        return self.folder / f"{user}.secret"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = ["mosquitto", "-c", str(self.folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._answers, 10, f"mosquitto on port {self.port}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
            return True
        return False


@contextlib.contextmanager
def run_room_broker(
    users: Sequence[str] = ("gateway", "A", "B", "visitor"), tls: tuple[Path, Path] | None = None
) -> Iterator[RoomBroker]:
    """Start a room's broker with these users in a temporary folder; with certificate and key it speaks TLS alone."""
    with tempfile.TemporaryDirectory(prefix="openaisle-room-mqtt-") as folder:
        broker = RoomBroker(Path(folder), users, tls)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()
