"""The batches of RecordService: all items, or none; the one that fails is named by its index."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from crud_service.logic import edits
from crud_service.logic.edits import Edit, Loaded
from crud_service.logic.mutator import Mutator, Plan, Task
from crud_service.logic.paths import parent_collection
from crud_service.logic.preconditions import refuse_preconditions
from crud_service.logic.read_mask import parse_read_mask
from crud_service.logic.reading import Reading, check_reply_size, too_many
from crud_service.logic.records import create_task, edit_task
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Place, Reason, Violation, invalid, invalid_all, located
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

Item = TypeVar("Item")


class Batches:
    """Creates, updates and deletes many records in one mutation."""

    def __init__(
        self, store: RecordStore, mutator: Mutator, reading: Reading, limits: Limits, *, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._mutator = mutator
        self._reading = reading
        self._limits = limits
        self._new_id = new_id

    async def create(self, call: Call, request: requests.BatchCreateRecords) -> requests.BatchRecordsReply:
        """Store new records."""
        parent = request.parent

        def edit(item: requests.CreateRecord) -> Edit:
            if not item.parent and parent != "collections/-":
                item = requests.CreateRecord(parent, item.record, item.record_id)
            return edits.create(call, item, self._new_id)

        items = self._edits(call, request, edit)
        task = edit_task(self._store, items) if request.validate_only else create_task(items)
        return await self._carry_out(call, request, task)

    async def update(self, call: Call, request: requests.BatchUpdateRecords) -> requests.BatchRecordsReply:
        """Change fields of live records."""
        items = self._edits(call, request, lambda item: edits.update(call, item))
        return await self._carry_out(call, request, edit_task(self._store, items))

    async def delete(self, call: Call, request: requests.BatchDeleteRecords) -> requests.BatchRecordsReply:
        """Mark live records as deleted."""
        items = self._edits(call, request, lambda item: edits.delete(call, item))
        return await self._carry_out(call, request, edit_task(self._store, items))

    def _edits(self, call: Call, request: Any, edit: Callable[[Any], Edit]) -> list[Edit]:
        """An edit for each item, in the request's collection, each record once."""
        refuse_batch_preconditions(call)
        parent = parent_collection(call.tenant, request.parent)
        if len(request.requests) > self._limits.batch_records:
            raise too_many("requests", len(request.requests), self._limits)
        found = place_edits([(f"requests[{index}]", item) for index, item in enumerate(request.requests)], edit)
        for item in found:
            _check_parent(item, parent)
        check_once(found)
        return found

    async def _carry_out(self, call: Call, request: Any, task: Task[Loaded]) -> requests.BatchRecordsReply:
        mask = parse_read_mask(request.read_mask)

        def plan(loaded: Loaded, time: Timestamp) -> Plan:
            made = task.plan(loaded, time)
            check_batch_size(made, self._limits)
            check_reply_size(resulting_records(made), mask, self._limits)
            return made

        answer = await self._mutator.carry_out(call, request, Task(task.load, plan, task.locks, task.lost))
        return requests.BatchRecordsReply(await self._reading.shown(call, tuple(answer.results), mask))


def place_edits(items: Sequence[tuple[str, Item]], edit: Callable[[Item], Edit]) -> list[Edit]:
    """The edit of each item, which comes with its path in the request. Raises CrudError that names the item."""
    found = []
    for index, (path, item) in enumerate(items):
        place = Place(path, index)
        try:
            check_plain(item)
            made = edit(item)
        except CrudError as error:
            raise located(error, place) from error
        found.append(Edit(made.key, made.rule, place))
    return found


def _check_parent(item: Edit, parent: CollectionKey | None) -> None:
    if parent is not None and item.key.collection != parent.id:
        what = f"is in collection {item.key.collection}, not in {parent.id}; use collections/- for several collections"
        error = invalid("", what)
        raise located(error, item.place)


def check_plain(item: Any) -> None:
    """Raise INVALID_ARGUMENT if an item of several has what only the whole request can have."""
    if getattr(item, "request_id", ""):
        message = "stands in the request as a whole, not in its items"
        raise invalid("request_id", message, Reason.INVALID_REQUEST_ID)
    if getattr(item, "validate_only", False):
        raise invalid("validate_only", "stands in the request as a whole, not in its items")


def check_once(items: Iterable[Edit]) -> None:
    """Raise INVALID_ARGUMENT if two items are about one record."""
    seen: dict[RecordKey, Edit] = {}
    for item in items:
        first = seen.setdefault(item.key, item)
        if first is not item and first.place and item.place:
            what = f"is about the record of {first.place.prefix}; a record stands in one item only"
            raise invalid_all([Violation(item.place.prefix, what)], {"index": str(item.place.index)})


def check_batch_size(plan: Plan, limits: Limits) -> None:
    """RESOURCE_EXHAUSTED (`REQUEST_TOO_LARGE`) when the new records of a plan are too much for one mutation."""
    changes = [each.new for each in plan.results if isinstance(each, PendingChange)]
    contents = [new.content for new in changes if isinstance(new, Record)]
    size = sum([len(content) if content.isascii() else len(content.encode()) for content in contents])
    if size > limits.batch_bytes:
        message = f"the records of a batch have more than {limits.batch_bytes} bytes of content; send several batches"
        raise CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE, message)


def refuse_batch_preconditions(call: Call) -> None:
    """Raise INVALID_ARGUMENT if the call has a precondition in its headers: it would not say on which record."""
    if call.if_none_match:
        raise invalid("if-none-match", "is about one record, and these are several", Reason.INVALID_PRECONDITION)
    refuse_preconditions(call, "is about one record, and these are several; send the etag of each item")


def resulting_records(plan: Plan) -> list[Record]:
    """The records that a plan answers with."""
    results = [result.new if isinstance(result, PendingChange) else result for result in plan.results]
    return [result for result in results if isinstance(result, Record)]
