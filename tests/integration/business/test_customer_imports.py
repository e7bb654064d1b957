"""Files of customers on both databases: checked, applied in steps, taken back to the letter; hostile ones leave nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from central.domain.marketing import MarketingEvent, read_event
from central.domain.people import Grant, Role
from central.jobs import customer_imports
from central.jobs.customer_imports import LEAST_ROWS, CustomerImports, Pace
from central.services.customer_import_files import TRIES_MOST, Reader, claim_staging
from central.services.marketing import take_news
from central.store.customers import CustomerRow, DossierRow, ImportLineRow, ImportPieceRow, ImportRow
from tests.integration.business.news import read, tell
from tests.integration.central.centre import Centre, load_room, open_centre
from tests.integration.central.room_files import room_file

HEAD = "户号,户名,用电地址,表号,身份证号,班组,备注\n"
ID_NUMBER = "510104199003071234"


@pytest.fixture
def centre(clean_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    """A centre whose imports go seven rows at a time."""
    monkeypatch.setattr(customer_imports, "GATED_ROWS", 7)
    monkeypatch.setattr(customer_imports, "FREE_ROWS", 7)
    # on a busy machine, too
    monkeypatch.setattr(customer_imports, "AIM_S", 60.0)
    with open_centre(clean_engine) as centre:
        load_room(centre.tx, room_file())
        centre.found_unit(Role.HANDLER)
        yield centre


def worker(centre: Centre) -> CustomerImports:
    found: CustomerImports = centre.app.state.customer_imports
    return found


def make_rows(count: int) -> str:
    return HEAD + "".join(f"5101{n:05},客户{n},人民路{n}号,M-{n},{ID_NUMBER},业务一班,x\n" for n in range(count))


def send(client: TestClient, body: bytes | str, name: str = "客户.csv") -> Any:
    content = body.encode() if isinstance(body, str) else body
    return client.post("/api/v1/imports", files={"file": (name, io.BytesIO(content))})


def upload(client: TestClient, body: bytes | str) -> str:
    """A file that waits to be read; its import's id."""
    answer = send(client, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def upload_and_read(centre: Centre, client: TestClient, body: bytes | str) -> str:
    """A file that was read and checked; its import's id."""
    import_id = upload(client, body)
    worker(centre).run_all()
    return import_id


def act(client: TestClient, import_id: str, what: str) -> Any:
    return client.post(f"/api/v1/imports/{import_id}/{what}")


def show(client: TestClient, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/imports/{import_id}").json()
    return found


def show_customers(centre: Centre) -> list[str]:
    """Customers and dossiers, to the letter."""
    shown = []
    with centre.tx.read() as session:
        for kind in (CustomerRow, DossierRow):
            names = [column.key for column in kind.__table__.columns]
            shown += [repr(tuple(row)) for row in session.execute(select(*(getattr(kind, name) for name in names)))]
    return sorted(shown)


def know(centre: Centre) -> None:
    """Two customers of the file are known: one told of by name and address, one by its number alone."""
    with centre.tx.write() as session:
        told = [
            tell(1, "customer_created", -10, customer_no="510100002", name="旧名", address="旧址"),
            tell(2, "customers_merged", -9, from_no="510100003", into_no="510100004"),
        ]
        take_news(session, [read(event) for event in told], "2026-11", centre.clock())


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_is_checked_applied_and_taken_back(centre: Centre, encoding: str) -> None:
    know(centre)
    before = show_customers(centre)
    client = centre.client(Role.DEPARTMENT)
    faulty = "51019999 9,坏号,,,,,\n510100001,重复,,,,,\n"
    import_id = upload_and_read(centre, client, (make_rows(20) + faulty).encode(encoding))
    seen = show(client, import_id)
    assert {key: seen[key] for key in ("state", "rows", "rows_faulty", "rows_known", "ignored")} == {
        "state": "checked",
        "rows": 22,
        "rows_faulty": 3,
        "rows_known": 2,
        "ignored": ["备注"],
    }
    faults = client.get(f"/api/v1/imports/{import_id}/faults").json()
    assert [(each["number"], each["code"], each["fact"]) for each in faults] == [
        (5, "merged", ""),
        (22, "bad_number", ""),
        (23, "twice", "3"),
    ]
    assert show_customers(centre) == before
    assert act(client, import_id, "application").status_code == 202
    assert worker(centre).run_step()
    assert show(client, import_id)["rows_done"] == 5
    worker(centre).run_all()
    seen = show(client, import_id)
    assert (seen["state"], seen["rows_done"]) == ("applied", 19)
    found = client.get("/api/v1/dossiers", params={"text": "人民路", "limit": 200}).json()["items"]
    assert len(found) == 19
    assert {each["unit_name"] for each in found} == {"业务一班"}
    assert client.get("/api/v1/dossiers/by-number/510100002").json()["name"] == "客户2"
    assert act(client, import_id, "reversal").status_code == 202
    worker(centre).run_all()
    seen = show(client, import_id)
    assert (seen["state"], seen["rows_done"], seen["rows_kept"]) == ("reversed", 0, 0)
    assert show_customers(centre) == before
    acts = [row["act"] for row in client.get("/api/v1/audit").json()["items"]]
    assert {"import_applied", "import_reversed"} <= set(acts)


def test_stopped_halfway_it_is_taken_back_and_dropped_it_is_gone(centre: Centre) -> None:
    know(centre)
    before = show_customers(centre)
    client = centre.client(Role.DEPARTMENT)
    import_id = upload_and_read(centre, client, make_rows(20))
    act(client, import_id, "application")
    worker(centre).run_step()
    worker(centre).run_step()
    assert show_customers(centre) != before
    assert act(client, import_id, "cancellation").status_code == 202
    worker(centre).run_all()
    assert show(client, import_id)["state"] == "reversed"
    assert show_customers(centre) == before
    other = upload_and_read(centre, client, make_rows(20))
    assert act(client, other, "cancellation").status_code == 202
    assert act(client, other, "application").json()["reason"] == "import_state"
    worker(centre).run_all()
    assert show(client, other)["state"] == "canceled"
    with centre.tx.read() as session:
        assert session.scalars(select(ImportLineRow.number).where(ImportLineRow.import_id == other)).all() == []


def test_another_process_goes_on_where_one_died(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    import_id = upload_and_read(centre, client, make_rows(20))
    act(client, import_id, "application")
    worker(centre).run_step()
    CustomerImports(centre.tx, centre.clock).run_all()
    assert (show(client, import_id)["state"], show(client, import_id)["rows_done"]) == ("applied", 20)
    with centre.tx.write() as session:
        session.get_one(ImportRow, import_id).state = "receiving"
    centre.clock.advance(hours=2)
    worker(centre).drop_left()
    assert show(centre.client(Role.DEPARTMENT), import_id)["state"] == "dropping"


def after_commit(centre: Centre, number: int, do: Callable[[], object]) -> None:
    """Have something done once, right after this many commits from now on."""
    seen = 0

    def note(_session: Session) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            do()

    centre.tx.after_commit(note)


def list_staged(centre: Centre, import_id: str) -> list[int]:
    with centre.tx.read() as session:
        query = select(ImportLineRow.number).where(ImportLineRow.import_id == import_id)
        return list(session.scalars(query.order_by(ImportLineRow.number)))


def test_slow_writes_become_smaller_and_grow_again() -> None:
    pace = Pace(60, 0.025)
    pace.note(0.025)
    assert pace.rows == 60
    for _ in range(3):
        pace.note(0.250)
    assert 20 < pace.rows < 30
    for _ in range(99):
        pace.note(9.0)
    assert pace.rows == LEAST_ROWS
    for _ in range(99):
        pace.note(0.001)
    assert pace.rows == 60
    free = Pace(5_000, None)
    free.note(9.0)
    assert free.rows == 5_000


def test_reading_shows_how_far_it_is_and_is_canceled(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    import_id = upload(client, make_rows(400))
    assert show(client, import_id)["state"] == "staging"
    shown: list[dict[str, Any]] = []

    def look_and_cancel() -> None:
        shown.append(show(client, import_id))
        page = client.get(f"/imports/{import_id}", headers={"Accept": "text/html", "Accept-Language": "en"}).text
        assert "14 rows read" in page
        assert f"/imports/{import_id}/cancel" in page
        assert act(client, import_id, "cancellation").status_code == 202

    # the claim, then the first two chunks
    after_commit(centre, 3, look_and_cancel)
    worker(centre).run_all()
    assert (shown[0]["state"], shown[0]["rows"]) == ("staging", 14)
    assert 0 < shown[0]["share_read"] < 100
    seen = show(client, import_id)
    assert (seen["state"], seen["fault"]) == ("canceled", "")
    assert list_staged(centre, import_id) == []
    with centre.tx.read() as session:
        assert session.scalars(select(ImportPieceRow.number)).all() == []


def test_a_reader_that_died_is_followed_by_another(centre: Centre) -> None:
    know(centre)
    client = centre.client(Role.DEPARTMENT)
    import_id = upload(client, make_rows(40))

    def die() -> None:
        raise RuntimeError("the process ended")

    after_commit(centre, 3, die)
    with pytest.raises(RuntimeError, match="ended"):
        worker(centre).run_all()
    assert len(list_staged(centre, import_id)) == 14
    other = CustomerImports(centre.tx, centre.clock)
    if centre.tx.gate is None:
        # the dead one might be at work in another process still
        assert not other.read_next()
        centre.clock.advance(minutes=4)
    other.run_all()
    client = centre.client(Role.DEPARTMENT)
    seen = show(client, import_id)
    assert (seen["state"], seen["rows"], seen["rows_known"], seen["rows_faulty"]) == ("checked", 40, 2, 1)
    assert list_staged(centre, import_id) == list(range(2, 42))
    act(client, import_id, "application")
    other.run_all()
    assert show(client, import_id)["rows_done"] == 39


def test_a_file_that_ends_its_reader_again_and_again_is_given_up(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    import_id = upload(client, make_rows(3))
    for _ in range(TRIES_MOST):
        with centre.tx.write() as session:
            assert claim_staging(session, Reader("r", alone=True), centre.clock()) == import_id
    centre.clock.advance(minutes=4)
    assert not worker(centre).read_next()
    worker(centre).run_all()
    assert (show(client, import_id)["state"], show(client, import_id)["fault"]) == ("refused", "broken")
    page = client.get(f"/imports/{import_id}", headers={"Accept": "text/html"}).text
    assert "文件已损坏" in page


def test_who_pressed_stands_in_the_log_not_who_uploaded(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    import_id = upload_and_read(centre, client, make_rows(3))
    centre.found_person("zhou.min", Grant(Role.DEPARTMENT), name="周敏")
    other = centre.client_of("zhou.min")
    act(other, import_id, "application")
    worker(centre).run_all()
    act(client, import_id, "reversal")
    worker(centre).run_all()
    rows = client.get("/api/v1/audit", params={"subject": import_id}).json()["items"]
    assert {row["act"]: (row["person_name"], row["address"]) for row in rows} == {
        "import_applied": ("周敏", "testclient"),
        "import_reversed": ("department", "testclient"),
    }


def test_customers_in_use_keep_a_file_from_being_taken_back(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    import_id = upload_and_read(centre, client, make_rows(9))
    act(client, import_id, "application")
    worker(centre).run_all()
    applied = show_customers(centre)
    used = [
        tell(5, "case_opened", 1, case_no="8001", business="LV-COM", customers=["510100003"], title="新装"),
        tell(6, "contract_signed", 1, contract_no="HT-1", customer_no="510100005", signed_on="2026-11-02"),
        tell(7, "customer_changed", 9_000, customer_no="510100007", name="改名"),
    ]
    with centre.tx.write() as session:
        take_news(session, [read(event) for event in used[:2]], "2026-11", centre.clock())
    refused = act(client, import_id, "reversal")
    assert (refused.status_code, refused.json()["reason"]) == (409, "import_in_use")
    assert refused.json()["errors"] == ["510100003", "510100005"]
    assert show_customers(centre) == applied


def test_a_name_told_anew_stays_when_the_file_goes(centre: Centre) -> None:
    know(centre)
    client = centre.client(Role.DEPARTMENT)
    import_id = upload_and_read(centre, client, make_rows(5))
    act(client, import_id, "application")
    worker(centre).run_all()
    centre.clock.advance(hours=1)
    changed = tell(9, "customer_changed", 0, customer_no="510100002", name="新名")
    event = read_event(changed | {"time": centre.clock().isoformat()}, centre.clock())
    assert isinstance(event, MarketingEvent)
    with centre.tx.write() as session:
        take_news(session, [event], "2026-11", centre.clock())
    client = centre.client(Role.DEPARTMENT)
    assert act(client, import_id, "reversal").status_code == 202
    worker(centre).run_all()
    found = client.get("/api/v1/dossiers/by-number/510100002").json()
    assert (found["name"], found["address"]) == ("新名", "旧址")


HOSTILE_AT_A_GLANCE = [
    (b"", "empty"),
    (b"%PDF-1.4\n\0", "type"),
    (b"PK\x03\x04broken", "broken"),
    ("户号,户名\n1,锦".encode() + b"\xff\xff\n", "encoding"),
    (b"name,address\nx,y\n", "headings"),
]
HOSTILE_INSIDE = [
    ("户号,户名\n".encode(), "empty"),
    ("户号,户名\n1001,甲\n1002,".encode() + b"x" * 2_500 + b"\n", "cell"),
    ("户号,户名\n".encode() + "".join(f"{n},甲\n" for n in range(30)).encode() + b'9,"' + b"x" * 140_000, "cell"),
]


def test_hostile_files_are_refused_in_words_and_leave_nothing(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    for body, fault in HOSTILE_AT_A_GLANCE:
        answer = send(client, body)
        assert (answer.status_code, answer.json()["reason"], answer.json()["errors"]) == (422, "bad_table", [fault])
    for body, fault in HOSTILE_INSIDE:
        seen = show(client, upload_and_read(centre, client, body))
        assert (seen["state"], seen["fault"]) == ("refused", fault)
    with centre.tx.read() as session:
        assert session.scalars(select(CustomerRow.id)).all() == []
        assert session.scalars(select(ImportLineRow.number)).all() == []
        assert set(session.scalars(select(ImportRow.state))) == {"refused"}


def test_a_body_without_a_file_and_one_too_large(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    client = centre.client(Role.DEPARTMENT)
    assert client.post("/api/v1/imports").status_code == 422
    monkeypatch.setattr(customer_imports, "FILE_MIB", 0)
    assert send(client, make_rows(1)).status_code == 413


def test_the_pages_lead_through_it(centre: Centre) -> None:
    client = centre.client(Role.DEPARTMENT)
    client.headers["Accept"] = "text/html"
    page = client.get("/imports").text
    token = page.split('name="csrf_token" value="')[1].split('"', 1)[0]

    def post(path: str, **more: Any) -> Any:
        return client.post(path, data={"csrf_token": token}, **more)

    assert "请选择文件" in post("/imports").text
    wrong = post("/imports", files={"file": ("a.csv", b"a,b\n")})
    assert (wrong.status_code, "必须有" in wrong.text) == (422, True)
    sent = post("/imports", files={"file": ("客户.csv", (make_rows(9) + "5101 1,x\n").encode())})
    where = sent.headers["location"]
    assert "停止读取" in client.get(where).text
    worker(centre).run_all()
    page = client.get(where).text
    for text in ("客户.csv", "导入 9 行", "客户编号只能含字母", "510***********1234", "备注"):
        assert text in page, text
    assert ID_NUMBER not in page
    assert post(f"{where}/apply").status_code == 303
    assert "data-look-again-s" in client.get(where).text
    worker(centre).run_all()
    assert "撤回此文件" in client.get(where).text
    assert post(f"{where}/reverse").status_code == 303
    worker(centre).run_all()
    assert "已撤回" in client.get("/imports").text
