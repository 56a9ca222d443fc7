"""What the service holds, as dicts: states, log and remembered requests; and how a mutation changes them."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from crud_service.model.call import Call
from crud_service.model.record import etag_of
from tests.integration.model.plain_values import text_of

START = 1_800_000_000
DAY = 86_400
NANOS = 1_000_000_000
REMEMBERED = 50
"""For how many seconds a request id is remembered."""

State = dict[str, Any]


class Refused(Exception):
    """The kind and reason of an error, and the index of the item that it is about."""

    def __init__(self, kind: str, reason: str, index: int | None = None) -> None:
        super().__init__(f"{kind}/{reason} {index}")
        self.said = (kind, reason, index)

    def of_item(self, index: int) -> "Refused":
        return Refused(*self.said[:2], index)


class Write(NamedTuple):
    """One change of a mutation."""

    kind: str
    new: State
    """With an `id` of a record and its `collection`; a collection's has only an `id`."""
    index: int | None = None


class Entry(msgspec.Struct):
    """One entry of the log; `erased` once no state of it is left."""

    revision: int
    kind: str
    collection: str
    id: str
    version: int
    time: int
    state: State
    erased: bool = False


class Answer(NamedTuple):
    results: list[State | None]
    revision: int
    succeeded: bool


def etag(state: State | None) -> str:
    """The etag of a record's or a collection's state."""
    if state is None or not state["revision"]:
        return ""
    name = f"{state['collection']}/{state['id']}" if "collection" in state else state["id"]
    return etag_of(name, state["revision"])


def bare(collection: str, record_id: str, revision: int = 0, version: int = 0) -> State:
    """What stands for a record that is not there."""
    empty = dict.fromkeys(("date", "create_time", "update_time", "delete_time", "purge_time", "expire_time"))
    own = {"collection": collection, "id": record_id, "revision": revision, "version": version}
    return {"name": "", "content": {}, "tags": [], **empty, **own}


def bare_collection(name: str, **fields: Any) -> State:
    """A collection without anything."""
    empty = {"name": "", "description": "", "require_etag": False, "retention": None, "indexes": {}}
    empty |= {"history_age": None, "history_entries": 0}
    times = {"revision": 0, "version": 0, "create_time": None, "update_time": None}
    return {"id": name, **empty, **times, **fields}


def shown(state: State | None) -> State | None:
    """The state as a client sees it."""
    if state is None:
        return None
    times = {name: text_of(value) for name, value in state.items() if name.endswith("_time") or name == "date"}
    return {**state, **times, "etag": etag(state)}


class PlainState:
    """Records by (collection, id), collections by id, the log, and requests by (principal, id)."""

    def __init__(self) -> None:
        self.now = START
        self.revision = 0
        self.records: dict[tuple[str, str], State] = {}
        self.collections: dict[str, State] = {}
        self.log: list[Entry] = []
        self.requests: dict[tuple[str, str], tuple[str, int, Answer]] = {}

    def once(self, call: Call, request: Any, plan: Callable[[], tuple[Sequence[Any], bool]]) -> Answer:
        """Carry out a request, or repeat the answer that it had."""
        if getattr(request, "validate_only", False):
            results, succeeded = plan()
            self.check_names(results)
            return Answer(
                [_state(each) | {"revision": 0} if isinstance(each, Write) else each for each in results], 0, succeeded
            )
        key, told = (call.principal, request.request_id), _told(call, request)
        if request.request_id and key in self.requests:
            before, expires, answer = self.requests[key]
            if self.now < expires:
                if before != told:
                    raise Refused("ALREADY_EXISTS", "REQUEST_ID_REUSED")
                return answer._replace(results=[self._left_of(each) for each in answer.results])
        results, succeeded = plan()
        self.check_names(results)
        revision, states = self.write(results)
        answer = Answer(states, revision, succeeded)
        if request.request_id:
            self.requests[key] = (told, self.now + REMEMBERED, answer)
        return answer

    def write(self, results: Sequence[Any]) -> tuple[int, list[State | None]]:
        """Store all writes among the results under one revision; 0 if there are none."""
        if not any(isinstance(each, Write) for each in results):
            return 0, list(results)
        self.revision += 1
        return self.revision, [self._store(each) if isinstance(each, Write) else each for each in results]

    def _store(self, write: Write) -> State:
        kind, new = write.kind, {**write.new, "revision": self.revision}
        if "collection" not in new:
            self._note(kind, new["id"], "", new)
            if kind != "COLLECTION_DELETED":
                self.collections[new["id"]] = new
                return new
            self.records = {key: each for key, each in self.records.items() if key[0] != new["id"]}
            self._erase(lambda entry: entry.collection == new["id"] and bool(entry.id))
            return self.collections.pop(new["id"])
        owner, key = new["collection"], (new["collection"], new["id"])
        if owner not in self.collections:
            made = {"revision": self.revision, "version": 1, "create_time": self.now, "update_time": self.now}
            self.collections[owner] = bare_collection(owner, **made)
            self._note("COLLECTION_CREATED", owner, "", self.collections[owner])
        self._note(kind, *key, new)
        if kind != "RECORD_PURGED":
            self.records[key] = new
            return new
        del self.records[key]
        self._erase(lambda entry: (entry.collection, entry.id) == key)
        return bare(*key, self.revision, new["version"])

    def _note(self, kind: str, collection: str, record_id: str, state: State) -> None:
        self.log.append(Entry(self.revision, kind, collection, record_id, state["version"], self.now, state))

    def _erase(self, matches: Callable[[Entry], bool]) -> None:
        for entry in filter(matches, self.log):
            entry.erased = True

    def _left_of(self, state: State | None) -> State | None:
        """What is left of a state that an earlier answer had."""
        if state is None or "collection" not in state:
            return state
        key = (state["revision"], state["collection"], state["id"])
        for entry in self.log:
            if (entry.revision, entry.collection, entry.id) == key and entry.erased:
                return bare(entry.collection, entry.id, entry.revision, entry.version)
        return state

    def check_names(self, results: Sequence[Any]) -> None:
        for each in results:
            if isinstance(each, Write) and "\n" in each.new["name"]:
                raise Refused("INVALID_ARGUMENT", "INVALID_TEXT", each.index)


def _state(write: Write) -> State:
    return write.new


def _told(call: Call, request: Any) -> str:
    plain = msgspec.to_builtins(msgspec.structs.replace(request, request_id=""))
    return json.dumps([type(request).__name__, plain, call.if_match, call.if_none_match], sort_keys=True)
