"""The two nouns of the service: the universal record and the collection that holds it."""

from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from crud_service.model.timestamp import Timestamp

# What one JSON value may add to the size of its protobuf form beyond its own text: the tags and lengths of a
# map entry, its key and its value, and the eight bytes of a double. An upper bound.
_WIRE_OVERHEAD = 24
# The names, punctuation and tags of a resource's fields, its numbers, times and etag. An upper bound.
_FIXED = 512
# A character is at most four bytes of UTF-8; as a JSON escape (a control character) it is six.
_UTF8, _ESCAPED = 4, 6
# The names and the state of an index. An upper bound.
_INDEX = 48


SYSTEM_PREFIX = "system."
"""How the ids of the service's own collections begin, and of no others."""
SYSTEM_TENANT = ".system"
"""Where those collections live. No tenant of clients has a name like this."""


class RecordKey(NamedTuple):
    """Where a record lives. Every key starts with the tenant, then the collection."""

    tenant: str
    collection: str
    id: str


class CollectionKey(NamedTuple):
    """Where a collection lives."""

    tenant: str
    id: str


def home_of(tenant: str, collection: str) -> str:
    """The tenant that a collection is of, which a caller of `tenant` names: those of the service are everybody's."""
    return SYSTEM_TENANT if collection.startswith(SYSTEM_PREFIX) else tenant


def etag_of(name: str, revision: int) -> str:
    """A quoted, strong validator of a resource at one revision. Opaque to clients: only equality counts."""
    return f'"{revision:x}-{crc32(name.encode()):08x}"'


def most_struct_size(content: str) -> int:
    """An upper bound of the size in bytes of a content as google.protobuf.Struct, and as JSON."""
    values = content.count(",") + content.count("{") + content.count("[")
    return (len(content) if content.isascii() else _UTF8 * len(content)) + _WIRE_OVERHEAD * values


class Record(msgspec.Struct, frozen=True, gc=False):
    """One state of a record. Immutable: a change makes a new one (`msgspec.structs.replace`)."""

    collection: str
    id: str
    name: str
    date: Timestamp
    content: str
    """A JSON object as compact text, validated when it was accepted."""
    tags: tuple[str, ...]
    """Unique and sorted by code point."""
    revision: int
    """The store-wide revision of the mutation that wrote this state; 0 until it is stored."""
    version: int
    """1 on create, then plus one a change."""
    create_time: Timestamp
    update_time: Timestamp
    delete_time: Timestamp | None = None
    purge_time: Timestamp | None = None
    """When a deleted record will be purged; None is never."""
    expire_time: Timestamp | None = None
    """When the record will be deleted on its own; None is never."""

    @property
    def path(self) -> str:
        """`collections/{collection}/records/{id}`."""
        return f"collections/{self.collection}/records/{self.id}"

    @property
    def is_tombstone(self) -> bool:
        """Whether it only stands for a record that is gone or never was."""
        return not self.create_time

    @property
    def etag(self) -> str:
        """The only precondition: another state, or a purged and recreated record, has another etag. Empty until the
        record is stored.
        """
        return etag_of(f"{self.collection}/{self.id}", self.revision) if self.revision else ""

    @property
    def weight(self) -> int:
        """An upper bound of the record's size in bytes on either transport, cheap enough for every row of a page."""
        labels = len(self.name) + sum(map(len, self.tags)) + len(self.tags)
        ids = len(self.collection) + 2 * len(self.id)
        return most_struct_size(self.content) + _UTF8 * labels + ids + _FIXED


def tombstone(key: RecordKey, revision: int, version: int) -> Record:
    """What remains of a purged record, or stands for one that never was: its ids and numbers, all else unset."""
    unset: Any = None
    return Record(key.collection, key.id, "", unset, "{}", (), revision, version, unset, unset)


class FieldIndex(msgspec.Struct, frozen=True):
    """One declared index of a collection."""

    field: str
    """The indexed field as `Field` prints it, such as `content.price`."""
    ready: bool = False
    """Whether it holds all records, so that queries use it; until then it is being built."""

    @property
    def state(self) -> str:
        """`READY` or `BUILDING`."""
        return "READY" if self.ready else "BUILDING"


class Collection(msgspec.Struct, frozen=True, gc=False):
    """One state of a collection."""

    id: str
    name: str
    description: str
    revision: int
    version: int
    create_time: Timestamp
    update_time: Timestamp
    require_etag: bool = False
    """Whether its records change only under a precondition."""
    retention: int | None = None
    """For how many nanoseconds a deleted record is kept before it is purged; None is for good."""
    indexes: tuple[FieldIndex, ...] = ()
    """Sorted by field."""
    history_age: int | None = None
    """For how many nanoseconds the log keeps superseded states; None is what the node is set to."""
    history_entries: int = 0
    """How many entries the log keeps at most; 0 is what the node is set to."""

    @property
    def path(self) -> str:
        """`collections/{id}`."""
        return f"collections/{self.id}"

    @property
    def etag(self) -> str:
        """The precondition of an update or delete of the collection itself; its records do not count. Empty until it
        is stored.
        """
        return etag_of(self.id, self.revision) if self.revision else ""

    @property
    def weight(self) -> int:
        """An upper bound of the collection's size in bytes on either transport."""
        indexes = sum(_ESCAPED * len(index.field) + _INDEX for index in self.indexes)
        return _UTF8 * len(self.name) + _ESCAPED * len(self.description) + 2 * len(self.id) + indexes + _FIXED


def unset_collection(key: CollectionKey) -> Collection:
    """What stands for a collection that is not there: its id, all else unset."""
    unset: Any = None
    return Collection(key.id, "", "", 0, 0, unset, unset)


class NodeInfo(msgspec.Struct, frozen=True):
    """One running node, as `GetNodeInfo` tells it."""

    node_id: str
    service_name: str
    version: str
    commit: str
    capabilities: tuple[str, ...]
    store: str
    start_time: Timestamp
    log_level: str = ""
    """From which level on it logs now."""
    draining: bool = False
    """Whether it has been told to leave."""
