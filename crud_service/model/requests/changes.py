"""Requests and replies about the change log: history, changes, watches."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp


class ChangeType(StrEnum):
    """What a reader of the log is told, by the names of the proto."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    EXPIRED = "EXPIRED"
    ENTERED = "ENTERED"
    """Updated, and since then matches the filter."""
    LEFT = "LEFT"
    """Updated, and since then does not match the filter."""
    UNDELETED = "UNDELETED"
    PURGED = "PURGED"
    INITIAL = "INITIAL"
    """No change: a record as it is where a watch starts."""
    COLLECTION_CREATED = "COLLECTION_CREATED"
    COLLECTION_UPDATED = "COLLECTION_UPDATED"
    COLLECTION_DELETED = "COLLECTION_DELETED"


class RecordChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log as a reader sees it; fields are those of the message Change."""

    type: ChangeType
    record: Record | None = None
    """After the change; a tombstone if it was purged since. None for a change of a collection."""
    old_record: Record | None = None
    ordinal: int = 0
    path: str
    time: Timestamp | None = None
    actor: str = ""
    reason: str = ""
    request_id: str = ""
    call_id: str = ""
    trace_id: str = ""
    code_version: str = ""
    version: int = 0
    collection: Collection | None = None
    revision: int


class ChangeGroup(msgspec.Struct, frozen=True):
    """Changes of one mutation; `complete` if they are its last ones."""

    revision: int
    complete: bool
    changes: tuple[RecordChange, ...]


class WatchRecords(msgspec.Struct, frozen=True):
    """Follow the changes of the collection `parent`, or of all."""

    parent: str = ""
    filter: str = ""
    resume_token: str = ""
    start_revision: int = 0
    send_initial: bool = False
    include_old: bool = False
    read_mask: tuple[str, ...] | None = None


class Bookmark(msgspec.Struct, frozen=True):
    """Everything up to `revision` has been told."""

    revision: int


class InitialDone(msgspec.Struct, frozen=True):
    """The records as they were at `revision` have been told."""

    revision: int


class Gap(msgspec.Struct, frozen=True):
    """The log goes back to `oldest_revision` only."""

    oldest_revision: int


class WatchEvent(msgspec.Struct, frozen=True, weakref=True, eq=False, kw_only=True):
    """One message of a watch: exactly one of the first four. Watches that ask for the same get the same object, so
    what it was encoded to can be kept beside it.
    """

    group: ChangeGroup | None = None
    bookmark: Bookmark | None = None
    initial_done: InitialDone | None = None
    gap: Gap | None = None
    resume_token: str = ""
    """Resumes right behind this message; empty within a mutation."""


class ListChanges(msgspec.Struct, frozen=True):
    """Read the next changes of the collection `parent`, or of all."""

    parent: str = ""
    filter: str = ""
    resume_token: str = ""
    start_revision: int = 0
    include_old: bool = False
    read_mask: tuple[str, ...] | None = None
    page_size: int = 0
    wait: int | None = None
    """How many nanoseconds to wait for a change."""


class ListChangesReply(msgspec.Struct, frozen=True):
    """Changes by mutation, and where to go on."""

    groups: tuple[ChangeGroup, ...]
    resume_token: str
    more: bool = False


class ListRecordRevisions(msgspec.Struct, frozen=True):
    """Read one page of the history of the record at `path`, the last change first."""

    path: str = ""
    page_size: int = 0
    page_token: str = ""
    read_mask: tuple[str, ...] | None = None


class ListRecordRevisionsReply(msgspec.Struct, frozen=True):
    """One page of changes; `next_page_token` is empty on the last."""

    changes: tuple[RecordChange, ...]
    next_page_token: str = ""


class RollbackRecord(msgspec.Struct, frozen=True):
    """Give the record at `path` the state that it had at `revision`."""

    path: str = ""
    revision: int = 0
    etag: str = ""
    request_id: str = ""
    validate_only: bool = False


class DiffRecord(msgspec.Struct, frozen=True):
    """Compare two states of the record at `path`; `to_revision` 0 is the current one."""

    path: str = ""
    from_revision: int = 0
    to_revision: int = 0


class FieldChange(msgspec.Struct, frozen=True):
    """How one field differs; UNSET is a value that is missing."""

    field: str
    old_value: Any | UnsetType = UNSET
    new_value: Any | UnsetType = UNSET


class RecordDiff(msgspec.Struct, frozen=True):
    """How the states that two revisions wrote differ, by field."""

    path: str
    from_revision: int
    to_revision: int
    changes: tuple[FieldChange, ...]
