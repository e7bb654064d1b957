"""The golden files of the link: edge produces them byte for byte, central reads them, and the other way round."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from central.domain import commands as central_commands
from central.domain import feed as central_feed
from central.domain import ingest, link
from central.services.feed import encode_head, encode_page, parse_ask
from central.store.feed import FeedHead, FeedPage
from edge.core import link as edge_link

GOLDEN = Path(__file__).parents[1] / "v1"
EPOCH = "5f0c9d1be2a84733a6d0c1f2e3b4a596"
CENTRE = "0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4"
BOOT = "b7e6a1f0-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
HASHES = (GOLDEN / "record_hashes.txt").read_text().split()
DIGEST = (GOLDEN / "feed_digest.txt").read_text().strip()
AT = datetime(2026, 11, 24, 3, 33, 7, 42_000, tzinfo=UTC)
ROOM_BODY = {"name": "成都高新供电中心档案室", "number": "01", "id": "r01"}
BOX_BODY = {
    "title": "档案盒 0042",
    "code": "BX01000042K",
    "customer_no": "5101000042",
    "customer_name": "锦江区水碾河社区",
    "since": "2026-11-24T03:33:09.500Z",
    "holder_code": "ST010000019",
    "place_key": None,
    "state": "in_hand",
}
FACTS: list[dict[str, Any]] = [
    {
        "fact_id": "019ab3c4-0001-7a01-8b02-0c0d0e0f1011",
        "kind": "session",
        "at": "2026-11-24T03:33:07.042Z",
        "clock_ok": True,
        "mono_ms": 123456,
        "body": {
            "session_id": "019ab3c4-0001-7a01-8b02-0c0d0e0f1099",
            "staff_code": "ST010000019",
            "phase": "opened",
            "kind": "retrieve",
        },
    },
    {
        "fact_id": "019ab3c4-0002-7a01-8b02-0c0d0e0f1012",
        "kind": "movement",
        "at": "2026-11-24T03:33:09.500Z",
        "clock_ok": True,
        "mono_ms": 125914,
        "body": {
            "reason": '借阅 "原件"\n第2册 \\ é 🗄',
            "box_code": "BX01000042K",
            "action": "take_out",
            "staff_code": "ST010000019",
            "place_key": None,
        },
    },
    {
        "fact_id": "019ab3c4-0003-7a01-8b02-0c0d0e0f1013",
        "kind": "movement",
        "at": "2026-11-24T03:40:00.000Z",
        "clock_ok": False,
        "mono_ms": 536414,
        "body": {
            "staff_code": "ST010000019",
            "place_key": "A-07-A-3-4-12",
            "box_code": "BX01000042K",
            "action": "put_away",
        },
    },
]


def read(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def encode_facts() -> list[bytes]:
    lines: list[bytes] = []
    prev = edge_link.ZERO_HASH
    for seq, fact in enumerate(FACTS, 1):
        lines.append(edge_link.encode_record(epoch=EPOCH, seq=seq, prev=prev, boot=BOOT, **fact))
        prev = edge_link.hash_record(lines[-1])
    return lines


class TestUp:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_edge_writes_each_record_as_the_golden_one(self, number: int) -> None:
        assert encode_facts()[number - 1] == read(f"record_{number}.json")

    def test_edge_hashes_as_sha256sum_does(self) -> None:
        assert [edge_link.hash_record(read(f"record_{n}.json")) for n in (1, 2, 3)] == HASHES

    def test_edge_writes_the_batch(self) -> None:
        lines = [read(f"record_{n}.json") for n in (1, 2, 3)]
        payload, count = edge_link.encode_batch(
            batch="00f1e2d3c4b5a697", centre=CENTRE, epoch=EPOCH, first=1, head=7, lines=lines
        )
        assert (payload, count) == (read("batch.ndjson"), 3)

    def test_edge_writes_the_greeting(self) -> None:
        payload, count = edge_link.encode_batch(
            batch="0000000000000001", centre=None, epoch=EPOCH, first=4, head=3, lines=[]
        )
        assert (payload, count) == (read("greeting.ndjson"), 0)

    def test_centre_reads_the_batch_and_keeps_its_bytes(self) -> None:
        batch = ingest.parse_batch(read("batch.ndjson"))
        assert batch is not None
        assert (batch.batch, batch.epoch, batch.first, batch.head) == ("00f1e2d3c4b5a697", EPOCH, 1, 7)
        assert (batch.fault, batch.break_at) == ("", None)
        assert [record.line for record in batch.records] == [read(f"record_{n}.json") for n in (1, 2, 3)]
        assert [record.hash for record in batch.records] == HASHES
        assert batch.records[0].prev == ingest.ZERO_HASH
        assert batch.records[0].at == AT

    def test_centre_reads_the_movements(self) -> None:
        batch = ingest.parse_batch(read("batch.ndjson"))
        assert batch is not None
        taken, returned = (ingest.read_movement(record, "r01", AT) for record in batch.records[1:])
        assert not isinstance(taken, str)
        assert not isinstance(returned, str)
        assert (taken.action, taken.box_code, taken.staff_code) == ("take_out", "BX01000042K", "ST010000019")
        assert (returned.action, returned.place_key) == ("put_away", "A-07-A-3-4-12")

    def test_centre_reads_the_greeting(self) -> None:
        batch = ingest.parse_batch(read("greeting.ndjson"))
        assert batch is not None
        assert (batch.records, batch.first, batch.head) == ((), 4, 3)


class TestAck:
    def test_centre_writes_ok(self) -> None:
        assert read("ack_ok.json") == link.encode_ack(
            batch="00f1e2d3c4b5a697",
            centre=CENTRE,
            epoch=EPOCH,
            state="ok",
            through=3,
            through_hash=HASHES[2],
            safe=1,
            fork_at=None,
            reason="",
        )

    def test_centre_writes_fork(self) -> None:
        assert read("ack_fork.json") == link.encode_ack(
            batch="00f1e2d3c4b5a697",
            centre=CENTRE,
            epoch=EPOCH,
            state="fork",
            through=1,
            through_hash=HASHES[0],
            safe=0,
            fork_at=2,
            reason="record 2 is another one here",
        )

    def test_edge_reads_both(self) -> None:
        ok, fork = edge_link.parse_ack(read("ack_ok.json")), edge_link.parse_ack(read("ack_fork.json"))
        assert ok is not None
        assert fork is not None
        assert (ok.state, ok.through, ok.through_hash, ok.safe, ok.centre) == ("ok", 3, HASHES[2], 1, CENTRE)
        assert (fork.state, fork.fork_at, fork.through) == ("fork", 2, 1)


class TestFeed:
    def test_edge_writes_the_ask_and_centre_reads_it(self) -> None:
        assert edge_link.encode_ask("a1b2c3d4e5f60718", CENTRE, 41) == read("feed_ask.json")
        ask = parse_ask(read("feed_ask.json"))
        assert ask is not None
        assert (ask.ask, ask.centre, ask.after) == ("a1b2c3d4e5f60718", CENTRE, 41)

    def test_centre_writes_the_notice_and_edge_reads_it(self) -> None:
        assert encode_head(CENTRE, 44) == read("feed_head.json")
        assert edge_link.parse_feed(read("feed_head.json")) == edge_link.FeedHead(CENTRE, 44)

    def test_centre_writes_the_page(self) -> None:
        page = FeedPage(
            41,
            44,
            FeedHead(44, DIGEST),
            (
                ("room", "r01", 42, central_feed.encode_canonical(ROOM_BODY), 0),
                ("task", "019ab3c4-0009-7a01-8b02-0c0d0e0f1019", 43, None, 0),
                ("box", "BX01000042K", 44, central_feed.encode_canonical(BOX_BODY), 3),
            ),
        )
        assert encode_page("a1b2c3d4e5f60718", CENTRE, page, EPOCH) == read("feed_page.json")

    def test_edge_reads_the_page(self) -> None:
        page = edge_link.parse_feed(read("feed_page.json"))
        assert isinstance(page, edge_link.FeedPage)
        assert (page.after, page.revision, page.head, page.digest) == (41, 44, 44, DIGEST)
        assert page.rows == (
            edge_link.FeedRow("room", "r01", 42, ROOM_BODY, EPOCH, 0),
            edge_link.FeedRow("task", "019ab3c4-0009-7a01-8b02-0c0d0e0f1019", 43, None, EPOCH, 0),
            edge_link.FeedRow("box", "BX01000042K", 44, BOX_BODY, EPOCH, 3),
        )

    def test_both_ends_draw_the_same_digest(self) -> None:
        edge_total = edge_link.ZERO_DIGEST
        for kind, key, revision, body in (("room", "r01", 42, ROOM_BODY), ("box", "BX01000042K", 44, BOX_BODY)):
            edge_total = edge_link.shift_digest(edge_total, None, edge_link.digest_row(kind, key, revision, body))
        parts = [
            central_feed.digest_row(kind, key, revision, central_feed.encode_canonical(body))
            for kind, key, revision, body in (("room", "r01", 42, ROOM_BODY), ("box", "BX01000042K", 44, BOX_BODY))
        ]
        assert edge_total == DIGEST
        assert central_feed.shift_digest(central_feed.ZERO_DIGEST, [], parts) == DIGEST
        assert edge_link.shift_digest(DIGEST, parts[0], None) == f"{int(parts[1], 16):064x}"

    def test_the_digest_is_a_plain_sum(self) -> None:
        rows = json.loads(read("feed_page.json"))["rows"]
        total = 0
        for row in rows:
            if row["body"] is not None:
                text = json.dumps(
                    [row["kind"], row["key"], row["revision"], row["body"]],
                    ensure_ascii=False,
                    separators=(",", ":"),
                    sort_keys=True,
                )
                total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        assert f"{total % 2**256:064x}" == DIGEST


class TestCommands:
    def test_centre_writes_the_command_and_edge_reads_it(self) -> None:
        command = central_commands.Command(
            "019ab3c4-0010-7a01-8b02-0c0d0e0f1020",
            "propose_aisle",
            AT,
            5000,
            "李雷",
            {"box_code": "BX01000042K"},
        )
        assert central_commands.encode_command(command) == read("command.json")
        heard = edge_link.parse_command(read("command.json"))
        assert heard is not None
        assert (heard.id, heard.kind, heard.issued_at, heard.ttl_ms, heard.asked_by, heard.body) == (
            command.id,
            command.kind,
            AT,
            5000,
            "李雷",
            command.body,
        )

    def test_edge_writes_the_answer_and_centre_reads_it(self) -> None:
        at = AT.replace(microsecond=50_000)
        answer = edge_link.encode_answer(
            "019ab3c4-0010-7a01-8b02-0c0d0e0f1020", "prompted", None, {"bank": "A", "aisle": 7}, at
        )
        assert answer == read("answer.json")
        heard = central_commands.parse_answer(read("answer.json"))
        assert heard is not None
        assert (heard["result"], heard["reason"], heard["detail"]) == ("prompted", None, {"bank": "A", "aisle": 7})


class TestPresence:
    def test_edge_writes_presence_and_centre_reads_it(self) -> None:
        payload = edge_link.encode_presence(online=True, at=AT, boot=BOOT, epoch=EPOCH, version="0.1.0")
        assert payload == read("presence_gateway.json")
        heard = link.parse_presence(read("presence_gateway.json"))
        assert heard is not None
        assert (heard["state"], heard["at"], heard["epoch"], heard["version"]) == ("online", AT, EPOCH, "0.1.0")

    def test_centre_writes_presence_and_edge_reads_it(self) -> None:
        assert link.encode_centre_presence(online=False, at=AT, centre=CENTRE) == read("presence_centre.json")
        assert edge_link.parse_centre_presence(read("presence_centre.json")) == (False, CENTRE)
