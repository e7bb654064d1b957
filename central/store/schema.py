"""The whole schema: importing this module fills the metadata with every table of the centre."""

from __future__ import annotations

from central.store import (
    approvals,
    audit,
    boxes,
    calendars,
    callbacks,
    cases,
    customers,
    documents,
    feed,
    gateways,
    imports,
    ingest,
    labels,
    movements,
    organisation,
    people,
    rooms,
    rules,
    sessions,
    settings,
    templates,
    urges,
)
from central.store.base import Base

TABLE_MODULES = (
    organisation,
    rooms,
    rules,
    boxes,
    movements,
    gateways,
    labels,
    people,
    sessions,
    settings,
    ingest,
    feed,
    imports,
    audit,
    approvals,
    templates,
    calendars,
    customers,
    cases,
    documents,
    urges,
    callbacks,
)

metadata = Base.metadata
