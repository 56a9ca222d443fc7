"""The operations of CollectionService."""

from collections.abc import Callable
from typing import Any

from crud_service.logic.collection_fields import changed_fields, created_collection, updated_collection
from crud_service.logic.mutator import Mutator, Plan, Task
from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import fitting, page_size
from crud_service.logic.paths import check_id, chosen_id, collection_key
from crud_service.logic.preconditions import check_preconditions, refuse_preconditions
from crud_service.logic.system_collections import check_writable
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.query import Position
from crud_service.model.record import Collection, CollectionKey, unset_collection
from crud_service.model.timestamp import Timestamp

_HISTORY = {"history_age", "history_entries"}


class Collections:
    """Creates, reads, updates and deletes collections."""

    def __init__(
        self,
        store: RecordStore,
        mutator: Mutator,
        tokens: PageTokens,
        limits: Limits,
        *,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._mutator = mutator
        self._tokens = tokens
        self._limits = limits
        self._changed = changed

    async def create(self, call: Call, request: requests.CreateCollection) -> Collection:
        """Store a new collection. ALREADY_EXISTS if its id is taken."""
        refuse_preconditions(call, "a new collection has no state before")
        draft = request.collection
        collection_id = chosen_id(request.collection_id, draft.id, "collection_id", "collection")
        if not collection_id:
            raise invalid("collection_id", "a collection needs an id", Reason.INVALID_ID)
        check_writable(call, collection_id)

        def plan(current: Collection | None, time: Timestamp) -> Plan:
            if current is not None:
                message = f"collection {collection_id} exists; choose another id, or update it"
                raise CrudError(Kind.ALREADY_EXISTS, Reason.COLLECTION_EXISTS, message)
            new = created_collection(collection_id, draft, time)
            return Plan([PendingChange(ChangeKind.COLLECTION_CREATED, None, new)])

        return await self._carry_out(call, request, CollectionKey(call.tenant, collection_id), plan)

    async def get(self, call: Call, request: requests.GetCollection) -> Collection:
        """The collection. NOT_FOUND if there is none."""
        key = collection_key(call.tenant, request.path)
        return _existing(await self._store.get_collection(key), key)

    async def list(self, call: Call, request: requests.ListCollections) -> requests.ListCollectionsReply:
        """One page of the collections, in the order of their ids."""
        bound = ("ListCollections", call.tenant, call.principal)
        position = self._tokens.open(request.page_token, *bound)
        size = page_size(request.page_size, self._limits)
        found = await self._store.list_collections(call.tenant, position.id if position else "", size + 1)
        page = found[: fitting(found[:size], self._limits.page_bytes)]
        token = self._tokens.seal(Position((), "", page[-1].id), *bound) if len(found) > len(page) else ""
        return requests.ListCollectionsReply(page, token)

    async def update(self, call: Call, request: requests.UpdateCollection) -> Collection:
        """Change fields of a collection, or with `allow_missing` create it. Its etag is checked if one was sent."""
        draft = request.collection
        key = collection_key(call.tenant, draft.path, "collection.path")
        check_writable(call, key.id)
        if draft.id and check_id("collection.id", draft.id) != key.id:
            raise invalid("collection.id", "an id never changes; it differs from the one in collection.path")
        fields = changed_fields(request.update_mask, draft)

        def plan(stored: Collection | None, time: Timestamp) -> Plan:
            if stored is None and request.allow_missing:
                check_preconditions(call, None, draft.etag, path=draft.path)
                new = created_collection(key.id, draft, time)
                return Plan([PendingChange(ChangeKind.COLLECTION_CREATED, None, new)])
            old = _existing(stored, key)
            check_preconditions(call, old, draft.etag, path=old.path)
            new = updated_collection(old, draft, fields, time)
            return Plan([PendingChange(ChangeKind.COLLECTION_UPDATED, old, new)])

        collection = await self._carry_out(call, request, key, plan)
        if not all(index.ready for index in collection.indexes) or fields & _HISTORY:
            self._changed()
        return collection

    async def delete(self, call: Call, request: requests.DeleteCollection) -> Collection:
        """Remove a collection without live records, or with `force` any. Its etag is checked if one was sent."""
        key = collection_key(call.tenant, request.path)
        check_writable(call, key.id)

        def plan(stored: Collection | None, _: Timestamp) -> Plan:
            if stored is None and request.allow_missing:
                return Plan([unset_collection(key)])
            old = _existing(stored, key)
            check_preconditions(call, old, request.etag, path=old.path)
            return Plan([PendingChange(ChangeKind.COLLECTION_DELETED, old, old)], force=request.force)

        return await self._carry_out(call, request, key, plan)

    async def _carry_out(
        self, call: Call, request: Any, key: CollectionKey, plan: Callable[[Collection | None, Timestamp], Plan]
    ) -> Collection:
        task = Task(lambda: self._store.get_collection(key), plan, [key])
        (collection,) = (await self._mutator.carry_out(call, request, task)).results
        return collection  # type: ignore[no-any-return]


def _existing(collection: Collection | None, key: CollectionKey) -> Collection:
    if collection is None:
        raise not_found(Reason.COLLECTION_NOT_FOUND, f"there is no collection {key.id}")
    return collection
