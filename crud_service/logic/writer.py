"""The one way to a commit: hooks, validation, the mutation, and what a store's refusal means to the caller."""

from collections.abc import Callable
from typing import Any

from crud_service.logic.validation import check_reason, collection_violations, record_violations
from crud_service.model.call import Call
from crud_service.model.change import CollectionWrite, Committed, Mutation, Origin, RecordWrite
from crud_service.model.errors import CrudError, Kind, Reason, invalid_all, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange, RecordHooks
from crud_service.model.ports.record_store import CollectionMissing, CollectionNotEmpty, RecordStore
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp


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

    def now(self) -> Timestamp:
        """The time to stamp a change with."""
        return self._clock()

    async def write(self, call: Call, time: Timestamp, changes: list[PendingChange]) -> tuple[Any, ...]:
        """Commit the changes and return their stored states, in order.

        Raises CrudError when a hook, a limit or the store refuses, and ConditionFailed when a resource is not in
        the state that the change was made from: read it again, or tell the caller.
        """
        if call.reason:
            check_reason(call.reason, self._limits)
        await self._hooks.before_validate(call, changes)
        self._validate(changes)
        await self._hooks.validate(call, changes)
        await self._hooks.before_commit(call, changes)
        return (await self._commit(call, time, changes)).states

    def _validate(self, changes: list[PendingChange]) -> None:
        violations = []
        for change in changes:
            if isinstance(change.new, Record):
                violations.extend(record_violations(change.new, self._limits))
            else:
                violations.extend(collection_violations(change.new, self._limits))
        if violations:
            raise invalid_all(violations)

    async def _commit(self, call: Call, time: Timestamp, changes: list[PendingChange]) -> Committed:
        writes = tuple(_as_write(change) for change in changes)
        mutation = Mutation(call.tenant, self._origin(call), time, writes, self._create_collections)
        try:
            return await self._store.commit(mutation)
        except CollectionMissing as cause:
            message = f"collection {cause.collection} does not exist; create it first"
            raise not_found(Reason.COLLECTION_NOT_FOUND, message) from cause
        except CollectionNotEmpty as cause:
            message = f"collection {cause.collection} holds records; delete them first"
            raise CrudError(Kind.FAILED_PRECONDITION, Reason.COLLECTION_NOT_EMPTY, message) from cause

    def _origin(self, call: Call) -> Origin:
        return Origin(
            actor=call.principal,
            reason=call.reason,
            call_id=call.call_id,
            trace_id=call.trace_id,
            code_version=self._code_version,
        )


def _as_write(change: PendingChange) -> RecordWrite | CollectionWrite:
    expected = change.old.revision if change.old else 0
    if isinstance(change.new, Record):
        return RecordWrite(change.kind, change.new, expected)
    return CollectionWrite(change.kind, change.new, expected)
