"""Rules for every test: fixtures of real servers, no sockets in unit tests, and in CI a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
PLUGINS = ("groups", "postgres", "broker", "stage", "chromium")

pytest_plugins = [f"tests.plugins.{name}" for name in PLUGINS if (HERE / "plugins" / f"{name}.py").is_file()]

# Two shared cores make single examples slow at times; the number of examples is what bounds the run.
settings.register_profile("suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def logs_end_with_their_test() -> Iterator[None]:
    """Undo what a command under test set for logs: its output stream is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests reach no network; browser tests share one worker; long tests begin first, so that no worker ends alone."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if folder == "unit":
            item.add_marker(pytest.mark.disable_socket)
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def untaken(config: pytest.Config) -> list[str]:
    """Names of tests which did not run to a verdict: skipped, or expected to fail."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return []
    reports = [*reporter.stats.get("skipped", []), *reporter.stats.get("xfailed", [])]
    return [report.nodeid for report in reports]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI everything is installed, so a skip can only hide something."""
    if os.environ.get("CI") and exitstatus == pytest.ExitCode.OK and untaken(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the reason when the skip rule turns a green run red."""
    names = untaken(terminalreporter.config)
    if os.environ.get("CI") and names:
        terminalreporter.section("skipped tests are failures in CI", red=True, bold=True)
        for name in names:
            terminalreporter.line(name)
