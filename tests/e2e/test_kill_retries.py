"""`kill -9` during batches, transactions and creates with a request id: clients send again, and all is done once."""

import asyncio
import itertools
import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import Change
from crud_service.model.record import Record, RecordKey
from crud_service.testing.log_replay import replay
from tests.e2e.clients import answered, grpc_client, http_client
from tests.e2e.history import check_log, image_of
from tests.e2e.server_process import Server, running_server
from tests.integration.parity.transports import Json, Transport

_WRITERS = 6
_ACCOUNTS = [f"collections/accounts/records/{number}" for number in range(4)]
_BALANCE = 1_000
_BATCH = 7
_RECOVERED_WITHIN = 5


@dataclass
class Sent:
    """One request, and its answer once there is one."""

    operation: str
    request: Json
    reply: Json | None = None


@dataclass
class Book:
    """All requests that clients have sent, by their ids."""

    sent: dict[str, Sent] = field(default_factory=dict)
    count: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when so many have been answered."""
    until: int = 0

    def pending(self) -> list[Sent]:
        """Those that have no answer yet."""
        return [each for each in self.sent.values() if each.reply is None]

    async def send(self, client: Transport, each: Sent) -> bool:
        """Send a request, not for the first time maybe. Returns whether there was an answer."""
        outcome = await answered(client, each.operation, each.request)
        if outcome is None:
            return False
        assert outcome.ok, outcome
        assert each.reply in (None, outcome.reply), "the second answer is another one"
        each.reply = outcome.reply
        self.count += 1
        if self.count >= self.until:
            self.enough.set()
        return True


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_retries_after_kill(tmp_path: Path, proof: bool, record_property: Callable[[str, object], None]) -> None:
    """After each kill a batch is there as a whole or not at all; sent again, every request has been done once."""
    chosen, book, resent = random.Random(5), Book(), 0
    for cycle in range(20 if proof else 2):
        async with running_server(folder=tmp_path, settings={"CRUD_LOG_LEVEL": "warning"}) as server:
            assert server.seconds <= _RECOVERED_WITHIN
            resent += await _resend(server, book, chosen)
            await _load_and_kill(server, book, chosen.randint(20, 200), cycle)
        await _check_image(image_of(tmp_path, f"image-{cycle}"), book)
    async with running_server(folder=tmp_path) as server:
        resent += await _resend(server, book, chosen)
        assert book.pending() == []
        assert (await server.stop())[0] == 0
    await _check_image(tmp_path / "crud.db", book)
    record_property("requests answered", len(book.sent))
    record_property("requests sent again", resent)
    print(f"{len(book.sent)} requests, {resent} of them sent again after a kill")  # noqa: T201 - the bar is a number to look at


async def _resend(server: Server, book: Book, chosen: random.Random) -> int:
    """Send again what was not answered, and some of what was, over either transport. Returns how many those were."""
    known = [each for each in book.sent.values() if each.reply is not None]
    again = [*book.pending(), *chosen.sample(known, min(20, len(known)))]
    async with grpc_client(server) as over_grpc, http_client(server) as http:
        if not book.sent:
            book.sent["accounts"] = Sent("BatchCreateRecords", _accounts())
            assert await book.send(http, book.sent["accounts"])
        for number, each in enumerate(again):
            client: Transport = http if number % 2 else over_grpc
            assert await book.send(client, each)
            assert await book.send(over_grpc if number % 2 else http, each)
    return len(again)


async def _load_and_kill(server: Server, book: Book, more: int, cycle: int) -> None:
    """Write over both transports until so many requests are answered, then kill in the middle of it."""
    book.enough.clear()
    book.until = book.count + more
    async with AsyncExitStack() as stack:
        clients: list[Transport] = []
        for _ in range(_WRITERS // 2):
            clients.append(await stack.enter_async_context(grpc_client(server)))
            clients.append(await stack.enter_async_context(http_client(server)))
        writers = [asyncio.create_task(_write(each, book, cycle, number)) for number, each in enumerate(clients)]
        enough = asyncio.create_task(book.enough.wait())
        await asyncio.wait([enough, *writers], return_when=asyncio.FIRST_COMPLETED)
        assert enough.done(), [writer.exception() for writer in writers if writer.done()]
        server.send(signal.SIGKILL)
        await asyncio.gather(*writers)
    assert (await server.ended())[0] == -signal.SIGKILL


async def _write(client: Transport, book: Book, cycle: int, writer: int) -> None:
    """Send one request after the other, until the server is gone."""
    for number in itertools.count():
        for name, (operation, request) in _work(f"{cycle}-{writer}-{number}", number):
            each = Sent(operation, request | {"requestId": name})
            book.sent[name] = each
            if not await book.send(client, each):
                return


def _accounts() -> Json:
    requests = [{"recordId": path[-1], "record": {"content": {"balance": _BALANCE}}} for path in _ACCOUNTS]
    return {"parent": "collections/accounts", "requests": requests, "requestId": "accounts"}


def _work(name: str, number: int) -> Iterator[tuple[str, tuple[str, Json]]]:
    """A create, a batch that is created and then updated, and a transfer, each by the id of its request."""
    yield f"{name}-create", ("CreateRecord", {"parent": "collections/singles", "record": {"name": f"{name}-create"}})
    batch = f"collections/batch-{name}"
    items = [{"recordId": str(item), "record": {"content": {"count": 0}}} for item in range(_BATCH)]
    yield f"{name}-batch", ("BatchCreateRecords", {"parent": batch, "requests": items})
    add = [{"field": "content.count", "increment": 1}]
    updates = [{"record": {"path": f"{batch}/records/{item}"}, "transforms": add} for item in range(_BATCH)]
    yield f"{name}-update", ("BatchUpdateRecords", {"parent": batch, "requests": updates})
    one, other = _ACCOUNTS[number % 4], _ACCOUNTS[(number + 1) % 4]
    steps = [_move(one, -1), _move(other, 1)]
    yield f"{name}-transfer", ("TransactRecords", {"compare": [{"path": one, "exists": True}], "then": steps})


def _move(path: str, amount: int) -> Json:
    moves = {"field": "content.moves", "increment": 1}
    return {
        "update": {"record": {"path": path}, "transforms": [{"field": "content.balance", "increment": amount}, moves]}
    }


async def _check_image(file: Path, book: Book) -> None:
    """What the data file holds is whole, and is what clients were told."""
    store = SqliteStore(file)
    await store.open()
    try:
        changes = await check_log(store)
        records = {key: state for key, state in replay(changes).items() if isinstance(state, Record)}
        _check_batches(records)
        _check_answers(changes, records, book)
    finally:
        await store.close()


def _check_batches(records: dict[RecordKey, Record]) -> None:
    """Every batch is complete, its records changed together; no money was lost, and every move has its other half."""
    batches: dict[str, list[Record]] = {}
    for record in records.values():
        batches.setdefault(record.collection, []).append(record)
    accounts = [_content(record) for record in batches.pop("accounts")]
    assert sum(account["balance"] for account in accounts) == _BALANCE * len(_ACCOUNTS)
    assert sum(account.get("moves", 0) for account in accounts) % 2 == 0
    singles = Counter(record.name for record in batches.pop("singles", []))
    assert set(singles.values()) <= {1}
    for name, batch in batches.items():
        assert len(batch) == _BATCH, f"{name} is not whole"
        assert len({(record.revision, record.version, record.content) for record in batch}) == 1


def _check_answers(changes: Sequence[Change], records: dict[RecordKey, Record], book: Book) -> None:
    """Every answered request is in the log, once, with the states that its client was told; others may be."""
    logged: dict[str, list[Change]] = {}
    for change in changes:
        logged.setdefault(change.request_id, []).append(change)
    assert set(logged) <= set(book.sent)
    for name, each in book.sent.items():
        if each.reply is None:
            continue
        told = [each.reply] if each.operation == "CreateRecord" else each.reply.get("records")
        if told is None:
            told = [result["record"] for result in each.reply["results"]]
        entries = {change.record.path: change for change in logged[name] if change.id}
        assert {record["path"]: record["revision"] for record in told} == {
            path: str(change.revision) for path, change in entries.items()
        }
    transfers = sum(name.endswith("-transfer") for name in logged)
    moves = [_content(record).get("moves", 0) for record in records.values() if record.collection == "accounts"]
    assert sum(moves) == 2 * transfers


def _content(record: Record) -> Json:
    return json.loads(record.content)  # type: ignore[no-any-return]
