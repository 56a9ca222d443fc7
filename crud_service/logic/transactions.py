"""Transactions: compare, then do one thing or the other, atomically and across collections."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from crud_service.logic import edits
from crud_service.logic.batches import (
    check_batch_size,
    check_once,
    check_plain,
    place_edits,
    refuse_batch_preconditions,
    resulting_records,
)
from crud_service.logic.edits import Edit, Loaded, load, plan_edits
from crud_service.logic.mutator import Mutator, Plan, Result, Task
from crud_service.logic.paths import record_key
from crud_service.logic.read_mask import parse_read_mask
from crud_service.logic.reading import Reading, check_reply_size, too_many
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import RecordCondition
from crud_service.model.errors import CrudError, Place, invalid, located
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Collection, Record, RecordKey
from crud_service.model.timestamp import Timestamp

_TARGETS = ("etag", "version", "revision", "exists")


class _Condition(msgspec.Struct, frozen=True):
    """One comparison: whose state, and what it must be."""

    key: RecordKey
    holds: Callable[[Record | None], bool]


class Transactions:
    """Carries out transactions on records."""

    def __init__(
        self, store: RecordStore, mutator: Mutator, reading: Reading, limits: Limits, *, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._mutator = mutator
        self._reading = reading
        self._limits = limits
        self._new_id = new_id

    async def transact(self, call: Call, request: requests.TransactRecords) -> requests.TransactRecordsReply:
        """Carry out `then` if all of `compare` hold, else `else`: all of its steps or none, under one revision."""
        refuse_batch_preconditions(call)
        conditions = self._conditions(call, request.compare)
        then, other = self._steps(call, "then", request.then), self._steps(call, "else", request.else_)
        compared = [condition.key for condition in conditions]
        keys = list(dict.fromkeys([*compared, *[step.key for step in (*then, *other)]]))

        def plan(loaded: Loaded, time: Timestamp) -> Plan:
            succeeded = all(condition.holds(_live(loaded.records[condition.key])) for condition in conditions)
            return self._plan(loaded, time, then if succeeded else other, compared, succeeded)

        task = Task(lambda: load(self._store, keys), plan, keys)
        answer = await self._mutator.carry_out(call, request, task)
        found = tuple([record for record in answer.results if record is not None])
        shown = iter(await self._reading.shown(call, found, None))
        steps = request.then if answer.succeeded else request.else_
        results = [
            requests.OperationResult(None if record is None else _masked(step, next(shown)))
            for step, record in zip(steps, answer.results, strict=True)
        ]
        return requests.TransactRecordsReply(answer.succeeded, answer.revision, tuple(results))

    def _plan(
        self, loaded: Loaded, time: Timestamp, steps: list[Edit], compared: list[RecordKey], succeeded: bool
    ) -> Plan:
        made = plan_edits(steps, loaded, time)
        check_batch_size(made, self._limits)
        check_reply_size(resulting_records(made), None, self._limits)
        written = {
            step.key for step, result in zip(steps, made.results, strict=True) if isinstance(result, PendingChange)
        }
        # What was looked at decides what is written, so it must still be so then.
        seen = dict.fromkeys([*compared, *(step.key for step in steps)])
        conditions = tuple([RecordCondition(key, _revision(loaded.records[key])) for key in seen if key not in written])
        return Plan(made.results, conditions, succeeded)

    def _conditions(self, call: Call, compares: Sequence[requests.RecordCompare]) -> list[_Condition]:
        if len(compares) > self._limits.batch_records:
            raise too_many("compare", len(compares), self._limits)
        found = []
        for index, compare in enumerate(compares):
            try:
                found.append(_condition(call.tenant, compare))
            except CrudError as error:
                raise located(error, Place(f"compare[{index}]", index)) from error
        return found

    def _steps(self, call: Call, field: str, operations: Sequence[requests.RecordOperation]) -> list[Edit]:
        if len(operations) > self._limits.batch_records:
            raise too_many(field, len(operations), self._limits)
        paths = [_step_path(Place(f"{field}[{index}]", index), each) for index, each in enumerate(operations)]
        steps = place_edits(list(zip(paths, operations, strict=True)), lambda operation: self._step(call, operation))
        check_once(steps)
        return steps

    def _step(self, call: Call, operation: requests.RecordOperation) -> Edit:
        kinds: dict[str, Callable[[Any], Edit]] = {
            "create": lambda request: edits.create(call, request, self._new_id),
            "update": lambda request: edits.update(call, request),
            "delete": lambda request: edits.delete(call, request),
            "undelete": lambda request: edits.undelete(call, request),
            "get": lambda request: _get(call, request),
        }
        (kind,) = _given(operation)
        request = getattr(operation, kind)
        check_plain(request)
        return kinds[kind](request)


def _given(operation: requests.RecordOperation) -> list[str]:
    return [kind for kind in operation.__struct_fields__ if getattr(operation, kind) is not UNSET]


def _step_path(place: Place, operation: requests.RecordOperation) -> str:
    """The path of what a step is, such as `then[1].update`. Raises INVALID_ARGUMENT unless it is one thing."""
    given = _given(operation)
    if len(given) != 1:
        raise located(invalid("", f"needs exactly one of {', '.join(operation.__struct_fields__)}"), place)
    return f"{place.prefix}.{given[0]}"


def _get(call: Call, request: requests.GetRecord) -> Edit:
    """Read a live record as it is; nothing if there is none."""
    parse_read_mask(request.read_mask)
    if request.read_revision:
        raise invalid("read_revision", "a transaction reads what is stored now; leave it out")

    def rule(current: Record | None, _: Collection | None, __: Timestamp) -> Result:
        return _live(current)

    return Edit(record_key(call.tenant, request.path), rule)


def _masked(step: requests.RecordOperation, record: Record) -> Record:
    """The result of a step, with the content that it asks for if it is a read."""
    mask = parse_read_mask(step.get.read_mask) if step.get is not UNSET else None
    return record if mask is None else mask.apply(record)


def _condition(tenant: str, compare: requests.RecordCompare) -> _Condition:
    targets = [name for name in _TARGETS if getattr(compare, name) is not UNSET]
    if len(targets) != 1:
        raise invalid("", f"needs exactly one of {', '.join(_TARGETS)}")
    (name,) = targets
    wanted: Any = getattr(compare, name)

    def holds(record: Record | None) -> bool:
        if name == "exists":
            return bool((record is not None) == wanted)
        return record is not None and getattr(record, name) == wanted

    return _Condition(record_key(tenant, compare.path), holds)


def _live(record: Record | None) -> Record | None:
    return None if record is None or record.delete_time is not None else record


def _revision(record: Record | None) -> int:
    return 0 if record is None else record.revision
