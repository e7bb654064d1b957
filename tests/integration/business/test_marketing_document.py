"""docs/marketing-interface.md: every message of it is taken, and every kind of event stands in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from central.domain.marketing import Kind, MarketingEvent, read_event

DOCUMENT = Path(__file__).parents[3] / "docs" / "marketing-interface.md"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_every_message_of_the_document_is_read() -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    found = [read_event(json.loads(block), NOW) for block in blocks]
    events = [event for event in found if isinstance(event, MarketingEvent)]
    assert events == found
    assert {event.kind for event in events} == set(Kind)
    assert len({event.id for event in events}) == len(events)
