"""The three robots of the trade behind TLS on this machine: whoever goes out by this proxy meets them under their names."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOSTS = ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn")


@dataclass(frozen=True)
class Told:
    """What one robot was told."""

    host: str
    path: str
    body: dict[str, Any]


class RobotStand:
    """A proxy that leads to one TLS server, which answers as the robots do."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = folder / "robots.pem", folder / "robots.key"
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=robots", "-addext", f"subjectAltName={names}",
             "-keyout", str(key), "-out", str(self.certificate)],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.came: list[Told] = []
        #: What the robots answer, always under HTTP 200.
        self.code = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(context, self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _make_handler(context: ssl.SSLContext, stand: RobotStand) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        host = ""

        def do_CONNECT(self) -> None:
            """Let the caller through, and speak TLS to it from here on."""
            self.host = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            with context.wrap_socket(self.connection, server_side=True) as inside:
                self.rfile, self.wfile = inside.makefile("rb"), inside.makefile("wb", 0)  # type: ignore[assignment]
                self.handle_one_request()
            self.close_connection = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand.came.append(Told(self.host, self.path, body))
            said = (
                {"code": stand.code, "msg": "no"} if self.host == HOSTS[2] else {"errcode": stand.code, "errmsg": "no"}
            )
            answer = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler
