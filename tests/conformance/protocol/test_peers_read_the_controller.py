"""Independent tools at both controllers, the simulators' and the one in C: pymodbus and mbpoll read and operate them.

What they read is judged by the naive reading of the SPEC, never by our codec.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.pdu import register_message as rm

from simulators.bank_plan import plan_bank
from simulators.shelf_device import ShelfDevice
from tests.conformance.protocol import naive_decoder
from tests.conformance.protocol.c_bank import PtyBank
from tests.conformance.protocol.recreate_vectors import recipes
from tests.wait import wait_for

UNIT = 17
# What the demo bank is made of, as its plan says.
PLAN = {
    "protocol_version": 0x0101, "columns": 11, "aisles": 11, "sections": 4, "tiers": 6, "passable_gap_mm": 700,
    "warning_time_ms": 1500, "nominal_speed_mm_s": 80, "settle_time_ms": 300, "wake_time_ms": 2000,
}  # fmt: skip


class Device(Protocol):
    """A controller on a pty that is the bus, and one that only shows."""

    @property
    def bus_path(self) -> str: ...
    @property
    def service_path(self) -> str: ...
    def close(self) -> None: ...


def start_simulated() -> ShelfDevice:
    device = ShelfDevice({UNIT: plan_bank()}, baud=115200)
    device.start()
    return device


def start_c() -> PtyBank:
    """A controller that starts asleep, as SPEC 5.1 says, woken at the bank."""
    device = PtyBank(unit=UNIT)
    device.wake()
    return device


# Which, and how many events a bank has seen until it is awake (SPEC 5.10).
DEVICES: dict[str, tuple[Callable[[], Device], int]] = {"simulated": (start_simulated, 1), "c": (start_c, 4)}


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> Iterator[Device]:
    device = DEVICES[request.param][0]()
    yield device
    device.close()


@pytest.fixture
def client(device: Device) -> Iterator[ModbusSerialClient]:
    client = ModbusSerialClient(device.bus_path, baudrate=115200, stopbits=2, timeout=2)
    assert client.connect()
    yield client
    client.close()


def read(client: ModbusSerialClient, address: int, count: int) -> list[int]:
    answer = client.read_holding_registers(address, count=count, device_id=UNIT)
    assert not answer.isError(), answer
    return list(answer.registers)


def decode(words: list[int], say: str) -> dict[str, object]:
    frame = recipes.build_by_pymodbus(rm.ReadHoldingRegistersResponse(registers=words, dev_id=UNIT))
    return naive_decoder.decode(frame, say)


def run_mbpoll(device: Device, *arguments: str) -> dict[int, int]:
    """Let mbpoll read; return what it prints, by address."""
    run = subprocess.run(
        ["mbpoll", "-m", "rtu", "-b", "115200", "-P", "none", "-s", "2", "-0", "-1", "-a", str(UNIT), "-t", "4:hex",
         *arguments, device.bus_path],
        check=True, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return {
        int(at): int(value, 16) for at, value in re.findall(r"^\[(\d+)\]:\s+0x([0-9A-F]+)", run.stdout, re.MULTILINE)
    }


def test_pymodbus_reads_identity(client: ModbusSerialClient) -> None:
    """SPEC 3.2."""
    told = decode(read(client, 0, 64), "identity")
    assert PLAN.items() <= told.items()


def test_mbpoll_reads_the_same_identity(device: Device) -> None:
    """SPEC 2.2, 3.1: a technician's tool, nothing of ours between."""
    words = run_mbpoll(device, "-r", "0", "-c", "64")
    assert list(words) == list(range(64))
    told = decode(list(words.values()), "identity")
    assert PLAN.items() <= told.items()


def test_both_read_the_status_of_a_bank_at_rest(
    client: ModbusSerialClient, device: Device, request: pytest.FixtureRequest
) -> None:
    """SPEC 5.3."""
    by_pymodbus = decode(read(client, 0x0100, 16), "motion")
    client.close()
    words = run_mbpoll(device, "-r", "256", "-c", "16")
    by_mbpoll = decode(list(words.values()), "motion")
    for told in (by_pymodbus, by_mbpoll):
        assert (told["state"], told["open_aisles"], told["safety"]) == ("IDLE", [11], ["STANDSTILL"])
        assert told["contacts"] == [3] * 10 + [1] + [0] * 13
        assert told["ring_head"] == DEVICES[request.node.callspec.params["device"]][1]
    assert by_pymodbus["boot_id_low"] == by_mbpoll["boot_id_low"]
    assert by_mbpoll["sequence"] != by_pymodbus["sequence"]


def test_input_registers_show_the_same(client: ModbusSerialClient) -> None:
    """SPEC 2.2."""
    answer = client.read_input_registers(0, count=22, device_id=UNIT)
    assert answer.registers == read(client, 0, 22)


def test_identification_as_texts(client: ModbusSerialClient) -> None:
    """SPEC 3.5."""
    answer = client.read_device_information(read_code=1, device_id=UNIT)
    assert answer.information[0] == b"OpenAisle"


def test_pymodbus_opens_an_aisle_by_the_spec_alone(client: ModbusSerialClient) -> None:
    """SPEC 5.4, 5.5, 5.7, 5.14: by 23, then the lease by 16; ends by STOP."""
    request_id = [0x1122, 0x3344, 0x5566, 0x7788]
    selected = client.readwrite_registers(
        read_address=0x0810, read_count=10, write_address=0x0800, values=[*request_id, 0x0103, 0], device_id=UNIT
    ).registers
    assert selected[:2] == [0x0103, 0]
    token, ring_head = selected[2:4], selected[9]
    operated = client.readwrite_registers(
        read_address=0x0830,
        read_count=2,
        write_address=0x0820,
        values=[*request_id, *token, 0x0103, ring_head],
        device_id=UNIT,
    ).registers
    assert operated == [0x0103, 0]
    counter = iter(range(1, 1000))

    def is_moving() -> bool:
        sequence = read(client, 0x010B, 1)[0]
        renewed = client.write_registers(0x0850, [*token, next(counter), sequence], device_id=UNIT)
        assert not renewed.isError()
        return decode(read(client, 0x0100, 16), "motion")["state"] == "MOVING"

    wait_for(is_moving, 5, "motion under a lease renewed by pymodbus")
    client.write_register(0x0860, 1, device_id=UNIT)
    told = wait_for(
        lambda: (now := decode(read(client, 0x0100, 16), "motion"))["state"] == "STOPPED" and now, 2, "standstill"
    )
    assert (told["outcome"], "STANDSTILL" in told["safety"]) == ("STOPPED", True)


def test_select_by_write_then_read(client: ModbusSerialClient) -> None:
    """SPEC 5.14: tools without function 23."""
    client.write_registers(0x0800, [0, 0, 0, 9, 0x0103, 0], device_id=UNIT)
    words = read(client, 0x0810, 10)
    assert words[:2] == [0x0103, 0]
    assert words[2:4] != [0, 0]


@pytest.mark.parametrize(
    ("address", "values", "code"),
    [(0x0000, [1], 2), (0x0100, [6], 2), (0x000D, [500], 2), (0x0850, [1, 2, 3, 4], 3), (0x0800, [1, 2], 3)],
)  # fmt: skip
def test_what_is_not_writable_is_refused(
    client: ModbusSerialClient, address: int, values: list[int], code: int
) -> None:
    """SPEC 2.6, 5.7, 9.1: identity, state, speed; a lease without motion; half a SELECT."""
    answer = client.write_registers(address, values, device_id=UNIT)
    assert answer.isError()
    assert answer.exception_code == code


def test_the_service_port_only_reads(device: Device) -> None:
    """SPEC 8.1."""
    client = ModbusSerialClient(device.service_path, baudrate=115200, stopbits=2, timeout=2)
    assert client.connect()
    try:
        assert PLAN.items() <= decode(read(client, 0, 64), "identity").items()
        answer = client.write_register(0x0860, 1, device_id=UNIT)
        assert (answer.isError(), answer.exception_code) == (True, 1)
    finally:
        client.close()
