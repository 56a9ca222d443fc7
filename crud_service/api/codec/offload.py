"""Which messages are coded off the event loop: a megabyte takes long enough for others to notice."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from crud_service.model.record import Record
from crud_service.model.requests import (
    BatchRecordsReply,
    ChangeGroup,
    ExportRecordsReply,
    ListChangesReply,
    ListRecordRevisionsReply,
    ListRecordsReply,
    RecordChange,
    RecordDiff,
    TransactRecordsReply,
    WatchEvent,
)

T = TypeVar("T")

LARGE = 65_536
"""From how many bytes on a message is coded in a thread. Below it the way to a thread would cost more."""


async def decode(read: Callable[[bytes], T], data: bytes) -> T:
    """What `read` makes of a message; of a large one in a thread."""
    return read(data) if len(data) < LARGE else await asyncio.to_thread(read, data)


def content_size(reply: Any) -> int:
    """How many characters of content a reply holds: what makes coding it as protobuf dear."""
    if isinstance(reply, Record):
        return len(reply.content)
    if isinstance(reply, ListRecordsReply | BatchRecordsReply | ExportRecordsReply):
        return _sum(reply.records)
    if isinstance(reply, TransactRecordsReply):
        return _sum(result.record for result in reply.results if result.record)
    return _changed(reply)


def _changed(reply: Any) -> int:
    if isinstance(reply, WatchEvent):
        return _groups([reply.group] if reply.group else [])
    if isinstance(reply, ListChangesReply):
        return _groups(reply.groups)
    if isinstance(reply, ListRecordRevisionsReply):
        return _changes(reply.changes)
    if isinstance(reply, RecordDiff):
        return LARGE if reply.changes else 0  # nobody knows how large a value is without walking through it
    return 0


def _groups(groups: Iterable[ChangeGroup]) -> int:
    return sum([_changes(group.changes) for group in groups])


def _changes(changes: Iterable[RecordChange]) -> int:
    return sum([_sum(filter(None, (each.record, each.old_record))) for each in changes])


def _sum(records: Iterable[Record]) -> int:
    return sum([len(record.content) for record in records])
