"""The command `openaisle-central`: serve, and what an administrator does at the machine itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn

from central.app import (
    SchemaBehindError,
    build_app,
    make_hasher,
    open_store,
    read_clock,
    set_up_logging,
)
from central.domain.people import Grant, Role
from central.domain.refusals import Refusal
from central.domain.seeds import parse_seed
from central.domain.wording import word_refusal
from central.jobs.audit_chain import read_heads
from central.jobs.backup import KEEP, make_backup, mend_contents, restore_backup
from central.jobs.content_copies import NO_LIMIT, name_some
from central.jobs.room_import import drop_import, is_staging, run_import, take_back_import
from central.services.audit import verify_audit
from central.services.business_seed import Seeded
from central.services.business_seed import seed_business as seed_centre
from central.services.gateways import admit_epoch as admit_gateway_epoch
from central.services.people import CreatePerson, check_password, create_person
from central.services.room_import import Progress
from central.settings import CentralSettings, SettingsError, read_settings, show_settings
from central.store.backups import BackupError
from central.store.base import open_engine
from central.store.contents import ContentStore
from central.store.migrate import newest_revision, read_revision, upgrade_schema
from central.store.movements import rebuild_locations as rebuild_all_locations
from central.store.tx import Transactions

SEED_LIMIT_MIB = 64

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The centre of OpenAisle: pages and API, facts from the archive rooms, feeds to them.",
)
audit_app = typer.Typer(no_args_is_help=True, help="The audit log: verify its chain.")
app.add_typer(audit_app, name="audit")

BREAKS = {
    "changed": "the row was changed after it was chained",
    "missing": "the row was deleted",
    "gap": "links of the chain were deleted",
    "head": "the chain is not the one whose head was published",
    "unchained": "a row was taken out of the queue before it was chained",
}


def main() -> None:
    """Run the command line."""
    app()


@app.callback()
def choose_settings(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings file (TOML). Without one: SQLite in the working directory, loopback only."),
    ] = None,
) -> None:
    """Read the settings that every command needs."""
    try:
        context.obj = read_settings(config)
    except SettingsError as error:
        fail(*error.problems)
    set_up_logging(context.obj.log)


@app.command()
def serve(context: typer.Context) -> None:
    """Serve pages and API, and take facts from the gateways, until told to stop."""
    settings: CentralSettings = context.obj
    try:
        application = build_app(settings)
    except SchemaBehindError as error:
        fail(str(error))
    # A page that streams live state would keep a stop waiting for ever.
    uvicorn.run(
        application,
        host=settings.http.host,
        port=settings.http.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=32 * 1024,
    )


@app.command()
def migrate(context: typer.Context) -> None:
    """Create the database or bring it to the schema of this version, with templates; harmless when it is there."""
    settings: CentralSettings = context.obj
    engine = open_engine(settings.database.url, pool_size=1)
    before = read_revision(engine)
    upgrade_schema(engine)
    with Transactions(engine).write() as session:
        seeded = seed_centre(session, read_clock())
    engine.dispose()
    typer.echo(f"schema: {before or 'empty'} -> {newest_revision()}")
    tell_seeded(seeded)


@app.command()
def seed_business(context: typer.Context) -> None:
    """Add the kinds of business that come with the centre, and the calendar; harmless when they are there already."""
    with store(context) as tx, tx.write() as session:
        seeded = seed_centre(session, read_clock())
    tell_seeded(seeded)


def tell_seeded(seeded: Seeded) -> None:
    """Say what was added."""
    typer.echo(f"business: {seeded.templates} templates and {seeded.calendar_days} days of the calendar added")


@app.command()
def create_user(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="Log-in name: small letters, digits, dot, dash.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    name: Annotated[str, typer.Option(help="Name as others read it; the log-in name if left out.")] = "",
    room: Annotated[list[str] | None, typer.Option(help="Room id; several times for several; none: all rooms.")] = None,
) -> None:
    """Found a person with a log-in. The password is asked for, or read from standard input if that is a pipe."""
    password = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().rstrip("\n")
    )
    rooms: list[str | None] = list(room) if room else [None]
    with refusals_told(), store(context) as tx:
        check_password(login, password)
        command = CreatePerson(
            login=login,
            name=name or login,
            password_hash=make_hasher(context.obj).hash_secret(password),
            grants=frozenset(Grant(each, room_id) for each in role for room_id in rooms),
        )
        with tx.write() as session:
            person_id = create_person(session, None, command, read_clock())
    typer.echo(f"created {login} ({person_id})")


@app.command()
def import_room(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Room file (JSON): steel, places, boxes, people.")],
) -> None:
    """Found an archive room from its file, or bring it up to the file: all of it or, with one fault, nothing."""
    try:
        if file.stat().st_size > SEED_LIMIT_MIB * 1024 * 1024:
            fail(f"{file}: larger than {SEED_LIMIT_MIB} MiB")
        document = file.read_bytes()
    except OSError as error:
        fail(f"{file}: can't be read: {error.strerror}")
    with refusals_told(), store(context) as tx:
        seed = parse_seed(document)
        try:
            imported = run_import(
                tx, None, seed, hasher=make_hasher(context.obj), read_clock=read_clock, report=tell_progress
            )
        except KeyboardInterrupt:
            if is_staging(tx, seed.room.id):
                fail("", "stopped; the room is as it was", "the same command goes on, `cancel-import` gives it up")
            raise
    counts = ", ".join(f"{count} {part.replace('_', ' ')}" for part, count in asdict(imported).items())
    typer.echo(f"room {seed.room.id}: {counts}")


@app.command()
def cancel_import(
    context: typer.Context, room_id: Annotated[str, typer.Argument(help="Room id, for example r01.")]
) -> None:
    """Give up an import that was stopped half-way; the room is as it was before it."""
    with store(context) as tx:
        found = drop_import(tx, room_id)
    if not found:
        fail(f"no import of room {room_id} is under way")
    typer.echo(f"room {room_id}: import given up")


@app.command()
def reverse_import(
    context: typer.Context, room_id: Annotated[str, typer.Argument(help="Room id, for example r01.")]
) -> None:
    """Take the newest import of a room back: all of it or, if its boxes have moved since, nothing."""
    with refusals_told(), store(context) as tx:
        obstacles = take_back_import(tx, None, room_id, now=read_clock(), report=tell_progress)
    if obstacles:
        fail(f"room {room_id}: the import can't be taken back, nothing was changed", *obstacles)
    typer.echo(f"room {room_id}: import taken back")


@app.command()
def admit_epoch(
    context: typer.Context,
    room_id: Annotated[str, typer.Argument(help="Room id, for example r01.")],
    epoch: Annotated[str, typer.Argument(help="Epoch shown on the gateways page, 32 hex digits.")],
) -> None:
    """Let a gateway's changed store in: its disk was replaced or rolled back, and you know why."""
    with refusals_told(), store(context) as tx, tx.write() as session:
        admit_gateway_epoch(session, None, room_id, epoch, read_clock())
    typer.echo(f"room {room_id}: epoch {epoch} admitted")


@app.command()
def rebuild_locations(context: typer.Context) -> None:
    """Derive where every box is anew from the history of movements."""
    with store(context) as tx, tx.write() as session:
        count = rebuild_all_locations(session)
    typer.echo(f"{count} locations derived")


@app.command()
def backup(
    context: typer.Context,
    to: Annotated[Path, typer.Option(help="Folder for copies, best on another disk.")],
    keep: Annotated[int, typer.Option(min=1, help="How many copies to keep.")] = KEEP,
) -> None:
    """Copy database and papers while the centre works, put the copy back elsewhere, only then call its facts safe."""
    try:
        with store(context) as tx:
            made = make_backup(tx, open_contents(context), to, read_clock(), keep)
    except (BackupError, OSError) as error:
        fail(f"no backup: {error}", "the database is unchanged; earlier copies are kept")
    facts = sum(each.through for each in made.held)
    typer.echo(
        f"{made.file}: {made.rows} rows, {facts} facts of {len(made.held)} epochs,"
        f" {made.contents.held} contents ({made.contents.added} new), proven"
    )
    if made.contents.lost:
        typer.echo(f"{name_some(made.contents.lost)} were lost before and are in no copy", err=True)


@app.command()
def restore(context: typer.Context, file: Annotated[Path, typer.Argument(help="A copy made by `backup`.")]) -> None:
    """Put a copy with its papers where the settings say; the database must be empty; gateways send what it lacks."""
    settings: CentralSettings = context.obj
    try:
        restored = restore_backup(file, settings.database.url, open_contents(context), read_clock())
    except (BackupError, OSError) as error:
        fail(f"not restored: {error}", "the copy is unchanged")
    facts = sum(each.through for each in restored.held)
    typer.echo(f"restored {file.name}: {facts} facts of {len(restored.held)} epochs, {restored.contents} contents")


@app.command("mend-contents")
def mend(
    context: typer.Context, source: Annotated[Path, typer.Option("--from", help="Folder of copies made by `backup`.")]
) -> None:
    """Bring papers that are damaged or missing in the store back from the folder of copies."""
    with store(context) as tx:
        count, lacking = mend_contents(tx, open_contents(context), source, read_clock())
    if lacking:
        fail(f"{count} contents mended; {name_some(lacking)} are in no copy")
    typer.echo(f"{count} contents mended")


@audit_app.command("verify")
def verify_audit_log(
    context: typer.Context,
    heads: Annotated[
        Path | None,
        typer.Option(help="File of published heads; that of the settings if left out. Best a copy from elsewhere."),
    ] = None,
) -> None:
    """Check the whole audit log against its chain and the published heads; name the first row that doesn't hold."""
    path = heads or context.obj.audit.head_file
    try:
        published = read_heads(path) if path is not None and (heads is not None or path.exists()) else []
    except (OSError, ValueError) as error:
        fail(f"{path}: can't be read as published heads: {error}")
    with store(context) as tx, tx.read() as session:
        verdict = verify_audit(session, published)
    if verdict.broken is not None:
        broken = verdict.broken
        fail(f"broken at link {broken.seq}: row {broken.row_id or 'unknown'} ({BREAKS[broken.kind]})")
    typer.echo(
        f"{verdict.rows} rows hold, {verdict.waiting} wait for their link, {len(published)} published heads agree"
    )
    typer.echo(f"head {verdict.head.seq} {verdict.head.hash}")


@app.command()
def print_config(context: typer.Context) -> None:
    """Print the settings in force, secrets left out."""
    typer.echo(json.dumps(show_settings(context.obj), ensure_ascii=False, indent=2))


def tell_progress(what: str, progress: Progress) -> None:
    """Show how far an import is, on one line where somebody is looking."""
    if sys.stderr.isatty():
        typer.echo(f"\r{what} {progress.done} of {progress.rows} rows ", err=True, nl=progress.done >= progress.rows)


@contextmanager
def store(context: typer.Context) -> Iterator[Transactions]:
    """Open the database for one command."""
    try:
        tx = open_store(context.obj)
    except SchemaBehindError as error:
        fail(str(error))
    try:
        yield tx
    finally:
        tx.engine.dispose()


def open_contents(context: typer.Context) -> ContentStore:
    """Open the folder of papers for one command; what is in it was asked for its size when it came."""
    settings: CentralSettings = context.obj
    return ContentStore(settings.contents.dir, NO_LIMIT)


@contextmanager
def refusals_told() -> Iterator[None]:
    """End a refused command with what happened, what is safe, what to do."""
    try:
        yield
    except Refusal as refusal:
        wording = word_refusal(refusal.reason)
        sentences = f"{wording.happened} {wording.safe} {wording.next}".format_map(refusal.facts)
        fail(f"{wording.title}. {sentences}", *refusal.details)


def fail(*lines: str) -> NoReturn:
    """End with exit status 1 and these lines on standard error."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    main()
