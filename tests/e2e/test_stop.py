"""A server that is told to stop finishes what runs; told twice it ends at once."""

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.clients import grpc_client, http_client
from tests.e2e.server_process import Server, running_server
from tests.integration.api.http_client import connected, fetch, request_bytes
from tests.integration.parity.scenario import list_all
from tests.integration.parity.transports import Outcome, Transport

_PARENT = "collections/stopped"


@contextmanager
def held(file: Path) -> Iterator[sqlite3.Connection]:
    """Hold the data file's write lock: every commit has to wait for it."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
    finally:
        connection.close()


async def _create(transport: Transport, number: int) -> Outcome:
    return await transport.call("CreateRecord", {"parent": _PARENT, "record": {"content": {"n": number}}})


async def _has_stopped_accepting(server: Server) -> None:
    """Wait until the server has heard the signal: new connections are refused from then on."""
    while True:
        try:
            await fetch(server.http_port, "GET", "/readyz")
        except OSError:
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal(tmp_path: Path, number: signal.Signals) -> None:
    """A signal ends an idle server with exit code 0 and not a word on stderr, though clients are connected."""
    async with running_server(folder=tmp_path) as server:
        async with connected(server.http_port) as idle, grpc_client(server) as over_grpc:
            assert (await idle.request("GET", "/healthz")).status == 200
            assert (await over_grpc.call("GetNodeInfo", {})).ok
            server.send(number)
            code, out, err = await server.ended(within=10)
        assert (code, out) == (0, "")
        assert [line for line in err.splitlines() if '"event":"call"' not in line] == []


async def test_running_calls_finish(tmp_path: Path) -> None:
    """SIGTERM while calls run: each of them is answered, what it was told is stored, and the server ends with 0."""
    async with running_server(folder=tmp_path) as server, grpc_client(server) as over_grpc:
        assert (await _create(over_grpc, -1)).ok
        connections = [http_client(server) for _ in range(10)]
        opened = [await each.__aenter__() for each in connections]
        for transport in opened:  # a connection that is not accepted yet would be no running call
            assert (await transport.call("GetNodeInfo", {})).ok
        with held(tmp_path / "crud.db") as lock:
            calls = [asyncio.create_task(_create(over_grpc, number)) for number in range(10)]
            calls += [asyncio.create_task(_create(each, 10 + number)) for number, each in enumerate(opened)]
            # What is sent later is answered later, so when these are answered the creates have arrived.
            async with http_client(server) as other:
                for _ in range(3):
                    assert (await over_grpc.call("GetNodeInfo", {})).ok
                    assert (await other.call("GetNodeInfo", {})).ok
            assert not any(call.done() for call in calls)
            server.send(signal.SIGTERM)
            await _has_stopped_accepting(server)
            lock.execute("ROLLBACK")
        outcomes = await asyncio.gather(*calls)
        for each in connections:
            await each.__aexit__(None, None, None)
        assert [outcome.kind for outcome in outcomes] == ["OK"] * 20
        assert (await server.ended())[0] == 0
    async with running_server(folder=tmp_path) as again, grpc_client(again) as over_grpc:
        stored = {record["id"]: record for record in await list_all(over_grpc, _PARENT)}
        for outcome in outcomes:
            assert stored[outcome.reply["id"]] == outcome.reply


async def test_body_that_is_under_way(tmp_path: Path) -> None:
    """A request whose body is still coming when the signal comes is read to its end and answered."""
    body = b'{"name": "under way"}'
    async with running_server(folder=tmp_path) as server:
        async with connected(server.http_port) as connection:
            assert (await connection.request("GET", "/readyz")).status == 200
            head = request_bytes("POST", f"/v1/{_PARENT}/records", None, {"content-length": str(len(body))})
            await connection.send(head + body[:5])
            assert (await fetch(server.http_port, "GET", "/readyz")).status == 200
            server.send(signal.SIGTERM)
            await _has_stopped_accepting(server)
            await connection.send(body[5:])
            answer = await connection.receive()
            assert (answer.status, answer.json["name"]) == (201, "under way")
        assert (await server.ended())[0] == 0


async def test_second_signal(tmp_path: Path) -> None:
    """A second SIGTERM does not wait for calls that run."""
    settings = {"CRUD_SHUTDOWN_GRACE": "60"}
    async with running_server(folder=tmp_path, settings=settings) as server, grpc_client(server) as over_grpc:
        assert (await _create(over_grpc, 0)).ok
        async with connected(server.http_port) as connection:
            # A body that never ends keeps the server waiting, however long.
            await connection.send(request_bytes("POST", f"/v1/{_PARENT}/records", None, {"content-length": "9"}) + b"{")
            assert (await over_grpc.call("GetNodeInfo", {})).ok
            server.send(signal.SIGTERM)
            await _has_stopped_accepting(server)
            server.send(signal.SIGTERM)
            code, out, err = await server.ended(within=3)
        assert code != 0
        assert out == ""
        assert "Traceback" not in err


async def test_grace_is_bounded(tmp_path: Path) -> None:
    """A client that never finishes its request does not keep the server from ending, and is told that it ended."""
    async with running_server(folder=tmp_path, settings={"CRUD_SHUTDOWN_GRACE": "1"}) as server:
        async with connected(server.http_port) as connection:
            await connection.send(request_bytes("POST", f"/v1/{_PARENT}/records", None, {"content-length": "9"}) + b"{")
            assert (await fetch(server.http_port, "GET", "/readyz")).status == 200
            server.send(signal.SIGTERM)
            code, _, err = await server.ended(within=10)
            answer = await connection.receive()
        assert code == 0
        assert "Traceback" not in err
        assert (answer.status, answer.json["error"]["details"][0]["reason"]) == (503, "SHUTTING_DOWN")
