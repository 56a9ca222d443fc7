"""Edits: what one item of a call asks of one record. A single call has one, a batch or a transaction many."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.life_cycle import (
    deleted,
    exists,
    purged,
    require_live,
    require_record,
    rolled_back,
    undeleted,
)
from crud_service.logic.merge_patch import merge
from crud_service.logic.mutator import Plan, Result
from crud_service.logic.paths import check_id, chosen_id, collection_key, record_key
from crud_service.logic.preconditions import check_preconditions
from crud_service.logic.system_collections import check_writable
from crud_service.logic.transforms import apply_transforms
from crud_service.logic.update_mask import CHANGEABLE, apply_update, created_record, parse_update_mask
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Place, Reason, invalid, located, not_found
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey, tombstone
from crud_service.model.timestamp import Timestamp

Rule = Callable[[Record | None, Collection | None, Timestamp], Result]
"""What becomes of a record, given its state and its collection's, or CrudError."""

_decode = msgspec.json.Decoder().decode


class Edit(msgspec.Struct, frozen=True):
    """One item: which record, and what becomes of it."""

    key: RecordKey
    rule: Rule
    place: Place | None = None


class Loaded(msgspec.Struct, frozen=True):
    """What is stored of the records of some edits."""

    records: dict[RecordKey, Record | None]
    collections: dict[str, Collection | None]


NOTHING = Loaded({}, {})
"""For edits that expect nothing to be there, and find out when they are stored."""


async def load(store: RecordStore, keys: Sequence[RecordKey]) -> Loaded:
    """The states of records and of their collections."""
    if len(keys) == 1:
        (key,) = keys
        collection = await store.get_collection(CollectionKey(key.tenant, key.collection))
        return Loaded({key: await store.get_record(key)}, {key.collection: collection})
    records = dict(zip(keys, await store.get_records(keys), strict=True))
    owners = dict.fromkeys(CollectionKey(key.tenant, key.collection) for key in keys)
    return Loaded(records, {owner.id: await store.get_collection(owner) for owner in owners})


def plan_edits(edits: Iterable[Edit], loaded: Loaded, time: Timestamp) -> Plan:
    """The plan that carries out all edits; an error names the one it is about."""
    return Plan([_result(edit, loaded, time) for edit in edits])


def _result(edit: Edit, loaded: Loaded, time: Timestamp) -> Result:
    key, place = edit.key, edit.place
    try:
        result = edit.rule(loaded.records.get(key), loaded.collections.get(key.collection), time)
    except CrudError as error:
        if place is None:
            raise
        raise located(error, place) from error
    if isinstance(result, PendingChange):
        result.place = place
    return result


def create(call: Call, request: requests.CreateRecord, new_id: Callable[[], str]) -> Edit:
    """Create a record. ALREADY_EXISTS if its id is taken, also by a deleted record."""
    collection = collection_key(call.tenant, request.parent, "parent")
    check_writable(call, collection.id)
    draft = request.record
    record_id = chosen_id(request.record_id, draft.id, "record_id", "record") or new_id()

    def rule(current: Record | None, _: Collection | None, time: Timestamp) -> Result:
        if current is not None:
            raise exists(current.path, current)
        return PendingChange(ChangeKind.RECORD_CREATED, None, created_record(collection.id, record_id, draft, time))

    return Edit(RecordKey(call.tenant, collection.id, record_id), rule)


def update(call: Call, request: requests.UpdateRecord) -> Edit:
    """Change fields of a live record, or with `allow_missing` create it."""
    draft = request.record
    key = _written_key(call, draft.path, "record.path")
    if draft.id and check_id("record.id", draft.id) != key.id:
        raise invalid("record.id", "an id never changes; it differs from the one in record.path")
    present = tuple(name for name in CHANGEABLE if getattr(draft, name) is not UNSET)
    mask = parse_update_mask(request.update_mask, present)

    def rule(current: Record | None, collection: Collection | None, time: Timestamp) -> Result:
        if current is None and request.allow_missing:
            check_preconditions(call, None, draft.etag, path=draft.path)
            new = created_record(key.collection, key.id, _merged(request, "{}"), time)
            return PendingChange(ChangeKind.RECORD_CREATED, None, apply_transforms(new, request.transforms))
        old = require_live(key, current, collection)
        _check_state(call, old, collection, draft.etag)
        new = apply_transforms(apply_update(old, _merged(request, old.content), mask, time), request.transforms)
        new = replace(new, version=old.version + 1, update_time=time)
        return PendingChange(ChangeKind.RECORD_UPDATED, old, new)

    return Edit(key, rule)


def delete(call: Call, request: requests.DeleteRecord) -> Edit:
    """Mark a live record as deleted."""
    key = _written_key(call, request.path)

    def rule(current: Record | None, collection: Collection | None, time: Timestamp) -> Result:
        if request.allow_missing and (current is None or current.delete_time is not None):
            return current or tombstone(key, 0, 0)
        old = require_live(key, current, collection)
        _check_state(call, old, collection, request.etag)
        return PendingChange(ChangeKind.RECORD_DELETED, old, deleted(old, collection, time))

    return Edit(key, rule)


def undelete(call: Call, request: requests.UndeleteRecord) -> Edit:
    """Make a deleted record a live one again."""
    key = _written_key(call, request.path)

    def rule(current: Record | None, collection: Collection | None, time: Timestamp) -> Result:
        old = require_record(key, current, collection)
        if old.delete_time is None:
            message = f"{old.path} is not deleted"
            raise CrudError(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, message, metadata={"path": old.path})
        _check_state(call, old, collection, request.etag)
        return PendingChange(ChangeKind.RECORD_UNDELETED, old, undeleted(old, time))

    return Edit(key, rule)


def purge(call: Call, request: requests.PurgeRecord) -> Edit:
    """Erase a deleted record."""
    key = _written_key(call, request.path)

    def rule(current: Record | None, collection: Collection | None, _: Timestamp) -> Result:
        old = require_record(key, current, collection)
        if old.delete_time is None:
            message = f"{old.path} is live; delete it before you purge it"
            raise CrudError(Kind.FAILED_PRECONDITION, Reason.RECORD_NOT_DELETED, message)
        _check_state(call, old, collection, request.etag)
        return PendingChange(ChangeKind.RECORD_PURGED, old, purged(key, old))

    return Edit(key, rule)


def rollback(call: Call, request: requests.RollbackRecord, past: Record | None) -> Edit:
    """Give a live record what it held in a past state; None if there was none at the revision."""
    key = _written_key(call, request.path)

    def rule(current: Record | None, collection: Collection | None, time: Timestamp) -> Result:
        old = require_live(key, current, collection)
        _check_state(call, old, collection, request.etag)
        if past is None or past.delete_time is not None:
            message = f"{old.path} was not live at revision {request.revision}; its revisions tell when it was"
            raise not_found(Reason.REVISION_NOT_FOUND, message)
        return PendingChange(ChangeKind.RECORD_UPDATED, old, rolled_back(old, past, time))

    return Edit(key, rule)


def _written_key(call: Call, path: str, field: str = "path") -> RecordKey:
    """The key of a record that a client may change."""
    key = record_key(call.tenant, path, field)
    check_writable(call, key.collection)
    return key


def _check_state(call: Call, record: Record, collection: Collection | None, etag: str) -> None:
    """Raise unless the caller accepts the record's state, and says so if its collection demands that."""
    required = collection is not None and collection.require_etag
    check_preconditions(call, record, etag, path=record.path, required=required)


def _merged(request: requests.UpdateRecord, content: str) -> requests.RecordDraft:
    """The draft, with the content that a merge patch makes of the stored one."""
    draft = request.record
    patch: Any = draft.content
    if not request.merge_patch or not patch:
        return draft
    return replace(draft, content=merge(_decode(content), patch))
