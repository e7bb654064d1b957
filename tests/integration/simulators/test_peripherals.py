"""Scanner, camera and printer of the simulators, from the outside."""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import serial
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.camera import Camera
from simulators.photograph import Conditions, photograph, read_picture
from simulators.printer import LabelPrinter
from simulators.serial_scanner import SerialScanner
from tests.wait import wait_for

CODE = "BX010000123"
# Written by hand from the ZPL II guide: QR (model 2, magnification 8) and Code 128 of the same text
ZPL = f"^XA^PW800^LL400^FO40,30^BQN,2,8^FDMA,{CODE}^FS^FO260,220^BY3^BCN,100,N,N,N^FD{CODE}^FS^XZ".encode()


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[LabelPrinter]:
    machine = LabelPrinter(tmp_path / "labels")
    machine.start()
    yield machine
    machine.close()


@pytest.fixture
def line(printer: LabelPrinter) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=5) as connection:
        yield connection


def ask_status(line: socket.socket) -> list[list[bytes]]:
    """Ask ~HS; answers the fields of its three lines."""
    line.sendall(b"~HS")
    answer = b""
    while answer.count(b"\x03") < 3:
        answer += line.recv(512)
    return [part.split(b"\x03")[0].split(b",") for part in answer.split(b"\x02")[1:]]


def decode(picture: np.ndarray) -> set[tuple[str, str]]:
    return {(str(found.format), found.text) for found in zxingcpp.read_barcodes(picture)}


def test_a_label_comes_out_and_can_be_read(printer: LabelPrinter, line: socket.socket) -> None:
    for at in range(0, len(ZPL), 7):  # as it may arrive
        line.sendall(ZPL[at : at + 7])
    wait_for(lambda: printer.labels, 10, "a label")
    found = decode(cv2.imread(str(printer.labels[0].file), cv2.IMREAD_GRAYSCALE))
    assert {text for _, text in found} == {CODE}
    assert len(found) == 2
    assert wait_for(lambda: ask_status(line)[1][8] == b"00000000", 5, "an idle printer")


def test_without_labels_nothing_comes_out_until_loaded(printer: LabelPrinter, line: socket.socket) -> None:
    printer.set_state(out_of_labels=True)
    line.sendall(ZPL)
    assert wait_for(lambda: ask_status(line)[0][4] == b"001", 5, "a waiting format")
    first, _, _ = ask_status(line)
    assert (first[1], first[2]) == (b"1", b"0")
    assert printer.labels == []
    printer.set_state(out_of_labels=False)
    wait_for(lambda: printer.labels, 10, "the label that waited")


def test_a_paused_printer_says_so(printer: LabelPrinter, line: socket.socket) -> None:
    printer.set_state(paused=True)
    assert ask_status(line)[0][2] == b"1"


@pytest.mark.parametrize(
    "garbage", [os.urandom(3000), b"GET / HTTP/1.1\r\n\r\n", b"^XA" * 50, b"^XZ" * 50, b"\x02\x03~H"]
)
def test_garbage_is_counted_and_the_next_host_is_served(printer: LabelPrinter, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=5) as line:
        line.sendall(garbage.replace(b"~HS", b""))
    with socket.create_connection(("127.0.0.1", printer.port), timeout=5) as line:
        line.sendall(ZPL)
        wait_for(lambda: printer.labels, 10, "a label after garbage")
    assert wait_for(lambda: printer.garbage_bytes, 5, "counted garbage") > 0


def test_a_flood_without_an_end_is_hung_up_on(printer: LabelPrinter, line: socket.socket) -> None:
    line.settimeout(20)
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        line.sendall((b"^XA" + b"A" * 4096) * 4000)


def test_the_camera_photographs_what_lies_before_it() -> None:
    label = np.full((400, 800), 255, np.uint8)
    symbol = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(CODE, zxingcpp.BarcodeFormat.QRCode), scale=8)
    square = np.asarray(symbol)
    label[40 : 40 + square.shape[0], 60 : 60 + square.shape[1]] = square
    read = sum(
        (("QRCode" in kind or "QR Code" in kind), text) == (True, CODE)
        for seed in range(10)
        for kind, text in decode(photograph(label, seed))
    )
    assert read >= 5  # an ordinary office: most frames can be read
    harsh = Conditions(turn_deg=40, blur_sigma=9.0, light_fall=0.95, noise_sigma=40)
    assert not any(decode(photograph(label, seed, harsh)) for seed in range(2))
    assert np.array_equal(photograph(label, 3), photograph(label, 3))


def test_the_stream_shows_a_label_and_an_empty_desk() -> None:
    camera = Camera(seed=1)
    camera.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{camera.port}/frame.jpg", timeout=10) as answer:
            assert read_picture(answer.read()).shape == (960, 1280)  # type: ignore[union-attr]
        capture = cv2.VideoCapture(camera.url)
        assert capture.isOpened()
        good, picture = capture.read()
        assert good
        assert picture.shape[:2] == (960, 1280)
        capture.release()
        with pytest.raises(ValueError, match="not a PNG or JPEG"):
            camera.show(b"no picture")
    finally:
        camera.close()


def test_the_scanner_sends_codes_and_hears_beeps(tmp_path: Path) -> None:
    scanner = SerialScanner("scanner-1", folder=tmp_path)
    scanner.start()
    try:
        with serial.Serial(scanner.port.path, 9600, timeout=2) as host:
            assert scanner.scan(CODE)
            assert host.read(12) == CODE.encode() + b"\r"
            host.write(b"\x06\x00\x15garbage")
            wait_for(lambda: list(scanner.feedback) == ["ok", "no"], 5, "two beeps")
            scanner.unplug()
            assert not scanner.scan(CODE)
            with pytest.raises(serial.SerialException):
                host.read(1)
        scanner.plug_in()
        with serial.Serial(scanner.port.path, 9600, timeout=2) as host:
            assert scanner.scan(CODE)
            assert host.read(12) == CODE.encode() + b"\r"
    finally:
        scanner.close()


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_no_bytes_make_a_picture_reader_raise(octets: bytes) -> None:
    assert read_picture(octets) is None
