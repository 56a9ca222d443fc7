"""The operations of CollectionService."""

from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import fitting, page_size
from crud_service.logic.paths import check_id, chosen_id, collection_key
from crud_service.logic.revise import Reviser, changed_fields
from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.record import Collection, CollectionKey
from crud_service.model.timestamp import Timestamp

_CHANGEABLE = ("name", "description")


class Collections:
    """Creates, reads, updates and deletes collections."""

    def __init__(self, store: RecordStore, writer: Writer, tokens: PageTokens, limits: Limits) -> None:
        self._store = store
        self._writer = writer
        self._reviser = Reviser(writer)
        self._tokens = tokens
        self._limits = limits

    async def create(self, call: Call, request: requests.CreateCollection) -> Collection:
        """Store a new collection. ALREADY_EXISTS if its id is taken."""
        draft = request.collection
        collection_id = chosen_id(request.collection_id, draft.id, "collection_id", "collection")
        if not collection_id:
            raise invalid("collection_id", "a collection needs an id", Reason.INVALID_ID)
        time = self._writer.now()
        collection = Collection(collection_id, draft.name or "", draft.description or "", 0, 1, time, time)
        change = PendingChange(ChangeKind.COLLECTION_CREATED, None, collection)
        try:
            return (await self._writer.write(call, time, [change]))[0]  # type: ignore[no-any-return]
        except ConditionFailed as failed:
            message = f"collection {collection_id} exists"
            raise CrudError(Kind.ALREADY_EXISTS, Reason.COLLECTION_EXISTS, message) from failed

    async def get(self, call: Call, request: requests.GetCollection) -> Collection:
        """The collection. NOT_FOUND if there is none."""
        return await self._existing(collection_key(call.tenant, request.path))

    async def list(self, call: Call, request: requests.ListCollections) -> requests.ListCollectionsReply:
        """One page of the collections, in the order of their ids."""
        bound = ("ListCollections", call.tenant)
        after = self._tokens.open(request.page_token, *bound)
        size = page_size(request.page_size, self._limits)
        found = await self._store.list_collections(call.tenant, after, size + 1)
        page = found[: fitting(found[:size], self._limits.page_bytes)]
        token = self._tokens.seal(page[-1].id, *bound) if len(found) > len(page) else ""
        return requests.ListCollectionsReply(page, token)

    async def update(self, call: Call, request: requests.UpdateCollection) -> Collection:
        """Change fields of a collection, if its etag is the one sent or none was sent."""
        draft = request.collection
        key = collection_key(call.tenant, draft.path, "collection.path")
        if draft.id and check_id("collection.id", draft.id) != key.id:
            raise invalid("collection.id", "an id never changes; it differs from the one in collection.path")
        present = tuple(name for name in _CHANGEABLE if getattr(draft, name) is not UNSET)
        fields = changed_fields(request.update_mask, present, _CHANGEABLE)
        return await self._reviser.revise(
            call,
            key,
            ChangeKind.COLLECTION_UPDATED,
            draft.etag,
            load=lambda: self._existing(key),
            change=lambda current, time: _updated(current, draft, fields, time),
        )

    async def delete(self, call: Call, request: requests.DeleteCollection) -> Collection:
        """Remove a collection without live records, if its etag is the one sent or none was sent."""
        key = collection_key(call.tenant, request.path)
        return await self._reviser.revise(
            call,
            key,
            ChangeKind.COLLECTION_DELETED,
            request.etag,
            load=lambda: self._existing(key),
            change=lambda current, _: current,
        )

    async def _existing(self, key: CollectionKey) -> Collection:
        collection = await self._store.get_collection(key)
        if collection is None:
            raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {key.id}")
        return collection


def _updated(current: Collection, draft: requests.CollectionDraft, fields: set[str], time: Timestamp) -> Collection:
    """The collection with `fields` taken from the draft; a field the draft lacks becomes empty."""
    values = {name: getattr(draft, name) or "" for name in fields}
    return replace(current, **values, version=current.version + 1, update_time=time)
