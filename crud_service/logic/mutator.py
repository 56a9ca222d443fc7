"""Carrying out a write: read, plan, commit, and again if another writer was faster, so that no change is ever lost."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from crud_service.logic.idempotency import Answer, Idempotency, Outcome, Reference, encode_outcome
from crud_service.logic.keyed_lock import KeyedLock
from crud_service.logic.writer import Writer
from crud_service.model.call import Call
from crud_service.model.change import Committed, RecordCondition, StoredRequest
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp

Loaded = TypeVar("Loaded")

Result = PendingChange | Record | Collection | None
"""What a plan has for one item: a change to make, a state that is the answer as it is, or nothing."""

# Writers of one node wait for each other in the locks; only writers of other nodes make a plan start again.
_ATTEMPTS = 10


class Plan(msgspec.Struct, frozen=True):
    """What a request comes to, given what is stored."""

    results: Sequence[Result]
    """One for each item of the request, in order; the changes among them are the mutation."""
    conditions: tuple[RecordCondition, ...] = ()
    """What must still be so when the changes are stored."""
    succeeded: bool = True
    force: bool = False
    """For the delete of a collection: whether its records may go with it."""
    summary: str = ""
    """Kept and answered instead of the results, for a request whose answer holds no states."""


class Task(msgspec.Struct, Generic[Loaded], frozen=True):
    """How a request is carried out."""

    load: Callable[[], Awaitable[Loaded]]
    """Reads what the plan is made from."""
    plan: Callable[[Loaded, Timestamp], Plan]
    """Makes the plan, or raises CrudError. Called again with what is stored by then, when a condition was lost."""
    locks: Sequence[Hashable] = ()
    """The keys of what may change, so that writers of this node do not make each other start again."""
    lost: Callable[[Plan, ConditionFailed], CrudError] | None = None
    """What a lost condition means, if it ends the request."""
    turn: Callable[[], Awaitable[None]] | None = None
    """Waited for before the commit, when all else is done; what it raises ends the request."""


class Mutator:
    """Carries out tasks, each at most once for its request id."""

    def __init__(self, writer: Writer, idempotency: Idempotency) -> None:
        self._writer = writer
        self._idempotency = idempotency
        self._locks = KeyedLock()

    async def carry_out(self, call: Call, request: Any, task: Task[Any]) -> Answer:
        """What the request did. `request` has a `request_id`, and maybe `validate_only`, which stores nothing.

        ABORTED (`CONCURRENT_CHANGE`) when other nodes keep changing the same resources.
        """
        self._writer.check(call, request.request_id)
        if getattr(request, "validate_only", False):
            plan = task.plan(await task.load(), self._writer.now())
            return _answer(plan, await self._writer.rehearse(call, _changes(plan)))
        if not request.request_id:
            return await self._attempt(call, task, None)
        return await self._idempotency.once(call, request, lambda ticket: self._attempt(call, task, ticket))

    async def _attempt(self, call: Call, task: Task[Any], ticket: StoredRequest | None) -> Answer:
        async with self._locks.hold_all(task.locks):
            for _ in range(_ATTEMPTS):
                loaded = await task.load()
                time = self._writer.now()
                plan = task.plan(loaded, time)
                changes = _changes(plan)
                if not changes and ticket is None:
                    return _answer(plan, Committed(0, ()))
                try:
                    committed = await self._writer.write(
                        call,
                        time,
                        changes,
                        conditions=plan.conditions,
                        request=ticket and replace(ticket, outcome=encode_outcome(_outcome(plan))),
                        force=plan.force,
                        turn=task.turn,
                    )
                except ConditionFailed as failed:
                    if task.lost is not None:
                        raise task.lost(plan, failed) from failed
                    continue
                return _answer(plan, committed)
        message = "what the request changes keeps changing; send it again"
        raise CrudError(Kind.ABORTED, Reason.CONCURRENT_CHANGE, message)


def _changes(plan: Plan) -> list[PendingChange]:
    return [result for result in plan.results if isinstance(result, PendingChange)]


def _answer(plan: Plan, committed: Committed) -> Answer:
    states = iter(committed.states)
    revision = committed.revision if committed.states else 0
    if plan.summary:
        return Answer([], revision, plan.succeeded, plan.summary)
    results = [next(states) if isinstance(result, PendingChange) else result for result in plan.results]
    return Answer(results, revision, plan.succeeded)


def _outcome(plan: Plan) -> Outcome:
    """The answer as places of writes and references to what was found, or as its summary."""
    if plan.summary:
        return Outcome([], plan.succeeded, plan.summary)
    results: list[int | Reference | None] = []
    writes = 0
    for result in plan.results:
        if isinstance(result, PendingChange):
            results.append(writes)
            writes += 1
        elif isinstance(result, Record):
            results.append(Reference(result.collection, result.id, result.revision))
        elif isinstance(result, Collection):
            results.append(Reference(result.id, "", result.revision))
        else:
            results.append(None)
    return Outcome(results, plan.succeeded)
