"""Mutations for tests, in one line each."""

from typing import Any

from msgspec.structs import replace

from crud_service.model import timestamp
from crud_service.model.change import ChangeKind, CollectionWrite, Mutation, Origin, RecordWrite
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp

TIME = timestamp.parse("2026-01-02T03:04:05.000000006Z")
"""When everything happens unless a test says otherwise."""

LATER = timestamp.parse("2026-01-02T03:04:06.123456789Z")
"""When changes and deletions happen."""

ORIGIN = Origin(
    actor="ada",
    reason="a test",
    request_id="request-1",
    call_id="call-1",
    trace_id="0" * 31 + "1",
    code_version="1.2.3",
)
"""An origin with every field filled."""


def record(record_id: str = "r1", collection: str = "notes", **fields: Any) -> Record:
    """A new record; `fields` replaces what it holds."""
    new = Record(collection, record_id, "a name", TIME, '{"text":"hello"}', ("a", "b"), 0, 1, TIME, TIME)
    return replace(new, **fields)


def collection(collection_id: str = "notes", **fields: Any) -> Collection:
    """A new collection; `fields` replaces what it holds."""
    return replace(Collection(collection_id, "Notes", "what to keep", 0, 1, TIME, TIME), **fields)


def create(new: Record) -> RecordWrite:
    """Store `new`, of which there must be none."""
    return RecordWrite(ChangeKind.RECORD_CREATED, new)


def update(stored: Record, **fields: Any) -> RecordWrite:
    """Change `fields` of `stored`, which must still be the stored state."""
    new = replace(stored, version=stored.version + 1, update_time=LATER, **fields)
    return RecordWrite(ChangeKind.RECORD_UPDATED, new, stored.revision)


def delete(stored: Record) -> RecordWrite:
    """Mark `stored`, which must still be the stored state, as deleted."""
    new = replace(stored, version=stored.version + 1, update_time=LATER, delete_time=LATER)
    return RecordWrite(ChangeKind.RECORD_DELETED, new, stored.revision)


def create_collection(new: Collection) -> CollectionWrite:
    """Store `new`, of which there must be none."""
    return CollectionWrite(ChangeKind.COLLECTION_CREATED, new)


def update_collection(stored: Collection, **fields: Any) -> CollectionWrite:
    """Change `fields` of `stored`, which must still be the stored state."""
    new = replace(stored, version=stored.version + 1, update_time=LATER, **fields)
    return CollectionWrite(ChangeKind.COLLECTION_UPDATED, new, stored.revision)


def delete_collection(stored: Collection) -> CollectionWrite:
    """Remove `stored`, which must still be the stored state."""
    return CollectionWrite(ChangeKind.COLLECTION_DELETED, stored, stored.revision)


def mutation(
    *writes: RecordWrite | CollectionWrite,
    tenant: str = "",
    create_collections: bool = True,
    time: Timestamp = TIME,
    origin: Origin = ORIGIN,
) -> Mutation:
    """The writes of one call, which makes the collections it needs unless told not to."""
    return Mutation(tenant, origin, time, writes, create_collections)
