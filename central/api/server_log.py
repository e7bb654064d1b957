"""The HTTP server's own warnings, taken into our log: bytes that are no HTTP reach no route and are counted here."""

from __future__ import annotations

import logging

import structlog

from central.metrics import Metrics

log = structlog.get_logger(__name__)


class ServerLog(logging.Handler):
    """Tells and counts what the server refused by itself."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        """Tell and count one warning."""
        log.warning("http_server", told=record.getMessage()[:200])
        if "Invalid HTTP" in record.getMessage():
            self._metrics.count("openaisle_central_refusals_total", "not_http")
