"""How far an import has come."""

from crud_service.logic.bulk.chunks import Chunk
from crud_service.logic.bulk.row_errors import MOST_LISTED
from crud_service.logic.bulk.storing import Summary
from crud_service.model.errors import CrudError
from crud_service.model.requests import ImportRecordsReply, RowError


class Progress:
    """Adds up what became of the chunks, in their order."""

    def __init__(self, start_row: int) -> None:
        self._next_row = start_row
        self._imported = self._existing = self._errors = self._revision = 0
        self._listed: list[RowError] = []

    def add(self, chunk: Chunk, summary: Summary, revision: int) -> None:
        """Count the next chunk, which took `revision`, or none if that is 0."""
        self._next_row = chunk.end
        self._imported += summary.imported
        self._existing += summary.existing
        self._errors += summary.errors
        self._listed += summary.listed[: MOST_LISTED - len(self._listed)]
        self._revision = revision or self._revision

    def reply(self, row_count: int) -> ImportRecordsReply:
        """What became of an import with so many rows."""
        errors = tuple(self._listed)
        return ImportRecordsReply(row_count, self._imported, self._existing, self._errors, errors, self._revision)

    def ended(self, error: CrudError) -> CrudError:
        """The error that ends the import, with where to go on."""
        row = self._next_row
        message = f"{error.message}; nothing was stored from row {row} on"
        metadata = error.metadata | {"resumeRow": str(row), "importedCount": str(self._imported)}
        return CrudError(
            error.kind,
            error.reason,
            message,
            violations=error.violations,
            metadata=metadata,
            retry_after=error.retry_after,
        )
