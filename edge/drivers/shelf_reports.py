"""What a controller session reports, as events of the core. One function per report, one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.core import events
from edge.drivers import shelf_words as words
from firmware_protocol import reports as wire


def translate_report(bank: str, columns: int, report: wire.Report) -> events.Event | None:
    """Tell a report of a bank of so many columns in the core's words; None for what the core need not know."""
    return _TRANSLATORS[type(report)](bank, columns, report)


def _tell_motion(bank: str, columns: int, report: wire.MotionRead) -> events.Event:
    return events.SnapshotArrived(bank, words.describe_snapshot(report.snapshot, columns), int(report.at_ms))


def _tell_detail(bank: str, _columns: int, report: wire.DetailRead) -> events.Event:
    return events.DetailArrived(bank, words.describe_detail(report.detail), int(report.at_ms))


def _tell_ring(bank: str, _columns: int, report: wire.RingRead) -> events.Event:
    entries = tuple(words.describe_ring_event(event) for event in report.events)
    return events.RingEventsRead(bank, entries, report.head, int(report.at_ms), report.lost)


def _tell_recalled(bank: str, _columns: int, report: wire.RingRecalled) -> events.Event:
    entries = tuple(words.describe_ring_event(event) for event in report.events)
    return events.RingHistoryRead(bank, entries, report.head, int(report.at_ms), report.lost)


def _tell_select(bank: str, columns: int, report: wire.SelectAnswered) -> events.Event:
    answer = words.describe_select_answer(report.answer, columns)
    return events.SelectAnswered(bank, report.request_id, answer, int(report.at_ms))


def _tell_operate(bank: str, _columns: int, report: wire.OperateAnswered) -> events.Event:
    return events.OperateAnswered(bank, report.request_id, words.name_bits(report.reasons), int(report.at_ms))


def _tell_act(bank: str, _columns: int, report: wire.ActAnswered) -> events.Event:
    return events.ActAnswered(bank, report.request_id, words.name_bits(report.reasons), int(report.at_ms))


def _tell_outcome(bank: str, _columns: int, report: wire.OutcomeRead) -> events.Event:
    outcome = None if report.outcome is None else words.OUTCOMES[report.outcome]
    return events.OutcomeRead(bank, report.request_id, outcome, int(report.at_ms))


def _tell_standstill(bank: str, _columns: int, report: wire.StopReadBack) -> events.Event:
    return events.StopReadBack(bank, report.standstill, int(report.at_ms))


def _tell_failure(bank: str, _columns: int, report: wire.WireFailed) -> events.Event:
    return events.WireFailed(bank, report.request_id, words.STAGES[report.stage], report.reason)


def _tell_condition(bank: str, _columns: int, report: wire.ConditionChanged) -> events.Event:
    condition = words.CONDITIONS[report.condition]
    if report.identity is None:
        return events.ControllerChanged(bank, condition, detail=report.detail)
    capabilities = words.describe_capabilities(report.identity.capabilities)
    return events.ControllerChanged(bank, condition, report.identity.boot_id & 0xFFFF, report.detail, capabilities)


_TRANSLATORS: dict[type[Any], Callable[[str, int, Any], events.Event | None]] = {
    wire.MotionRead: _tell_motion,
    wire.DetailRead: _tell_detail,
    wire.WearRead: lambda _bank, _columns, _report: None,
    wire.RingRead: _tell_ring,
    wire.RingRecalled: _tell_recalled,
    wire.SelectAnswered: _tell_select,
    wire.OperateAnswered: _tell_operate,
    wire.ActAnswered: _tell_act,
    wire.OutcomeRead: _tell_outcome,
    wire.StopReadBack: _tell_standstill,
    wire.WireFailed: _tell_failure,
    wire.ConditionChanged: _tell_condition,
}
