"""Requests and replies about several records: all of it happens, or nothing."""

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.model.record import Record
from crud_service.model.requests.records import CreateRecord, DeleteRecord, GetRecord, UndeleteRecord, UpdateRecord


class BatchGetRecords(msgspec.Struct, frozen=True):
    """Read the records at `paths`, all of them in `parent` (`collections/-` for any)."""

    parent: str = ""
    paths: tuple[str, ...] = ()
    read_mask: tuple[str, ...] | None = None


class BatchCreateRecords(msgspec.Struct, frozen=True):
    """Create a record for each of `requests`."""

    parent: str = ""
    requests: tuple[CreateRecord, ...] = ()
    request_id: str = ""
    validate_only: bool = False
    read_mask: tuple[str, ...] | None = None


class BatchUpdateRecords(msgspec.Struct, frozen=True):
    """Update a record for each of `requests`."""

    parent: str = ""
    requests: tuple[UpdateRecord, ...] = ()
    request_id: str = ""
    validate_only: bool = False
    read_mask: tuple[str, ...] | None = None


class BatchDeleteRecords(msgspec.Struct, frozen=True):
    """Delete a record for each of `requests`."""

    parent: str = ""
    requests: tuple[DeleteRecord, ...] = ()
    request_id: str = ""
    read_mask: tuple[str, ...] | None = None


class BatchRecordsReply(msgspec.Struct, frozen=True):
    """The records, in the order of the request."""

    records: tuple[Record, ...]


class RecordCompare(msgspec.Struct, frozen=True):
    """One condition of a transaction, about the record at `path`. Exactly one of the others is set."""

    path: str = ""
    etag: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    revision: int | UnsetType = UNSET
    exists: bool | UnsetType = UNSET


class RecordOperation(msgspec.Struct, frozen=True):
    """One step of a transaction. Exactly one is set."""

    create: CreateRecord | UnsetType = UNSET
    update: UpdateRecord | UnsetType = UNSET
    delete: DeleteRecord | UnsetType = UNSET
    undelete: UndeleteRecord | UnsetType = UNSET
    get: GetRecord | UnsetType = UNSET


class TransactRecords(msgspec.Struct, frozen=True, rename={"else_": "else"}):
    """Carry out `then` if all of `compare` hold, else `else_`."""

    compare: tuple[RecordCompare, ...] = ()
    then: tuple[RecordOperation, ...] = ()
    else_: tuple[RecordOperation, ...] = ()
    request_id: str = ""
    validate_only: bool = False


class OperationResult(msgspec.Struct, frozen=True):
    """What one step of a transaction gave; None for a read of a record that is not there."""

    record: Record | None = None


class TransactRecordsReply(msgspec.Struct, frozen=True):
    """What a transaction did."""

    succeeded: bool
    """Whether `then` was carried out."""
    revision: int
    """Of what it wrote; 0 if it wrote nothing."""
    results: tuple[OperationResult, ...]
    """One for each step of the branch, in order."""
