"""The one record that every system is loaded with, in the forms the systems take."""

import json
import struct
from typing import Any

from crud_service.v1.record_service_pb2 import CreateRecordRequest, GetRecordRequest

COLLECTION = "collections/notes"

NAME = "Quarterly report"
DATE = "2026-03-01T09:30:00Z"
TAGS = ["finance", "urgent"]
CONTENT: dict[str, Any] = {
    "title": "Quarterly report for the northern region",
    "text": "Revenue grew by a tenth against the quarter before; costs stayed flat, and two large orders moved to the "
    "next one, as the table shows.",
    "amount": 18250.75,
    "priority": 3,
    "approved": True,
}
"""Five keys, about 250 bytes as JSON."""


def record_json() -> bytes:
    """The body of a create over HTTP, the same for every system."""
    return _compact({"name": NAME, "date": DATE, "content": CONTENT, "tags": TAGS})


def record_of_500_bytes() -> bytes:
    """The body for the measurement of memory: 500 bytes of JSON in all."""
    record = {"name": NAME, "date": DATE, "content": CONTENT | {"note": ""}, "tags": TAGS}
    record["content"] = CONTENT | {"note": "x" * (500 - len(_compact(record)))}
    return _compact(record)


def create_request() -> bytes:
    """The same record as a CreateRecordRequest."""
    request = CreateRecordRequest(parent=COLLECTION)
    request.record.name = NAME
    request.record.date.FromJsonString(DATE)
    request.record.content.update(CONTENT)
    request.record.tags.extend(TAGS)
    return request.SerializeToString()


def get_request(record_id: str) -> bytes:
    """A GetRecordRequest for one record."""
    return GetRecordRequest(path=f"{COLLECTION}/records/{record_id}").SerializeToString()


def framed(message: bytes) -> bytes:
    """A message as it travels in a gRPC body: uncompressed, length first."""
    return struct.pack(">BI", 0, len(message)) + message


def is_our_record(record: dict[str, Any]) -> bool:
    """Whether a reply, decoded from JSON, holds what was sent."""
    return bool(record["name"] == NAME and record["content"] == CONTENT and record["tags"] == TAGS)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
