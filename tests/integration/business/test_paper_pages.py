"""Papers over HTTP: uploads up to their limit, pictures with a watermark and a note of who looked, pages by role."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine, select

from central.domain.audit import AuditAct
from central.store.audit import AuditRow
from central.store.documents import ContentRow, DocumentRow, PageRow, UploadRow
from tests.integration.business.desk import Desk, open_desk
from tests.integration.business.scans import draw_page, make_pixel_bomb, save

MIB = 1 << 20


@pytest.fixture
def desk(clean_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(clean_engine, tmp_path) as desk:
        yield desk


def test_several_files_become_pages_whose_views_are_written_down(desk: Desk) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    two = save(draw_page("first"), draw_page("second"), form="PDF")
    answer = desk.upload("li", document_id, ("a.pdf", two), ("b.png", save(draw_page("third"))), counted="3")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/documents/{document_id}?done=captured"), (
        answer.text
    )
    with desk.tx.read() as session:
        pages = session.scalars(select(PageRow).order_by(PageRow.number)).all()
    assert [(page.number, page.source_page, page.findings) for page in pages] == [(1, 1, []), (2, 2, []), (3, 1, [])]
    shown = desk.client("li").get(f"/documents/{document_id}").text
    address = re.findall(r'src="(/documents/[^"]+/picture)"', shown)[2]
    picture = desk.client("zhao").get(address)
    assert (picture.status_code, picture.headers["content-type"], picture.headers["cache-control"]) == (
        200,
        "image/jpeg",
        "no-store",
    )
    with Image.open(io.BytesIO(picture.content)) as drawn:
        plain = desk.app.state.contents.find_path(pages[2].image_sha256).read_bytes()
        assert drawn.size == (1654, 2339)
        assert drawn.convert("L").tobytes() != Image.open(io.BytesIO(plain)).convert("L").tobytes()
    assert desk.client("zhou").get(address).status_code == 404
    with desk.tx.read() as session:
        viewed = session.scalars(select(AuditRow).where(AuditRow.act == AuditAct.PAGE_VIEWED)).all()
    assert [(row.person_id, row.subject_id, row.after["page_no"]) for row in viewed] == [
        (desk.house.people["zhao"], document_id, 3)
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 a table", "不是 PDF、JPEG、PNG 或 TIFF"),
        (make_pixel_bomb(), "页面尺寸超出扫描件范围"),
        (b"%PDF-1.7 no more", "已损坏"),
    ],
    ids=["wrong type", "pixel bomb", "damaged"],
)
def test_one_bad_file_keeps_all_out_and_says_why(desk: Desk, data: bytes, words: str) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    answer = desk.upload("li", document_id, ("good.png", save(draw_page())), ("bad.pdf", data))
    assert answer.status_code == 422
    assert words in answer.text
    assert desk.stored() == []
    assert (desk.count(PageRow), desk.count(UploadRow), desk.count(ContentRow)) == (0, 0, 0)


def test_more_than_the_limit_is_refused_said_or_unsaid(desk: Desk) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    assert desk.upload("li", document_id, ("big.pdf", b"%PDF-" + bytes(3 * MIB))).status_code == 413
    kind = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"}
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-'
    answer = desk.client("li").post(
        f"/documents/{document_id}/pages", content=iter([head, *[bytes(MIB)] * 3]), headers=kind
    )
    assert answer.status_code == 413
    assert desk.stored() == []


def test_a_stranger_s_bytes_are_not_even_read(desk: Desk) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    for login, status in (("sun", 404), ("zhao", 403)):
        assert desk.upload(login, document_id, ("a.png", save(draw_page()))).status_code == status
    assert not desk.folder.exists()


def test_forms_say_what_is_missing(desk: Desk) -> None:
    document_id = desk.house.documents()["APPLICATION"].id
    answer = desk.client("li").post(f"/documents/{document_id}/pages", data={"counted": "many"})
    assert answer.status_code == 422
    assert "请至少选择一个文件" in answer.text
    assert "请用数字填写页数" in answer.text


def test_pages_from_task_to_acceptance(desk: Desk) -> None:
    li, zhao, qian = (desk.client(login) for login in ("li", "zhao", "qian"))
    assert "锦江饭店" in li.get("/tasks").text
    task_id = desk.house.task().id
    data = save(draw_page())
    for row in desk.house.documents().values():
        assert desk.upload("li", row.id, (f"{row.code}.png", data)).status_code == 303
        with (
            desk.tx.write() as session
        ):  # one drawing serves for all papers here: that it is flagged is tested elsewhere
            for page in session.scalars(select(PageRow)):
                page.findings = []
        assert li.post(f"/documents/{row.id}/self-check").status_code == 303
    assert "发送已自查的" in li.get(f"/tasks/{task_id}").text
    assert li.post(f"/tasks/{task_id}/send").headers["location"] == f"/tasks/{task_id}?done=sent"
    first, *others = [row.id for row in desk.house.documents().values()]
    assert zhao.get("/reviews").text.count('class="opens"') == len(others) + 1
    assert zhao.post(f"/documents/{first}/return-from-review", data={"reason": ""}).status_code == 422
    assert zhao.post(f"/documents/{first}/return-from-review", data={"reason": "not_signed"}).status_code == 303
    returned = li.get(f"/documents/{first}").text
    assert "退回" in returned
    assert "未签字" in returned
    for document_id in others:
        assert zhao.post(f"/documents/{document_id}/pass").status_code == 303
        assert qian.post(f"/documents/{document_id}/accept").status_code == 303
    with desk.tx.read() as session:
        states = session.scalars(select(DocumentRow.state).where(DocumentRow.step == "ACCEPT")).all()
    assert sorted(states) == ["accepted"] * len(others) + ["returned"]
    assert "没有等待办理的文件" in zhao.get("/reviews").text
