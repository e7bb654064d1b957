"""The simulated controller on its ports, heard by independent peers and by raw bytes made by hand."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
import serial
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from simulators.bank_plan import plan_bank
from simulators.faults import FaultPlan
from simulators.pty_line import wire_ns
from simulators.shelf_device import ShelfDevice
from simulators.shelf_record import BankState, Outcome
from tests.wait import wait_for


@pytest.fixture
def device() -> Iterator[ShelfDevice]:
    shelf = ShelfDevice({1: plan_bank(), 2: plan_bank(4, bank_id="B")}, baud=115200)
    shelf.start()
    yield shelf
    shelf.close()


@pytest.fixture
def bus(device: ShelfDevice) -> Iterator[serial.Serial]:
    with serial.Serial(device.bus_path, 115200, stopbits=2, timeout=2, exclusive=True) as port:
        yield port


def crc16(octets: bytes) -> bytes:
    """CRC of the Modbus specification, bit by bit: no code of ours."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def ask(bus: serial.Serial, hex_request: str, answer_bytes: int) -> bytes:
    """Send a frame and read its answer, without the CRC."""
    octets = bytes.fromhex(hex_request)
    bus.write(octets + crc16(octets))
    answer = bus.read(answer_bytes)
    assert len(answer) == answer_bytes, answer.hex()
    assert crc16(answer[:-2]) == answer[-2:]
    return answer[:-2]


def test_pymodbus_reads_identity_and_motion_on_the_bus(device: ShelfDevice) -> None:
    client = ModbusSerialClient(device.bus_path, baudrate=115200, stopbits=2, timeout=2)
    assert client.connect()
    try:
        identity = client.read_holding_registers(0, count=22, device_id=1).registers
        assert identity[0] == 0x0101
        assert identity[7:12] == [11, 11, 4, 6, 700]
        assert client.read_holding_registers(7, count=2, device_id=2).registers == [5, 5]
        motion = client.read_input_registers(0x0100, count=16, device_id=1).registers
        assert motion[:3] == [3, 1 << 10, 0]  # idle, aisle 11 open, nothing asked
        assert motion[0x0D] == identity[6]
        told = client.read_device_information(read_code=1, object_id=0, device_id=1)
        assert told.information[0] == b"OpenAisle"
    finally:
        client.close()


def test_mbpoll_reads_the_detail_block_on_the_service_pty(device: ShelfDevice) -> None:
    asked = [
        "mbpoll",
        "-m",
        "rtu",
        "-a",
        "1",
        "-b",
        "115200",
        "-P",
        "none",
        "-s",
        "2",
        "-0",
        "-1",
        "-r",
        "512",
        "-c",
        "11",
    ]
    told = subprocess.run([*asked, "-q", device.service_path], capture_output=True, text=True, timeout=20, check=True)
    values = [int(line.split()[-1]) for line in told.stdout.splitlines() if line.startswith("[")]
    assert values == [550 * no for no in range(11)]  # all columns pushed together, the free width at the end


def test_the_tcp_service_port_reads_and_never_writes(device: ShelfDevice) -> None:
    client = ModbusTcpClient("127.0.0.1", port=device.service_port, timeout=2)
    assert client.connect()
    try:
        assert client.read_holding_registers(0x0100, count=2, device_id=2).registers == [3, 1 << 4]
        refused = client.write_register(0x0860, 1, device_id=1)
        assert refused.isError()
        assert refused.exception_code == 1
    finally:
        client.close()


def test_garbage_on_the_tcp_service_port_hangs_up_and_serves_the_next(device: ShelfDevice) -> None:
    for garbage in (os.urandom(4000), b"\x00\x01\x00\x00\xff\xff\x01", b"\x00\x01\x00\x00\x00\x02\x01\x03"):
        with socket.create_connection(("127.0.0.1", device.service_port), timeout=2) as line:
            line.sendall(garbage)
    client = ModbusTcpClient("127.0.0.1", port=device.service_port, timeout=2)
    assert client.connect()
    assert not client.read_holding_registers(0x0100, count=1, device_id=1).isError()
    client.close()


def test_the_whole_way_by_bytes_made_by_hand(device: ShelfDevice, bus: serial.Serial) -> None:
    request_id = "1122334455667788"
    # 23: read 10 at 0x0810, write 6 at 0x0800: id, open (1) aisle 4, face B (2) section 3 tier 5
    selected = ask(bus, f"01 17 0810 000a 0800 0006 0c {request_id} 0104 20c5", 25)
    assert selected[:5] == bytes.fromhex("0117140104")
    assert selected[5:7] == b"\0\0"
    token, sequence, head = selected[7:11].hex(), selected[11:13].hex(), selected[-2:].hex()
    # 23: read 2 at 0x0830, write 8 at 0x0820
    operated = ask(bus, f"01 17 0830 0002 0820 0008 10 {request_id} {token} 0104 {head}", 9)
    assert operated == bytes.fromhex("0117040104 0000")
    renewed = ask(bus, f"01 10 0850 0004 08 {token} 0001 {sequence}", 8)
    assert renewed == bytes.fromhex("01100850 0004")
    refused = ask(bus, f"01 10 0850 0004 08 {token} 0001 {sequence}", 5)
    assert refused == bytes.fromhex("019003")  # the same counter twice
    stopped = ask(bus, "01 06 0860 0001", 8)
    assert stopped == bytes.fromhex("010608600001")
    with device.controllers[1].at_now() as model:
        assert model.state is BankState.STOPPED
        assert model.outcome_of(int(request_id, 16)) is Outcome.STOPPED
        assert model.rails.travelled_mm == 0
    log = ask(bus, "01 03 0300 0006", 17)
    assert log == bytes.fromhex(f"01030c {request_id} 0104 0502")  # stopped, by wire


def test_bad_spans_functions_and_values_are_answered_by_exceptions(bus: serial.Serial) -> None:
    assert ask(bus, "01 03 010f 0002", 5) == bytes.fromhex("018302")  # beyond the block
    assert ask(bus, "01 06 0100 0001", 5) == bytes.fromhex("018602")  # not writable
    assert ask(bus, "01 06 0850 0001", 5) == bytes.fromhex("018603")  # a lease is written whole
    assert ask(bus, "01 17 0810 000a 0800 0006 0c 1122334455667788 ff04 0000", 5) == bytes.fromhex("019703")


def test_broadcast_stop_stops_all_and_is_not_answered(device: ShelfDevice, bus: serial.Serial) -> None:
    for unit, aisle in (("01", "04"), ("02", "02")):
        got = ask(bus, f"{unit} 17 0810 000a 0800 0006 0c 11223344556677{unit} 01{aisle} 0000", 25)
        assert got[5:7] == b"\0\0"
    stop = bytes.fromhex("000608600001")
    bus.write(stop + crc16(stop))
    assert ask(bus, "02 03 0100 0001", 7) == bytes.fromhex("0203020008")
    assert ask(bus, "01 03 0100 0001", 7) == bytes.fromhex("0103020008")


def test_bytes_that_are_no_frame_are_counted_and_survived(device: ShelfDevice, bus: serial.Serial) -> None:
    before = device.station.bad_bytes
    bus.write(bytes.fromhex("fffefdfcfb0103"))
    threading.Event().wait(0.05)  # the silence that ends a frame nobody can complete
    assert ask(bus, "01 03 0100 0001", 7) == bytes.fromhex("0103020003")
    assert device.station.bad_bytes - before == 7


def test_power_cut_means_silence(device: ShelfDevice, bus: serial.Serial) -> None:
    with device.controllers[1].at_now() as model:
        model.cut_power()
    bus.timeout = 0.2
    octets = bytes.fromhex("010301000001")
    bus.write(octets + crc16(octets))
    assert bus.read(7) == b""
    with device.controllers[1].at_now() as model:
        model.restore_power()
    assert ask(bus, "01 03 0100 0001", 7) == bytes.fromhex("0103020000")  # unknown


@pytest.mark.parametrize("baud", [9600, 19200])
def test_every_byte_takes_its_time_on_the_line(baud: int) -> None:
    device = ShelfDevice({1: plan_bank()}, baud=baud)
    device.start()
    try:
        with serial.Serial(device.bus_path, baud, stopbits=2, timeout=2) as bus:
            for _ in range(5):
                ask(bus, "01 03 0100 0010", 37)
            # the line notes a stretch after its last byte went out: the asker may have it a moment before
            wait_for(lambda: sum(stretch.way == "sent" for stretch in device.line.notes) == 5, 5, "the last note")
        stretches = list(device.line.notes)
    finally:
        device.close()
    sent = [stretch for stretch in stretches if stretch.way == "sent"]
    assert [len(stretch.octets) for stretch in sent] == [37] * 5
    for stretch in stretches:  # the line's own clock: eleven bits a byte, to the nanosecond but for rounding
        expected_ns = len(stretch.octets) * 11 / baud * 1e9
        assert abs(stretch.end_ns - stretch.start_ns - expected_ns) < 10
    for before, after in itertools.pairwise(stretches):
        if before.way != after.way:
            assert after.start_ns - before.end_ns >= wire_ns(3.5, baud) - 1


def test_a_faulty_line_loses_frames_and_nothing_else() -> None:
    plan = FaultPlan(seed=5, bit_flip=0.02, loss=0.01, insertion=0.01)
    device = ShelfDevice({1: plan_bank()}, baud=115200, faults=plan)
    device.start()
    good = 0
    octets = bytes.fromhex("010301000001")
    try:
        with serial.Serial(device.bus_path, 115200, stopbits=2, timeout=0.05) as bus:
            for _ in range(60):
                bus.reset_input_buffer()
                bus.write(octets + crc16(octets))
                answer = bus.read(7)
                good += answer[:-2] == bytes.fromhex("0103020003") and crc16(answer[:-2]) == answer[-2:]
    finally:
        device.close()
    assert 15 <= good < 60
    assert device.line.wire.counts["bit_flip"] > 0
    assert device.controllers[1].refused == 0  # nothing damaged was taken for a request
