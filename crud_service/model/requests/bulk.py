"""Requests and replies that hold any number of records, as streams of messages."""

import msgspec

from crud_service.model.errors import CrudError
from crud_service.model.record import Record
from crud_service.model.requests.drafts import RecordDraft

ImportRow = RecordDraft | CrudError | None
"""A row of an import: the record, or why it could not be read (the error is about that row alone), or None for an empty
line, which counts as a row and is passed over.
"""


class ImportRecords(msgspec.Struct, frozen=True):
    """One message of an import; all but the records counts in the first one only."""

    parent: str = ""
    records: tuple[ImportRow, ...] = ()
    on_error: str = ""
    if_exists: str = ""
    request_id: str = ""
    start_row: int = 0


class RowError(msgspec.Struct, frozen=True):
    """A row that could not be stored."""

    row: int
    """From 1."""
    status: str
    reason: str
    message: str


class ImportRecordsReply(msgspec.Struct, frozen=True):
    """What became of an import."""

    row_count: int = 0
    imported_count: int = 0
    existing_count: int = 0
    error_count: int = 0
    errors: tuple[RowError, ...] = ()
    revision: int = 0


class ExportRecords(msgspec.Struct, frozen=True):
    """Read all records of the collection `parent`, or of all, as they were at one revision."""

    parent: str = ""
    filter: str = ""
    read_mask: tuple[str, ...] | None = None
    read_revision: int = 0
    show_deleted: bool = False


class ExportRecordsReply(msgspec.Struct, frozen=True):
    """The next records of an export, which shows `revision`."""

    records: tuple[Record, ...]
    revision: int
