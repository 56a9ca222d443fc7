"""What the log still tells of the past, in plain Python: reads, rollbacks, differences, and how history goes."""

from collections.abc import Callable
from typing import Any

from crud_service.model import requests
from crud_service.model.call import Call
from tests.integration.model.plain_edits import Edit, Key, PlainEdits, bad, check, key_of, missing
from tests.integration.model.plain_state import Entry, PlainState, Refused, State, Write, bare, bare_collection, shown
from tests.integration.model.plain_values import MISSING, same

AGE, PROTECTED = 100, 50
"""For how many seconds a node keeps history, and for how many whatever a collection says."""
_TYPES = {"RECORD_CREATED": "CREATED", "RECORD_UPDATED": "UPDATED", "RECORD_DELETED": "DELETED"}
_TYPES |= {"RECORD_UNDELETED": "UNDELETED", "RECORD_EXPIRED": "EXPIRED", "RECORD_PURGED": "PURGED"}


class PlainHistory:
    """The past of one state. A collection has a floor: below it only the last entries are left."""

    def __init__(self, state: PlainState, edits: PlainEdits) -> None:
        self.state = state
        self.edits = edits
        self.floors: dict[str, int] = {}

    def get(self, request: requests.GetRecord) -> State:
        key = key_of(request.path)
        self._check(key[0], request.read_revision)
        found = self._at(key, request.read_revision)
        if found is None:
            raise self._missing(key)
        if found["delete_time"] is not None:
            raise missing("RECORD_DELETED")
        return found

    def live(self, parent: str, revision: int, *, show_deleted: bool) -> list[State]:
        """The records as they were, in no particular order."""
        owner = parent.removeprefix("collections/")
        self._check(owner, revision)
        if owner not in (*self.state.collections, "-"):
            raise missing("COLLECTION_NOT_FOUND")
        keys = {(each.collection, each.id) for each in self.state.log if each.id and owner in ("-", each.collection)}
        found = [state for key in keys if (state := self._at(key, revision)) is not None]
        return [each for each in found if show_deleted or each["delete_time"] is None]

    def revisions(self, path: str) -> list[Any]:
        """The changes of a record, the last one first: revision, type, version and state."""
        key = key_of(path)
        entries = [each for each in self._entries(key) if not each.erased or each.kind == "RECORD_PURGED"]
        if not entries:
            raise self._missing(key)
        return [
            (each.revision, _TYPES[each.kind], each.version, shown(self._left(each) or _bare(each)))
            for each in reversed(entries)
        ]

    def rollback(self, call: Call, request: requests.RollbackRecord) -> Edit:
        key = key_of(request.path)

        def rule(current: State | None) -> Any:
            past, old = self._at(key, request.revision), self.edits.live(key, current)
            check(call, old, request.etag, required=bool(self.state.collections[key[0]]["require_etag"]))
            if past is None or past["delete_time"] is not None:
                raise missing("REVISION_NOT_FOUND")
            new = old | {name: past[name] for name in ("name", "date", "content", "tags", "expire_time")}
            new["expire_time"] = new["expire_time"] if (new["expire_time"] or 0) > self.state.now else None
            return Write("RECORD_UPDATED", {**new, "version": old["version"] + 1, "update_time": self.state.now})

        self._check(key[0], request.revision)
        return key, rule

    def diff(self, request: requests.DiffRecord) -> Any:
        """The revisions that wrote the two states, and by field how they differ."""
        key = key_of(request.path)
        if request.from_revision <= 0:
            raise bad("INVALID_REVISION")
        self._check(key[0], request.from_revision)
        self._check(key[0], request.to_revision)
        one, other = self._at(key, request.from_revision), self._at(key, request.to_revision or self.state.revision)
        if not request.to_revision and other is None:
            raise self._missing(key)
        if one is None or other is None:
            raise missing("REVISION_NOT_FOUND")
        return one["revision"], other["revision"], _differences(_plain(one), _plain(other))

    def compact(self) -> None:
        """All history goes that may: too old, or too much, and not of the last moments."""
        for owner in {each.collection for each in self.state.log}:
            settings = self.state.collections.get(owner) or bare_collection(owner)
            entries = [each for each in self.state.log if each.collection == owner]
            self.floors[owner] = self._floor(settings, entries)
            left = _last_ones([each for each in entries if each.revision <= self.floors[owner]])
            self._keep(lambda each: each.collection != owner or each.revision > self.floors[owner] or each in left)  # noqa: B023 - called at once

    def _floor(self, settings: State, entries: list[Entry]) -> int:
        floor, now = self.floors.get(settings["id"], 0), self.state.now
        age = AGE if settings["history_age"] is None else settings["history_age"]
        most = settings["history_entries"]
        latest = entries[-most:] if most else entries
        for revision in sorted({each.revision for each in entries if each.revision > floor}):
            *_, last = [each for each in entries if each.revision == revision]
            is_old, is_one_too_many = last.time <= now - age, last not in latest
            if last.time > now - PROTECTED or not (is_old or is_one_too_many):
                break
            floor = revision
        return floor

    def _keep(self, stays: Callable[[Entry], bool]) -> None:
        self.state.log = list(filter(stays, self.state.log))

    def _check(self, owner: str, revision: int) -> None:
        """Refuse unless there is such a revision, and the log has it."""
        if revision < 0:
            raise bad("INVALID_REVISION")
        if revision > self.state.revision:
            raise Refused("OUT_OF_RANGE", "REVISION_NOT_REACHED")
        floor = max(self.floors.values(), default=0) if owner == "-" else self.floors.get(owner, 0)
        if 0 < revision < floor:
            raise Refused("OUT_OF_RANGE", "HISTORY_GONE")

    def _entries(self, key: Key) -> list[Entry]:
        return [each for each in self.state.log if (each.collection, each.id) == key]

    def _at(self, key: Key, revision: int) -> State | None:
        """What a record was at a revision; None if nothing is left of it."""
        *_, last = [None, *(each for each in self._entries(key) if each.revision <= revision)]
        return last and self._left(last)

    def _left(self, entry: Entry) -> State | None:
        return None if entry.erased else entry.state

    def _missing(self, key: Key) -> Refused:
        return missing("RECORD_NOT_FOUND" if key[0] in self.state.collections else "COLLECTION_NOT_FOUND")


def _bare(entry: Entry) -> State:
    return bare(entry.collection, entry.id, entry.revision, entry.version)


def _last_ones(entries: list[Entry]) -> list[Entry]:
    """The last entry of each record and of the collection, but for what is gone."""
    last: dict[str, Entry] = {}
    for each in entries:
        last = {} if each.kind == "COLLECTION_DELETED" else {**last, each.id: each}
    return [each for each in last.values() if each.kind != "RECORD_PURGED"]


def _plain(state: State) -> dict[str, Any]:
    """The fields that may differ, as JSON has them."""
    told = shown(state) or {}
    times = {
        name: (told[name] or "").replace(".000000000", "") or MISSING for name in ("date", "expire_time", "delete_time")
    }
    return {"name": told["name"], "tags": told["tags"], "content": told["content"], **times}


def _differences(one: Any, other: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in one.keys() | other.keys():
            found |= _differences(one.get(key, MISSING), other.get(key, MISSING), f"{path}.{key}" if path else key)
        return found
    return {} if same(one, other) else {path: (one, other)}
