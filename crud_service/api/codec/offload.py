"""Which messages are coded off the event loop: a megabyte takes long enough for others to notice."""

from typing import Any

from crud_service.model.record import Record
from crud_service.model.requests import ListRecordsReply

LARGE = 65_536
"""From how many bytes on a message is coded in a thread. Below it the way to a thread would cost more."""


def content_size(reply: Any) -> int:
    """How many characters of content a reply holds: what makes coding it as protobuf dear."""
    if isinstance(reply, Record):
        return len(reply.content)
    if isinstance(reply, ListRecordsReply):
        return sum([len(record.content) for record in reply.records])
    return 0
