"""The model's nouns as rows of the SQLite store, and back. Columns stand in the order of the nouns' fields."""

from typing import Any

import msgspec
from msgspec.structs import astuple

from crud_service.model.change import Change, ChangeKind, RequestKey, StoredRequest
from crud_service.model.duration import format_duration, parse_duration
from crud_service.model.record import Collection, FieldIndex, Record

Row = tuple[Any, ...]

# The driver takes a detour for a subclass of str, so it gets the plain word.
_WORD = {kind: kind.value for kind in ChangeKind}

_encode = msgspec.json.Encoder().encode
_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_indexes = msgspec.json.Decoder(tuple[FieldIndex, ...]).decode


def record_of(row: Row) -> Record:
    """The record in a row of Record's fields."""
    # Twice as quick as `*row`, and a page decodes up to a thousand.
    collection, record_id, name, date, content, tags, revision, version, created, updated, deleted, purge, expire = row
    return Record(
        collection,
        record_id,
        name,
        date,
        content,
        _decode_tags(tags),
        revision,
        version,
        created,
        updated,
        deleted,
        purge,
        expire,
    )


def record_row(tenant: str, record: Record) -> Row:
    """A row of tenant and Record's fields."""
    row = astuple(record)
    return (tenant, *row[:5], _encode(record.tags).decode(), *row[6:])


def collection_of(row: Row) -> Collection:
    """The collection in a row of Collection's fields."""
    collection_id, name, description, revision, version, created, updated, require_etag, retention, indexes = row[:10]
    history_age, history_entries = row[10:]
    return Collection(
        collection_id,
        name,
        description,
        revision,
        version,
        created,
        updated,
        bool(require_etag),
        retention and parse_duration(retention),
        _decode_indexes(indexes),
        history_age and parse_duration(history_age),
        history_entries,
    )


def collection_row(tenant: str, collection: Collection) -> Row:
    """A row of tenant and Collection's fields."""
    row = astuple(collection)
    indexes = _encode(collection.indexes).decode()
    return (tenant, *row[:8], _duration_text(row[8]), indexes, _duration_text(row[10]), row[11])


def change_of(row: Row) -> Change:
    """The log entry in a row of Change's fields."""
    return Change(row[0], row[1], ChangeKind(row[2]), *row[3:])


def change_row(change: Change) -> Row:
    """A row of Change's fields."""
    return (change.revision, change.ordinal, _WORD[change.kind], *astuple(change)[3:])


def request_of(row: Row) -> StoredRequest:
    """The request in a row of RequestKey's and StoredRequest's fields."""
    return StoredRequest(RequestKey(*row[:3]), *row[3:])


def request_row(request: StoredRequest) -> Row:
    """A row of RequestKey's and StoredRequest's fields."""
    return (*request.key, *astuple(request)[1:])


def _duration_text(nanos: int | None) -> str | None:
    return None if nanos is None else format_duration(nanos)
