"""Runs the device page over TLS in a thread of its own. Certificate and key are read before the port is bound."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger(__name__)

CLOSE_LIMIT_S = 10.0
BACKLOG = 64
CONNECTIONS_MOST = 64  # more is no room full of technicians


class CertificateError(OSError):
    """Certificate or key can't be used."""


class DeviceServer:
    """One uvicorn; a bad certificate or a taken port is an error at start."""

    def __init__(self, site: FastAPI, host: str, port: int, *, certificate_file: Path, key_file: Path) -> None:
        context = open_context(certificate_file, key_file)
        self._socket = socket.create_server((host, port), backlog=BACKLOG, family=find_family(host))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            site,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=10,
            limit_concurrency=CONNECTIONS_MOST,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            ssl_certfile=str(certificate_file),
            ssl_keyfile=str(key_file),
            ssl_context_factory=lambda _config, _default: context,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="device-page", daemon=True
        )

    def start(self) -> None:
        """Serve until close."""
        self._thread.start()

    def close(self) -> None:
        """Say good-bye to open pages and stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=CLOSE_LIMIT_S)
        self._socket.close()


def open_context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    """Open certificate and key for TLS 1.2 and later; CertificateError names the file that won't do."""
    for path in (certificate_file, key_file):
        if not path.is_file():
            raise CertificateError(f"device page: {path} is no file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate_file, key_file, password=lambda: b"")
    except OSError as error:  # SSLError is one
        raise CertificateError(f"device page: {certificate_file} and {key_file} can't be used: {error}") from error
    return context


def find_family(host: str) -> socket.AddressFamily:
    """Tell the family of an address to listen on."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
