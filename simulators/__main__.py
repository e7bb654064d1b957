"""Command line of the simulators: `openaisle-sim room`, `openaisle-sim marketing` and `openaisle-sim demo`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import tomllib
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from simulators.control import control_app
from simulators.demo.performance import perform
from simulators.marketing import MarketingSettings
from simulators.marketing_cases import CourierFaults
from simulators.marketing_command import MarketingRun, end_by_signals, read_handlers, read_key, run_marketing
from simulators.room import SimulatedRoom
from simulators.room_settings import read_room_settings

ROOM_NICENESS = -10
FIRST_PORT = 8080

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def room(
    config: Annotated[Path, typer.Option(help="TOML file that describes the room")],
    ready: Annotated[Path | None, typer.Option(help="where to write addresses and ptys as JSON once ready")] = None,
) -> None:
    """Run one simulated archive room until Ctrl-C: shelf on a pty, scanners, camera, label printer, control API."""
    try:
        settings = read_room_settings(config)
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        typer.echo(f"{config}: {error}", err=True)
        raise typer.Exit(2) from error
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has shut down: it must end us by way of `finally`
        signal.signal(number, lambda *_: sys.exit(0))
    # a real controller has a processor of its own; all threads alike, for a slow one could hold the interpreter
    with contextlib.suppress(OSError):
        os.nice(ROOM_NICENESS)
    simulated = SimulatedRoom(settings)
    simulated.start()
    described = json.dumps(simulated.describe(), ensure_ascii=False, indent=1)
    (ready or settings.dir / "room.json").write_text(described)
    typer.echo(described)
    try:
        uvicorn.run(
            control_app(simulated), host="127.0.0.1", port=settings.control.port, log_level="warning", access_log=False
        )
    finally:
        simulated.close()


@app.command()
def marketing(
    centre: Annotated[str, typer.Option(help="address of the centre, for example http://127.0.0.1:8080")],
    key_file: Annotated[Path, typer.Option(help="file with the key that both ends know")],
    key_id: Annotated[str, typer.Option(help="id of the key in the centre's settings")] = "demo",
    *,
    callback_port: Annotated[int, typer.Option(help="port on which callbacks are heard; 0: a free one")] = 0,
    handler: Annotated[
        list[str] | None, typer.Option(help="who works on cases: `login` or `login:team`; several times for several")
    ] = None,
    customers: Annotated[int, typer.Option(min=1, help="how many customers there are")] = 300,
    seed: Annotated[int, typer.Option(help="everything is drawn from it")] = 1,
    days_back: Annotated[float, typer.Option(min=0, help="how many days before now the business begins")] = 20.0,
    speed: Annotated[float, typer.Option(min=1, help="simulated seconds in one of ours")] = 600.0,
    pause_s: Annotated[float, typer.Option(min=0, help="pause between two rounds")] = 0.5,
    rounds: Annotated[int, typer.Option(min=0, help="how many rounds; 0: until it is told to stop")] = 0,
    twice: Annotated[float, typer.Option(min=0, max=1, help="share of events sent twice")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="share of events sent late and so out of order")] = 0.0,
    nonsense: Annotated[float, typer.Option(min=0, max=1, help="share of events followed by a spoilt copy")] = 0.0,
) -> None:
    """Run a simulated marketing system against a centre: news out, step gates honoured, callbacks heard."""
    try:
        key, handlers = read_key(key_file), read_handlers(handler or [])
    except (OSError, ValueError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(2) from error
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = MarketingSettings(centre, key, key_id, callback_port, speed, pause_s)
    ended = threading.Event()
    end_by_signals(ended)
    run = MarketingRun(settings, CourierFaults(twice, late, nonsense), handlers, seed, customers, days_back, rounds)
    typer.echo(json.dumps(run_marketing(run, ended)))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="end after the main job; exit 0 only if all was verified")
    ] = False,
    folder: Annotated[Path | None, typer.Option("--dir", help="folder for data and logs; none: a new one")] = None,
    port: Annotated[
        int, typer.Option(help="first of eight ports; taken ones are replaced, 0 takes free ones")
    ] = FIRST_PORT,
) -> None:
    """Start centre, broker, gateway, a simulated room and office, do the main jobs once, stay until Ctrl-C."""
    raise typer.Exit(perform(once=once, folder=folder, first_port=port, say=typer.echo))


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
