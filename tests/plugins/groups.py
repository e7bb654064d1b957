"""Which tests share a worker: by path, since pytest-xdist 3.8 can't hang its group marks on items of pytest 9.2."""

from __future__ import annotations

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

#: Path that a test's id begins with, and the group that runs on one worker in one go.
GROUPS = {
    "tests/browser/": "browser",
    "tests/integration/edge_rim/test_kiosk_browser.py": "browser",
    "tests/e2e/troubles/": "troubles",
    "tests/e2e/operations/": "operations",
}


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Spreads tests one by one, groups as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for path, group in GROUPS.items() if nodeid.startswith(path)), nodeid)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Group under `--dist loadgroup`, as `./dev test` runs."""
    return GroupScheduling(config, log) if config.getvalue("dist") == "loadgroup" else None
