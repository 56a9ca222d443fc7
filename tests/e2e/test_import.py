"""`kill -9` in the middle of an import: sent again with its request id it ends as if nothing had happened."""

import asyncio
import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from crud_service.library.sqlite import SqliteStore
from crud_service.model.query import RecordQuery
from crud_service.testing.log_replay import assert_log_matches
from tests.e2e.server_process import Server, running_server
from tests.integration.api.http_client import Answer, connected, request_bytes

ROWS = 20_000
PATH = "/v1/collections/imported/records:import?requestId=killed"
HEADERS = {"content-type": "application/x-ndjson"}


def body() -> bytes:
    """Rows of which half have no id, so that one that was stored twice would be seen."""
    rows = [{"name": f"row {number}"} | ({"id": f"r{number}"} if number % 2 else {}) for number in range(ROWS)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def count(server: Server) -> int:
    """How many records there are."""
    async with connected(server.http_port) as http:
        answer = await http.request("GET", "/v1/collections/imported/records:count")
        return int(answer.json["count"]) if answer.status == 200 else 0


async def import_all(server: Server) -> Answer:
    """One whole import."""
    async with connected(server.http_port) as http:
        return await http.request("POST", PATH, body(), HEADERS)


async def import_and_kill(server: Server, more: int) -> int:
    """Begin the import, and kill the server when that many more records are stored; how many there were then."""
    async with connected(server.http_port) as http:
        sending = asyncio.create_task(http.send(request_bytes("POST", PATH, body(), HEADERS)))
        before = await count(server)
        while (stored := await count(server)) < before + more:
            assert not sending.done() or sending.exception() is None
        server.send(signal.SIGKILL)
        await server.ended()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return stored


@pytest.mark.timeout(180)
async def test_an_import_that_is_killed_goes_on(tmp_path: Path) -> None:
    """After any kills each row is stored once, in order, and the reply counts all of them."""
    chosen = random.Random(6)
    stored = 0
    for _ in range(2):
        async with running_server(folder=tmp_path, settings={"CRUD_LOG_LEVEL": "warning"}) as server:
            assert await count(server) >= stored, "what was stored is there after the kill"
            stored = await import_and_kill(server, chosen.randint(1, 5000))
            assert 0 < stored < ROWS
    async with running_server(folder=tmp_path) as server:
        answer = await import_all(server)
        assert (answer.status, answer.json["importedCount"]) == (200, str(ROWS))
        again = await import_all(server)
        assert again.json == answer.json
        assert (await server.stop())[0] == 0
    await check_store(tmp_path / "crud.db")


async def check_store(file: Path) -> None:
    """All rows in order in the log, each once, and the log and the records agree."""
    store = SqliteStore(file)
    await store.open()
    try:
        await assert_log_matches(store)
        changes = await store.read_log(0, 2 * ROWS, weight_limit=1 << 40)
        page = await store.list_records(RecordQuery("", "imported", limit=ROWS + 1, weight_limit=1 << 40))
    finally:
        await store.close()
    names: list[Any] = [change.record.name for change in changes if change.id]
    assert names == [f"row {number}" for number in range(ROWS)]
    assert len(page.records) == ROWS
