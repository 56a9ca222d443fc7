"""Entries of the log as their readers see them."""

from crud_service.model.change import Change, ChangeKind
from crud_service.model.record import Collection, Record
from crud_service.model.requests import ChangeType, RecordChange

TYPES = {
    ChangeKind.RECORD_CREATED: ChangeType.CREATED,
    ChangeKind.RECORD_UPDATED: ChangeType.UPDATED,
    ChangeKind.RECORD_DELETED: ChangeType.DELETED,
    ChangeKind.RECORD_UNDELETED: ChangeType.UNDELETED,
    ChangeKind.RECORD_EXPIRED: ChangeType.EXPIRED,
    ChangeKind.RECORD_PURGED: ChangeType.PURGED,
    ChangeKind.COLLECTION_CREATED: ChangeType.COLLECTION_CREATED,
    ChangeKind.COLLECTION_UPDATED: ChangeType.COLLECTION_UPDATED,
    ChangeKind.COLLECTION_DELETED: ChangeType.COLLECTION_DELETED,
}
"""What each kind of entry tells a reader who wants everything."""


def shown_entry(
    entry: Change,
    kind: ChangeType,
    *,
    record: Record | None = None,
    old_record: Record | None = None,
    collection: Collection | None = None,
) -> RecordChange:
    """The entry with the states that the reader is to see."""
    resource = record or collection
    return RecordChange(
        type=kind,
        record=record,
        old_record=old_record,
        ordinal=entry.ordinal,
        path=resource.path if resource else "",
        time=entry.time,
        actor=entry.actor,
        reason=entry.reason,
        request_id=entry.request_id,
        call_id=entry.call_id,
        trace_id=entry.trace_id,
        code_version=entry.code_version,
        version=entry.version,
        collection=collection,
        revision=entry.revision,
    )
