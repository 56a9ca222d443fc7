"""The whole service in plain Python: what each operation answers, and what is stored afterwards."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.call import Call
from tests.integration.model.plain_edits import Edit, Key, PlainEdits, bad, check, key_of, missing
from tests.integration.model.plain_history import PlainHistory
from tests.integration.model.plain_state import (
    NANOS,
    Answer,
    PlainState,
    Refused,
    State,
    Write,
    bare_collection,
    etag,
)

SETTINGS = ("name", "description", "require_etag", "retention", "indexes", "history_age", "history_entries")


class PlainService:
    """One caller after the other; `now` is a whole second, and every new id is the next of `ids`."""

    def __init__(self) -> None:
        self.state = PlainState()
        self.edits = PlainEdits(self.state)
        self.history = PlainHistory(self.state, self.edits)
        self.ids: list[str] = []

    def do(self, call: Call, request: Any) -> Any:
        """The answer: a state, a list of them, or what a transaction says; raises Refused."""
        name = type(request).__name__
        if isinstance(request, requests.GetRecord):
            return self.history.get(request) if request.read_revision else self.edits.found(request.path)
        if isinstance(request, requests.DiffRecord):
            return self.history.diff(request)
        if isinstance(request, requests.RollbackRecord):
            return self._rollback(call, request)
        if name.endswith("Collection"):
            return self._collection(call, request)
        if name.startswith("Batch"):
            return self._batch(call, request)
        if isinstance(request, requests.TransactRecords):
            return self._transact(call, request)
        return self._single(call, request)

    def live(self, parent: str, *, show_deleted: bool = False) -> list[State]:
        """The records of a collection, or of all, in no particular order."""
        owner = parent.removeprefix("collections/")
        if owner not in (*self.state.collections, "-"):
            raise missing("COLLECTION_NOT_FOUND")
        found = [each for (collection, _), each in self.state.records.items() if owner in ("-", collection)]
        return [each for each in found if show_deleted or each["delete_time"] is None]

    def sweep(self) -> None:
        """Expire what is due, then purge what is due: a mutation for each, if there is anything."""
        state, now = self.state, self.state.now
        due = [each for each in state.records.values() if each["expire_time"] and not each["delete_time"]]
        state.write(
            [Write("RECORD_EXPIRED", self.edits.as_deleted(each)) for each in due if each["expire_time"] <= now]
        )
        due = [each for each in state.records.values() if each["delete_time"] and each["purge_time"] is not None]
        state.write(
            [
                Write("RECORD_PURGED", {**each, "version": each["version"] + 1})
                for each in due
                if each["purge_time"] <= now
            ]
        )

    def build_indexes(self) -> None:
        """All indexes become ready: a mutation for each collection that has some which are not."""
        for _, each in sorted(self.state.collections.items()):
            if not all(each["indexes"].values()):
                ready = {"indexes": dict.fromkeys(each["indexes"], True), "version": each["version"] + 1}
                self.state.write([Write("COLLECTION_UPDATED", {**each, **ready, "update_time": self.state.now})])

    def _new_id(self) -> str:
        return self.ids.pop(0)

    def _edit(self, call: Call, request: Any) -> Edit:
        kind = type(request).__name__.removesuffix("Record").lower()
        chosen = kind != "create" or request.record_id or request.record.id
        return getattr(self.edits, kind)(call, request, "" if chosen else self._new_id())

    def _planned(self, edits: Sequence[Edit], *, named: bool = True) -> list[Any]:
        results = []
        for index, (key, rule) in enumerate(edits):
            try:
                result = rule(self.state.records.get(key))
            except Refused as refused:
                raise (refused.of_item(index) if named else refused) from None
            results.append(result._replace(index=index if named else None) if isinstance(result, Write) else result)
        return results

    def _single(self, call: Call, request: Any) -> State:
        if isinstance(request, requests.CreateRecord) and (call.if_match or {*call.if_none_match} - {"*"}):
            raise bad("INVALID_PRECONDITION")
        edit = self._edit(call, request)
        return self._created_last(call, request, [edit], named=False).results[0]

    def _rollback(self, call: Call, request: requests.RollbackRecord) -> State:
        if request.revision <= 0:
            raise bad("INVALID_REVISION")

        def plan() -> tuple[Sequence[Any], bool]:
            return self._planned([self.history.rollback(call, request)], named=False), True

        return self.state.once(call, request, plan).results[0]

    def _created_last(self, call: Call, request: Any, edits: Sequence[Edit], *, named: bool) -> Answer:
        """Creates that are stored learn last, after all other checks, that an id is taken."""

        def plan() -> tuple[Sequence[Any], bool]:
            if "Create" in type(request).__name__ and not request.validate_only:
                results = [rule(None) for _, rule in edits]
                self.state.check_names(
                    [each._replace(index=index if named else None) for index, each in enumerate(results)]
                )
            return self._planned(edits, named=named), True

        return self.state.once(call, request, plan)

    def _batch(self, call: Call, request: Any) -> list[State]:
        owner = request.parent.removeprefix("collections/")
        if isinstance(request, requests.BatchGetRecords):
            return self._batch_get(owner, request)
        if call.if_match or call.if_none_match:
            raise bad("INVALID_PRECONDITION")
        edits = self._parsed(call, [self._in_parent(each, owner) for each in request.requests])
        for index, ((collection, _), _) in enumerate(edits):
            if owner not in ("-", collection):
                raise bad("INVALID_FIELD").of_item(index)
        _check_once([key for key, _ in edits])
        return self._created_last(call, request, edits, named=True).results

    def _in_parent(self, item: Any, owner: str) -> Any:
        if not isinstance(item, requests.CreateRecord) or item.parent:
            return item
        return requests.CreateRecord(f"collections/{owner}", item.record, item.record_id, item.request_id)

    def _batch_get(self, owner: str, request: requests.BatchGetRecords) -> list[State]:
        for index, path in enumerate(request.paths):
            if owner not in ("-", key_of(path)[0]):
                raise bad("INVALID_FIELD").of_item(index)
        found = []
        for index, path in enumerate(request.paths):
            try:
                found.append(self.edits.found(path))
            except Refused as refused:
                raise refused.of_item(index) from None
        return found

    def _parsed(self, call: Call, items: Sequence[Any]) -> list[Edit]:
        edits = []
        for index, item in enumerate(items):
            try:
                if getattr(item, "request_id", ""):
                    raise bad("INVALID_REQUEST_ID")
                edits.append(self._edit(call, item))
            except Refused as refused:
                raise refused.of_item(index) from None
        return edits

    def _transact(self, call: Call, request: requests.TransactRecords) -> Answer:
        if call.if_match or call.if_none_match:
            raise bad("INVALID_PRECONDITION")
        branches = []
        for operations in (request.then, request.else_):
            steps = [
                next(step for name in each.__struct_fields__ if (step := getattr(each, name)) is not UNSET)
                for each in operations
            ]
            branches.append(self._parsed(call, steps))
            _check_once([key for key, _ in branches[-1]])

        def plan() -> tuple[Sequence[Any], bool]:
            succeeded = all(map(self._holds, request.compare))
            return self._planned(branches[0] if succeeded else branches[1]), succeeded

        return self.state.once(call, request, plan)

    def _holds(self, compare: requests.RecordCompare) -> bool:
        record = self.state.records.get(key_of(compare.path))
        record = None if record is None or record["delete_time"] is not None else record
        if compare.exists is not UNSET:
            return (record is not None) is compare.exists
        facts = None if record is None else (etag(record), record["version"], record["revision"])
        wanted = (compare.etag, compare.version, compare.revision)
        return facts is not None and any(
            one is not UNSET and one == other for one, other in zip(wanted, facts, strict=True)
        )

    def _collection(self, call: Call, request: Any) -> State:
        path = getattr(request, "path", "") or getattr(request, "collection", requests.CollectionDraft()).path
        name = getattr(request, "collection_id", "") or path.removeprefix("collections/")
        if isinstance(request, requests.GetCollection):
            return self._existing(name)
        if isinstance(request, requests.CreateCollection) and (call.if_match or {*call.if_none_match} - {"*"}):
            raise bad("INVALID_PRECONDITION")
        rules: dict[type, Callable[[], Any]] = {
            requests.CreateCollection: lambda: self._create_collection(name, request.collection),
            requests.UpdateCollection: lambda: self._update_collection(call, name, request),
            requests.DeleteCollection: lambda: self._delete_collection(call, name, request),
        }
        return self.state.once(call, request, lambda: ([rules[type(request)]()], True)).results[0]

    def _existing(self, name: str) -> State:
        if name not in self.state.collections:
            raise missing("COLLECTION_NOT_FOUND")
        return self.state.collections[name]

    def _create_collection(self, name: str, draft: requests.CollectionDraft) -> Write:
        if name in self.state.collections:
            raise Refused("ALREADY_EXISTS", "COLLECTION_EXISTS")
        new = bare_collection(name, version=1, create_time=self.state.now, update_time=self.state.now)
        new |= {field: _setting(draft, field) for field in SETTINGS}
        return Write("COLLECTION_CREATED", {**new, "indexes": dict.fromkeys(sorted(new["indexes"]), True)})

    def _update_collection(self, call: Call, name: str, request: requests.UpdateCollection) -> Write:
        draft, mask = request.collection, request.update_mask
        if name not in self.state.collections and request.allow_missing:
            check(call, None, draft.etag)
            return self._create_collection(name, draft)
        old = self._existing(name)
        check(call, old, draft.etag)
        present = [field for field in SETTINGS if getattr(draft, field) is not UNSET]
        new = old | {field: _setting(draft, field) for field in (SETTINGS if mask == ("*",) else mask or present)}
        indexes = {field: old["indexes"].get(field, False) for field in sorted(new["indexes"])}
        changed = {"indexes": indexes, "version": old["version"] + 1, "update_time": self.state.now}
        return Write("COLLECTION_UPDATED", new | changed)

    def _delete_collection(self, call: Call, name: str, request: requests.DeleteCollection) -> Any:
        if name not in self.state.collections and request.allow_missing:
            return bare_collection(name)
        old = self._existing(name)
        check(call, old, request.etag)
        if not request.force and self.live(f"collections/{name}"):
            raise Refused("FAILED_PRECONDITION", "COLLECTION_NOT_EMPTY")
        return Write("COLLECTION_DELETED", old)


def _setting(draft: requests.CollectionDraft, field: str) -> Any:
    value = getattr(draft, field)
    if field == "indexes":
        return [index.field for index in value or ()]
    if field in ("retention", "history_age"):
        return value // NANOS if value not in (UNSET, None) else None
    return value or bare_collection("")[field]


def _check_once(keys: Sequence[Key]) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise bad("INVALID_FIELD").of_item(index)
