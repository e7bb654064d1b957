"""A pile of papers behind cover sheets becomes documents; what no cover sheet places waits for a person."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import segno
from PIL import Image
from sqlalchemy import Engine, select

from central.domain.captures import write_cover
from central.jobs.scans import ScanWatch
from central.jobs.uploads import UploadDesk
from central.services.unassigned_scans import SearchScans, list_scans
from central.settings import ContentsSettings
from central.store.contents import ContentStore
from central.store.documents import PageRow, UploadRow
from central.store.tx import Transactions
from tests.integration.business.papers import PaperHouse, found_house
from tests.integration.business.scans import draw_page, save
from tests.integration.central.centre import HandClock


class Scanner:
    """A team's folder and the job that watches it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        tx, self.clock = Transactions(engine), HandClock()
        self.house: PaperHouse = found_house(tx, self.clock())
        self.team = folder / "scans" / "业务一班"
        self.team.mkdir(parents=True)
        settings = ContentsSettings(dir=folder / "contents")
        desk = UploadDesk(tx, ContentStore(settings.dir, 1 << 24), settings, self.clock)
        self.watch = ScanWatch(tx, desk, folder / "scans", self.clock)

    def scan(self, *pages: Image.Image, name: str = "0001.pdf", age_s: float = 60) -> Path:
        return self.put(save(*pages, form="PDF"), name, age_s)

    def put(self, data: bytes, name: str = "0001.pdf", age_s: float = 60) -> Path:
        path = self.team / name
        path.write_bytes(data)
        moment = self.clock().timestamp() - age_s
        os.utime(path, (moment, moment))
        return path

    def left(self) -> list[str]:
        return sorted(str(path.relative_to(self.team)) for path in self.team.rglob("*") if path.is_file())


@pytest.fixture
def scanner(clean_engine: Engine, tmp_path: Path) -> Scanner:
    return Scanner(clean_engine, tmp_path)


def draw_cover(document_id: str) -> Image.Image:
    """A printed cover sheet, a little askew as scanners take it."""
    out = io.BytesIO()
    segno.make_qr(write_cover(document_id), error="q").save(out, kind="png", scale=8)
    page = Image.new("L", (1654, 2339), 255)
    with Image.open(out) as code:
        page.paste(code.convert("L"), (160, 200))
    return page.rotate(2, fillcolor=255)


def test_each_bundle_goes_to_the_document_of_its_cover(scanner: Scanner) -> None:
    first, second = (scanner.house.documents()[code].id for code in ("APPLICATION", "PROXY"))
    pages = (draw_cover(first), draw_page("one"), draw_page("two"), draw_cover(second), draw_page("three"))
    pile = scanner.scan(*pages).read_bytes()
    scanner.scan(draw_page("still being written"), name="0002.pdf", age_s=1)
    assert scanner.watch.run_round() == 1
    assert scanner.left() == ["0002.pdf"]
    documents = scanner.house.documents()
    assert [(documents[code].state, documents[code].pages) for code in ("APPLICATION", "PROXY", "LICENCE")] == [
        ("scanned", 2),
        ("scanned", 1),
        ("due", 0),
    ]
    with scanner.house.tx.read() as session:
        uploads = session.scalars(select(UploadRow)).all()
        assert {(row.way, row.uploaded_by) for row in uploads} == {("scanner", scanner.house.people["li"])}
        sources = session.scalars(select(PageRow.source_page).order_by(PageRow.source_page)).all()
    assert sources == [2, 3, 5]
    # killed between the commit and the removal: the same file again brings nothing twice
    scanner.put(pile)
    assert scanner.watch.run_round() == 1
    assert scanner.left() == ["0002.pdf"]
    assert scanner.house.documents()["APPLICATION"].pages == 2


def test_what_no_cover_places_waits_for_a_person_of_the_team(scanner: Scanner) -> None:
    document_id = scanner.house.documents()["APPLICATION"].id
    pile = scanner.scan(draw_page("no cover"), draw_page("second"), name="a.pdf").read_bytes()
    scanner.scan(draw_cover("0" * 36), draw_page("unknown"), name="b.pdf")
    scanner.put(b"no pdf at all", "c.pdf")
    other = scanner.team.parent / "业务二班"
    other.mkdir()
    foreign = scanner.scan(draw_cover(document_id), draw_page("another team's scanner"), name="d.pdf")
    foreign.rename(other / "d.pdf")
    assert scanner.watch.run_round() == 4
    # killed between the commit and the removal: the same file again waits once
    scanner.put(pile, "a.pdf")
    assert scanner.watch.run_round() == 1
    assert scanner.left() == ["refused/c.pdf"]
    assert not list(other.iterdir())
    house = scanner.house
    assert house.documents()["APPLICATION"].state == "due"
    with house.tx.read() as session:
        seen = {
            login: list_scans(session, house.actor(login), SearchScans()).items
            for login in ("li", "zhao", "sun", "zhou", "qian", "wu")
        }
    names = {login: [(each.name, each.pages) for each in scans] for login, scans in seen.items()}
    assert names["li"] == names["zhao"] == [("a.pdf", 2), ("b.pdf", 2)]
    assert names["sun"] == names["zhou"] == [("d.pdf", 2)]
    assert names["qian"] == names["wu"] == []
