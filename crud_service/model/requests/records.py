"""Requests and replies about one record, and about a list of them."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.model.record import Record
from crud_service.model.requests.drafts import RecordDraft


class CreateRecord(msgspec.Struct, frozen=True):
    """Create a record in the collection `parent`."""

    parent: str = ""
    record: RecordDraft = RecordDraft()
    record_id: str = ""
    request_id: str = ""
    validate_only: bool = False


class GetRecord(msgspec.Struct, frozen=True):
    """Read the record at `path`."""

    path: str = ""
    read_mask: tuple[str, ...] | None = None
    read_revision: int = 0


class ListRecords(msgspec.Struct, frozen=True):
    """Read one page of the collection `parent`, or of all (`collections/-`)."""

    parent: str = ""
    page_size: int = 0
    page_token: str = ""
    filter: str = ""
    order_by: str = ""
    read_mask: tuple[str, ...] | None = None
    show_deleted: bool = False
    read_revision: int = 0


class ListRecordsReply(msgspec.Struct, frozen=True):
    """One page of records; `next_page_token` is empty on the last."""

    records: tuple[Record, ...]
    next_page_token: str = ""


class CountRecords(msgspec.Struct, frozen=True):
    """Count the records of `parent` that `filter` finds."""

    parent: str = ""
    filter: str = ""
    show_deleted: bool = False
    estimate: bool = False


class CountRecordsReply(msgspec.Struct, frozen=True):
    """How many there are."""

    count: int
    estimated: bool = False


class FieldTransform(msgspec.Struct, frozen=True):
    """One change that is computed from the stored value. Exactly one operation is set."""

    field: str = ""
    increment: int | float | UnsetType = UNSET
    append: tuple[Any, ...] | UnsetType = UNSET
    add_to_set: tuple[Any, ...] | UnsetType = UNSET
    remove_from_set: tuple[Any, ...] | UnsetType = UNSET


class UpdateRecord(msgspec.Struct, frozen=True):
    """Change the fields in `update_mask` (the present ones if None) of the record at `record.path`."""

    record: RecordDraft = RecordDraft()
    update_mask: tuple[str, ...] | None = None
    allow_missing: bool = False
    request_id: str = ""
    validate_only: bool = False
    transforms: tuple[FieldTransform, ...] = ()
    merge_patch: bool = False
    """The record is a JSON merge patch (RFC 7396): its content is merged, where null removes. HTTP only."""


class DeleteRecord(msgspec.Struct, frozen=True):
    """Mark the record at `path` as deleted, if `etag` is empty or its current one."""

    path: str = ""
    etag: str = ""
    allow_missing: bool = False
    request_id: str = ""


class UndeleteRecord(msgspec.Struct, frozen=True):
    """Make the deleted record at `path` a live one again."""

    path: str = ""
    etag: str = ""
    request_id: str = ""


class PurgeRecord(msgspec.Struct, frozen=True):
    """Erase the deleted record at `path`, from the change log too."""

    path: str = ""
    etag: str = ""
    request_id: str = ""
