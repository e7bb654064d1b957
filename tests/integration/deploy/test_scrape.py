from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from simulators.demo.stage import Stage
from tests.arch.source_tree import ROOT
from tests.wait import wait_for

FOLDER = ROOT / "deploy" / "prometheus"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_settings(folder: Path, stage: Stage) -> Path:
    """The configuration of deploy/, with the addresses of this stage in place of the example's and a faster pace."""
    settings: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    settings["global"] |= {"scrape_interval": "500ms", "scrape_timeout": "400ms", "evaluation_interval": "500ms"}
    settings["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{stage.ports.centre}"]
    targets = yaml.safe_load((FOLDER / "gateways" / "r01.yml").read_text())
    targets[0]["targets"] = [f"127.0.0.1:{stage.ports.kiosk}"]
    (folder / "gateways").mkdir()
    (folder / "gateways" / "r01.yml").write_text(yaml.safe_dump(targets))
    (folder / "alerts.yml").write_text((FOLDER / "alerts.yml").read_text())
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(settings))
    return path


def ask(url: str, path: str, **parameters: str) -> Any:
    try:
        told = httpx.get(f"{url}/api/v1/{path}", params=parameters, timeout=5)
    except httpx.HTTPError:
        return None
    return told.json()["data"] if told.status_code == 200 else None


def value_of(url: str, query: str) -> float | None:
    data = ask(url, "query", query=query)
    return float(data["result"][0]["value"][1]) if data and data["result"] else None


@pytest.mark.broker
@pytest.mark.slow
def test_a_real_prometheus_scrapes_centre_and_gateway(stage: Stage, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        "prometheus",
        f"--config.file={write_settings(tmp_path, stage)}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
    ]
    with (tmp_path / "prometheus.log").open("wb") as log:
        running = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        wait_for(lambda: value_of(url, 'up{job="openaisle-central"}') == 1, 40, "the centre to be scraped")
        wait_for(lambda: value_of(url, 'up{job="openaisle-gateway"}') == 1, 20, "the gateway to be scraped")
        wait_for(lambda: value_of(url, 'openaisle_central_gateway_up{room="r01"}') == 1, 30, "the gateway to be online")
        wait_for(lambda: value_of(url, "openaisle_gateway_outbox_oldest_seconds") is not None, 10, "the outbox's age")
        assert value_of(url, 'openaisle_gateway_bank_fault{bank="A"}') == 0
        rules = ask(url, "rules")["groups"][0]["rules"]
        assert {rule["name"]: rule["state"] for rule in rules} == {rule["name"]: "inactive" for rule in rules}
    finally:
        running.terminate()
        running.wait(20)
