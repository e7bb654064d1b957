"""The centre's store and link as a process of its own, to be killed by the tests: database URL, host, port, password file."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.uplink import Settings
from central.jobs.link import CentralLink
from central.store.base import open_engine
from central.store.tx import Transactions


def main(url: str, host: str, port: str, password_file: str) -> None:
    """Run until standard input ends."""
    link = CentralLink(Settings(host, int(port), Path(password_file)), Transactions(open_engine(url)))
    link.start()
    sys.stdin.read()
    link.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
