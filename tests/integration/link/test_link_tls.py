"""The link over TLS, by the listener of deploy/mosquitto and an authority made here: what can't be trusted hears nothing."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from central.jobs.link_client import Delivery, LinkClient
from edge.core.events import LinkChanged
from tests.integration.link.link_rig import BOXES, WAIT_S, Centre, Gateway
from tests.plugins.broker import Broker
from tests.wait import wait_for

pytestmark = pytest.mark.broker

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
TLS_LINES = {
    "cafile": "/etc/openaisle/ca.pem",
    "certfile": "/etc/openaisle/broker.pem",
    "keyfile": "/etc/openaisle/broker.key",
}


class Authority:
    """A certificate authority for one test run, by openssl."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.key, self.file = folder, folder / f"{name}.key", folder / f"{name}.pem"
        run_openssl(
            "req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.file, "-days", "2", "-subj", f"/CN={name}"
        )

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key files of a server with this alternative name, for example IP:127.0.0.1."""
        certificate, key, request = (self.folder / f"broker.{end}" for end in ("pem", "key", "csr"))
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName={name}\nbasicConstraints=CA:FALSE\n")
        run_openssl("req", *NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=broker")
        signed_by = ("-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-extfile", extensions)
        run_openssl("x509", "-req", "-in", request, "-out", certificate, *signed_by)
        return certificate, key


def run_openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)


class TlsBroker(Broker):
    """The broker of deploy/mosquitto with its TLS lines in force."""

    def __init__(self, folder: Path, users: tuple[str, ...], ca: Path, files: tuple[Path, Path]) -> None:
        super().__init__(folder, users)
        for file in files:
            file.chmod(0o644)
        path = folder / "mosquitto.conf"
        text = path.read_text()
        for (key, place), file in zip(TLS_LINES.items(), (ca, *files), strict=True):
            assert f"#{key} {place}\n" in text
            text = text.replace(f"#{key} {place}\n", f"{key} {file}\n")
        assert "#tls_version tlsv1.3\n" in text
        path.write_text(text.replace("#tls_version", "tls_version"))


@dataclass(frozen=True, slots=True)
class Stage:
    """A broker that speaks TLS, its authority, and one it knows nothing of."""

    broker: TlsBroker
    ca_file: Path
    other_ca_file: Path


def open_stage(folder: Path, name: str) -> Iterator[Stage]:
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    (folder / "broker").mkdir()
    broker = TlsBroker(folder / "broker", ("central", "r01"), ours.file, ours.issue(name))
    broker.start()
    try:
        yield Stage(broker, ours.file, other.file)
    finally:
        broker.stop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    yield from open_stage(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


@pytest.fixture(scope="module")
def misnamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A broker whose certificate is of our authority, but names another host."""
    yield from open_stage(tmp_path_factory.mktemp("tls"), "DNS:broker.example.org")


@dataclass(frozen=True, slots=True)
class CentreBroker:
    host: str
    port: int
    password_file: Path
    ca_file: Path
    username: str = "central"
    keepalive_s: int = 5


@pytest.fixture
def open_centre_client() -> Iterator[Callable[[Stage, Path], LinkClient]]:
    opened: list[LinkClient] = []

    def open_(stage: Stage, ca_file: Path) -> LinkClient:
        broker = stage.broker
        settings = CentreBroker(broker.host, broker.port, broker.password_file("central"), ca_file)
        client = LinkClient(settings, "central-9", "c" * 32, ignore, share=False)
        opened.append(client)
        client.start()
        return client

    yield open_
    for client in opened:
        client.close()


def ignore(_delivery: Delivery) -> None:
    """No message matters here."""


@pytest.fixture
def open_gateway(tmp_path: Path) -> Iterator[Callable[[Stage, Path], Gateway]]:
    opened: list[Gateway] = []

    def open_(stage: Stage, ca_file: Path) -> Gateway:
        gateway = Gateway("r01", tmp_path / "r01", stage.broker, ca_file=ca_file)
        opened.append(gateway)
        gateway.start()
        return gateway

    yield open_
    for gateway in opened:
        gateway.close()


def test_facts_reach_the_centre_over_tls(
    stage: Stage, clean_engine: Engine, open_gateway: Callable[[Stage, Path], Gateway]
) -> None:
    centre = Centre(clean_engine, stage.broker, ca_file=stage.ca_file)
    centre.add_room("r01")
    centre.link.start()
    gateway = open_gateway(stage, stage.ca_file)
    gateway.take_out(BOXES[0])
    gateway.wait_sent()
    assert centre.count_records("r01") == 1
    gateway.wait_fed(centre)
    centre.link.close()


def test_an_authority_we_do_not_know_is_not_trusted(
    stage: Stage,
    open_gateway: Callable[[Stage, Path], Gateway],
    open_centre_client: Callable[[Stage, Path], LinkClient],
) -> None:
    prove_distrust(open_gateway(stage, stage.other_ca_file), open_centre_client(stage, stage.other_ca_file))


def test_a_certificate_for_another_host_is_not_trusted(
    misnamed: Stage,
    open_gateway: Callable[[Stage, Path], Gateway],
    open_centre_client: Callable[[Stage, Path], LinkClient],
) -> None:
    prove_distrust(open_gateway(misnamed, misnamed.ca_file), open_centre_client(misnamed, misnamed.ca_file))


def prove_distrust(gateway: Gateway, client: LinkClient) -> None:
    """Both ends name it, and nothing is sent; the gateway goes on recording."""
    wait_for(lambda: LinkChanged("untrusted") in gateway.events, WAIT_S, "the gateway names it")
    wait_for(lambda: client.trouble == "untrusted", WAIT_S, "the centre names it")
    gateway.take_out(BOXES[0])
    assert gateway.link.status()["state"] == "untrusted"
    assert gateway.outbox.count_waiting() == 1
    assert not client.connected
    assert gateway.link.status()["counts"].get("records_sent", 0) == 0


def test_a_wrong_password_is_told_from_a_broker_that_is_away(
    stage: Stage, open_gateway: Callable[[Stage, Path], Gateway]
) -> None:
    password = stage.broker.password_file("r01")
    right = password.read_text()
    password.write_text("wrong\n")
    try:
        gateway = open_gateway(stage, stage.ca_file)
        wait_for(lambda: LinkChanged("unknown_here") in gateway.events, WAIT_S, "the gateway names it")
    finally:
        password.write_text(right)


def test_an_old_tls_is_refused(stage: Stage) -> None:
    context = ssl.create_default_context(cafile=str(stage.ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((stage.broker.host, stage.broker.port), 5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname=stage.broker.host)
