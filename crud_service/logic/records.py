"""The operations of RecordService."""

from collections.abc import Callable

from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.filter import parse_filter
from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import page_size
from crud_service.logic.paths import check_id, chosen_id, collection_key, record_key
from crud_service.logic.revise import Reviser, changed_fields
from crud_service.logic.validation import encode_content, normalize_tags
from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange, RecordHooks
from crud_service.model.ports.record_store import ConditionFailed, RecordQuery, RecordStore
from crud_service.model.record import CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

_CHANGEABLE = ("name", "date", "content", "tags")


class Records:
    """Creates, reads, updates and deletes records."""

    def __init__(
        self,
        store: RecordStore,
        writer: Writer,
        hooks: RecordHooks,
        tokens: PageTokens,
        limits: Limits,
        *,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._writer = writer
        self._reviser = Reviser(writer)
        self._hooks = hooks
        self._tokens = tokens
        self._limits = limits
        self._new_id = new_id

    async def create(self, call: Call, request: requests.CreateRecord) -> Record:
        """Store a new record. ALREADY_EXISTS if its id is taken, also by a deleted record."""
        collection = collection_key(call.tenant, request.parent, "parent")
        record_id = chosen_id(request.record_id, request.record.id, "record_id", "record") or self._new_id()
        time = self._writer.now()
        record = _created(collection.id, record_id, request.record, time)
        change = PendingChange(ChangeKind.RECORD_CREATED, None, record)
        try:
            states = await self._writer.write(call, time, [change])
        except ConditionFailed as failed:
            raise _exists(record, failed) from failed
        return await self._read(call, states[0])

    async def get(self, call: Call, request: requests.GetRecord) -> Record:
        """The record. NOT_FOUND if there is none or it is deleted."""
        return await self._read(call, await self._live(record_key(call.tenant, request.path)))

    async def list(self, call: Call, request: requests.ListRecords) -> requests.ListRecordsReply:
        """One page of a collection's live records, in the order of their ids."""
        collection = collection_key(call.tenant, request.parent, "parent")
        tags = parse_filter(request.filter, self._limits)
        bound = ("ListRecords", call.tenant, collection.id, *tags)
        page = await self._store.list_records(
            RecordQuery(
                call.tenant,
                collection.id,
                tags,
                after=self._tokens.open(request.page_token, *bound),
                limit=page_size(request.page_size, self._limits),
                weight_limit=self._limits.page_bytes,
            )
        )
        if not page.records:
            await self._require_collection(collection)
        token = self._tokens.seal(page.records[-1].id, *bound) if page.more else ""
        return requests.ListRecordsReply(await self._hooks.on_read(call, page.records), token)

    async def update(self, call: Call, request: requests.UpdateRecord) -> Record:
        """Change fields of a live record, if its etag is the one sent or none was sent."""
        draft = request.record
        key = record_key(call.tenant, draft.path, "record.path")
        if draft.id and check_id("record.id", draft.id) != key.id:
            raise invalid("record.id", "an id never changes; it differs from the one in record.path")
        present = tuple(name for name in _CHANGEABLE if getattr(draft, name) is not UNSET)
        fields = changed_fields(request.update_mask, present, _CHANGEABLE)
        record = await self._reviser.revise(
            call,
            key,
            ChangeKind.RECORD_UPDATED,
            draft.etag,
            load=lambda: self._live(key),
            change=lambda current, time: _updated(current, draft, fields, time),
        )
        return await self._read(call, record)

    async def delete(self, call: Call, request: requests.DeleteRecord) -> Record:
        """Mark a live record as deleted, if its etag is the one sent or none was sent."""
        key = record_key(call.tenant, request.path)
        record = await self._reviser.revise(
            call,
            key,
            ChangeKind.RECORD_DELETED,
            request.etag,
            load=lambda: self._live(key),
            change=_deleted,
        )
        return await self._read(call, record)

    async def _live(self, key: RecordKey) -> Record:
        record = await self._store.get_record(key)
        if record is None:
            await self._require_collection(CollectionKey(key.tenant, key.collection))
            raise not_found(Reason.RECORD_NOT_FOUND, f"collection {key.collection} has no record {key.id}")
        if record.delete_time is not None:
            raise not_found(Reason.RECORD_DELETED, f"{record.path} was deleted")
        return record

    async def _require_collection(self, key: CollectionKey) -> None:
        if await self._store.get_collection(key) is None:
            raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {key.id}")

    async def _read(self, call: Call, record: Record) -> Record:
        return (await self._hooks.on_read(call, (record,)))[0]


def _created(collection: str, record_id: str, draft: requests.RecordDraft, time: Timestamp) -> Record:
    return Record(
        collection,
        record_id,
        draft.name or "",
        draft.date or time,
        encode_content(draft.content) if draft.content else "{}",
        normalize_tags(draft.tags) if draft.tags else (),
        revision=0,
        version=1,
        create_time=time,
        update_time=time,
    )


def _updated(current: Record, draft: requests.RecordDraft, fields: set[str], time: Timestamp) -> Record:
    """The record with `fields` taken from the draft; a field the draft lacks gets its empty value."""
    fresh = _created(current.collection, current.id, draft, current.create_time)
    values = {name: getattr(fresh, name) for name in fields}
    return replace(current, **values, version=current.version + 1, update_time=time)


def _deleted(current: Record, time: Timestamp) -> Record:
    return replace(current, version=current.version + 1, update_time=time, delete_time=time)


def _exists(record: Record, failed: ConditionFailed) -> CrudError:
    deleted = isinstance(failed.current, Record) and failed.current.delete_time is not None
    message = f"{record.path} exists{' as a deleted record' if deleted else ''}; choose another id or leave it out"
    return CrudError(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS, message, metadata={"path": record.path})
