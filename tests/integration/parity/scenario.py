"""A scenario runs over one transport in a collection of its own, and leaves a trace that does not tell which."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from crud_service.bootstrap import Node
from crud_service.model.change import Change
from tests.integration.parity.log_check import check_log
from tests.integration.parity.trace import OWN_TIMES, Names, Trace, plain_change, plain_outcome
from tests.integration.parity.transports import Json, Outcome, Raw, Reason, Transport


class Client:
    """One transport within one scenario. It keeps every outcome."""

    def __init__(self, transport: Transport, collection: str) -> None:
        self.transport = transport
        self.name = transport.name
        self.collection = collection
        self.parent = f"collections/{collection}"
        self.requests: list[Json] = []
        self.outcomes: list[Outcome] = []

    def path(self, record_id: str) -> str:
        """The path of a record of the collection."""
        return f"{self.parent}/records/{record_id}"

    async def call(self, operation: str, request: Json, *, reason: Reason = "", traceparent: str = "") -> Outcome:
        """Send a request and keep what came back."""
        outcome = await self.transport.call(operation, request, reason=reason, traceparent=traceparent)
        return self._kept(request, outcome)

    async def ids(self, **query: Any) -> list[str]:
        """The ids of the records that a list finds."""
        return [record["id"] for record in (await self.list(**query)).reply["records"]]

    async def call_raw(self, operation: str, request: Json, raw: Raw) -> Outcome:
        """Send bytes and keep what came back."""
        return self._kept(request, await self.transport.call_raw(operation, request, raw))

    async def create(self, record: Json | None = None, record_id: str = "", **more: str) -> Outcome:
        """Create a record in the collection."""
        request: Json = {"parent": self.parent, "record": record or {}}
        return await self.call("CreateRecord", request | ({"recordId": record_id} if record_id else {}), **more)

    async def create_all(self, records: dict[str, Json], **more: Any) -> Outcome:
        """Create records by their ids, all at once."""
        items = [{"recordId": record_id, "record": record} for record_id, record in records.items()]
        return await self.call("BatchCreateRecords", {"parent": self.parent, "requests": items, **more})

    async def get(self, record_id: str, **more: Any) -> Outcome:
        """Get a record of the collection."""
        return await self.call("GetRecord", {"path": self.path(record_id), **more})

    async def transact(self, **more: Any) -> Outcome:
        """Compare, then do one thing or the other."""
        return await self.call("TransactRecords", more)

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

    def _kept(self, request: Json, outcome: Outcome) -> Outcome:
        self.requests.append(request)
        self.outcomes.append(outcome)
        return outcome


Scenario = Callable[[Client], Awaitable[None]]


async def run_scenario(node: Node, client: Client, readers: list[Transport], scenario: Scenario) -> Trace:
    """Run it, check what no transport may get wrong, and return its trace."""
    base = await node.store.last_revision()
    await scenario(client)
    has_ttl = '"ttl"' in json.dumps(client.requests)
    names = Names(client.collection, base, own=(*OWN_TIMES, "expireTime") if has_ttl else OWN_TIMES)
    outcomes = [plain_outcome(each, names) for each in client.outcomes]
    stored = await _stored(client, readers)
    changes = await read_whole_log(node, base)
    check_log(changes, client.requests, client.outcomes, base)
    return Trace(outcomes, names.plain(stored), [plain_change(each, names) for each in changes])


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
    read = [await list_all(reader, client.parent, showDeleted=True) for reader in readers]
    assert all(each == read[0] for each in read), "the transports read different records"
    return read[0]
