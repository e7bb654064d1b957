"""Rows of files of customers: headings in both languages, and a named reason for each row that can't be taken."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from central.domain.customer_files import BadTableError, RowFault, RowReader, TableFault, read_fault, read_headings
from central.domain.spreadsheets import write_csv_line
from central.store.table_files import SheetLimits, open_rows

HEADS = ["户号", "户名", "用电地址", "表号", "身份证号", "班组", "经办人", "备注"]


def read(*rows: list[str]) -> list[tuple[int, str | None]]:
    reader = RowReader(read_headings(HEADS), {"业务一班": "u1"}, {"chen": "p1"})
    lines = [reader.read_row(number, cells) for number, cells in enumerate(rows, start=2)]
    return [(line.number, line.fault.to_text() if line.fault else None) for line in lines if line is not None]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (["1001", "锦江饭店"], None),
        (["1001", "锦江饭店", "-", "—", "无", "业务一班", "chen"], None),
        (["", "锦江饭店"], "missing|customer_no|"),
        (["1001", " "], "missing|name|"),
        (["1001", "锦" * 121], "too_long|name|120"),
        (["10 01", "锦江饭店"], "bad_number|customer_no|"),
        (["1001", "=HYPERLINK(1)"], "formula|name|"),
        (["@SUM(1)", "锦江饭店"], "formula|customer_no|"),
        (["1001", "锦江\x07饭店"], "control|name|"),
        (["1001", "锦江饭店", "", "", "", "业务九班"], "unknown_team|team|业务九班"),
        (["1001", "锦江饭店", "", "", "", "", "nobody"], "unknown_handler|handler|nobody"),
        (["1001", "锦江饭店", "", "", "", "", "", "", "多"], "cells|row|"),
    ],
)
def test_each_fault_is_named(cells: list[str], fault: str | None) -> None:
    assert read(cells) == [(2, fault)]


def test_a_number_stands_once_and_empty_rows_keep_their_place() -> None:
    assert read(["1001", "甲"], ["", ""], ["1001", "乙"]) == [(2, None), (4, "twice|customer_no|2")]
    assert read_fault("twice|customer_no|2") == RowFault("twice", "customer_no", "2")


def test_what_a_row_tells_is_looked_up_and_kept() -> None:
    reader = RowReader(read_headings(HEADS), {"业务一班": "u1"}, {"chen": "p1"})
    line = reader.read_row(
        2, ["1001", " 锦江饭店 ", "锦江路1号", "M-1", "510104199003071234", "业务一班", "chen", "忽略"]
    )
    assert line is not None
    assert line.fields == {
        "customer_no": "1001",
        "name": "锦江饭店",
        "address": "锦江路1号",
        "meter_no": "M-1",
        "id_number": "510104199003071234",
        "unit_id": "u1",
        "handler_id": "p1",
    }
    assert read_headings(HEADS).ignored == ("备注",)


@pytest.mark.parametrize("cells", [["户号"], ["户号", "客户编号", "户名"], [], ["a", "b"]])
def test_headings_that_are_none_are_refused(cells: list[str]) -> None:
    with pytest.raises(BadTableError):
        read_headings(cells)


def rows_of(body: bytes, limits: SheetLimits | None = None) -> list[list[str]]:
    with open_rows(io.BytesIO(body), limits) as rows:
        return list(rows)


def fault_of(body: bytes, limits: SheetLimits | None = None) -> TableFault:
    with pytest.raises(BadTableError) as refused:
        rows_of(body, limits)
    return refused.value.fault


def sheet(rows: list[list[object]]) -> bytes:
    body = io.BytesIO()
    with xlsxwriter.Workbook(body, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return body.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_by_its_bytes(encoding: str, delimiter: str) -> None:
    text = f'户号{delimiter}户名\r\n1001{delimiter}"锦江{delimiter}饭店"\r\n'
    assert rows_of(text.encode(encoding)) == [["户号", "户名"], ["1001", f"锦江{delimiter}饭店"]]


def test_a_spreadsheet_is_read_as_people_see_it() -> None:
    body = sheet([["户号", "户名"], [510100001, "锦江饭店"], [], ["0012", "=1+1"]])
    assert rows_of(body) == [["户号", "户名"], ["510100001", "锦江饭店"], ["", ""], ["0012", "=1+1"]]


def test_what_is_no_table_is_refused() -> None:
    assert fault_of(b"") is TableFault.EMPTY
    assert fault_of(b"%PDF-1.7\n\x00\x01") is TableFault.TYPE
    assert fault_of(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600) is TableFault.TYPE
    assert fault_of("户号,户名\n1001,锦".encode() + b"\xff\xff\xff\n") is TableFault.ENCODING
    assert fault_of(b"PK\x03\x04 and then nothing of the kind") is TableFault.BROKEN
    assert fault_of(sheet([["a"]])[:-200]) is TableFault.BROKEN
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("readme.txt", "no workbook")
    assert fault_of(archive.getvalue()) is TableFault.TYPE


def test_tables_larger_than_any_are_refused() -> None:
    assert fault_of(b"a,b\n" + b"x" * 2_001 + b",y\n") is TableFault.CELL
    assert fault_of(b'a,b\n1,"' + b"x" * 200_000) is TableFault.CELL
    assert fault_of(b",".join([b"a"] * 61) + b"\n") is TableFault.COLUMNS
    assert fault_of(b"a\n" * 200_002) is TableFault.ROWS
    assert fault_of(sheet([["户号", "户名"], ["1", "x" * 2_001]])) is TableFault.CELL
    assert fault_of(sheet([["a"] * 61])) is TableFault.COLUMNS


def bomb(path: Path, *, declared: bool) -> bytes:
    """A sheet whose one text of 200 KB stands in 100,000 cells, or that says it unpacks to 600 MB."""
    source = zipfile.ZipFile(io.BytesIO(sheet([["户号", "户名"], ["1001", "x"]])))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            body = source.read(info)
            if info.filename == "xl/sharedStrings.xml" and not declared:
                body = body.replace(b"<t>x</t>", b"<t>" + b"x" * 200_000 + b"</t>")
            if info.filename == "xl/worksheets/sheet1.xml" and not declared:
                cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>3</v></c></row>' % (n, n) for n in range(3, 100_000))
                body = body.replace(b"</sheetData>", cells + b"</sheetData>")
            target.writestr(info.filename, body)
        if declared:
            with target.open("xl/media/image1.png", "w", force_zip64=True) as part:
                for _ in range(600):
                    part.write(b"\0" * (1 << 20))
    return path.read_bytes()


def test_bombs_end_the_reader_and_nothing_else(tmp_path: Path) -> None:
    assert fault_of(bomb(tmp_path / "a.xlsx", declared=False), SheetLimits(memory_mib=600)) in {
        TableFault.TOO_MUCH,
        TableFault.CELL,
    }
    assert fault_of(bomb(tmp_path / "b.xlsx", declared=True)) is TableFault.TOO_MUCH


def test_no_cell_can_run_as_a_formula() -> None:
    assert write_csv_line(["=1+1", "+1", "-1", "@a", "\ta", "锦江", ""]) == "'=1+1,'+1,'-1,'@a,'\ta,锦江,\r\n"
