"""Which messages are coded off the event loop: a megabyte takes long enough for others to notice."""

from collections.abc import Iterable
from typing import Any

from crud_service.model.record import Record
from crud_service.model.requests import BatchRecordsReply, ListRecordsReply, TransactRecordsReply

LARGE = 65_536
"""From how many bytes on a message is coded in a thread. Below it the way to a thread would cost more."""


def content_size(reply: Any) -> int:
    """How many characters of content a reply holds: what makes coding it as protobuf dear."""
    if isinstance(reply, Record):
        return len(reply.content)
    if isinstance(reply, ListRecordsReply | BatchRecordsReply):
        return _sum(reply.records)
    if isinstance(reply, TransactRecordsReply):
        return _sum(result.record for result in reply.results if result.record)
    return 0


def _sum(records: Iterable[Record]) -> int:
    return sum([len(record.content) for record in records])
