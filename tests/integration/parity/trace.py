"""What a scenario leaves behind, with ids, times and revisions named by the order in which they appear."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crud_service.model.change import Change
from crud_service.model.timestamp import Timestamp, format_rfc3339
from tests.integration.parity.transports import Json, Outcome

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_ETAG = re.compile(r'"[0-9a-f]+-[0-9a-f]{8}"')
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_IN_A_MESSAGE = re.compile(r"(?<=\brevision )\d+")
_REVISIONS = ("revision", "fromRevision", "toRevision")
OWN_TIMES = ("createTime", "updateTime", "deleteTime", "purgeTime", "time")
"""The fields with times that the service takes from its clock."""
_LOGGED_TIMES = {
    "create_time": "createTime",
    "update_time": "updateTime",
    "delete_time": "deleteTime",
    "purge_time": "purgeTime",
    "expire_time": "expireTime",
}


@dataclass
class Trace:
    """What a scenario left behind, ids, times and revisions named by the order in which they appear."""

    outcomes: list[Json]
    stored: list[Json]
    log: list[Json]


@dataclass
class Names:
    """Gives each id, etag, time and token its name, the same one each time."""

    collection: str
    base: int
    seen: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    times: set[str] = field(default_factory=set)
    own: tuple[str, ...] = OWN_TIMES
    """The fields with times that the service took from its clock."""

    def plain(self, value: Any, key: str = "") -> Any:
        """The value, which stands under `key`, with all in it named."""
        if isinstance(value, dict):
            self._note_times(value)
            return {self._text(name): self.plain(each, name) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(each) for each in value]
        if not isinstance(value, str):
            return value
        if key in _REVISIONS:
            return int(value) - self.base if int(value) else 0
        if key in ("callId", "traceId") and value:
            return self._named(key, value)
        if key == "nextPageToken" and value:
            return self._named("token", value)
        if value in self.times and key in (*self.own, "date", "oldValue", "newValue"):
            return self._named("time", value)
        return self._text(value)

    def _note_times(self, fields: Json) -> None:
        """Times that the service took from its clock: they must be of now, and equal ones stay equal."""
        for name in self.own:
            if isinstance(value := fields.get(name), str):
                self.times.add(value)

    def _text(self, value: str) -> str:
        value = value.replace(self.collection, "{collection}")
        value = _UUID.sub(lambda found: self._named("uuid", found[0]), value)
        return _ETAG.sub(lambda found: self._named("etag", found[0]), value)

    def _named(self, what: str, value: str) -> str:
        if value not in self.seen:
            self.counts[what] += 1
            self.seen[value] = f"{{{what} {self.counts[what]}}}"
        return self.seen[value]


def plain_outcome(outcome: Outcome, names: Names) -> Json:
    """The outcome without its ids, which must be well-formed."""
    assert _CALL_ID.fullmatch(outcome.call_id), outcome
    assert _CALL_ID.fullmatch(outcome.trace_id), outcome
    metadata = dict(outcome.metadata)
    if not outcome.ok:
        assert metadata.pop("callId") == outcome.call_id
        assert metadata.pop("traceId") == outcome.trace_id
    return names.plain(
        {
            "operation": outcome.operation,
            "kind": outcome.kind,
            "reply": outcome.reply,
            "reason": outcome.reason,
            "message": _IN_A_MESSAGE.sub(lambda found: str(int(found[0]) - names.base), outcome.message),
            "violations": outcome.violations,
            "metadata": metadata,
        }
    )  # type: ignore[no-any-return]


def plain_change(change: Change, names: Names) -> Json:
    """The entry of the log without its ids, its state as JSON."""
    fields = msgspec.structs.asdict(change)
    for name in ("call_id", "trace_id", "state"):
        del fields[name]
    fields["revision"] = str(change.revision)
    state = json.loads(change.state) if change.state else {}
    if state:
        state["revision"] = str(state["revision"])
    return names.plain(_camel_times(fields | {"state": state}))  # type: ignore[no-any-return]


def _camel_times(fields: Json) -> Json:
    """The times of an entry in the form the replies have, so that equal times get equal names."""
    found: Json = {}
    for name, value in fields.items():
        key = _LOGGED_TIMES.get(name, name)
        if isinstance(value, str) and key in (*_LOGGED_TIMES.values(), "time", "date"):
            found[key] = format_rfc3339(Timestamp(value))
        else:
            found[key] = _camel_times(value) if key == "state" else value
    return found
