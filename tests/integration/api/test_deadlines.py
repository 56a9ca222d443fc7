"""Deadlines over both transports, with a store that hangs and one that commits in groups."""

import asyncio
import json
from pathlib import Path

import grpc
import grpc.aio
import pytest

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from crud_service.v1 import record_pb2, record_service_pb2, record_service_pb2_grpc
from tests.integration.api.http_client import Answer, connected, fetch, request_bytes


async def create(node: Node, record_id: str, timeout_ms: str | None = None) -> Answer:
    """Create a record over HTTP."""
    headers = {} if timeout_ms is None else {"x-timeout-ms": timeout_ms}
    target = f"/v1/collections/deadlines/records?recordId={record_id}"
    return await fetch(node.http_port, "POST", target, b"{}", headers)


def reason_of(answer: Answer) -> str:
    return answer.json["error"]["details"][0]["reason"]


async def test_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP and gRPC, by the caller's time or the node's, the call ends; the node goes on."""
    async with running_node(log_level="error", deadline_default=0.2, health_timeout=60) as node:

        async def hang(key: object) -> None:
            await asyncio.Event().wait()

        path = "/v1/collections/a/records/b"
        async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
            get = record_service_pb2_grpc.RecordServiceStub(channel).GetRecord
            request = record_service_pb2.GetRecordRequest(path="collections/a/records/b")
            with monkeypatch.context() as patch:
                patch.setattr(node.store, "get_record", hang)
                for headers in ({}, {"x-timeout-ms": "1"}):
                    answer = await fetch(node.http_port, "GET", path, None, headers)
                    assert (answer.status, reason_of(answer)) == (504, "DEADLINE_EXCEEDED")
                    assert answer.headers["x-call-id"]
                for timeout in (None, 0.1):
                    with pytest.raises(grpc.aio.AioRpcError) as refused:
                        await get(request, timeout=timeout)
                    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert (await fetch(node.http_port, "GET", path)).status == 404
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await get(request)
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("timeout_ms", ["", "0", "1.5", "\xff"])
async def test_a_time_that_is_none(timeout_ms: str) -> None:
    """A time-out that is no number of milliseconds is refused, with the id of the call."""
    async with running_node(log_level="error") as node:
        answer = await create(node, "a", timeout_ms)
        assert (answer.status, reason_of(answer)) == (400, "INVALID_FIELD")
        assert json.loads(answer.body)["error"]["details"][0]["metadata"]["callId"] == answer.headers["x-call-id"]


async def test_a_write_whose_time_is_over(tmp_path: Path) -> None:
    """It may be stored, as its answer says, and harms none of those that share its group."""
    async with running_node(log_level="error", store=f"sqlite:///{tmp_path}/crud.db") as node:
        assert (await create(node, "first")).status == 201
        writer, loop = node.store._engine.writer, asyncio.get_running_loop()
        write, begun, release = writer.write, asyncio.Event(), asyncio.Event()

        def slow(mutations: object) -> object:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
            return write(mutations)

        node.store._engine.commits._write = slow
        calls = [asyncio.ensure_future(create(node, "held", "10000"))]
        await begun.wait()
        calls += [asyncio.ensure_future(create(node, f"short{number}", "100")) for number in range(5)]
        calls += [asyncio.ensure_future(create(node, f"long{number}", "20000")) for number in range(5)]
        short = await asyncio.gather(*calls[1:6])
        assert {(answer.status, reason_of(answer)) for answer in short} == {(504, "DEADLINE_EXCEEDED")}
        release.set()
        assert {answer.status for answer in await asyncio.gather(calls[0], *calls[6:])} == {201}
        for number in range(5):
            assert (await create(node, f"short{number}")).status == 409


async def test_the_time_of_a_caller_over_grpc_is_bounded() -> None:
    """A caller who would wait for longer than the node allows is answered by the node, with the reason."""
    async with running_node(log_level="error", deadline_max=0.2) as node:
        release = asyncio.Event()

        async def hang(mutation: object) -> None:
            await release.wait()

        node.store.commit = hang  # type: ignore[method-assign, assignment]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
            request = record_service_pb2.CreateRecordRequest(parent="collections/a", record=record_pb2.Record(name="a"))
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await record_service_pb2_grpc.RecordServiceStub(channel).CreateRecord(request, timeout=60)
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "may have been stored" in (refused.value.details() or "")
        assert b"DEADLINE_EXCEEDED" in dict(refused.value.trailing_metadata())["grpc-status-details-bin"]


@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_a_caller_that_goes_away(monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    """Over both transports a call whose caller goes away is cancelled, costs nothing any more, and is counted so."""
    async with running_node(log_level="error", deadline_default=30, health_timeout=60) as node:
        began, ended = asyncio.Event(), asyncio.Event()

        async def hang(key: object) -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        monkeypatch.setattr(node.store, "get_record", hang)
        if transport == "http":
            async with connected(node.http_port) as connection:
                await connection.send(request_bytes("GET", "/v1/collections/a/records/b"))
                await began.wait()
        else:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
                get = record_service_pb2_grpc.RecordServiceStub(channel).GetRecord
                call = get(record_service_pb2.GetRecordRequest(path="collections/a/records/b"))
                await began.wait()
                call.cancel()
        await asyncio.wait_for(ended.wait(), 10)
        await asyncio.sleep(0)
        assert node._admission.executing == 0
        metrics = (await fetch(node.http_port, "GET", "/metrics")).body.decode()
        counted = f'crud_calls_total{{code="CANCELLED",operation="GetRecord",transport="{transport}"}} 1.0'
        assert counted in metrics
