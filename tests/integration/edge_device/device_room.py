"""A whole gateway as a process in a simulated room, with its device page over TLS."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

import httpx

from edge.device.accounts import write_account
from tests.integration.edge_device.certificates import make_certificate
from tests.integration.edge_rim.gateway_room import GatewayRoom, free_port

NAME, PASSWORD = "li.wei", "correct horse battery"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class DeviceRoom(GatewayRoom):
    """The room of the gateway tests, and a technician's browser beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.certificate, self.key = make_certificate(folder)
        write_account(folder / "technicians", NAME, PASSWORD)
        port = free_port()
        self.page = f"https://localhost:{port}"
        section = (
            f'\n[device_page]\nhost = "127.0.0.1"\nport = {port}\nnames = ["localhost"]\n'
            'certificate_file = "device.pem"\nkey_file = "device.key"\ntechnicians_file = "technicians"\n'
        )
        self.config.write_text(self.config.read_text(encoding="utf-8") + section, encoding="utf-8")

    def browse(self) -> Technician:
        return Technician(self.page, self.certificate)


class Technician:
    """A browser that trusts the gateway's certificate and nothing else."""

    def __init__(self, page: str, certificate: Path) -> None:
        self.page = page
        self.client = httpx.Client(base_url=page, verify=ssl.create_default_context(cafile=certificate), timeout=30)
        self.csrf = ""

    def log_in(self, password: str = PASSWORD, name: str = NAME) -> httpx.Response:
        answer = self.client.post("/login", data={"name": name, "password": password}, headers=self.origin)
        if answer.status_code == 303:
            found = CSRF.search(self.client.get("/").text)
            assert found is not None
            self.csrf = found[1]
        return answer

    @property
    def origin(self) -> dict[str, str]:
        return {"Origin": self.page}

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.client.get(path, params=params or None)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.client.post(path, data={"csrf": self.csrf, **fields}, headers=self.origin)

    def close(self) -> None:
        self.client.close()
