"""Orders that wait for the wire or for their answer. Each SELECT, OPERATE and ACT is built once per request id, ever.

What may be ordered when is the session's business; here stands only what goes out once, in time, and in which bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from firmware_protocol import registers as map_
from firmware_protocol.exchange import Exchange, Haste, Kind
from firmware_protocol.messages import ActRequest, Indicator, OperateRequest, SelectRequest
from firmware_protocol.pdu import ask_read_write, ask_registers, ask_write, ask_write_many
from firmware_protocol.reports import Stage
from firmware_protocol.timing import SELECTION_MS
from firmware_protocol.watch import Ghosts

MAX_REMEMBERED_REQUESTS = 256
# A gateway's core needs some ms, and a disk, between the SELECT answer and OPERATE; a reading begun meanwhile would
# hold OPERATE up for much longer.
OPERATE_GRACE_MS = 25.0
SELECT_SHAPE, ANSWER_SHAPE = (0x17, 25), (0x17, 9)

Fail = Callable[[int, Stage, str], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection that stands at the controller, until OPERATE or 2 s are over."""

    request: SelectRequest
    token: int
    answered_ms: float


class OrderBook:
    """At most one order of each kind; `fail` is told of every order that will not be carried out."""

    def __init__(self, fail: Fail) -> None:
        """Start empty."""
        self._fail = fail
        self._sent: OrderedDict[tuple[Stage, int], None] = OrderedDict()
        self._select: tuple[SelectRequest, float] | None = None
        self._operate: tuple[OperateRequest, float] | None = None
        self._act: tuple[ActRequest, float] | None = None
        self._indicator: Indicator | None = None
        self.deselect = False
        self.selection: Selection | None = None
        # A SELECT written by function 16 whose answer block is yet to be read.
        self.split: SelectRequest | None = None
        # On the wire now.
        self.asked_select: SelectRequest | None = None
        self.asked_operate: OperateRequest | None = None
        self.asked_act: ActRequest | None = None

    def is_claiming(self, now_ms: float) -> bool:
        """Whether a SELECT or OPERATE is on its way, or a selection stands."""
        if self._select or self._operate or self.split or self.asked_select or self.asked_operate:
            return True
        return self.selection is not None and now_ms - self.selection.answered_ms <= SELECTION_MS

    @property
    def awaits_operate_until_ms(self) -> float | None:
        """Until when the line is kept free for the OPERATE of the standing selection."""
        if self.selection is None or self._operate is not None or self.deselect:
            return None
        return self.selection.answered_ms + OPERATE_GRACE_MS

    def order_select(self, request: SelectRequest, deadline_ms: float, blocked: str) -> None:
        """Take a SELECT, unless it is blocked, another waits, or it went out before."""
        blocked = blocked or ("pending" if self._select or self.split or self.asked_select else "")
        if self._admit(request.request_id, Stage.SELECT, blocked):
            self._select = request, deadline_ms

    def order_operate(self, request: OperateRequest, deadline_ms: float, blocked: str) -> None:
        """Take an OPERATE for the standing selection, never later than 2 s after its answer."""
        standing = self.selection
        if standing is None or not _fits(request, standing):
            blocked = blocked or "not_selected"
        if self._admit(request.request_id, Stage.OPERATE, blocked) and standing is not None:
            self._operate = request, min(deadline_ms, standing.answered_ms + SELECTION_MS)

    def order_act(self, request: ActRequest, deadline_ms: float, blocked: str) -> None:
        """Take an operation that moves nothing."""
        blocked = blocked or ("pending" if self._act or self.asked_act else "")
        if self._admit(request.request_id, Stage.ACT, blocked):
            self._act = request, deadline_ms

    def order_indicator(self, indicator: Indicator) -> None:
        """Show a place; only the newest order counts."""
        self._indicator = indicator

    def _admit(self, request_id: int, stage: Stage, blocked: str) -> bool:
        if not blocked and (stage, request_id) in self._sent:
            blocked = "sent_before"
        if blocked:
            self._fail(request_id, stage, blocked)
            return False
        self._sent[stage, request_id] = None
        if len(self._sent) > MAX_REMEMBERED_REQUESTS:
            self._sent.popitem(last=False)
        return True

    def drop_late(self, now_ms: float) -> None:
        """Drop orders whose deadline has passed before their first byte."""
        if self._select is not None and now_ms > self._select[1]:
            self._fail(self._select[0].request_id, Stage.SELECT, "late")
            self._select = None
        if self._operate is not None and now_ms > self._operate[1]:
            self._fail(self._operate[0].request_id, Stage.OPERATE, "late")
            self._operate = None
        if self._act is not None and now_ms > self._act[1]:
            self._fail(self._act[0].request_id, Stage.ACT, "late")
            self._act = None

    def void(self, reason: str) -> SelectRequest | None:
        """Drop all that has not gone out; return a SELECT of which one half has."""
        for stage, pending in ((Stage.SELECT, self._select), (Stage.OPERATE, self._operate), (Stage.ACT, self._act)):
            if pending is not None:
                self._fail(pending[0].request_id, stage, reason)
        half, self.split = self.split, None
        self._select = self._operate = self._act = self.selection = None
        return half

    def find_haste(self, now_ms: float, ghosts: Ghosts, in_doubt: bool) -> Haste | None:
        """Tell the most urgent order that may go out; while anything is in doubt no new request may."""
        answer_free = ghosts.find(ANSWER_SHAPE, now_ms) is None
        if self._operate is not None and answer_free:
            return Haste.OPERATE
        if self.split is not None:
            return Haste.SELECT
        if in_doubt:
            return None
        if self._select is not None and ghosts.find(SELECT_SHAPE, now_ms) is None:
            return Haste.SELECT
        if self.deselect or self._indicator is not None or (self._act is not None and answer_free):
            return Haste.ORDER
        return None

    def begin_operate(self, unit: int) -> Exchange:
        """Build OPERATE; the selection is used up."""
        assert self._operate is not None
        request, self._operate, self.selection = self._operate[0], None, None
        self.asked_operate = request
        octets = ask_read_write(unit, map_.OPERATE_ANSWER.address, 2, map_.OPERATE.address, request.to_registers())
        return Exchange(Kind.OPERATE, octets, 9)

    def begin_select(self, unit: int, split: bool) -> Exchange:
        """Build SELECT in one exchange, or as a write and a read (SPEC 6.6)."""
        if self.split is not None:
            self.asked_select, self.split = self.split, None
            return Exchange(Kind.SELECT_READ, ask_registers(unit, map_.SELECT_ANSWER.address, 10), 25)
        assert self._select is not None
        request, self._select = self._select[0], None
        self.asked_select = request
        words = request.to_registers()
        if split:
            return Exchange(Kind.SELECT_WRITE, ask_write_many(unit, map_.SELECT.address, words), 8)
        octets = ask_read_write(unit, map_.SELECT_ANSWER.address, 10, map_.SELECT.address, words)
        return Exchange(Kind.SELECT, octets, 25)

    def begin_order(self, unit: int, act_free: bool) -> Exchange:
        """Build the next of deselect, act and indicator."""
        if self.deselect:
            self.deselect, self.selection = False, None
            return Exchange(Kind.DESELECT, ask_write(unit, map_.DESELECT.address, 0), 8)
        if self._act is not None and act_free:
            self.asked_act, self._act = self._act[0], None
            octets = ask_read_write(
                unit, map_.ACT_ANSWER.address, 2, map_.ACT.address, self.asked_act.to_registers()
            )  # fmt: skip
            return Exchange(Kind.ACT, octets, 9)
        assert self._indicator is not None
        words, self._indicator = self._indicator.to_registers(), None
        return Exchange(Kind.INDICATOR, ask_write_many(unit, map_.INDICATOR.address, words), 8)

    def take_select(self) -> SelectRequest | None:
        """Return the SELECT on the wire; it is no longer waited for."""
        request, self.asked_select = self.asked_select, None
        return request

    def take_operate(self) -> OperateRequest | None:
        """Return the OPERATE on the wire; it is no longer waited for."""
        request, self.asked_operate = self.asked_operate, None
        return request

    def take_act(self) -> ActRequest | None:
        """Return the ACT on the wire; it is no longer waited for."""
        request, self.asked_act = self.asked_act, None
        return request

    def take_asked(self) -> list[tuple[int, Stage, int]]:
        """Return whatever is on the wire as request id, stage and token (0: none); it is no longer waited for."""
        asked = []
        if (select := self.take_select()) is not None:
            asked.append((select.request_id, Stage.SELECT, 0))
        if (operate := self.take_operate()) is not None:
            asked.append((operate.request_id, Stage.OPERATE, operate.token))
        if (act := self.take_act()) is not None:
            asked.append((act.request_id, Stage.ACT, 0))
        return asked


def _fits(request: OperateRequest, standing: Selection) -> bool:
    return (request.request_id, request.token, request.target) == (
        standing.request.request_id, standing.token, standing.request.target,
    )  # fmt: skip
