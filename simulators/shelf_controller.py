"""One unit on a shelf line: frames in, answers out, with the model behind it. No port, no thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firmware_protocol import pdu
from firmware_protocol import registers as map_
from firmware_protocol.codes import LeaseRefusal
from firmware_protocol.crc import append_crc
from firmware_protocol.frame import (
    BROADCAST_UNIT,
    DEVICE_ID,
    READ_WRITE,
    WRITE_MANY,
    Frame,
    FrameFault,
    FrameReader,
    Role,
)
from firmware_protocol.messages import (
    ActRequest,
    Deselect,
    Indicator,
    Lease,
    MessageFault,
    OperateRequest,
    ReasonsAnswer,
    SelectAnswer,
    SelectRequest,
    Stop,
    Target,
    log_registers,
    mask_of,
    ring_registers,
)
from simulators import shelf_words as words
from simulators.shelf_model import ShelfModel
from simulators.shelf_record import Reason

Written = tuple[int, ...] | pdu.ExceptionCode


def count_milliseconds() -> Callable[[], int]:
    """Return a clock that begins at 0 now."""
    started_ns = time.monotonic_ns()
    return lambda: (time.monotonic_ns() - started_ns) // 1_000_000


class ShelfController:
    """A model behind a unit address. Every act first lets the model catch up with the clock."""

    def __init__(self, model: ShelfModel, unit: int, clock: Callable[[], int]) -> None:
        self.unit = unit
        self.requests = 0
        self.refused = 0
        self._model = model
        self._clock = clock
        self._lock = threading.RLock()
        self._answers: dict[str, tuple[int, ...]] = {}
        self._lease_refusal = LeaseRefusal.NONE
        self._stop_reason = 0
        self._images: dict[str, Callable[[ShelfModel], tuple[int, ...]]] = {
            map_.MOTION.name: words.show_motion_registers,
            map_.IDENTITY.name: self._show_identity,
            map_.DETAIL.name: self._show_detail,
            map_.REQUEST_LOG.name: lambda model: log_registers(words.show_log(model)),
            map_.EVENT_RING.name: lambda model: ring_registers(words.show_ring(model)),
            map_.WEAR.name: lambda model: words.show_wear(model).to_registers(),
        }
        self._writers = {
            map_.STOP.name: self._stop,
            map_.DESELECT.name: self._deselect,
            map_.LEASE.name: self._renew,
            map_.INDICATOR.name: self._indicate,
            map_.SELECT.name: self._select,
            map_.OPERATE.name: self._operate,
            map_.ACT.name: self._act,
        }

    @contextmanager
    def at_now(self) -> Iterator[ShelfModel]:
        """Hold the model, brought up to the present."""
        with self._lock:
            self._model.advance(max(self._model.now_ms, self._clock()))
            yield self._model

    def answer(self, frame: Frame, *, read_only: bool = False) -> bytes | None:
        """Answer one request for this unit; None when nothing is said (broadcast, no power)."""
        request = pdu.read_request(frame)
        model = self._model
        with self._lock:
            model.advance(max(model.now_ms, self._clock()))
            if not model.powered:
                return None
            self.requests += 1
            answer = self._answer(model, request, read_only=read_only)
        return None if frame.unit == BROADCAST_UNIT else answer

    def stop_by_broadcast(self, request: pdu.Request) -> None:
        """Heed a STOP that was said to everybody; nothing else is obeyed that way."""
        if not isinstance(request, pdu.WriteRegisters) or request.address != map_.STOP.address:
            return
        with self.at_now() as model:
            if model.powered:
                self._stop(model, request.values)

    def _answer(self, model: ShelfModel, request: pdu.Request, *, read_only: bool) -> bytes:
        if isinstance(request, pdu.RequestFault):
            return self._refuse(request.function, request.code)
        if isinstance(request, pdu.ReadIdentification):
            return self._identify(model, request)
        if isinstance(request, pdu.ReadRegisters):
            values = self._read(model, request.address, request.count)
            if values is None:
                return self._refuse(request.function, pdu.ExceptionCode.ILLEGAL_ADDRESS)
            return pdu.answer_registers(self.unit, request.function, values)
        function = READ_WRITE if isinstance(request, pdu.ReadWriteRegisters) else request.function
        code = pdu.ExceptionCode.ILLEGAL_FUNCTION if read_only else self._take(model, request)
        return self._confirm(model, request) if code is None else self._refuse(function, code)

    def _identify(self, model: ShelfModel, request: pdu.ReadIdentification) -> bytes:
        """SPEC 3.5: the same identity as texts; basic, regular, extended, or one object alone."""
        objects = words.identify_texts(words.identify(model, self._serial_number(model)))
        first = request.object_id if request.object_id in objects or request.code == 4 else 0
        most = {1: 0x7F, 2: 0x7F, 3: 0xFF}.get(request.code, first)
        wanted = [number for number in objects if first <= number <= most]
        if not wanted:
            return self._refuse(DEVICE_ID, pdu.ExceptionCode.ILLEGAL_ADDRESS)
        texts = tuple((number, objects[number].encode("ascii")) for number in wanted)
        return pdu.answer_identification(self.unit, request.code, texts)

    def _serial_number(self, model: ShelfModel) -> str:
        return f"SIM-{model.plan.bank_id}-{self.unit:03d}"

    def _take(
        self, model: ShelfModel, request: pdu.WriteRegisters | pdu.ReadWriteRegisters
    ) -> pdu.ExceptionCode | None:
        """Carry a write out; an exception code when it can't be."""
        address = request.write_address if isinstance(request, pdu.ReadWriteRegisters) else request.address
        block = map_.find_block(address, len(request.values), "w")
        if block is None:
            return pdu.ExceptionCode.ILLEGAL_ADDRESS
        if (block.address, block.count) != (address, len(request.values)):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        return self._writers[block.name](model, request.values)

    def _confirm(self, model: ShelfModel, request: pdu.WriteRegisters | pdu.ReadWriteRegisters) -> bytes:
        if isinstance(request, pdu.ReadWriteRegisters):
            values = self._read(model, request.read_address, request.read_count)
            if values is None:
                return self._refuse(READ_WRITE, pdu.ExceptionCode.ILLEGAL_ADDRESS)
            return pdu.answer_registers(self.unit, READ_WRITE, values)
        if request.function == WRITE_MANY:
            return pdu.answer_write_many(self.unit, request.address, len(request.values))
        return pdu.answer_write(self.unit, request.address, request.values[0])

    def _refuse(self, function: int, code: pdu.ExceptionCode) -> bytes:
        self.refused += 1
        return pdu.answer_exception(self.unit, function, code)

    # ---- reads ----------------------------------------------------------------------------------

    def _read(self, model: ShelfModel, address: int, count: int) -> tuple[int, ...] | None:
        block = map_.find_block(address, count, "r")
        if block is None:
            return None
        image = self._image(model, block)
        return image[address - block.address : address - block.address + count]

    def _image(self, model: ShelfModel, block: map_.Block) -> tuple[int, ...]:
        show = self._images.get(block.name)
        return self._answers.get(block.name, (0,) * block.count) if show is None else show(model)

    def _show_identity(self, model: ShelfModel) -> tuple[int, ...]:
        return words.identify(model, self._serial_number(model)).to_registers()

    def _show_detail(self, model: ShelfModel) -> tuple[int, ...]:
        return words.show_detail(model, self._lease_refusal, self._stop_reason).to_registers()

    # ---- writes ---------------------------------------------------------------------------------

    def _stop(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        self._stop_reason = Stop.from_registers(values).reason
        model.stop()
        return None

    def _deselect(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        given_back = model.deselect(Deselect.from_registers(values).token_low)
        return None if given_back else pdu.ExceptionCode.ILLEGAL_VALUE

    def _renew(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        lease = Lease.from_registers(values)
        if isinstance(lease, MessageFault):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        reasons = model.renew_lease(lease.token, lease.counter, lease.sequence)
        self._lease_refusal = next((words.LEASE_REFUSALS[reason] for reason in reasons), LeaseRefusal.NONE)
        return pdu.ExceptionCode.ILLEGAL_VALUE if reasons else None

    def _indicate(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        shown = Indicator.from_registers(values)
        if isinstance(shown, MessageFault):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        model.indicate(words.read_indication(shown.aisle, shown.place) if shown.aisle else None)
        return None

    def _select(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        request = SelectRequest.from_registers(values)
        if isinstance(request, MessageFault):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        if request.request_id == 0:
            return pdu.ExceptionCode.ILLEGAL_VALUE
        operation = words.OPERATIONS_READ[request.target.operation]
        wanted = words.read_indication(request.target.aisle, request.place)
        answer = model.select(request.request_id, operation, wanted)
        now = answer.snapshot
        self._answers["select_answer"] = SelectAnswer(
            target=request.target,
            reasons=words.join_reasons(answer.reasons),
            token=answer.token,
            sequence=now.sequence,
            occupancy_seen=mask_of(now.seen),
            contacts=words.show_contacts(now),
            ring_head=now.ring_head,
        ).to_registers()
        return None

    def _operate(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        request = OperateRequest.from_registers(values)
        if isinstance(request, MessageFault):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        if request.request_id == 0:
            return pdu.ExceptionCode.ILLEGAL_VALUE
        operation, aisle = words.OPERATIONS_READ[request.target.operation], request.target.aisle
        reasons = model.operate(request.request_id, request.token, operation, aisle, request.ring_head).reasons
        self._keep_reasons("operate_answer", request.target, reasons)
        return None

    def _act(self, model: ShelfModel, values: tuple[int, ...]) -> pdu.ExceptionCode | None:
        request = ActRequest.from_registers(values)
        if isinstance(request, MessageFault):
            return pdu.ExceptionCode.ILLEGAL_VALUE
        if request.request_id == 0:
            return pdu.ExceptionCode.ILLEGAL_VALUE
        operation = words.OPERATIONS_READ[request.target.operation]
        reasons = model.act(request.request_id, operation, request.target.aisle)
        self._keep_reasons("act_answer", request.target, reasons)
        return None

    def _keep_reasons(self, block: str, target: Target, reasons: frozenset[Reason]) -> None:
        self._answers[block] = ReasonsAnswer(target, words.join_reasons(reasons)).to_registers()


class Station:
    """All units on one line. Bytes that are no frame are counted and forgotten."""

    def __init__(self, controllers: list[ShelfController], *, read_only: bool = False) -> None:
        self.controllers = {controller.unit: controller for controller in controllers}
        self.read_only = read_only
        self.bad_bytes = 0
        self.bad_frames = 0
        self.frames = 0
        self._reader = FrameReader(Role.REQUEST, Role.RESPONSE)

    def hear(self, octets: bytes, silence: bool) -> list[bytes]:
        """Take bytes as they came; answer the whole requests among them."""
        answers = []
        for item in self._reader.feed(octets, silence):
            if isinstance(item, FrameFault):
                self.bad_frames += 1
                self.bad_bytes += item.length
            elif item.role is Role.REQUEST:
                self.frames += 1
                answer = self.answer(item)
                if answer is not None:
                    answers.append(answer)
        return answers

    def answer(self, frame: Frame) -> bytes | None:
        """Answer one request frame; None when nobody is meant, or everybody."""
        if frame.unit == BROADCAST_UNIT:
            if not self.read_only:
                request = pdu.read_request(frame)
                for each in self.controllers.values():
                    each.stop_by_broadcast(request)
            return None
        controller = self.controllers.get(frame.unit)
        return controller.answer(frame, read_only=self.read_only) if controller else None

    @staticmethod
    def read_pdu(unit: int, octets: bytes) -> Frame | None:
        """Return the request in a Modbus TCP body: it must be whole, as if it had come over the line with its CRC."""
        found = FrameReader(Role.REQUEST).feed(append_crc(bytes((unit,)) + octets), silence=True)
        return found[0] if len(found) == 1 and isinstance(found[0], Frame) else None
