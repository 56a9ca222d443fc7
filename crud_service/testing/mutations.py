"""Mutations for tests, in one line each."""

from typing import Any

from msgspec.structs import replace

from crud_service.model import timestamp
from crud_service.model.change import (
    ChangeKind,
    CollectionWrite,
    Mutation,
    Origin,
    RecordCondition,
    RecordWrite,
    RequestKey,
    StoredRequest,
)
from crud_service.model.record import Collection, Record, RecordKey, tombstone
from crud_service.model.timestamp import Timestamp

TIME = timestamp.parse("2026-01-02T03:04:05.000000006Z")
"""When everything happens unless a test says otherwise."""

LATER = timestamp.parse("2026-01-02T03:04:06.123456789Z")
"""When changes and deletions happen."""

MUCH_LATER = timestamp.parse("2026-02-01T00:00:00Z")
"""When what was kept for a while has expired."""

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


def delete(stored: Record, **fields: Any) -> RecordWrite:
    """Mark `stored`, which must still be the stored state, as deleted; `fields` replaces what else it holds."""
    new = replace(stored, version=stored.version + 1, update_time=LATER, delete_time=LATER, **fields)
    return RecordWrite(ChangeKind.RECORD_DELETED, new, stored.revision)


def undelete(stored: Record) -> RecordWrite:
    """Make `stored`, a deleted record that must still be the stored state, live again."""
    new = replace(stored, version=stored.version + 1, update_time=MUCH_LATER, delete_time=None, purge_time=None)
    return RecordWrite(ChangeKind.RECORD_UNDELETED, new, stored.revision)


def purge(stored: Record, tenant: str = "") -> RecordWrite:
    """Remove `stored`, which must still be the stored state, for good."""
    key = RecordKey(tenant, stored.collection, stored.id)
    return RecordWrite(ChangeKind.RECORD_PURGED, tombstone(key, 0, stored.version + 1), stored.revision)


def create_collection(new: Collection) -> CollectionWrite:
    """Store `new`, of which there must be none."""
    return CollectionWrite(ChangeKind.COLLECTION_CREATED, new)


def update_collection(stored: Collection, **fields: Any) -> CollectionWrite:
    """Change `fields` of `stored`, which must still be the stored state."""
    new = replace(stored, version=stored.version + 1, update_time=LATER, **fields)
    return CollectionWrite(ChangeKind.COLLECTION_UPDATED, new, stored.revision)


def delete_collection(stored: Collection, *, force: bool = False) -> CollectionWrite:
    """Remove `stored`, which must still be the stored state; with `force`, live records too."""
    return CollectionWrite(ChangeKind.COLLECTION_DELETED, stored, stored.revision, force)


def request(request_id: str = "request-1", **fields: Any) -> StoredRequest:
    """A request to keep until `MUCH_LATER`; `fields` replaces what it holds."""
    new = StoredRequest(RequestKey("", "ada", request_id), "fingerprint", "outcome", MUCH_LATER)
    return replace(new, **fields)


def mutation(
    *writes: RecordWrite | CollectionWrite,
    tenant: str = "",
    create_collections: bool = True,
    time: Timestamp = TIME,
    origin: Origin = ORIGIN,
    conditions: tuple[RecordCondition, ...] = (),
    request: StoredRequest | None = None,
) -> Mutation:
    """The writes of one call, which makes the collections it needs unless told not to."""
    return Mutation(tenant, origin, time, writes, create_collections, conditions, request)
