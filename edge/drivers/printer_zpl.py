"""A ZPL label printer on a TCP port: one job at a time, its state read by ~HS, never printed twice by itself.

A job is queued until its first byte leaves, sent until the printer says it is idle again, then confirmed. What can't
begin is settled as failed; when the connection dies after the first byte the job is unknown. In both cases only a
person has it printed again.
Source: Zebra ZPL II Programming Guide, ~HS host status return.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from edge.core.events import DeviceChanged, DeviceCondition, PrintSettled
from edge.drivers.label_zpl import LabelFont, LabelSheet, LabelText, render_label

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 50
ANSWER_LIMIT_BYTES = 512  # three lines of ~HS are 82 bytes
CONNECT_TIMEOUT_S = 3.0
STATUS_TIMEOUT_S = 2.0
STATUS_INTERVAL_S = 0.2
RETRY_WAIT_S = 1.0
LOOK_AFTER_INTERVAL_S = 5.0
BEGIN_TRIES = 3  # a printer may need a moment to wake
OUT_OF_LABELS_LIMIT_S = 300.0  # a label the printer holds while somebody fetches a new roll

Sink = Callable[[PrintSettled | DeviceChanged], bool]


class StatusError(Exception):
    """The printer's answer to ~HS isn't one."""


@dataclass(frozen=True)
class PrinterStatus:
    """What ~HS tells of the printer."""

    paper_out: bool
    paused: bool
    head_open: bool
    ribbon_out: bool
    formats_waiting: int
    labels_left: int

    @property
    def condition(self) -> tuple[DeviceCondition, str]:
        """Named state with its detail; only "online" prints."""
        if self.head_open:
            return "fault", "head_open"
        if self.paper_out:
            return "out_of_labels", ""
        if self.ribbon_out:
            return "fault", "out_of_ribbon"
        return ("paused", "") if self.paused else ("online", "")

    @property
    def ready(self) -> bool:
        """Prints at once what is sent now."""
        return self.condition[0] == "online"

    @property
    def idle(self) -> bool:
        """Nothing waits in the printer."""
        return self.formats_waiting == 0 and self.labels_left == 0


def parse_status(answer: bytes) -> PrinterStatus:
    """Status from the three STX..ETX lines of ~HS; raises StatusError for anything else."""
    lines = [part.partition(b"\x03")[0].split(b",") for part in answer.split(b"\x02")[1:]]
    if len(lines) != 3 or len(lines[0]) < 12 or len(lines[1]) < 11:
        raise StatusError(f"not a status: {answer[:40]!r}")
    try:
        first, second = [int(field) for field in lines[0]], [int(field) for field in lines[1]]
    except ValueError as error:
        raise StatusError(f"not a status: {answer[:40]!r}") from error
    return PrinterStatus(
        paper_out=first[1] == 1,
        paused=first[2] == 1,
        formats_waiting=first[4],
        head_open=second[2] == 1,
        ribbon_out=second[3] == 1,
        labels_left=second[8],
    )


def read_label(label: dict[str, Any]) -> LabelText:
    """Label text from the core's order; raises KeyError without a code."""
    title, customer = str(label.get("title") or ""), str(label.get("customer_name") or "")
    number, place = str(label.get("customer_no") or ""), str(label.get("place_path") or "")
    lines = [title if title != customer else "", f"客户编号 {number}" if number else "", place]
    return LabelText(
        code=str(label["code"]),
        heading=customer or title,
        lines=tuple(line for line in lines if line),
        copy_no=int(label.get("copy_no") or 1),
    )


class ZplPrinter:
    """LabelPrinter port over TCP, in a thread of its own."""

    def __init__(
        self,
        printer_id: str,
        open_connection: Callable[[], socket.socket],
        *,
        sheet: LabelSheet,
        font: LabelFont,
        confirm_timeout_s: float = 10.0,
        retry_wait_s: float = RETRY_WAIT_S,
    ) -> None:
        self.printer_id = printer_id
        self.settled = {"done": 0, "failed": 0, "unknown": 0}
        self.bad_answers = 0
        self._open_connection = open_connection
        self._sheet = sheet
        self._font = font
        self._confirm_timeout_s = confirm_timeout_s
        self._retry_wait_s = retry_wait_s
        self._jobs: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue(QUEUE_LIMIT)
        self._pending: set[str] = set()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._sink: Sink | None = None
        self._state: DeviceCondition | None = None
        self._detail = ""

    @property
    def jobs_waiting(self) -> int:
        """Jobs queued and not yet begun."""
        return self._jobs.qsize()

    def start(self, sink: Sink) -> None:
        """Print queued jobs until close; outcomes and changes of state go to the sink."""
        self._sink = sink
        self._thread = threading.Thread(target=self._run, name=f"printer-{self.printer_id}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the job in hand."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=self._confirm_timeout_s + 5)

    def print_label(self, job_id: str, label: dict[str, Any]) -> None:
        """Queue a label; a job still pending isn't queued twice. What can't be queued settles as failed."""
        if job_id in self._pending:
            return
        self._pending.add(job_id)
        try:
            self._jobs.put_nowait((job_id, label))
        except queue.Full:
            self._settle(job_id, "failed", "queue_full")

    def _run(self) -> None:
        look_after_at = time.monotonic()
        while not self._closing.is_set():
            try:
                job_id, label = self._jobs.get(timeout=self._retry_wait_s)
            except queue.Empty:
                if self._state != "online" or time.monotonic() >= look_after_at:
                    self._look_after()
                    look_after_at = time.monotonic() + LOOK_AFTER_INTERVAL_S
                continue
            try:
                zpl = render_label(read_label(label), self._sheet, self._font)
            except (KeyError, ValueError) as error:
                self._settle(job_id, "failed", f"bad_label: {error}")
                continue
            self._print(job_id, zpl)

    def _look_after(self) -> None:
        """Learn the printer's state while nothing is to be printed, so trouble shows before it is needed."""
        try:
            with self._open_connection() as connection:
                self._name_state(self._read_status(connection))
        except (OSError, StatusError) as error:
            self._name_trouble(error)

    def _print(self, job_id: str, zpl: bytes) -> None:
        for _ in range(BEGIN_TRIES):
            try:
                connection = self._open_connection()
            except OSError as error:
                self._change_state("unplugged", str(error))
            else:
                with connection:
                    if self._send(job_id, zpl, connection):
                        return
                if self._state == "out_of_labels":
                    break
            if self._closing.wait(self._retry_wait_s):
                break
        self._settle(job_id, "failed", "busy" if self._state == "online" else self._detail or str(self._state))

    def _send(self, job_id: str, zpl: bytes, connection: socket.socket) -> bool:
        """Print on this connection if the printer is ready; False means nothing was sent."""
        try:
            status = self._read_status(connection)
        except (OSError, StatusError) as error:
            self._name_trouble(error)
            return False
        self._name_state(status)
        if not status.ready or not status.idle:
            return False
        log.info("label_sent", printer=self.printer_id, job=job_id, size_bytes=len(zpl))
        try:
            connection.sendall(zpl)
            self._await_idle(job_id, connection)
        except (OSError, StatusError) as error:
            # from the first byte on, nobody here knows whether a label came out
            self._name_trouble(error)
            self._settle(job_id, "unknown", "connection_lost")
        return True

    def _await_idle(self, job_id: str, connection: socket.socket) -> None:
        """Settle the job by the printer's own word: idle twice in a row after the label was sent.

        A printer that ran out of labels keeps the format and prints it when loaded, so its clock stands meanwhile.
        """
        ends_at = time.monotonic() + self._confirm_timeout_s
        holds_until = time.monotonic() + OUT_OF_LABELS_LIMIT_S
        idle_in_a_row = 0
        while time.monotonic() < ends_at:
            status = self._read_status(connection)
            self._name_state(status)
            idle_in_a_row = idle_in_a_row + 1 if status.idle and status.ready else 0
            if idle_in_a_row == 2:
                self._settle(job_id, "done", "")
                return
            if not status.ready and time.monotonic() < holds_until:
                ends_at = time.monotonic() + self._confirm_timeout_s
            if self._closing.wait(STATUS_INTERVAL_S):
                break
        self._settle(job_id, "unknown", "not_confirmed")

    def _read_status(self, connection: socket.socket) -> PrinterStatus:
        connection.settimeout(STATUS_TIMEOUT_S)
        connection.sendall(b"~HS")
        answer = bytearray()
        while answer.count(b"\x03") < 3:
            piece = connection.recv(ANSWER_LIMIT_BYTES)
            if not piece:
                raise OSError("connection closed by the printer")
            answer += piece
            if len(answer) > ANSWER_LIMIT_BYTES:
                break
        try:
            return parse_status(bytes(answer))
        except StatusError:
            self.bad_answers += 1
            raise

    def _name_state(self, status: PrinterStatus) -> None:
        self._change_state(*status.condition)

    def _name_trouble(self, error: OSError | StatusError) -> None:
        self._change_state("fault" if isinstance(error, StatusError) else "unplugged", str(error))

    def _change_state(self, state: DeviceCondition, detail: str) -> None:
        if state == self._state:
            return
        self._state, self._detail = state, detail
        log.info("printer_changed", printer=self.printer_id, state=state, detail=detail)
        if self._sink is not None:
            self._sink(DeviceChanged(device_id=self.printer_id, state=state, detail=detail))

    def _settle(self, job_id: str, outcome: Literal["done", "failed", "unknown"], detail: str) -> None:
        self.settled[outcome] += 1
        self._pending.discard(job_id)
        log.info("print_settled", printer=self.printer_id, job=job_id, outcome=outcome, detail=detail)
        if self._sink is not None:
            self._sink(PrintSettled(job_id=job_id, outcome=outcome, detail=detail))
