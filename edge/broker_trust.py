"""TLS to a broker: only with who a configured authority vouches for, under the very name we called."""

from __future__ import annotations

import ssl
from pathlib import Path

import paho.mqtt.client as mqtt


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when nobody can be trusted at the other end; paho would leave that to chance."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def trust_authority(client: mqtt.Client, ca_file: Path) -> None:
    """Speak TLS only, and only with who this authority vouches for; OSError for a file that won't do."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.sslsocket_class = _ClosingSocket
    client.tls_set_context(context)
