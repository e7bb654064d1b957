"""A centre with papers, their contents in a folder, and people who act on them over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from central.app import Parts
from central.metrics import Metrics
from central.settings import ContentsSettings
from central.store.people import PersonRow
from central.store.tx import Transactions
from tests.integration.business.papers import PaperHouse, found_house
from tests.integration.central.centre import HASHER, HOST, PASSWORD, HandClock, make_settings, open_doors


class Desk:
    """A centre with its contents in a folder, and clients by log-in name."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.folder = folder / "contents"
        tx, self.clock = Transactions(engine), HandClock()
        self.house: PaperHouse = found_house(tx, self.clock())
        settings = make_settings().model_copy(
            update={"contents": ContentsSettings(dir=self.folder, upload_limit_mib=2, pages_limit=5)}
        )
        self._stack = ExitStack()
        self.app = self._stack.enter_context(open_doors(Parts(settings, tx, None, Metrics(), HASHER, self.clock)))
        self.tx = tx
        self.clients: dict[str, TestClient] = {}
        with tx.write() as session:
            for person in session.scalars(select(PersonRow)):
                person.password_hash = HASHER.hash_secret(PASSWORD)

    def client(self, login: str) -> TestClient:
        if login not in self.clients:
            client = TestClient(self.app, base_url=HOST, raise_server_exceptions=False, follow_redirects=False)
            answer = client.post("/api/v1/sessions", json={"login": login, "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            client.headers["Accept"] = "text/html"
            self.clients[login] = client
        return self.clients[login]

    def upload(self, login: str, document_id: str, *files: tuple[str, bytes], **fields: str) -> Any:
        offered = [("files", (name, data)) for name, data in files]
        return self.client(login).post(f"/documents/{document_id}/pages", files=offered, data=fields)

    def count(self, row: Any) -> int:
        with self.tx.read() as session:
            return session.scalar(select(func.count()).select_from(row)) or 0

    def stored(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        self._stack.close()


@contextmanager
def open_desk(engine: Engine, folder: Path) -> Iterator[Desk]:
    """A desk on this database, which stays open afterwards."""
    desk = Desk(engine, folder)
    try:
        yield desk
    finally:
        desk.close()
