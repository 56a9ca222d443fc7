"""What becomes of the record of one row."""

from msgspec.structs import replace

from crud_service.logic.bulk.chunks import Row
from crud_service.logic.bulk.options import IfExists
from crud_service.logic.life_cycle import exists
from crud_service.logic.update_mask import apply_update, created_record, parse_update_mask
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, not_found
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp

_ALL = parse_update_mask(("*",), ())


def created(row: Row, time: Timestamp) -> PendingChange:
    """The record made of a row."""
    record = created_record(row.key.collection, row.key.id, row.draft, time)
    return PendingChange(ChangeKind.RECORD_CREATED, None, record)


def stored(
    row: Row, if_exists: IfExists, current: Record | None, collection: Collection | None, time: Timestamp
) -> PendingChange | None:
    """What becomes of a row, given what is stored; None if the record stays as it is.

    The etag of a row is that of the record it was exported from, and no precondition. Raises CrudError if the row
    cannot be stored.
    """
    if current is None:
        return created(row, time)
    if if_exists is IfExists.SKIP:
        return None
    if if_exists is IfExists.FAIL:
        raise exists(current.path, current)
    if collection is not None and collection.require_etag:
        message = f"{current.path} changes only with an etag, and an import gives none; let it skip what exists"
        raise CrudError(Kind.FAILED_PRECONDITION, Reason.ETAG_REQUIRED, message)
    return _replaced(row, current, time)


def missing(row: Row) -> CrudError:
    """NOT_FOUND for the collection of a row."""
    message = f"collection {row.key.collection} does not exist; create it first"
    return not_found(Reason.COLLECTION_NOT_FOUND, message)


def _replaced(row: Row, old: Record, time: Timestamp) -> PendingChange:
    """The record with all that clients write taken from the row, and live."""
    was_live = old.delete_time is None
    new = replace(
        apply_update(old, row.draft, _ALL, time),
        version=old.version + 1,
        update_time=time,
        delete_time=None,
        purge_time=None,
    )
    return PendingChange(ChangeKind.RECORD_UPDATED if was_live else ChangeKind.RECORD_UNDELETED, old, new)
