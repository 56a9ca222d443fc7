"""What each writing operation on one record does, in plain Python."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.call import Call
from tests.integration.model.plain_state import NANOS, PlainState, Refused, State, Write, bare, etag
from tests.integration.model.plain_values import (
    Impossible,
    at,
    merged,
    seconds_of,
    transformed,
    with_value,
)

Key = tuple[str, str]
Edit = tuple[Key, Callable[[State | None], Any]]
"""Which record, and what becomes of its state: a Write, a state as it is, None, or Refused."""

FIELDS = ("name", "date", "content", "tags", "expire_time")
SERVER_FIELDS = ("etag", "version", "create_time")


def key_of(path: str) -> Key:
    """The collection and the id in a record's path."""
    _, collection, _, record_id = path.split("/")
    return collection, record_id


def bad(reason: str) -> Refused:
    return Refused("INVALID_ARGUMENT", reason)


def missing(reason: str) -> Refused:
    return Refused("NOT_FOUND", reason)


def check(call: Call, current: State | None, sent: str, *, required: bool = False) -> None:
    """Refuse unless the current state is one that etag and headers accept."""
    actual = etag(current)
    wrong = bool(sent) and sent != actual
    wrong |= bool(call.if_match) and not (actual and ("*" in call.if_match or actual in call.if_match))
    wrong |= bool(actual) and ("*" in call.if_none_match or actual in call.if_none_match)
    if wrong:
        raise Refused("ABORTED", "ETAG_MISMATCH")
    if required and current and not sent and all(each == "*" for each in call.if_match):
        raise Refused("FAILED_PRECONDITION", "ETAG_REQUIRED")


class PlainEdits:
    """The edits of the records of one state."""

    def __init__(self, state: PlainState) -> None:
        self.state = state

    def create(self, _: Call, request: requests.CreateRecord, new_id: str) -> Edit:
        owner = request.parent.removeprefix("collections/")
        record_id = request.record_id or request.record.id or new_id

        def rule(current: State | None) -> Any:
            if current is not None:
                raise Refused("ALREADY_EXISTS", "RECORD_EXISTS")
            return Write("RECORD_CREATED", self._made((owner, record_id), request.record))

        return (owner, record_id), rule

    def update(self, call: Call, request: requests.UpdateRecord, _: str = "") -> Edit:
        key, draft, mask = key_of(request.record.path), request.record, request.update_mask or ()
        if {*mask} & {*SERVER_FIELDS} or ("content" in mask and any(path.startswith("content.") for path in mask)):
            raise bad("INVALID_UPDATE_MASK")

        def rule(current: State | None) -> Any:
            if current is None and request.allow_missing:
                check(call, None, draft.etag)
                patched = self._patched(request, {})
                return Write("RECORD_CREATED", self._transformed(self._made(key, draft, patched), request))
            old = self.live(key, current)
            check(call, old, draft.etag, required=self._requires(key))
            new = self._transformed(self._updated(old, request), request)
            return Write("RECORD_UPDATED", {**new, "version": old["version"] + 1, "update_time": self.state.now})

        return key, rule

    def delete(self, call: Call, request: requests.DeleteRecord, _: str = "") -> Edit:
        key = key_of(request.path)

        def rule(current: State | None) -> Any:
            if request.allow_missing and (current is None or current["delete_time"] is not None):
                return current or bare(*key)
            old = self.live(key, current)
            check(call, old, request.etag, required=self._requires(key))
            return Write("RECORD_DELETED", self.as_deleted(old))

        return key, rule

    def undelete(self, call: Call, request: requests.UndeleteRecord, _: str = "") -> Edit:
        key, now = key_of(request.path), self.state.now

        def rule(current: State | None) -> Any:
            old = self._stored(key, current)
            if old["delete_time"] is None:
                raise Refused("ALREADY_EXISTS", "RECORD_EXISTS")
            check(call, old, request.etag, required=self._requires(key))
            expires = old["expire_time"] if (old["expire_time"] or 0) > now else None
            new = {**old, "delete_time": None, "purge_time": None, "expire_time": expires}
            return Write("RECORD_UNDELETED", {**new, "version": old["version"] + 1, "update_time": now})

        return key, rule

    def purge(self, call: Call, request: requests.PurgeRecord, _: str = "") -> Edit:
        key = key_of(request.path)

        def rule(current: State | None) -> Any:
            old = self._stored(key, current)
            if old["delete_time"] is None:
                raise Refused("FAILED_PRECONDITION", "RECORD_NOT_DELETED")
            check(call, old, request.etag, required=self._requires(key))
            return Write("RECORD_PURGED", bare(*key, version=old["version"] + 1))

        return key, rule

    def get(self, _: Call, request: requests.GetRecord, __: str = "") -> Edit:
        """A step that only reads."""
        return key_of(request.path), lambda current: current if current and not current["delete_time"] else None

    def as_deleted(self, old: State) -> State:
        now = self.state.now
        retention = self.state.collections[old["collection"]]["retention"]
        purge_time = None if retention is None else now + retention
        return {**old, "version": old["version"] + 1, "update_time": now, "delete_time": now, "purge_time": purge_time}

    def found(self, path: str) -> State:
        """The live record at a path."""
        key = key_of(path)
        return self.live(key, self.state.records.get(key))

    def _stored(self, key: Key, current: State | None) -> State:
        if current is not None:
            return current
        raise missing("RECORD_NOT_FOUND" if key[0] in self.state.collections else "COLLECTION_NOT_FOUND")

    def live(self, key: Key, current: State | None) -> State:
        """The state, if it is that of a live record."""
        if self._stored(key, current)["delete_time"] is None:
            return self._stored(key, current)
        raise missing("RECORD_DELETED")

    def _requires(self, key: Key) -> bool:
        return bool(self.state.collections[key[0]]["require_etag"])

    def _expires(self, draft: requests.RecordDraft) -> int | None:
        if draft.ttl is not UNSET and draft.ttl is not None:
            return self.state.now + draft.ttl // NANOS
        return seconds_of(draft.expire_time) if draft.expire_time else None

    def _made(self, key: Key, draft: requests.RecordDraft, content: Any = None) -> State:
        now = self.state.now
        made = {"version": 1, "date": now, "create_time": now, "update_time": now, "expire_time": self._expires(draft)}
        own = {"name": draft.name or "", "tags": sorted(set(draft.tags or ()))}
        if draft.date:
            made["date"] = seconds_of(draft.date)
        return {**bare(*key), **made, **own, "content": (draft.content or {}) if content is None else content}

    def _patched(self, request: requests.UpdateRecord, content: dict[str, Any]) -> dict[str, Any]:
        sent = request.record.content or {}
        return merged(content, sent) if request.merge_patch and sent else sent

    def _updated(self, old: State, request: requests.UpdateRecord) -> State:
        draft, mask = request.record, request.update_mask
        present = [name for name in (*FIELDS, "ttl") if getattr(draft, name) is not UNSET]
        names = FIELDS if mask == ("*",) else mask or present
        patched = self._patched(request, old["content"])
        sent = {
            "name": draft.name or "",
            "date": seconds_of(draft.date) if draft.date else old["create_time"],
            "content": patched,
            "tags": sorted(set(draft.tags or ())),
            "expire_time": self._expires(draft),
        }
        new = dict(old)
        for name in names:
            field, *keys = name.split(".")
            field = "expire_time" if field == "ttl" else field
            try:
                new[field] = with_value(new["content"], keys, at(patched, keys)) if keys else sent[field]
            except Impossible:
                raise bad("INVALID_UPDATE_MASK") from None
        return new

    def _transformed(self, record: State, request: requests.UpdateRecord) -> State:
        for transform in request.transforms:
            (operation,) = [name for name in transform.__struct_fields__[1:] if getattr(transform, name) is not UNSET]
            operand, (field, *keys) = getattr(transform, operation), transform.field.split(".")
            try:
                value = transformed(at(record[field], keys) if keys else record[field], operation, operand)
                record = {**record, field: with_value(record[field], keys, value) if keys else sorted(value)}
            except Impossible:
                raise bad("INVALID_TRANSFORM") from None
        return record
