"""One server, one record, both transports - and many callers at once."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from crud_service.library.sqlite import SqliteStore
from tests.e2e.clients import curl, grpc_client, http_client
from tests.e2e.history import check_log
from tests.e2e.server_process import Server, running_server
from tests.integration.api.http_client import fetch
from tests.integration.parity.scenario import list_all
from tests.integration.parity.transports import Transport


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with its data in a new folder."""
    async with running_server(folder=tmp_path) as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None and "CI" not in os.environ, reason="needs curl")
async def test_create_by_curl_get_by_grpc(server: Server) -> None:
    """What curl creates, gRPC gets, and the reverse: the same record."""
    notes = f"http://127.0.0.1:{server.http_port}/v1/collections/notes/records"
    record = {"name": "hello", "date": "2026-01-31", "content": {"text": "Grüße", "price": 19.99}, "tags": ["b", "a"]}
    async with grpc_client(server) as over_grpc:
        by_curl = await curl(notes, "-d", json.dumps(record))
        assert (await over_grpc.call("GetRecord", {"path": by_curl["path"]})).reply == by_curl
        assert by_curl["content"] == record["content"]
        record["date"] = "2026-01-31T00:00:00Z"
        by_grpc = (await over_grpc.call("CreateRecord", {"parent": "collections/notes", "record": record})).reply
        assert await curl(f"{notes}/{by_grpc['id']}") == by_grpc
        same = ("name", "date", "content", "tags", "version")
        assert {name: by_grpc[name] for name in same} == {name: by_curl[name] for name in same}
        changed = await curl(f"{notes}/{by_grpc['id']}", "-X", "PATCH", "-d", '{"tags": ["c"]}')
        assert (await over_grpc.call("GetRecord", {"path": by_grpc["path"]})).reply == changed
        listed = await curl(notes)
        assert [each["id"] for each in listed["records"]] == [by_curl["id"], by_grpc["id"]]


async def test_parallel_creates(server: Server, tmp_path: Path) -> None:
    """200 creates at once in one collection, over both transports: all succeed, one revision each, without a hole."""
    async with AsyncExitStack() as stack:
        over_grpc = await stack.enter_async_context(grpc_client(server))
        clients: list[Transport] = [over_grpc] * 100
        clients += [await stack.enter_async_context(http_client(server)) for _ in range(100)]
        outcomes = await asyncio.gather(
            *(
                client.call("CreateRecord", {"parent": "collections/many", "record": {"content": {"n": number}}})
                for number, client in enumerate(clients)
            )
        )
        assert [outcome.kind for outcome in outcomes] == ["OK"] * 200
        assert sorted(int(outcome.reply["revision"]) for outcome in outcomes) == list(range(1, 201))
        assert sorted(outcome.reply["content"]["n"] for outcome in outcomes) == list(range(200))
        created = sorted((outcome.reply for outcome in outcomes), key=lambda record: record["id"])
        assert await list_all(over_grpc, "collections/many") == created
    assert (await server.stop())[0] == 0
    store = SqliteStore(tmp_path / "crud.db")
    await store.open()
    try:
        changes = await check_log(store)
    finally:
        await store.close()
    by_call = {outcome.call_id: outcome.reply["id"] for outcome in outcomes}
    assert {change.call_id: change.id for change in changes if change.id} == by_call


async def test_parallel_updates(server: Server) -> None:
    """50 updates of one record at once: none is lost, each has its version; with one etag, exactly one wins."""
    async with grpc_client(server) as over_grpc, http_client(server) as http:
        record = (await http.call("CreateRecord", {"parent": "collections/hot", "record": {}})).reply
        updates = [
            {"record": {"path": record["path"], "name": str(number)}, "updateMask": "name"} for number in range(50)
        ]
        outcomes = await asyncio.gather(*(over_grpc.call("UpdateRecord", update) for update in updates))
        assert sorted(int(outcome.reply["version"]) for outcome in outcomes) == list(range(2, 52))
        current = (await http.call("GetRecord", {"path": record["path"]})).reply
        for update in updates:
            update["record"]["etag"] = current["etag"]
        outcomes = await asyncio.gather(*(over_grpc.call("UpdateRecord", update) for update in updates))
        assert sorted(outcome.kind for outcome in outcomes) == ["ABORTED"] * 49 + ["OK"]


async def test_action_log(server: Server) -> None:
    """The log has one line a call, with the ids that the caller got, and nothing of a record's content."""
    created = {"parent": "collections/logged", "record": {"name": "confidential", "content": {"a": "confidential"}}}
    async with grpc_client(server) as over_grpc, http_client(server) as http:
        outcomes = [
            await transport.call(operation, request)
            for transport in (over_grpc, http)
            for operation, request in (
                ("CreateRecord", created),
                ("GetRecord", {"path": "collections/logged/records/nobody"}),
            )
        ]
    _, _, err = await server.stop()
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["call_id"] for line in lines] == [outcome.call_id for outcome in outcomes]
    assert [line["transport"] for line in lines] == ["grpc", "grpc", "http", "http"]
    assert [line["outcome"] for line in lines] == ["OK", "NOT_FOUND"] * 2
    own = ("time", "ms", "call_id", "trace_id", "transport")
    bare = [{name: value for name, value in line.items() if name not in own} for line in lines]
    assert bare[:2] == bare[2:]
    assert "confidential" not in err


async def test_log_injection(server: Server) -> None:
    """What a caller sends cannot make lines of its own in the log."""
    await fetch(server.http_port, "GET", "/v1/collections/a%0a%7B%22level%22:%22error%22%7D/records/b%1b%5b31m")
    _, _, err = await server.stop()
    lines = [json.loads(line) for line in err.splitlines()]
    assert len(lines) == 1
    assert lines[0]["outcome"] == "INVALID_ARGUMENT"
    assert "\x1b" not in err


async def test_restart_keeps_everything(tmp_path: Path) -> None:
    """After a restart records, etags and page tokens are as before, over the other transport too."""
    async with running_server(folder=tmp_path) as server:
        async with http_client(server) as http:
            for number in range(5):
                request = {"parent": "collections/kept", "recordId": str(number), "record": {"content": {"n": number}}}
                assert (await http.call("CreateRecord", request)).ok
            before = await list_all(http, "collections/kept")
            query = {"parent": "collections/kept", "pageSize": 2}
            token = (await http.call("ListRecords", query)).reply["nextPageToken"]
            collections = (await http.call("ListCollections", {})).reply
            node = (await http.call("GetNodeInfo", {})).reply
        await server.stop()
    async with running_server(folder=tmp_path) as server, grpc_client(server) as over_grpc:
        assert await list_all(over_grpc, "collections/kept") == before
        page = await over_grpc.call("ListRecords", {**query, "pageToken": token})
        assert [record["id"] for record in page.reply["records"]] == ["2", "3"]
        assert (await over_grpc.call("ListCollections", {})).reply == collections
        update = {"record": {"path": before[0]["path"], "etag": before[0]["etag"], "name": "b"}}
        updated = await over_grpc.call("UpdateRecord", update)
        assert (updated.reply["revision"], updated.reply["version"]) == ("6", "2")
        assert (await over_grpc.call("GetNodeInfo", {})).reply["nodeId"] != node["nodeId"]
