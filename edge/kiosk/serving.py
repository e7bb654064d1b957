"""Runs the kiosk's site on loopback in a thread of its own; the port is known once it has started."""

from __future__ import annotations

import logging
import socket
import threading

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import Counter

log = structlog.get_logger(__name__)

START_LIMIT_S = 10.0
BACKLOG = 64


class ServerLog(logging.Handler):
    """Takes the server's own warnings into our log; bytes that are no HTTP never reach the guard, so count here."""

    def __init__(self, refusals: Counter | None) -> None:
        super().__init__(logging.WARNING)
        self._refusals = refusals

    def emit(self, record: logging.LogRecord) -> None:
        """Tell and count one warning."""
        log.warning("kiosk_server", told=record.getMessage()[:200])
        if self._refusals is not None and "Invalid HTTP" in record.getMessage():
            self._refusals.labels(reason="not_http").inc()


class SiteServer:
    """One uvicorn, bound before it is started so that a taken port is an error at start."""

    def __init__(self, site: FastAPI, host: str, port: int, refusals: Counter | None = None) -> None:
        self._log = ServerLog(refusals)
        self._socket = socket.create_server((host, port), backlog=BACKLOG)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            site, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=2, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="kiosk", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Serve until close."""
        logging.getLogger("uvicorn.error").addHandler(self._log)
        self._thread.start()

    def close(self) -> None:
        """Say good-bye to open pages and stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=START_LIMIT_S)
        self._socket.close()
        logging.getLogger("uvicorn.error").removeHandler(self._log)
