"""The reading operations of RecordService."""

from collections.abc import Sequence
from time import monotonic

from msgspec.structs import replace

from crud_service.logic.filter import parse_filter
from crud_service.logic.life_cycle import require_live
from crud_service.logic.order_by import parse_order_by
from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import page_size
from crud_service.logic.paths import parent_collection, record_key
from crud_service.logic.read_mask import ReadMask, parse_read_mask
from crud_service.logic.revisions import check_kept, check_revision, past_states
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Place, Reason, invalid, located, not_found
from crud_service.model.limits import Limits
from crud_service.model.matching import position_of
from crud_service.model.ports.change_log import LogScope
from crud_service.model.ports.record_hooks import RecordHooks
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.query import RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey


class Reading:
    """Gets, lists and counts records."""

    def __init__(self, store: RecordStore, hooks: RecordHooks, tokens: PageTokens, limits: Limits) -> None:
        self._store = store
        self._hooks = hooks
        self._tokens = tokens
        self._limits = limits

    async def get(self, call: Call, request: requests.GetRecord) -> Record:
        """The record; as it was, if it is told when. NOT_FOUND if there is none or it is deleted."""
        mask = parse_read_mask(request.read_mask)
        key = record_key(call.tenant, request.path)
        if request.read_revision:
            record = await self._past(key, request.read_revision)
        else:
            record = await self._live(key, await self._store.get_record(key))
        return (await self.shown(call, (record,), mask))[0]

    async def list(self, call: Call, request: requests.ListRecords) -> requests.ListRecordsReply:
        """One page of the records of a collection, or of all; as they were, if it is told when."""
        collection = parent_collection(call.tenant, request.parent)
        mask = parse_read_mask(request.read_mask)
        order = parse_order_by(request.order_by, self._limits)
        where = parse_filter(request.filter, self._limits)
        bound = _bound(call, request)
        scope = LogScope.of(call.tenant, collection)
        at = await check_revision(self._store, scope, request.read_revision) if request.read_revision else 0
        query = RecordQuery(
            collection.tenant if collection else call.tenant,
            collection and collection.id,
            where,
            order,
            self._tokens.open(request.page_token, *bound),
            request.show_deleted,
            page_size(request.page_size, self._limits),
            self._limits.page_bytes,
            self._patience(call),
            at,
        )
        page = await self._store.list_records(query)
        if at:
            await check_kept(self._store, scope, at)
        if not page.records and collection is not None:
            await self._require_collection(collection)
        token = self._tokens.seal(position_of(page.records[-1], order), *bound) if page.more else ""
        return requests.ListRecordsReply(await self.shown(call, page.records, mask), token)

    async def count(self, call: Call, request: requests.CountRecords) -> requests.CountRecordsReply:
        """How many records there are, exactly unless an estimate was asked for."""
        collection = parent_collection(call.tenant, request.parent)
        query = RecordQuery(
            collection.tenant if collection else call.tenant,
            collection and collection.id,
            parse_filter(request.filter, self._limits),
            show_deleted=request.show_deleted,
            seconds=self._patience(call),
        )
        found = await self._store.count_records(query, estimate=request.estimate)
        if not found.count and collection is not None:
            await self._require_collection(collection)
        return requests.CountRecordsReply(found.count, found.estimated)

    async def batch_get(self, call: Call, request: requests.BatchGetRecords) -> requests.BatchRecordsReply:
        """Several records in the order of their paths; NOT_FOUND that names the first one missing."""
        parent = parent_collection(call.tenant, request.parent)
        mask = parse_read_mask(request.read_mask)
        if len(request.paths) > self._limits.batch_records:
            raise too_many("paths", len(request.paths), self._limits)
        keys = [self._key_in(call, parent, path, index) for index, path in enumerate(request.paths)]
        found = await self._store.get_records(keys)
        records = tuple([await self._one(key, found[index], index) for index, key in enumerate(keys)])
        check_reply_size(records, mask, self._limits)
        return requests.BatchRecordsReply(await self.shown(call, records, mask))

    async def shown(self, call: Call, records: tuple[Record, ...], mask: ReadMask | None) -> tuple[Record, ...]:
        """The records as a caller sees them: after the hooks, and with the content that the mask names.

        Hooks do not see what stands for a record that is not there.
        """
        real = tuple([record for record in records if not record.is_tombstone])
        read = iter(await self._hooks.on_read(call, real)) if real else iter(())
        shown = tuple([record if record.is_tombstone else next(read) for record in records])
        return shown if mask is None else tuple([mask.apply(record) for record in shown])

    def _key_in(self, call: Call, parent: CollectionKey | None, path: str, index: int) -> RecordKey:
        try:
            key = record_key(call.tenant, path, "")
            if parent is not None and key.collection != parent.id:
                raise invalid("", f"is not in {parent.id}; use collections/- for records of several")
        except CrudError as error:
            raise located(error, Place(f"paths[{index}]", index)) from error
        return key

    async def _one(self, key: RecordKey, record: Record | None, index: int) -> Record:
        try:
            return await self._live(key, record)
        except CrudError as error:
            raise located(error, Place(f"paths[{index}]", index)) from error

    async def _live(self, key: RecordKey, record: Record | None) -> Record:
        if record is not None and record.delete_time is None:
            return record
        return require_live(key, record, await self._collection(key))

    async def _past(self, key: RecordKey, revision: int) -> Record:
        """The record, which was live then, as it was at a revision."""
        await check_revision(self._store, LogScope(key.tenant, key.collection), revision)
        (past,) = await past_states(self._store, key, [revision])
        try:
            return await self._live(key, past)
        except CrudError as error:
            raise not_found(error.reason, f"at revision {revision}: {error.message}") from error

    async def _collection(self, key: RecordKey) -> Collection | None:
        return await self._store.get_collection(CollectionKey(key.tenant, key.collection))

    async def _require_collection(self, key: CollectionKey) -> None:
        if await self._store.get_collection(key) is None:
            raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {key.id}")

    def _patience(self, call: Call) -> float:
        """How long the store may search: no longer than the caller waits."""
        most = self._limits.query_seconds
        return most if call.deadline is None else max(0.0, min(most, call.deadline - monotonic()))


def check_reply_size(records: Sequence[Record], mask: ReadMask | None, limits: Limits) -> None:
    """RESOURCE_EXHAUSTED (`REPLY_TOO_LARGE`) when records are more than a client takes; a mask makes them less."""
    if sum([_weight(record, mask) for record in records]) > limits.page_bytes:
        message = f"the reply may have more than {limits.page_bytes} bytes; ask for fewer records, or set read_mask"
        raise CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE, message)


def _weight(record: Record, mask: ReadMask | None) -> int:
    """The weight of what the mask leaves of a record; the fields besides its content hardly count."""
    if mask is None:
        return record.weight
    return (mask.apply(record) if mask.has_content else replace(record, content="{}")).weight


def too_many(field: str, count: int, limits: Limits) -> CrudError:
    """INVALID_ARGUMENT about a batch with too many items."""
    what = f"has {count} items; at most {limits.batch_records} are allowed in a batch"
    return invalid(field, what, Reason.BATCH_TOO_LARGE)


def _bound(call: Call, request: requests.ListRecords) -> tuple[str, ...]:
    """What a page token belongs to: who asks, and for what."""
    shows = "deleted" if request.show_deleted else ""
    past = (str(request.read_revision),) if request.read_revision else ()
    return ("ListRecords", call.tenant, call.principal, request.parent, request.filter, request.order_by, shows, *past)
