"""The centre's one settings object: TOML file, then environment, read once at start.

Units stand last in every name. Secrets come from files whose paths stand here, or inside the database URL, which is
never shown.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from central.domain.calendars import Hours
from central.domain.messages import Channel
from central.domain.sessions import SessionTimes

ENV_PREFIX = "OPENAISLE_CENTRAL_"
HIDDEN = "***"

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")]


class SettingsError(Exception):
    """The settings can't be used; each line of `problems` names one key and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values never change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    """Where pages and API are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    https: bool = False  # a proxy in front ends TLS; cookies then carry Secure and the __Host- prefix
    origins: tuple[Origin, ...] = ()  # addresses at which people open the pages; empty: the Host of each request
    body_limit_kib: int = Field(default=1024, ge=16, le=65536)


class DatabaseSettings(Section):
    """The database: SQLite by default, PostgreSQL in production."""

    url: str = "sqlite:///central.db"
    connections: int = Field(default=48, ge=12, le=500)


class MqttSettings(Section):
    """The broker to which gateways connect."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = "central"
    password_file: Path | None = None
    ca_file: Path | None = None
    keepalive_s: int = Field(default=30, ge=5, le=600)


class SessionSettings(Section):
    """How long a log-in lasts."""

    idle_minutes: int = Field(default=30, ge=1, le=1440)
    absolute_hours: int = Field(default=12, ge=1, le=168)

    def to_times(self) -> SessionTimes:
        """Return the rule as the domain knows it."""
        return SessionTimes(timedelta(minutes=self.idle_minutes), timedelta(hours=self.absolute_hours))


class PasswordSettings(Section):
    """Cost of one password hash (argon2id)."""

    time_cost: int = Field(default=3, ge=1, le=20)
    memory_kib: int = Field(default=65536, ge=1024, le=1048576)


class AuditSettings(Section):
    """The audit log."""

    head_file: Path | None = None  # once a day the end of the chain is appended here; best on another machine's disk


class MarketingKeySettings(Section):
    """One key that both ends know; a new one is added before the old one goes."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    file: Path


class MarketingSettings(Section):
    """The marketing system: keys of its signed news, and where callbacks go."""

    keys: tuple[MarketingKeySettings, ...] = ()  # none: nothing is taken and no gate is told
    callback_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s]{1,300})?$")] = ""  # empty: none are sent
    callback_key: str = ""  # id of the key that signs callbacks; empty: the last of the keys
    callback_timeout_s: float = Field(default=10, gt=0, le=60)


class ContentsSettings(Section):
    """Where the bytes of papers lie, and what one upload may hold."""

    dir: Path = Path("contents")
    upload_limit_mib: int = Field(default=200, ge=1, le=2048)  # one request, all its files together
    pages_limit: int = Field(default=300, ge=1, le=2000)  # of one file
    picture_limit_mpx: int = Field(default=120, ge=4, le=1000)  # pixels of one page, in millions, before it is decoded
    check_days: int = Field(default=30, ge=1, le=3650)  # every content is read again and compared within this time
    unowned_days: int = Field(default=30, ge=1, le=3650)  # bytes of a broken upload are kept so long, then deleted
    scan_dir: Path | None = None  # one folder per team, named like it; what scanners put there is taken in
    watermark_font: Path = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")  # without it, log-in names


class MessageSettings(Section):
    """Urging: how often it looks, when messages may go out, and by which ways."""

    sweep_s: float = Field(default=30, ge=0.1, le=3600)  # rows whose time has come are looked at this often
    opens: time = time(8, 30)  # nothing goes out before this hour, in the calendar's zone
    closes: time = time(18, 0)  # and nothing from this hour on
    working_days_only: bool = True  # nor on days off by the working calendar
    base_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s]{1,200})?$")] = ""  # for links in messages
    timeout_s: float = Field(default=10, gt=0, le=60)  # for one letter to be taken
    mail_host: str = ""  # empty: no mail is sent
    mail_port: int = Field(default=25, ge=1, le=65535)  # of the mail server
    mail_security: Literal["none", "starttls", "tls"] = "none"  # how the way to it is kept secret
    mail_from: str = "openaisle@localhost"  # sender of every mail
    mail_username: str = ""  # empty: no log-in
    mail_password_file: Path | None = None  # holds the password of that log-in
    webhook_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s]{1,300})?$")] = ""  # empty: none
    webhook_key_file: Path | None = None  # signs what goes there
    wecom_file: Path | None = None  # holds the Apprise URL of the robot, a secret; {address} is a person's own
    dingtalk_file: Path | None = None  # likewise
    feishu_file: Path | None = None  # likewise

    def to_hours(self) -> Hours:
        """Return the messenger's hours as the domain knows them."""
        return Hours(self.opens, self.closes, self.working_days_only)

    def list_open_channels(self) -> tuple[Channel, ...]:
        """Return the ways out that this centre is set up for."""
        ways = {
            Channel.MAIL: bool(self.mail_host),
            Channel.WEBHOOK: bool(self.webhook_url and self.webhook_key_file),
            Channel.WECOM: self.wecom_file is not None,
            Channel.DINGTALK: self.dingtalk_file is not None,
            Channel.FEISHU: self.feishu_file is not None,
        }
        return tuple(channel for channel, is_open in ways.items() if is_open)


class LogSettings(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "json", "text"] = "auto"


class CentralSettings(BaseSettings):
    """Everything the centre is told at start."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    mqtt: MqttSettings = MqttSettings()
    session: SessionSettings = SessionSettings()
    password: PasswordSettings = PasswordSettings()
    audit: AuditSettings = AuditSettings()
    marketing: MarketingSettings = MarketingSettings()
    contents: ContentsSettings = ContentsSettings()
    messages: MessageSettings = MessageSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; the file arrives as the constructor's arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def read_settings(path: Path | None, environ: Mapping[str, str] | None = None) -> CentralSettings:
    """Read the TOML file (None: defaults) and the environment; raise SettingsError that names every bad key."""
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError([f"{path}: can't be read: {error.strerror}"]) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError([f"{path}: isn't valid TOML: {error}"]) from error
    unknown = _find_unknown_variables(os.environ if environ is None else environ)
    if unknown:
        raise SettingsError([f"environment: unknown key {name}" for name in unknown])
    source = str(path) if path is not None else "settings"
    try:
        settings = CentralSettings(**document)
    except ValidationError as error:
        raise SettingsError([_describe_problem(source, problem) for problem in error.errors()]) from error
    return _anchor_paths(settings, source, path.resolve().parent if path is not None else Path.cwd())


def show_settings(settings: CentralSettings) -> dict[str, Any]:
    """Return the settings for people to read, without the password in the database URL."""
    document = settings.model_dump(mode="json")
    document["database"]["url"] = make_url(settings.database.url).render_as_string(hide_password=True)
    return document


def _find_unknown_variables(environ: Mapping[str, str]) -> list[str]:
    known = {name.upper() for name in CentralSettings.model_fields}
    return sorted(
        name
        for name in environ
        if name.startswith(ENV_PREFIX) and name.removeprefix(ENV_PREFIX).split("__")[0].upper() not in known
    )


def _describe_problem(source: str, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{source}: unknown key {key!r}"
    return f"{source}: {key}: {problem['msg'].removeprefix('Value error, ')}"


def _anchor_paths(settings: CentralSettings, source: str, folder: Path) -> CentralSettings:
    """Make relative paths absolute from the settings file's folder."""
    try:
        url = make_url(settings.database.url)
    except ArgumentError as error:
        raise SettingsError([f"{source}: database.url: not a database URL"]) from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError([f"{source}: database.url: sqlite or postgresql, not {url.get_backend_name()}"])
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            raise SettingsError([f"{source}: database.url: SQLite needs a file here"])
        url = url.set(database=str(folder / str(url.database)))
    mqtt = settings.mqtt.model_copy(
        update={
            name: None if path is None else folder / path
            for name, path in (("password_file", settings.mqtt.password_file), ("ca_file", settings.mqtt.ca_file))
        }
    )
    head_file = settings.audit.head_file
    audit = settings.audit.model_copy(update={"head_file": None if head_file is None else folder / head_file})
    keys = tuple(key.model_copy(update={"file": folder / key.file}) for key in settings.marketing.keys)
    marketing = settings.marketing.model_copy(update={"keys": keys})
    database = settings.database.model_copy(update={"url": url.render_as_string(hide_password=False)})
    scan_dir = settings.contents.scan_dir
    contents = settings.contents.model_copy(
        update={"dir": folder / settings.contents.dir, "scan_dir": None if scan_dir is None else folder / scan_dir}
    )
    files = {
        name: None if path is None else folder / path
        for name, path in settings.messages.model_dump().items()
        if name.endswith("_file")
    }
    messages = settings.messages.model_copy(update=files)
    changes = {"database": database, "mqtt": mqtt, "audit": audit, "marketing": marketing, "contents": contents}
    changes["messages"] = messages
    return settings.model_copy(update=changes)
