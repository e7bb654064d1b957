"""Command line of the gateway: `openaisle-gateway --config gateway.toml run`."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import structlog
import typer

from edge.app import Gateway
from edge.bus_settings import MqttBusSettings
from edge.core.view import kiosk_view
from edge.device.accounts import AccountsError, write_account
from edge.drivers.label_zpl import FontError
from edge.drivers.shelf_mqtt import RoomBrokerAddress
from edge.drivers.shelf_turns import TurnUnknownError, measure_turns
from edge.installation import commissioning_sheet, measure_broker
from edge.runtime.replay import replay as replay_journal
from edge.runtime.replay import tell_known
from edge.scan_alone import ScanAloneEntry, read_scan_alone
from edge.settings import GatewaySettings, read_settings, redacted_settings
from edge.settings_problems import SettingsError

log = structlog.get_logger(__name__)

cli = typer.Typer(
    help="The gateway of one archive room: scanners, shelves, label printer, kiosk page, and the link to the centre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@cli.callback()
def take_config(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(help="Settings file; relative paths in it start at its folder.", envvar="OPENAISLE_CONFIG")
    ] = Path("gateway.toml"),
) -> None:
    """Serve one archive room. Every key of the settings file is checked; an unknown one is an error that names it."""
    context.obj = config


@cli.command()
def run(context: typer.Context) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; moving shelves are stopped first."""
    settings = load_settings(context)
    set_up_logs(settings.log.level)
    scan_alone = load_scan_alone(settings)
    try:
        gateway = Gateway(settings, scan_alone)
    except (OSError, FontError, SettingsError) as error:
        typer.echo(f"The gateway can't start: {error}. Nothing moves.", err=True)
        raise typer.Exit(2) from error
    leaving = threading.Event()

    def leave(number: int, _frame: FrameType | None) -> None:
        log.info("signal_received", signal=signal.Signals(number).name)
        leaving.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    gateway.start()
    typer.echo(f"kiosk: {gateway.server.address}", err=True)
    while not leaving.wait(0.2) and not gateway.failed.is_set():
        continue
    gateway.close()
    if gateway.failed.is_set():
        raise typer.Exit(1)


@cli.command("check-config")
def check_config(context: typer.Context) -> None:
    """Check the settings file and say what is wrong with it, key by key."""
    settings = load_settings(context)
    load_scan_alone(settings)
    typer.echo(f"{context.obj}: in order. Room {settings.room.id}, {len(settings.bank)} bank(s).")


@cli.command("print-config")
def print_config(context: typer.Context) -> None:
    """Print the settings that hold, environment included, without secrets."""
    typer.echo(json.dumps(redacted_settings(load_settings(context)), ensure_ascii=False, indent=2))


@cli.command()
def commissioning(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the turn of banks on a broker: 100 readings. Exit 1 if too slow.")
    ] = False,
) -> None:
    """Print for each bank the two stop distances, the bus sum, sensors and the geometry hash, for signature."""
    settings = load_settings(context)
    sheets = commissioning_sheet(settings)
    if measure:
        set_up_logs(settings.log.level)
        sheets = [measure_sheet(settings, sheet) for sheet in sheets]
    if as_json:
        typer.echo(json.dumps(sheets, ensure_ascii=False, indent=2))
    else:
        for sheet in sheets:
            print_sheet(sheet)
        for entry in load_scan_alone(settings):
            print_scan_alone(entry)
    if not all(sheet.get("turn_in_order", True) for sheet in sheets):
        raise typer.Exit(1)


@cli.command()
def replay(
    journal: Annotated[Path, typer.Option(help="Folder of the store whose journal is replayed.")],
    at: Annotated[
        datetime | None, typer.Option(help="Stop at this moment (UTC) and tell what the core knew then, as JSON.")
    ] = None,
    view: Annotated[bool, typer.Option("--view", help="Print what the kiosk showed, as JSON, for the state.")] = False,
) -> None:
    """Run a journal again: the same events must lead to the same effects and states. Exit 1 if they don't."""
    found = replay_journal(journal, None if at is None else at.replace(tzinfo=UTC))
    report: dict[str, Any] = {
        "segments": found.segments,
        "steps": found.steps,
        "code_versions": found.code_versions,
        "differences": found.differences,
    }
    if view:
        report["moment"] = found.now.wall_at.isoformat() if found.now else None
        report["view"] = kiosk_view(found.state, found.now) if found.state and found.now else None
    if at is not None:
        report["known"] = tell_known(found)
    typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    if found.differences:
        raise typer.Exit(1)


@cli.command("set-technician")
def set_technician(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Log-in name: small letters, digits, dot, dash, underscore.")],
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, help="12 characters or more.")
    ],
) -> None:
    """Set the password of a technician in the device page's file of names; it holds from the next log-in on."""
    page = load_settings(context).device_page
    if page is None:
        typer.echo(f"{context.obj}: there is no [device_page], so nobody can log in.", err=True)
        raise typer.Exit(2)
    try:
        write_account(page.technicians_file, name, password)
    except (AccountsError, OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{page.technicians_file}: {name} may log in.")


def load_settings(context: typer.Context) -> GatewaySettings:
    """Read the settings, or end with what is wrong."""
    try:
        return read_settings(context.obj)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def load_scan_alone(settings: GatewaySettings) -> tuple[ScanAloneEntry, ...]:
    """Read the file of scan-alone opening, if one is named, or end with what is wrong."""
    if settings.scan_alone.file is None:
        return ()
    try:
        return read_scan_alone(settings.scan_alone.file, [bank.id for bank in settings.bank])
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def measure_sheet(settings: GatewaySettings, sheet: dict[str, Any]) -> dict[str, Any]:
    """Measure the turn of a bank on a broker and count it as the bus turn of its stop distances (SPEC 7.11)."""
    bus = next(bus for bus in settings.bus if bus.id == sheet["bus"])
    if not isinstance(bus, MqttBusSettings):
        return sheet
    address = RoomBrokerAddress(bus.host, bus.port, bus.user, bus.password_file, bus.ca_file)
    try:
        turns = measure_turns(address, sheet["bank"], f"turns-{settings.room.id}-{sheet['bank']}")
    except (TurnUnknownError, OSError) as error:
        typer.echo(f"{sheet['bank']}: {error}", err=True)
        return {**sheet, "turn_in_order": False}
    bank = next(bank for bank in settings.bank if bank.id == sheet["bank"])
    return {
        **sheet,
        **measure_broker(bank, round(turns.worst_ms, 1)),
        "turn_readings": turns.readings,
        "turn_missed": turns.missed,
        "turn_median_ms": round(turns.median_ms, 1),
        "turn_worst_ms": round(turns.worst_ms, 1),
        "turn_in_order": not turns.missed and turns.worst_ms <= bus.turn_ms,
    }


def print_turn(sheet: dict[str, Any]) -> None:
    """Print what was measured of a bank on a broker, and whether it may be taken into service."""
    verdict = (
        "合格 in order" if sheet["turn_in_order"] else "不合格,不得投运 not in order: not to be taken into service"
    )
    if "turn_readings" not in sheet:
        typer.echo(f"  总线往返 bus turn: {verdict}")
        return
    told = f"{sheet['turn_worst_ms']} ms ≤ {sheet['turn_limit_ms']} ms, 中位 median {sheet['turn_median_ms']} ms"
    missed = f", 无应答 unanswered {sheet['turn_missed']}" if sheet["turn_missed"] else ""
    typer.echo(f"  总线往返({sheet['turn_readings']} 次最坏) bus turn, worst: {told}{missed}: {verdict}")


def print_sheet(sheet: dict[str, Any]) -> None:
    """Print one bank's sheet in both languages of the trade."""
    rows = [
        ("本总线上的区数 banks on this bus", sheet["banks_on_bus"], ""),
        ("最多同时移动的区数 banks that may move at once on this bus", sheet["max_moving_banks"], ""),
        ("最坏续租间隔 worst interval between two lease renewals", sheet.get("worst_renewal_interval_ms"), "ms"),
        ("最长总线事务 longest exchange while a lease runs", sheet["longest_exchange_ms"], "ms"),
        ("停止距离(停止命令) stop distance by STOP", sheet["stop_distance_by_stop_mm"], "mm"),
        ("停止距离(失联) stop distance by silence", sheet["stop_distance_by_silence_mm"], "mm"),
        ("停止确认时限 STOP must be read back within", sheet["stop_confirm_ms"], "ms"),
        ("可通行间隙 passable gap", sheet["passable_gap_mm"], "mm"),
        ("几何校验 geometry hash", sheet["geometry_hash"], ""),
    ]
    where = f"unit {sheet['unit']}, {sheet['baud']} baud" if sheet["kind"] == "serial" else "MQTT"
    typer.echo(f"{sheet['name']} ({sheet['bank']}), bus {sheet['bus']}, {where}")
    for what, value, unit in rows:
        if value is not None:
            typer.echo(f"  {what}: {value} {unit}".rstrip())
    if "turn_in_order" in sheet:
        print_turn(sheet)
    for point in sheet["points"]:
        signed = f"{point['signed_by']}, {point['signed_on']}"
        typer.echo(f"  确认点 point {point['id']} ({point['kind']}) {point['name']}: {signed}")
    for sensor in sheet["sensors"]:
        sight = f"看到 {sensor['sees_up_to_tier']} 层 sees up to tier {sensor['sees_up_to_tier']}"
        if not sensor["sees_stillness"]:
            sight += ", 看不见静止的人 not who stands still"
        tested = f"验证 tested {sensor['tested_on']} {sensor['tested_by']}, 到期 due {sensor['test_due_on']}"
        typer.echo(f"  传感器 sensor {sensor['id']} ({sensor['kind']}) {sensor['name']}: {sight}; {tested}")


def print_scan_alone(entry: ScanAloneEntry) -> None:
    """Print that in one bank a scan alone may open an aisle, and by whose decision."""
    signed = f"{'、'.join(entry.names)}, {entry.signed_on}, {entry.document}"
    typer.echo(f"{entry.bank}: 扫码即开 opens by scan alone: {signed}; 到期 until {entry.proof_test_expires_on}")


def set_up_logs(level: str) -> None:
    """Write JSON lines, or text for a person at a terminal."""
    final: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            final,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """Entry point of the console script."""
    cli()


if __name__ == "__main__":
    main()
