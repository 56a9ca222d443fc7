"""The requests and replies of the operations, named and shaped like the messages of the proto.

An operation `GetRecord` takes `requests.GetRecord`; its fields have the names of `GetRecordRequest`. The codecs
in `api` are compiled from the proto's descriptors and fill these types by those names. Every field has its empty
value as default, as in the proto; logic says which must not be empty.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp


class RecordDraft(msgspec.Struct, frozen=True):
    """A record as a client sends it. UNSET is absent; an explicit null has become the empty value."""

    id: str = ""
    name: str | UnsetType = UNSET
    date: Timestamp | UnsetType | None = UNSET
    content: dict[str, Any] | UnsetType = UNSET
    """The decoded JSON object, its numbers exact, its keys unique; limits are not yet checked."""
    tags: tuple[str, ...] | UnsetType = UNSET
    path: str = ""
    etag: str = ""


class CollectionDraft(msgspec.Struct, frozen=True):
    """A collection as a client sends it. UNSET is absent."""

    id: str = ""
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    path: str = ""
    etag: str = ""


class CreateRecord(msgspec.Struct, frozen=True):
    """Create a record in the collection `parent`."""

    parent: str = ""
    record: RecordDraft = RecordDraft()
    record_id: str = ""


class GetRecord(msgspec.Struct, frozen=True):
    """Read the record at `path`."""

    path: str = ""


class ListRecords(msgspec.Struct, frozen=True):
    """Read one page of the collection `parent`."""

    parent: str = ""
    page_size: int = 0
    page_token: str = ""
    filter: str = ""


class ListRecordsReply(msgspec.Struct, frozen=True):
    """One page of records; `next_page_token` is empty on the last."""

    records: tuple[Record, ...]
    next_page_token: str = ""


class UpdateRecord(msgspec.Struct, frozen=True):
    """Change the fields in `update_mask` (the present ones if None) of the record at `record.path`."""

    record: RecordDraft = RecordDraft()
    update_mask: tuple[str, ...] | None = None


class DeleteRecord(msgspec.Struct, frozen=True):
    """Mark the record at `path` as deleted, if `etag` is empty or its current one."""

    path: str = ""
    etag: str = ""


class CreateCollection(msgspec.Struct, frozen=True):
    """Create a collection with the id `collection_id` or `collection.id`."""

    collection: CollectionDraft = CollectionDraft()
    collection_id: str = ""


class GetCollection(msgspec.Struct, frozen=True):
    """Read the collection at `path`."""

    path: str = ""


class ListCollections(msgspec.Struct, frozen=True):
    """Read one page of the collections."""

    page_size: int = 0
    page_token: str = ""


class ListCollectionsReply(msgspec.Struct, frozen=True):
    """One page of collections; `next_page_token` is empty on the last."""

    collections: tuple[Collection, ...]
    next_page_token: str = ""


class UpdateCollection(msgspec.Struct, frozen=True):
    """Change the fields in `update_mask` (the present ones if None) of the collection at `collection.path`."""

    collection: CollectionDraft = CollectionDraft()
    update_mask: tuple[str, ...] | None = None


class DeleteCollection(msgspec.Struct, frozen=True):
    """Delete the collection at `path`, if `etag` is empty or its current one."""

    path: str = ""
    etag: str = ""


class GetNodeInfo(msgspec.Struct, frozen=True):
    """Ask a node about itself."""
