"""Settings of the centre: strict, frozen, every bad key named, no password shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from central.settings import SettingsError, read_settings, show_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "central.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_are_safe() -> None:
    settings = read_settings(None, {})
    assert settings.http.host == "127.0.0.1"
    assert settings.database.url.startswith("sqlite:////")


def test_paths_are_meant_from_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[database]\nurl = "sqlite:///data/c.db"\n[mqtt]\npassword_file = "secret"\n')
    settings = read_settings(path, {})
    assert settings.database.url == f"sqlite:///{tmp_path}/data/c.db"
    assert settings.mqtt.password_file == tmp_path / "secret"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAISLE_CENTRAL_HTTP__PORT", "9001")
    settings = read_settings(write(tmp_path, "[http]\nport = 9000\nhttps = true\n"), {})
    assert (settings.http.port, settings.http.https) == (9001, True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[http]\nprot = 1\n", "unknown key 'http.prot'"),
        ("[kiosk]\nport = 1\n", "unknown key 'kiosk'"),
        ("[http]\nport = 70000\n", "http.port"),
        ('[http]\norigins = ["ftp://x"]\n', "http.origins.0"),
        ('[database]\nurl = "sqlite://"\n', "database.url"),
        ('[database]\nurl = "mysql://x/y"\n', "database.url"),
        ('[database]\nurl = "?"\n', "database.url"),
        ("[session]\nidle_minutes = 0\n", "session.idle_minutes"),
        ("[http\n", "isn't valid TOML"),
    ],
)
def test_a_bad_key_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(write(tmp_path, text), {})
    assert named in str(caught.value)


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="OPENAISLE_CENTRAL_HTPP__PORT"):
        read_settings(None, {"OPENAISLE_CENTRAL_HTPP__PORT": "1"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        read_settings(tmp_path / "none.toml", {})


def test_no_password_is_shown(tmp_path: Path) -> None:
    path = write(tmp_path, '[database]\nurl = "postgresql://central:hunter2@db/central"\n')
    settings = read_settings(path, {})
    assert "hunter2" in settings.database.url
    assert "hunter2" not in str(show_settings(settings))


def test_settings_do_not_change_after_the_start(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, ""), {})
    with pytest.raises(ValidationError):
        settings.http.port = 1  # type: ignore[misc]
