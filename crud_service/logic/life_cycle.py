"""The states of a record's life: live, deleted, purged; and what keeps it from being found."""

from msgspec.structs import replace

from crud_service.model.errors import CrudError, Kind, Reason, not_found
from crud_service.model.record import Collection, Record, RecordKey, tombstone
from crud_service.model.timestamp import Timestamp, later


def deleted(record: Record, collection: Collection | None, time: Timestamp) -> Record:
    """The live record as deleted at `time`; it will be purged if its collection keeps deleted ones for a while only."""
    return replace(
        record,
        version=record.version + 1,
        update_time=time,
        delete_time=time,
        purge_time=_purge_time(collection, time),
    )


def undeleted(record: Record, time: Timestamp) -> Record:
    """The deleted record as live again."""
    return replace(
        record,
        version=record.version + 1,
        update_time=time,
        delete_time=None,
        purge_time=None,
        expire_time=_still_to_come(record.expire_time, time),
    )


def rolled_back(record: Record, past: Record, time: Timestamp) -> Record:
    """The live record with all that clients write as it was in a past state."""
    return replace(
        record,
        name=past.name,
        date=past.date,
        content=past.content,
        tags=past.tags,
        version=record.version + 1,
        update_time=time,
        expire_time=_still_to_come(past.expire_time, time),
    )


def purged(key: RecordKey, record: Record) -> Record:
    """What remains of the deleted record."""
    return tombstone(key, 0, record.version + 1)


def require_record(key: RecordKey, record: Record | None, collection: Collection | None) -> Record:
    """The record, live or deleted. NOT_FOUND if there is none."""
    if record is not None:
        return record
    if collection is None:
        raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {key.collection}")
    raise not_found(Reason.RECORD_NOT_FOUND, f"collection {key.collection} has no record {key.id}")


def require_live(key: RecordKey, record: Record | None, collection: Collection | None) -> Record:
    """The live record. NOT_FOUND if there is none or it is deleted."""
    found = require_record(key, record, collection)
    if found.delete_time is not None:
        raise not_found(Reason.RECORD_DELETED, f"{found.path} was deleted")
    return found


def exists(path: str, current: Record | None) -> CrudError:
    """ALREADY_EXISTS for the record at `path`, which is stored as `current`."""
    as_deleted = " as a deleted record" if current is not None and current.delete_time is not None else ""
    message = f"{path} exists{as_deleted}; choose another id or leave it out"
    return CrudError(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, message, metadata={"path": path})


def _still_to_come(expire_time: Timestamp | None, time: Timestamp) -> Timestamp | None:
    """An expire time that has passed would delete the record at once, so it goes."""
    return None if expire_time is None or expire_time <= time else expire_time


def _purge_time(collection: Collection | None, time: Timestamp) -> Timestamp | None:
    if collection is None or collection.retention is None:
        return None
    try:
        return later(time, collection.retention)
    except ValueError:  # after the year 9999
        return None
