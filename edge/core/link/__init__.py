"""What gateway and centre say to each other, without I/O: records, uplink sender, feed receiver, messages.

Written after docs/link-protocol.md, which is the contract. No socket, clock, thread or file may be used here.
"""

from __future__ import annotations

from edge.core.link.feed import FeedReceiver
from edge.core.link.messages import (
    Ack,
    Command,
    FeedHead,
    FeedPage,
    Refusal,
    encode_answer,
    encode_ask,
    encode_presence,
    judge_command,
    parse_ack,
    parse_centre_presence,
    parse_command,
    parse_feed,
)
from edge.core.link.records import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    RECORD_BYTES_MAX,
    ZERO_DIGEST,
    ZERO_HASH,
    BoxPlace,
    EpochSpan,
    FeedPosition,
    FeedRow,
    OwnMove,
    digest_row,
    encode_batch,
    encode_canonical,
    encode_record,
    hash_record,
    place_of,
    shift_digest,
)
from edge.core.link.sender import Action, BeginEpoch, LinkState, MarkSafe, MarkThrough, SendBatch, UplinkSender

__all__ = [
    "BATCH_BYTES_MAX",
    "BATCH_RECORDS_MAX",
    "RECORD_BYTES_MAX",
    "ZERO_DIGEST",
    "ZERO_HASH",
    "Ack",
    "Action",
    "BeginEpoch",
    "BoxPlace",
    "Command",
    "EpochSpan",
    "FeedHead",
    "FeedPage",
    "FeedPosition",
    "FeedReceiver",
    "FeedRow",
    "LinkState",
    "MarkSafe",
    "MarkThrough",
    "OwnMove",
    "Refusal",
    "SendBatch",
    "UplinkSender",
    "digest_row",
    "encode_answer",
    "encode_ask",
    "encode_batch",
    "encode_canonical",
    "encode_presence",
    "encode_record",
    "hash_record",
    "judge_command",
    "parse_ack",
    "parse_centre_presence",
    "parse_command",
    "parse_feed",
    "place_of",
    "shift_digest",
]
