"""Mutations and the change log: what is to be written, and what the log says was written.

One accepted call is one `Mutation`. A store turns it into the new states of its resources and into one group of
`Change` entries, in one database transaction, under one revision.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from crud_service.model.record import Collection, Record, RecordKey, tombstone
from crud_service.model.timestamp import Timestamp


class ChangeKind(StrEnum):
    """What an entry of the log says happened. Append-only: the log keeps these words for good."""

    RECORD_CREATED = "RECORD_CREATED"
    RECORD_UPDATED = "RECORD_UPDATED"
    RECORD_DELETED = "RECORD_DELETED"
    RECORD_UNDELETED = "RECORD_UNDELETED"
    RECORD_EXPIRED = "RECORD_EXPIRED"
    """Deleted on its own, at its `expire_time`."""
    RECORD_PURGED = "RECORD_PURGED"
    """Gone for good: no state of it is left in the log, and its id is free."""
    COLLECTION_CREATED = "COLLECTION_CREATED"
    COLLECTION_UPDATED = "COLLECTION_UPDATED"
    COLLECTION_DELETED = "COLLECTION_DELETED"
    """The collection is gone, and with it all records it held; no state of theirs is left in the log."""


class RecordWrite(msgspec.Struct, frozen=True):
    """Store, or with RECORD_PURGED remove, `record` if its stored revision is `expected_revision`; 0 expects none."""

    kind: ChangeKind
    record: Record
    """The complete new state but for its revision, which the store gives; a `tombstone` for RECORD_PURGED."""
    expected_revision: int = 0


class RecordCondition(msgspec.Struct, frozen=True):
    """The record's stored revision must be `expected_revision`; 0 expects that there is none."""

    key: RecordKey
    expected_revision: int


class CollectionWrite(msgspec.Struct, frozen=True):
    """Store, or with COLLECTION_DELETED remove, a collection if its revision is `expected_revision`."""

    kind: ChangeKind
    collection: Collection
    expected_revision: int = 0
    force: bool = False
    """For COLLECTION_DELETED: whether live records may go with it."""


class Origin(msgspec.Struct, frozen=True):
    """Where a mutation comes from; copied into each of its log entries."""

    actor: str
    reason: str = ""
    request_id: str = ""
    call_id: str = ""
    trace_id: str = ""
    code_version: str = ""


class RequestKey(NamedTuple):
    """What makes an idempotent request the same one: who sent it under which id."""

    tenant: str
    principal: str
    id: str


class StoredRequest(msgspec.Struct, frozen=True):
    """What a store remembers of an idempotent request that it has carried out."""

    key: RequestKey
    fingerprint: str
    """Tells the request from any other."""
    outcome: str
    """How to give the same answer again; logic's own words."""
    expire_time: Timestamp
    """From when on it is as if it had never been."""
    revision: int = 0
    """Of the mutation it became; 0 if there was nothing to write. The store gives it."""


class Mutation(msgspec.Struct, frozen=True):
    """The writes of one accepted call: all are stored, under one revision, or none.

    A mutation without writes takes no revision; it only checks its conditions and keeps its request.
    """

    tenant: str
    origin: Origin
    time: Timestamp
    writes: tuple[RecordWrite | CollectionWrite, ...]
    create_collections: bool = False
    """Make the collections that the records name and that do not exist, as part of this mutation."""
    conditions: tuple[RecordCondition, ...] = ()
    """What else must be so, of records that are not written."""
    request: StoredRequest | None = None
    """Kept with the mutation, so that the request is carried out once."""


class Committed(msgspec.Struct, frozen=True):
    """What a mutation became: its revision, and the stored state of each write, in their order.

    For COLLECTION_DELETED it is the last state before, for RECORD_PURGED the tombstone. Without writes the revision is
    the last one given before.
    """

    revision: int
    states: tuple[Record | Collection, ...]


class Change(msgspec.Struct, frozen=True):
    """One entry of the log. Entries with the same revision are one mutation and travel together."""

    revision: int
    ordinal: int
    """The place within its mutation, from 0."""
    kind: ChangeKind
    tenant: str
    collection: str
    id: str
    """The record's id; empty for a change of the collection itself."""
    state: str
    """The resource after the change, as `encode_state` writes it; for COLLECTION_DELETED the last one before.

    Empty once it was purged.
    """
    version: int
    time: Timestamp
    actor: str
    reason: str
    request_id: str
    call_id: str
    trace_id: str
    code_version: str

    @property
    def record(self) -> Record:
        """The record after the change; a tombstone if it was purged. Only for the RECORD_ kinds."""
        if not self.state:
            return tombstone(RecordKey(self.tenant, self.collection, self.id), self.revision, self.version)
        return decode_record_state(self.state)

    @property
    def collection_state(self) -> Collection:
        """The collection after the change. Only for the COLLECTION_ kinds."""
        return _decode_collection(self.state)


class _RecordState(msgspec.Struct, frozen=True, gc=False):
    """A record as the log keeps it: one JSON object, the content spliced in as the JSON it is."""

    collection: str
    id: str
    name: str
    date: Timestamp
    content: msgspec.Raw
    tags: tuple[str, ...]
    revision: int
    version: int
    create_time: Timestamp
    update_time: Timestamp
    delete_time: Timestamp | None = None
    purge_time: Timestamp | None = None
    expire_time: Timestamp | None = None


_encode = msgspec.json.Encoder().encode
_decode_record = msgspec.json.Decoder(_RecordState).decode
_decode_collection = msgspec.json.Decoder(Collection).decode


def encode_state(state: Record | Collection) -> str:
    """A resource as the log stores it. `Change.record` and `Change.collection_state` read it back."""
    if isinstance(state, Collection):
        return _encode(state).decode()
    return _encode(
        _RecordState(
            state.collection,
            state.id,
            state.name,
            state.date,
            msgspec.Raw(state.content.encode()),
            state.tags,
            state.revision,
            state.version,
            state.create_time,
            state.update_time,
            state.delete_time,
            state.purge_time,
            state.expire_time,
        )
    ).decode()


def decode_record_state(text: str) -> Record:
    """The record that `encode_state` wrote."""
    state = _decode_record(text)
    fields = {name: getattr(state, name) for name in Record.__struct_fields__}
    return Record(**fields | {"content": bytes(state.content).decode()})
