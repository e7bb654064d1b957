"""The command line: founding a centre at the machine itself, and a server that starts, serves and stops."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from central.__main__ import app
from central.jobs.audit_chain import AuditChain
from central.metrics import Metrics
from central.store.base import open_engine
from central.store.migrate import newest_revision
from central.store.tx import Transactions
from tests.integration.central.room_files import room_file
from tests.wait import wait_for


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "central.toml"
    path.write_text(
        f'[http]\nport = {free_port()}\n[database]\nurl = "sqlite:///central.db"\n[mqtt]\nenabled = false\n'
        "[password]\ntime_cost = 1\nmemory_kib = 1024\n",
        encoding="utf-8",
    )
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(config: Path, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["--config", str(config), *arguments], input=text)


def write_room(folder: Path, **changes: object) -> Path:
    path = folder / "room.json"
    path.write_text(json.dumps(room_file() | changes, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_centre_is_founded_step_by_step(config: Path, tmp_path: Path) -> None:
    early = run(config, "import-room", str(write_room(tmp_path)))
    assert (early.exit_code, "migrate" in early.stderr) == (1, True)
    assert f"empty -> {newest_revision()}" in run(config, "migrate").stdout
    assert f"{newest_revision()} -> {newest_revision()}" in run(config, "migrate").stdout
    assert "34 places, 20 boxes" in run(config, "import-room", str(write_room(tmp_path))).stdout
    assert "0 places, 0 boxes" in run(config, "import-room", str(write_room(tmp_path))).stdout
    assert "20 locations derived" in run(config, "rebuild-locations").stdout
    made = run(config, "create-user", "wang", "--role", "archivist", "--room", "r01", text="long-enough-1\n")
    assert made.exit_code == 0, made.output
    again = run(config, "create-user", "wang", "--role", "archivist", text="long-enough-1\n")
    assert (again.exit_code, "taken" in again.stderr) == (1, True)
    weak = run(config, "create-user", "li", "--role", "archivist", text="short\n")
    assert (weak.exit_code, "10 characters" in weak.stderr) == (1, True)
    lost = run(config, "create-user", "li", "--role", "archivist", "--room", "r77", text="long-enough-1\n")
    assert (lost.exit_code, "r77" in lost.stderr) == (1, True)
    unknown = run(config, "admit-epoch", "r01", "0" * 32)
    assert (unknown.exit_code, "has not asked to be admitted" in unknown.stderr) == (1, True)


def test_a_bad_room_file_leaves_nothing(config: Path, tmp_path: Path) -> None:
    run(config, "migrate")
    bad = room_file()
    bad["boxes"][3]["code"] = "BX010000049"
    path = write_room(tmp_path, boxes=bad["boxes"])
    refused = run(config, "import-room", str(path))
    assert refused.exit_code == 1
    assert "boxes.3.code" in refused.stderr
    assert "Nothing of the file was taken over." in refused.stderr
    assert "0 locations derived" in run(config, "rebuild-locations").stdout
    missing = run(config, "import-room", str(tmp_path / "none.json"))
    assert (missing.exit_code, "can't be read" in missing.stderr) == (1, True)


def test_settings_are_shown_and_mistakes_named(config: Path) -> None:
    assert json.loads(run(config, "print-config").stdout)["mqtt"]["enabled"] is False
    config.write_text("[htpp]\nport = 1\n", encoding="utf-8")
    refused = run(config, "print-config")
    assert (refused.exit_code, "unknown key 'htpp'" in refused.stderr) == (1, True)


def test_help_is_worth_reading() -> None:
    text = CliRunner().invoke(app, ["--help"]).stdout
    for command in (
        "serve",
        "migrate",
        "create-user",
        "import-room",
        "admit-epoch",
        "rebuild-locations",
        "print-config",
    ):
        assert command in text


def test_the_server_serves_until_told_to_stop(config: Path, tmp_path: Path) -> None:
    run(config, "migrate")
    run(config, "import-room", str(write_room(tmp_path)))
    port = json.loads(run(config, "print-config").stdout)["http"]["port"]
    log = (tmp_path / "log").open("w+b")
    server = subprocess.Popen(
        [sys.executable, "-m", "central", "--config", str(config), "serve"], stdout=log, stderr=subprocess.STDOUT
    )
    try:
        assert wait_for(lambda: fetch(port, "/health"), 60, "the centre's health") == (200, True)
        assert fetch(port, "/metrics") is not None
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/boxes", timeout=5)
        assert caught.value.code == 401
        caught.value.close()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) in {0, -signal.SIGTERM}
    finally:
        server.kill()
        server.wait()
        log.seek(0)
        lines = log.read().decode().splitlines()
        log.close()
    events = [json.loads(line)["event"] for line in lines if line.startswith("{")]
    assert events[0] == "centre_started"
    assert events[-1] == "centre_stopped"


def fetch(port: int, path: str) -> tuple[int, bool] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, bool(answer.read())
    except OSError:
        return None


def test_the_audit_log_is_verified_and_the_broken_row_named(config: Path, tmp_path: Path) -> None:
    run(config, "migrate")
    run(config, "create-user", "wang", "--role", "archivist", text="long-enough-1\n")
    fresh = run(config, "audit", "verify")
    assert (fresh.exit_code, "0 rows hold, 2 wait for their link" in fresh.stdout) == (0, True)
    engine = open_engine(f"sqlite:///{tmp_path}/central.db", pool_size=12)
    tx, heads = Transactions(engine, pool_size=12), tmp_path / "heads.jsonl"
    structlog.reset_defaults()  # the command's output stream ended with it
    AuditChain(tx, Metrics(), lambda: datetime(2026, 11, 24, tzinfo=UTC), heads).run_round()
    held = run(config, "audit", "verify", "--heads", str(heads))
    assert "2 rows hold, 0 wait for their link, 1 published heads agree" in held.stdout
    with tx.write() as session:
        session.connection().exec_driver_sql("UPDATE audit_rows SET why = 'x'")
        # the templates and the calendar, founded with the schema, are the first row
        (row_id,) = session.connection().exec_driver_sql("SELECT id FROM audit_rows ORDER BY id").first() or ("",)
    engine.dispose()
    broken = run(config, "audit", "verify")
    assert (broken.exit_code, f"broken at link 1: row {row_id}" in broken.stderr) == (1, True)
    heads.write_text("{}\n")
    assert "no head" in run(config, "audit", "verify", "--heads", str(heads)).stderr
