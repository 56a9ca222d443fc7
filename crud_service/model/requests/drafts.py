"""Resources as clients send them. UNSET is absent; an explicit null has become the empty value."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.model.timestamp import Timestamp


class RecordDraft(msgspec.Struct, frozen=True):
    """A record as a client sends it."""

    id: str = ""
    name: str | UnsetType = UNSET
    date: Timestamp | UnsetType | None = UNSET
    content: dict[str, Any] | UnsetType = UNSET
    """The decoded JSON object, its numbers exact, its keys unique; limits are not yet checked."""
    tags: tuple[str, ...] | UnsetType = UNSET
    path: str = ""
    etag: str = ""
    expire_time: Timestamp | UnsetType | None = UNSET
    ttl: int | UnsetType | None = UNSET
    """Nanoseconds from now to the expire time. At most one of both is set."""


class FieldIndexDraft(msgspec.Struct, frozen=True):
    """A declared index as a client sends it; its state is the server's."""

    field: str = ""


class CollectionDraft(msgspec.Struct, frozen=True):
    """A collection as a client sends it."""

    id: str = ""
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    path: str = ""
    etag: str = ""
    require_etag: bool | UnsetType = UNSET
    retention: int | UnsetType | None = UNSET
    """In nanoseconds."""
    indexes: tuple[FieldIndexDraft, ...] | UnsetType = UNSET
    history_age: int | UnsetType | None = UNSET
    """In nanoseconds."""
    history_entries: int | UnsetType = UNSET
