"""The whole schema: importing this module fills the metadata with every table of the centre."""

from __future__ import annotations

from central.store import boxes, feed, gateways, imports, ingest, labels, movements, people, rooms, sessions, settings
from central.store.base import Base

TABLE_MODULES = (rooms, boxes, movements, gateways, labels, people, sessions, settings, ingest, feed, imports)

metadata = Base.metadata
