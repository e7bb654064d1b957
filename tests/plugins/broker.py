"""A mosquitto of the suite's own, from the templates in deploy/mosquitto: on a port of loopback and a folder of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.wait import wait_for

TEMPLATES = Path(__file__).parents[2] / "deploy" / "mosquitto"
ROOMS = ("r01", "r02", "r03", "r04")


class Broker:
    """A broker that can be stopped, killed and started again on the same port."""

    host = "127.0.0.1"

    def __init__(self, folder: Path, users: Sequence[str]) -> None:
        self.folder = folder
        self.port = _free_port()
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
            DATA_DIR=folder,
        )
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

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        self.stop(signal.SIGKILL)

    def forget_session(self, user: str, client_id: str) -> None:
        """Drop what the broker keeps for a client: an earlier test's messages must not reach the next one's store."""
        done = threading.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        client.username_pw_set(user, self.password(user))
        client.on_connect = lambda *_: done.set()
        client.connect(self.host, self.port, clean_start=True)
        client.loop_start()
        assert done.wait(10), f"the broker does not take {client_id}"
        client.disconnect()
        client.loop_stop()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
            return True
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run_broker(users: Sequence[str] = ("central", *ROOMS)) -> Iterator[Broker]:
    """Start a broker with these users in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="openaisle-mqtt-") as folder:
        broker = Broker(Path(folder), users)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """A running broker with the centre's user and four rooms."""
    with run_broker() as running:
        yield running
