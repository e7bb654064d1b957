"""Scope as a condition: what lies outside is not hidden from a list, it is never selected."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from central.domain.permissions import Scope


def within(scope: Scope, room_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that a row's room lies in scope."""
    return true() if scope.room_ids is None else room_id.in_(sorted(scope.room_ids))


def within_case(
    scope: Scope, unit_id: InstrumentedAttribute[Any], handler_id: InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    """Return the condition that a thing of a unit, handled by a person, lies in scope."""
    if scope.everything:
        return true()
    return or_(unit_id.in_(sorted(scope.unit_ids)), handler_id.in_(sorted(scope.person_ids)))
