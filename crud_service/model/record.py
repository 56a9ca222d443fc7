"""The two nouns of the service: the universal record and the collection that holds it."""

from typing import NamedTuple
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


class RecordKey(NamedTuple):
    """Where a record lives. Every key starts with the tenant, then the collection."""

    tenant: str
    collection: str
    id: str


class CollectionKey(NamedTuple):
    """Where a collection lives."""

    tenant: str
    id: str


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

    @property
    def path(self) -> str:
        """`collections/{collection}/records/{id}`."""
        return f"collections/{self.collection}/records/{self.id}"

    @property
    def etag(self) -> str:
        """The only precondition: another state, or a purged and recreated record, has another etag."""
        return etag_of(f"{self.collection}/{self.id}", self.revision)

    @property
    def weight(self) -> int:
        """An upper bound of the record's size in bytes on either transport, cheap enough for every row of a page."""
        labels = len(self.name) + sum(map(len, self.tags)) + len(self.tags)
        ids = len(self.collection) + 2 * len(self.id)
        return most_struct_size(self.content) + _UTF8 * labels + ids + _FIXED


class Collection(msgspec.Struct, frozen=True, gc=False):
    """One state of a collection."""

    id: str
    name: str
    description: str
    revision: int
    version: int
    create_time: Timestamp
    update_time: Timestamp

    @property
    def path(self) -> str:
        """`collections/{id}`."""
        return f"collections/{self.id}"

    @property
    def etag(self) -> str:
        """The precondition of an update or delete of the collection itself; its records do not count."""
        return etag_of(self.id, self.revision)

    @property
    def weight(self) -> int:
        """An upper bound of the collection's size in bytes on either transport."""
        return _UTF8 * len(self.name) + _ESCAPED * len(self.description) + 2 * len(self.id) + _FIXED


class NodeInfo(msgspec.Struct, frozen=True):
    """One running node, as `GetNodeInfo` tells it."""

    node_id: str
    service_name: str
    version: str
    commit: str
    capabilities: tuple[str, ...]
    store: str
    start_time: Timestamp
