"""The one way to a commit: hooks, validation, the mutation, and what a store's refusal means to the caller."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from crud_service.logic.system_collections import check_writable
from crud_service.logic.validation import check_reason, check_request_id, collection_violations, record_violations
from crud_service.model.call import Call
from crud_service.model.change import (
    ChangeKind,
    CollectionWrite,
    Committed,
    Mutation,
    Origin,
    RecordCondition,
    RecordWrite,
    StoredRequest,
)
from crud_service.model.errors import CrudError, Kind, Reason, Violation, invalid_all, located, not_found, within
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange, RecordHooks
from crud_service.model.ports.record_store import CollectionMissing, CollectionNotEmpty, RecordStore
from crud_service.model.record import CollectionKey, Record
from crud_service.model.timestamp import Timestamp

_GONE = (ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED)
"""Kinds without a new state, so without anything to validate."""


# How many changes are looked at in one go, so that other calls are served in between.
_AT_ONCE = 256


class ChangesRefused(CrudError):
    """INVALID_ARGUMENT about some of several items, and what is wrong with each by itself."""

    def __init__(self, violations: list[Violation], index: int, items: Mapping[int, CrudError]) -> None:
        told = invalid_all(violations, {"index": str(index)})
        super().__init__(told.kind, told.reason, told.message, violations=told.violations, metadata=told.metadata)
        self.items = items
        """By the index of the item, without its place."""


class Writer:
    """Takes pending changes through the phases of a write and commits them as one mutation."""

    def __init__(
        self,
        store: RecordStore,
        hooks: RecordHooks,
        limits: Limits,
        *,
        clock: Callable[[], Timestamp],
        code_version: str,
        create_collections: bool,
    ) -> None:
        self._store = store
        self._hooks = hooks
        self._limits = limits
        self._clock = clock
        self._code_version = code_version
        self._create_collections = create_collections

    @property
    def creates_collections(self) -> bool:
        """Whether a record may name a collection that does not exist, which is then made on the way."""
        return self._create_collections

    def now(self) -> Timestamp:
        """The time to stamp a change with."""
        return self._clock()

    async def write(
        self,
        call: Call,
        time: Timestamp,
        changes: list[PendingChange],
        *,
        conditions: tuple[RecordCondition, ...] = (),
        request: StoredRequest | None = None,
        force: bool = False,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> Committed:
        """Commit the changes, once it is their `turn`, and return the revision and their stored states, in order.

        Raises CrudError when a hook, a limit or the store refuses, ConditionFailed when a resource is not in the state
        that the change was made from (read it again, or tell the caller), and RequestRepeated.
        """
        await self._prepare(call, changes)
        writes = tuple([_as_write(change, force) for change in changes])
        mutation = Mutation(
            call.tenant,
            self._origin(call, request),
            time,
            writes,
            self._create_collections,
            conditions,
            request,
        )
        if turn is not None:
            await turn()
        try:
            return await self._store.commit(mutation)
        except CollectionMissing as cause:
            raise _missing(cause.collection, changes) from cause
        except CollectionNotEmpty as cause:
            message = f"collection {cause.collection} holds records; delete them first, or all of it with force"
            raise CrudError(Kind.FAILED_PRECONDITION, Reason.COLLECTION_NOT_EMPTY, message) from cause

    async def rehearse(self, call: Call, changes: list[PendingChange]) -> Committed:
        """Everything that `write` does but the commit: the states as they would be stored, without a revision."""
        await self._prepare(call, changes)
        states = [replace(change.new, revision=0) for change in changes]
        if not self._create_collections:
            for name in dict.fromkeys(change.new.collection for change in changes if isinstance(change.new, Record)):
                if await self._store.get_collection(CollectionKey(call.tenant, name)) is None:
                    raise _missing(name, changes)
        return Committed(0, tuple(states))

    def check(self, call: Call, request_id: str) -> None:
        """Raise INVALID_ARGUMENT unless the log may keep the call's reason and request id, whatever is written."""
        if call.reason:
            check_reason(call.reason, self._limits)
        if request_id:
            check_request_id(request_id, self._limits)

    async def _prepare(self, call: Call, changes: list[PendingChange]) -> None:
        if not changes:  # a request that only has to be remembered
            return
        for change in changes:  # whatever way they came
            check_writable(call, change.new.collection if isinstance(change.new, Record) else change.new.id)
        await self._hooks.before_validate(call, changes)
        await self._validate(changes)
        await self._hooks.validate(call, changes)
        await self._hooks.before_commit(call, changes)

    async def _validate(self, changes: list[PendingChange]) -> None:
        violations: list[Violation] = []
        items: dict[int, CrudError] = {}
        for count, change in enumerate(changes, 1):
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
            found, place = self._violations(change), change.place
            if found and place:
                items[place.index] = invalid_all(found)
                found = [Violation(within(place, each.field), each.description, each.reason) for each in found]
            violations += found
        if items:
            raise ChangesRefused(violations, next(iter(items)), items)
        if violations:
            raise invalid_all(violations)

    def _violations(self, change: PendingChange) -> list[Violation]:
        if change.kind in _GONE or _is_accepted(change):
            return []
        if isinstance(change.new, Record):
            return record_violations(change.new, self._limits)
        return collection_violations(change.new, self._limits)

    def _origin(self, call: Call, request: StoredRequest | None) -> Origin:
        return Origin(
            call.principal,
            call.reason,
            request.key.id if request else "",
            call.call_id,
            call.trace_id,
            self._code_version,
        )


def _as_write(change: PendingChange, force: bool) -> RecordWrite | CollectionWrite:
    expected = change.old.revision if change.old else 0
    if isinstance(change.new, Record):
        return RecordWrite(change.kind, change.new, expected)
    return CollectionWrite(change.kind, change.new, expected, force)


def _is_accepted(change: PendingChange) -> bool:
    """Whether the record holds what it held before: a limit that was lowered since keeps nobody from deleting it."""
    old, new = change.old, change.new
    if not isinstance(old, Record) or not isinstance(new, Record):
        return False
    return (old.name, old.tags, old.content) == (new.name, new.tags, new.content)


def _missing(collection: str, changes: list[PendingChange]) -> CrudError:
    """NOT_FOUND for a collection, about the first change that needs it."""
    error = not_found(Reason.COLLECTION_NOT_FOUND, f"collection {collection} does not exist; create it first")
    needing = [each for each in changes if isinstance(each.new, Record) and each.new.collection == collection]
    return located(error, needing[0].place if needing else None)
