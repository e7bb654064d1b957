"""Answer a gateway's ask for a page of its room's feed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from central.domain.feed import encode_canonical
from central.domain.ingest import EpochState
from central.store import feed, ingest

ASK_BYTES_MAX = 1_024
_TOKEN = re.compile(r"[0-9a-f]{16}")
_EPOCH = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Ask:
    """A gateway wants the rows after `after`, which it knows of the centre `centre`."""

    ask: str
    centre: str | None
    after: int


def parse_ask(payload: bytes) -> Ask | None:
    """Read an ask; None for what can't be read."""
    try:
        message = json.loads(payload) if len(payload) <= ASK_BYTES_MAX else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("v") != 1:
        return None
    ask, centre, after = message.get("ask"), message.get("centre"), message.get("after")
    fits = (
        isinstance(ask, str)
        and _TOKEN.fullmatch(ask) is not None
        and (centre is None or (isinstance(centre, str) and _EPOCH.fullmatch(centre) is not None))
        and isinstance(after, int)
        and not isinstance(after, bool)
        and 0 <= after < 2**53
    )
    return Ask(message["ask"], centre, message["after"]) if fits else None


def answer_ask(session: Session, room_id: str, ask: Ask, centre: str) -> bytes:
    """Return the page asked for; of another centre's feed, or one ahead of ours, the beginning of the whole."""
    if session.get_bind().dialect.name == "postgresql":
        # Rows, head and digest must be of one moment, or the gateway would find a digest that never was.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    cursors = [row for row in ingest.list_cursors(session, [room_id]) if row.state == EpochState.ADMITTED]
    up_epoch = cursors[-1].epoch if cursors else None
    head = feed.load_heads(session).get(room_id)
    newest = head.revision if head is not None else 0
    after = ask.after if ask.centre == centre and ask.after <= newest else 0
    page = feed.load_page(session, room_id, after, up_epoch)
    return encode_page(ask.ask, centre, page, up_epoch)


def encode_page(ask: str, centre: str, page: feed.FeedPage, up_epoch: str | None) -> bytes:
    """Return a page as JSON; bodies go out as they are stored, since the digest is over them."""
    rows = ",".join(
        f'{{"as_of_up":{as_of_up},"body":{body if body is not None else "null"},"key":{encode_canonical(key)},'
        f'"kind":"{kind}","revision":{revision}}}'
        for kind, key, revision, body, as_of_up in page.rows
    )
    frame = encode_canonical(
        {
            "after": page.after,
            "ask": ask,
            "centre": centre,
            "digest": page.head.digest,
            "head": page.head.revision,
            "revision": page.revision,
            "rows": [],
            "type": "page",
            "up_epoch": up_epoch,
            "v": 1,
        }
    )
    return frame.replace('"rows":[]', f'"rows":[{rows}]', 1).encode()


def encode_head(centre: str, revision: int) -> bytes:
    """Return the notice that there is a newer revision."""
    return encode_canonical({"centre": centre, "revision": revision, "type": "head", "v": 1}).encode()
