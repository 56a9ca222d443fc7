"""A scenario runs over one transport in a collection of its own, and leaves a trace that does not tell which."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crud_service.bootstrap import Node
from crud_service.model.change import Change
from crud_service.model.timestamp import Timestamp, format_rfc3339, now, to_unix
from tests.integration.parity.transports import Json, Outcome, Raw, Reason, Transport

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_ETAG = re.compile(r'"[0-9a-f]+-[0-9a-f]{8}"')
_CALL_ID = re.compile(r"[0-9a-f]{32}")
_OWN_TIMES = ("createTime", "updateTime", "deleteTime", "time")
_CLOCK_PATIENCE = 120


class Client:
    """One transport within one scenario. It keeps every outcome."""

    def __init__(self, transport: Transport, collection: str) -> None:
        self.transport = transport
        self.name = transport.name
        self.collection = collection
        self.parent = f"collections/{collection}"
        self.outcomes: list[Outcome] = []

    def path(self, record_id: str) -> str:
        """The path of a record of the collection."""
        return f"{self.parent}/records/{record_id}"

    async def call(self, operation: str, request: Json, *, reason: Reason = "", traceparent: str = "") -> Outcome:
        """Send a request and keep what came back."""
        return self._kept(await self.transport.call(operation, request, reason=reason, traceparent=traceparent))

    async def call_raw(self, operation: str, request: Json, raw: Raw) -> Outcome:
        """Send bytes and keep what came back."""
        return self._kept(await self.transport.call_raw(operation, request, raw))

    async def create(self, record: Json | None = None, record_id: str = "", **more: str) -> Outcome:
        """Create a record in the collection."""
        request: Json = {"parent": self.parent, "record": record or {}}
        return await self.call("CreateRecord", request | ({"recordId": record_id} if record_id else {}), **more)

    async def get(self, record_id: str) -> Outcome:
        """Get a record of the collection."""
        return await self.call("GetRecord", {"path": self.path(record_id)})

    async def list(self, **query: Any) -> Outcome:
        """List records of the collection."""
        return await self.call("ListRecords", {"parent": self.parent, **query})

    async def update(self, record_id: str, record: Json, mask: str | None = None, **more: str) -> Outcome:
        """Update a record of the collection."""
        request: Json = {"record": {"path": self.path(record_id), **record}}
        return await self.call("UpdateRecord", request | ({} if mask is None else {"updateMask": mask}), **more)

    async def delete(self, record_id: str, etag: str = "", **more: str) -> Outcome:
        """Delete a record of the collection."""
        return await self.call(
            "DeleteRecord", {"path": self.path(record_id)} | ({"etag": etag} if etag else {}), **more
        )

    def _kept(self, outcome: Outcome) -> Outcome:
        self.outcomes.append(outcome)
        return outcome


Scenario = Callable[[Client], Awaitable[None]]


@dataclass
class Trace:
    """What a scenario left behind, ids, times and revisions named by the order in which they appear."""

    outcomes: list[Json]
    stored: list[Json]
    log: list[Json]


@dataclass
class _Names:
    """Gives each id, etag, time and token its name, the same one each time."""

    collection: str
    base: int
    seen: dict[str, str] = field(default_factory=dict)
    times: set[str] = field(default_factory=set)

    def plain(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            self._note_times(value)
            return {self._text(name): self.plain(each, name) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(each) for each in value]
        if not isinstance(value, str):
            return value
        if key == "revision":
            return int(value) - self.base
        if key == "nextPageToken" and value:
            return self._named("token", value)
        if value in self.times and key in (*_OWN_TIMES, "date"):
            return self._named("time", value)
        return self._text(value)

    def _note_times(self, fields: Json) -> None:
        """Times that the service took from its clock: they must be of now, and equal ones stay equal."""
        for name in _OWN_TIMES:
            if isinstance(value := fields.get(name), str):
                self.times.add(value)

    def _text(self, value: str) -> str:
        value = value.replace(self.collection, "{collection}")
        value = _UUID.sub(lambda found: self._named("uuid", found[0]), value)
        return _ETAG.sub(lambda found: self._named("etag", found[0]), value)

    def _named(self, what: str, value: str) -> str:
        number = sum(name.startswith(f"{{{what}") for name in self.seen.values()) + 1
        return self.seen.setdefault(value, f"{{{what} {number}}}")


async def run_scenario(node: Node, client: Client, readers: list[Transport], scenario: Scenario) -> Trace:
    """Run it, check what no transport may get wrong, and return its trace."""
    base = await node.store.last_revision()
    await scenario(client)
    names = _Names(client.collection, base)
    outcomes = [_plain_outcome(each, names) for each in client.outcomes]
    stored = await _stored(client, readers)
    changes = await read_whole_log(node, base)
    _check_log(changes, client.outcomes, base)
    return Trace(outcomes, names.plain(stored), [_plain_change(each, names) for each in changes])


async def read_whole_log(node: Node, after: int) -> list[Change]:
    """All entries of the log with a greater revision than `after`."""
    found: list[Change] = []
    while more := await node.store.read_log(found[-1].revision if found else after, 100):
        found.extend(more)
    return found


async def list_all(transport: Transport, parent: str, **query: Any) -> list[Json]:
    """Every record of a collection, page by page; empty if there is no such collection."""
    found: list[Json] = []
    token = ""
    while True:
        outcome = await transport.call("ListRecords", {"parent": parent, "pageToken": token, **query})
        if outcome.reason == "COLLECTION_NOT_FOUND":
            return found
        assert outcome.ok, outcome
        found.extend(outcome.reply["records"])
        if not (token := outcome.reply["nextPageToken"]):
            return found


async def _stored(client: Client, readers: list[Transport]) -> list[Json]:
    """What is stored in the collection now. All transports must read the same, to the letter."""
    read = [await list_all(reader, client.parent) for reader in readers]
    assert all(each == read[0] for each in read), "the transports read different records"
    return read[0]


def _plain_outcome(outcome: Outcome, names: _Names) -> Json:
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
            "message": outcome.message,
            "violations": outcome.violations,
            "metadata": metadata,
        }
    )  # type: ignore[no-any-return]


def _check_log(changes: list[Change], outcomes: list[Outcome], base: int) -> None:
    """Each accepted write is one mutation in the log, in order, under the ids its caller got; nothing else is."""
    written = [each for each in outcomes if each.ok and not each.operation.startswith(("Get", "List"))]
    revisions = sorted({change.revision for change in changes})
    assert revisions == list(range(base + 1, base + 1 + len(written)))
    assert [(each.revision, each.ordinal) for each in changes] == sorted(
        (each.revision, each.ordinal) for each in changes
    )
    by_revision = dict(zip(revisions, written, strict=True))
    clock = to_unix(now())[0]
    for change in changes:
        outcome = by_revision[change.revision]
        assert (change.call_id, change.trace_id) == (outcome.call_id, outcome.trace_id)
        assert abs(to_unix(change.time)[0] - clock) < _CLOCK_PATIENCE
        assert change.code_version


def _plain_change(change: Change, names: _Names) -> Json:
    fields = msgspec.structs.asdict(change)
    for name in ("call_id", "trace_id", "state"):
        del fields[name]
    fields["revision"] = str(change.revision)
    state = json.loads(change.state)
    state["revision"] = str(state["revision"])
    return names.plain(_camel_times(fields | {"state": state}))  # type: ignore[no-any-return]


def _camel_times(fields: Json) -> Json:
    """The times of an entry in the form the replies have, so that equal times get equal names."""
    renamed = {"create_time": "createTime", "update_time": "updateTime", "delete_time": "deleteTime"}
    found: Json = {}
    for name, value in fields.items():
        key = renamed.get(name, name)
        if isinstance(value, str) and key in (*_OWN_TIMES, "date"):
            found[key] = format_rfc3339(Timestamp(value))
        else:
            found[key] = _camel_times(value) if key == "state" else value
    return found
