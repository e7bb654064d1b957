"""Whatever bytes come, frames are found, nothing raises, nothing grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol import blocks, fields, messages, pdu
from firmware_protocol.crc import append_crc, crc16
from firmware_protocol.frame import MAX_FRAME_BYTES, FaultKind, Frame, FrameFault, FrameReader, Role
from firmware_protocol.geometry import ColumnShape, list_aisle_shapes
from firmware_protocol.registers import BLOCKS, find_block

FRAMES = (
    pdu.ask_registers(17, 0x0100, 16),
    pdu.ask_write(0, 0x0860, 1),
    pdu.ask_write_many(17, 0x0850, (1, 2, 3, 4)),
    pdu.ask_read_write(17, 0x0810, 10, 0x0800, (1, 2, 3, 4, 5, 6)),
    pdu.ask_identification(17),
)
ANSWERS = (
    pdu.answer_registers(17, 3, tuple(range(0x0101, 0x0111))),
    pdu.answer_registers(17, 0x17, (0x0107, 0)),
    pdu.answer_write_many(17, 0x0850, 4),
    pdu.answer_exception(17, 16, pdu.ExceptionCode.ILLEGAL_VALUE),
    pdu.answer_identification(17, 1, ((0, b"OpenAisle"), (1, b"Shelf"))),
)
chunks = st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=12)


def whole(found: list[Frame | FrameFault]) -> list[Frame]:
    return [item for item in found if isinstance(item, Frame)]


@given(chunks)
def test_garbage_never_raises_and_never_grows(pieces: list[tuple[bytes, bool]]) -> None:
    """SPEC 2.5."""
    for roles in ((Role.RESPONSE,), (Role.REQUEST,), ()):
        reader = FrameReader(*roles)
        for octets, silence in pieces:
            for item in reader.feed(octets, silence):
                if isinstance(item, Frame):
                    answer = pdu.read_answer(item) if item.role is Role.RESPONSE else pdu.read_request(item)
                    assert answer is not None
                else:
                    assert 0 < item.length <= 300 + MAX_FRAME_BYTES
                    assert len(item.sample) <= 32
            assert reader.pending_bytes <= MAX_FRAME_BYTES
            assert not silence or reader.pending_bytes == 0


@given(st.sampled_from(ANSWERS), st.integers(0, 40), st.binary(max_size=20))
def test_an_answer_is_found_behind_noise_once_the_line_is_silent(answer: bytes, cut: int, noise: bytes) -> None:
    """SPEC 2.5: whatever precedes it, and however it is torn."""
    reader = FrameReader(Role.RESPONSE)
    stream = noise + answer
    found = reader.feed(stream[:cut], False) + reader.feed(stream[cut:], True)
    assert append_crc(bytes((17, answer[1])) + answer[2:-2]) == answer
    assert any(frame.body == answer[2:-2] for frame in whole(found))


@given(st.lists(st.sampled_from(FRAMES + ANSWERS), min_size=1, max_size=6), st.integers(1, 9))
def test_torn_streams_of_both_roles_give_every_frame(frames: list[bytes], step: int) -> None:
    """SPEC 2.5: a controller hears its neighbours."""
    reader = FrameReader()
    stream = b"".join(frames)
    found = [item for at in range(0, len(stream), step) for item in reader.feed(stream[at : at + step], False)]
    assert [bytes((frame.unit, frame.function)) + frame.body for frame in whole(found)] == [f[:-2] for f in frames]


@given(st.sampled_from(FRAMES + ANSWERS), st.data())
def test_one_flipped_bit_is_never_believed(frame: bytes, data: st.DataObject) -> None:
    """SPEC 2.3."""
    at = data.draw(st.integers(0, len(frame) * 8 - 1))
    spoiled = bytearray(frame)
    spoiled[at // 8] ^= 1 << at % 8
    believed = whole(FrameReader().feed(bytes(spoiled), True))
    assert all(append_crc(bytes((f.unit, f.function)) + f.body) != bytes(frame) for f in believed)
    assert not any(len(f.body) + 4 == len(frame) for f in believed)


@given(st.binary(max_size=256))
def test_crc_agrees_with_the_bitwise_sum(octets: bytes) -> None:
    """SPEC 2.3."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    assert crc16(octets) == register
    assert len(octets) > 254 or crc16(append_crc(octets)) == 0


@given(st.lists(st.integers(0, 0xFFFF), max_size=125))
def test_no_registers_make_a_decoder_raise(words: list[int]) -> None:
    """SPEC 4: what a peer got wrong is a MessageFault."""
    told = tuple(words)
    decoders = (
        blocks.Identity.from_registers, blocks.MotionSnapshot.from_registers, messages.SelectRequest.from_registers,
        messages.SelectAnswer.from_registers, messages.OperateRequest.from_registers, messages.ActRequest.from_registers,
        messages.ReasonsAnswer.from_registers, messages.Lease.from_registers, messages.Indicator.from_registers,
        blocks.read_log, lambda numbers: blocks.Detail.from_registers(numbers, 24, 16),
    )  # fmt: skip
    for decode in decoders:
        assert decode(told) is not None
    for block in BLOCKS:
        filled = (told + (0,) * block.count)[: block.count]
        for decode in decoders:
            assert decode(filled) is not None


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_counters_wrap(one: int, step: int) -> None:
    """SPEC 5.7."""
    other = (one + step) & 0xFFFF
    assert fields.is_newer(other, one) == (0 < step < 0x8000)


def test_faults_say_what_they_are() -> None:
    """SPEC 2.5."""
    answer = ANSWERS[0]
    spoiled = answer[:-1] + bytes((answer[-1] ^ 1,))
    cases = {spoiled: FaultKind.CRC, answer[:-4]: FaultKind.TRUNCATED, b"\xff\xfe\xff": FaultKind.NOISE}
    for octets, kind in cases.items():
        found = FrameReader(Role.RESPONSE).feed(octets, True)
        assert isinstance(found[0], FrameFault)
        assert found[0].kind is kind


@pytest.mark.parametrize(
    ("address", "count", "access", "name"),
    [(0x0100, 16, "r", "motion"), (0x0103, 2, "r", "motion"), (0x010F, 2, "r", None), (0x0100, 16, "w", None),
     (0x0860, 1, "w", "stop"), (0x0860, 2, "w", None), (0x0900, 1, "r", None)],
)  # fmt: skip
def test_a_span_lies_in_one_block_or_nowhere(address: int, count: int, access: str, name: str | None) -> None:
    """SPEC 2.6, 3.1."""
    block = find_block(address, count, access)
    assert (block.name if block else None) == name


def test_nothing_dangerous_has_a_register() -> None:
    """SPEC 9.1, 9.2: what may be written is a closed list."""
    writable = [block.name for block in BLOCKS if "w" in block.access]
    assert writable == ["select", "operate", "act", "lease", "stop", "deselect", "indicator"]


def test_aisles_lie_right_of_their_columns() -> None:
    """SPEC 3.4: the last one ends at a stop that is no column."""
    columns = [ColumnShape(number, number == 1, "AB", 550) for number in (1, 2, 3)]
    shapes = [(aisle.number, aisle.left_column, aisle.right_column) for aisle in list_aisle_shapes(columns, 3)]
    assert shapes == [(1, 1, 2), (2, 2, 3), (3, 3, 0)]


def test_a_refused_request_earns_its_exception() -> None:
    """SPEC 2.2, 2.6."""
    cases = {
        append_crc(bytes((17, 3, 0, 0, 0, 126))): pdu.ExceptionCode.ILLEGAL_VALUE,
        append_crc(bytes((17, 3, 0, 0, 0, 0))): pdu.ExceptionCode.ILLEGAL_VALUE,
        append_crc(bytes((17, 0x2B, 0x0D, 1, 0))): pdu.ExceptionCode.ILLEGAL_FUNCTION,
        append_crc(bytes((17, 0x2B, 0x0E, 5, 0))): pdu.ExceptionCode.ILLEGAL_VALUE,
    }
    for octets, code in cases.items():
        frame = FrameReader(Role.REQUEST).feed(octets, True)[0]
        assert isinstance(frame, Frame)
        assert pdu.read_request(frame) == pdu.RequestFault(octets[1], code)
