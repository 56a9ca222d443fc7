"""The writing operations of RecordService about one record."""

from collections.abc import Callable
from typing import Any

from crud_service.logic import edits
from crud_service.logic.edits import NOTHING, Edit, Loaded, load, plan_edits
from crud_service.logic.life_cycle import exists
from crud_service.logic.mutator import Mutator, Plan, Task
from crud_service.logic.preconditions import refuse_preconditions
from crud_service.logic.reading import Reading
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, located
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.record import Record
from crud_service.model.timestamp import Timestamp


class Records:
    """Creates, updates, deletes, undeletes and purges records."""

    def __init__(self, store: RecordStore, mutator: Mutator, reading: Reading, *, new_id: Callable[[], str]) -> None:
        self._store = store
        self._mutator = mutator
        self._reading = reading
        self._new_id = new_id

    async def create(self, call: Call, request: requests.CreateRecord) -> Record:
        """Store a new record. ALREADY_EXISTS if its id is taken, also by a deleted record."""
        if call.if_match or call.if_none_match:
            refuse_preconditions(call, "a new record has no state before")
        edit = edits.create(call, request, self._new_id)
        if request.validate_only:
            return await self._carry_out(call, request, edit)
        # Most ids are new: nothing is read before, the store finds out.
        return await self._run(call, request, create_task([edit]))

    async def update(self, call: Call, request: requests.UpdateRecord) -> Record:
        """Change fields of a live record, if it is in the state that the caller demands."""
        return await self._carry_out(call, request, edits.update(call, request))

    async def delete(self, call: Call, request: requests.DeleteRecord) -> Record:
        """Mark a live record as deleted."""
        return await self._carry_out(call, request, edits.delete(call, request))

    async def undelete(self, call: Call, request: requests.UndeleteRecord) -> Record:
        """Make a deleted record a live one again."""
        return await self._carry_out(call, request, edits.undelete(call, request))

    async def purge(self, call: Call, request: requests.PurgeRecord) -> Record:
        """Erase a deleted record, from the change log too."""
        return await self._carry_out(call, request, edits.purge(call, request))

    async def _carry_out(self, call: Call, request: Any, edit: Edit) -> Record:
        return await self._run(call, request, edit_task(self._store, [edit]))

    async def _run(self, call: Call, request: Any, task: Task[Loaded]) -> Record:
        (record,) = (await self._mutator.carry_out(call, request, task)).results
        return (await self._reading.shown(call, (record,), None))[0]


def edit_task(store: RecordStore, items: list[Edit]) -> Task[Loaded]:
    """Carries out edits of what is stored."""
    keys = [edit.key for edit in items]
    return Task(lambda: load(store, keys), lambda loaded, time: plan_edits(items, loaded, time), keys)


def create_task(items: list[Edit]) -> Task[Loaded]:
    """Carries out edits that create records, without reading what is stored."""

    async def nothing() -> Loaded:
        return NOTHING

    def plan(loaded: Loaded, time: Timestamp) -> Plan:
        return plan_edits(items, loaded, time)

    def lost(_: Plan, failed: ConditionFailed) -> CrudError:
        edit = items[failed.index]
        current = failed.current if isinstance(failed.current, Record) else None
        path = f"collections/{edit.key.collection}/records/{edit.key.id}"
        return located(exists(path, current), edit.place)

    return Task(nothing, plan, lost=lost)
