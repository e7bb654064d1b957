"""The ZPL printer driver against a TCP printer that runs out, falls silent, lies and hangs up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.events import DeviceChanged, Event, PrintSettled
from edge.drivers.label_zpl import LabelFont, LabelSheet
from edge.drivers.printer_zpl import ZplPrinter
from tests.unit.edge_rim.label_pictures import FONT_FILE
from tests.wait import wait_for

FONT = LabelFont(Path(FONT_FILE), 2)
LABEL = {
    "code": "BX010000019",
    "title": "合同",
    "customer_name": "锦江宾馆",
    "customer_no": "51001",
    "place_path": "1区 7列",
}


class PaperPrinter:
    """Answers ~HS as Zebra's manual says, keeps each format, and has knobs for trouble."""

    def __init__(self) -> None:
        self.paper_out = False
        self.head_open = False
        self.hangs_up_in_format = False
        self.garbage_answers = False
        self.holds_formats = False
        self.labels: list[bytes] = []
        self.waiting = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=2)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        held = b""
        with connection:
            while True:
                try:
                    piece = connection.recv(4096)
                except OSError:
                    return
                if not piece:
                    return
                held += piece
                if self.hangs_up_in_format and b"^XA" in held:
                    return
                held = self._obey(held, connection)

    def _obey(self, held: bytes, connection: socket.socket) -> bytes:
        while b"^XZ" in held:
            head, _, held = held.partition(b"^XZ")
            if self.holds_formats or self.paper_out:
                self.waiting += 1
            else:
                self.labels.append(head + b"^XZ")
        while b"~HS" in held:
            before, _, after = held.partition(b"~HS")
            held = before + after
            connection.sendall(b"\xfe\xed nonsense" + b"\x03" * 3 if self.garbage_answers else self._status())
        return held

    def _status(self) -> bytes:
        return (
            b"\x02030,%d,0,0400,%03d,0,0,0,000,0,0,0\x03\r\n" % (self.paper_out, self.waiting)
            + b"\x02000,0,%d,0,0,2,4,0,00000000,1,000\x03\r\n" % self.head_open
            + b"\x021234,0\x03\r\n"
        )


class Bench:
    """A printer driver with its printer and all it reported."""

    def __init__(self) -> None:
        self.printer = PaperPrinter()
        self.events: list[Event] = []
        self.driver = ZplPrinter(
            "zpl-1", self.printer.connect, sheet=LabelSheet(), font=FONT, confirm_timeout_s=1.0, retry_wait_s=0.05
        )
        self.driver.start(self.hear)

    def hear(self, event: Event) -> bool:
        self.events.append(event)
        return True

    def settled(self) -> list[tuple[str, str, str]]:
        return [(e.job_id, e.outcome, e.detail) for e in self.events if isinstance(e, PrintSettled)]

    def state(self) -> str:
        return next((e.state for e in reversed(self.events) if isinstance(e, DeviceChanged)), "")

    def await_settled(self, count: int = 1) -> list[tuple[str, str, str]]:
        wait_for(lambda: len(self.settled()) >= count, 10, "print outcome")
        return self.settled()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.driver.close()
    bench.printer.close()


def test_label_is_printed_and_confirmed_by_the_printers_own_word(bench: Bench) -> None:
    bench.driver.print_label("job-1", LABEL)
    assert bench.await_settled() == [("job-1", "done", "")]
    assert len(bench.printer.labels) == 1
    assert b"BX010000019" in bench.printer.labels[0]
    assert bench.state() == "online"


def test_jobs_are_printed_once_and_in_order(bench: Bench) -> None:
    for number in range(4):
        bench.driver.print_label(f"job-{number}", {**LABEL, "code": f"BX01000{number:03d}0"})
        bench.driver.print_label(f"job-{number}", LABEL)  # the same job again while it is pending
    assert [job for job, _, _ in bench.await_settled(4)] == ["job-0", "job-1", "job-2", "job-3"]
    assert [b"BX01000%03d0" % number in label for number, label in enumerate(bench.printer.labels)] == [True] * 4


def test_out_of_labels_prints_nothing_and_is_named(bench: Bench) -> None:
    bench.printer.paper_out = True
    bench.driver.print_label("job-1", LABEL)
    assert bench.await_settled() == [("job-1", "failed", "out_of_labels")]
    assert bench.state() == "out_of_labels"
    assert bench.printer.labels == []
    bench.printer.paper_out = False
    wait_for(lambda: bench.state() == "online", 5, "labels loaded")
    assert bench.printer.labels == []  # nothing starts by itself
    bench.driver.print_label("job-1", LABEL)  # a person's order
    assert bench.await_settled(2)[-1] == ("job-1", "done", "")
    assert len(bench.printer.labels) == 1


def test_open_head_is_a_fault(bench: Bench) -> None:
    bench.printer.head_open = True
    bench.driver.print_label("job-1", LABEL)
    assert bench.await_settled() == [("job-1", "failed", "head_open")]
    assert bench.state() == "fault"


def test_connection_cut_in_the_job_is_unknown_and_not_repeated(bench: Bench) -> None:
    bench.printer.hangs_up_in_format = True
    bench.driver.print_label("job-1", LABEL)
    assert bench.await_settled() == [("job-1", "unknown", "connection_lost")]
    bench.printer.hangs_up_in_format = False
    wait_for(lambda: bench.state() == "online", 5, "printer back")
    bench.driver.print_label("job-2", {**LABEL, "code": "BX010000027"})
    bench.await_settled(2)
    assert [b"BX010000027" in label for label in bench.printer.labels] == [True]


def test_label_that_is_never_confirmed_is_unknown(bench: Bench) -> None:
    wait_for(lambda: bench.state() == "online", 5, "printer online")
    bench.printer.holds_formats = True
    bench.driver.print_label("job-1", LABEL)
    assert bench.await_settled() == [("job-1", "unknown", "not_confirmed")]


def test_garbage_for_a_status_is_counted_and_survived(bench: Bench) -> None:
    bench.printer.garbage_answers = True
    bench.driver.print_label("job-1", LABEL)
    outcome = bench.await_settled()[0][1]
    assert outcome == "failed"
    assert bench.printer.labels == []
    assert bench.driver.bad_answers >= 1
    bench.printer.garbage_answers = False
    wait_for(lambda: bench.state() == "online", 5, "printer online")


def test_absent_printer_fails_the_job_by_name() -> None:
    bench = Bench()
    wait_for(lambda: bench.state() == "online", 5, "printer online")
    bench.printer.close()
    bench.driver.print_label("job-1", LABEL)
    job, outcome, _ = bench.await_settled()[0]
    assert (job, outcome, bench.state()) == ("job-1", "failed", "unplugged")
    bench.driver.close()


def test_label_without_a_code_fails_alone(bench: Bench) -> None:
    bench.driver.print_label("job-1", {"title": "x"})
    bench.driver.print_label("job-2", LABEL)
    settled = bench.await_settled(2)
    assert settled[0][:2] == ("job-1", "failed")
    assert settled[0][2].startswith("bad_label")
    assert settled[1] == ("job-2", "done", "")
