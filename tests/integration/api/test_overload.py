"""Overload over both transports: a store that needs time, more calls than the node takes, a rate that is exceeded."""

import asyncio
import gc
import time
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from crud_service.v1 import record_service_pb2, record_service_pb2_grpc
from tests.integration.api.http_client import Answer, HttpConnection, connected, fetch

PATH = "/v1/collections/a/records/b"
NOT_THERE = 404


class SlowStore:
    """Makes each read of a record take so long, or as long as the test wants."""

    def __init__(self, node: Node, monkeypatch: pytest.MonkeyPatch, seconds: float | None) -> None:
        self.running = 0
        self.most = 0
        self.full = asyncio.Event()
        self.release = asyncio.Event()
        self._places = node._admission.limit
        self._seconds = seconds
        monkeypatch.setattr(node.store, "get_record", self.get_record)

    async def get_record(self, key: object) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        if self.running == self._places:
            self.full.set()
        try:
            if self._seconds is None:
                await self.release.wait()
            else:
                await asyncio.sleep(self._seconds)
        finally:
            self.running -= 1


def reason_of(answer: Answer) -> str:
    return answer.json["error"]["details"][0]["reason"]


async def get_by_grpc(node: Node) -> grpc.aio.AioRpcError:
    """The error of a get over gRPC."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        stub = record_service_pb2_grpc.RecordServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetRecord(record_service_pb2.GetRecordRequest(path="collections/a/records/b"))
        return refused.value


def details_of(error: grpc.aio.AioRpcError) -> tuple[str, float, dict[str, Any]]:
    """Reason, seconds of RetryInfo and metadata of an error that has them."""
    trailing = dict(error.trailing_metadata())
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    details = status_pb2.Status.FromString(trailing["grpc-status-details-bin"]).details
    assert details[0].Unpack(info)
    assert details[1].Unpack(retry)
    return info.reason, retry.retry_delay.ToTimedelta().total_seconds(), trailing


async def test_a_full_node_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP and gRPC it says when to try again, at once; health and documents are answered all the while."""
    settings = {"admission_executing": 2, "admission_waiting": 0}
    async with running_node(log_level="error", **settings) as node:
        store = SlowStore(node, monkeypatch, None)
        running = [asyncio.ensure_future(fetch(node.http_port, "GET", PATH)) for _ in range(2)]
        await store.full.wait()
        started = time.monotonic()
        answer = await fetch(node.http_port, "GET", PATH)
        assert (answer.status, reason_of(answer), answer.headers["retry-after"]) == (503, "OVERLOADED", "1")
        assert answer.json["error"]["status"] == "RESOURCE_EXHAUSTED"
        assert answer.json["error"]["details"][1] == {
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": "1s",
        }
        error = await get_by_grpc(node)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        reason, seconds, trailing = details_of(error)
        assert (reason, seconds, trailing["grpc-retry-pushback-ms"]) == ("OVERLOADED", 1, "1000")
        for path in ("/healthz", "/readyz", "/metrics", "/version"):
            assert (await fetch(node.http_port, "GET", path)).status == 200
        assert time.monotonic() - started < 3
        store.release.set()
        assert {each.status for each in await asyncio.gather(*running)} == {NOT_THERE}
        assert (await fetch(node.http_port, "GET", PATH)).status == NOT_THERE


async def test_a_burst_while_calls_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten times too much on both transports each one too many is told so, and when to try again, before any call
    that runs has ended; the node is live meanwhile, and serves both afterwards.
    """
    settings = {"admission_executing": 8, "admission_waiting": 0}
    async with running_node(log_level="error", **settings) as node:
        store = SlowStore(node, monkeypatch, None)
        by_http = {asyncio.ensure_future(fetch(node.http_port, "GET", PATH)) for _ in range(40)}
        by_grpc = {asyncio.ensure_future(get_by_grpc(node)) for _ in range(40)}
        await store.full.wait()
        refused = set()
        while len(refused) < 72:
            done, _ = await asyncio.wait((by_http | by_grpc) - refused, timeout=30, return_when="FIRST_COMPLETED")
            assert done, "calls that are too many wait for others"
            refused |= done
        assert (await fetch(node.http_port, "GET", "/healthz")).status == 200
        assert store.running == 8
        for answer in [each.result() for each in by_http & refused]:
            assert (answer.status, reason_of(answer), answer.headers["retry-after"]) == (503, "OVERLOADED", "1")
        for error in [each.result() for each in by_grpc & refused]:
            reason, seconds, trailing = details_of(error)
            assert (reason, seconds, trailing["grpc-retry-pushback-ms"]) == ("OVERLOADED", 1, "1000")
        store.release.set()
        assert {each.status for each in await asyncio.gather(*(by_http - refused))} <= {NOT_THERE}
        assert {each.code() for each in await asyncio.gather(*(by_grpc - refused))} <= {grpc.StatusCode.NOT_FOUND}
        assert (await fetch(node.http_port, "GET", PATH)).status == NOT_THERE
        assert (await get_by_grpc(node)).code() is grpc.StatusCode.NOT_FOUND


async def test_a_slow_client_holds_no_place() -> None:
    """While the body of a request is under way, others are served."""
    settings = {"admission_executing": 1, "admission_waiting": 0}
    async with running_node(log_level="error", **settings) as node, connected(node.http_port) as slow:
        await slow.send(b"POST /v1/collections/a/records HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{")
        async with connected(node.http_port) as other:
            for _ in range(3):
                assert (await other.request("GET", PATH)).status == NOT_THERE
        await slow.send(b"}")
        assert (await slow.receive()).status == 201


async def test_ten_times_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a store that takes 50 ms a call the node does what it can, refuses the rest soon, and is well afterwards."""
    settings = {"admission_executing": 4, "admission_waiting": 8}
    async with running_node(log_level="error", **settings) as node:
        store = SlowStore(node, monkeypatch, 0.05)
        refused: list[float] = []
        served = 0
        end = time.monotonic() + 1.5

        async def call_on_and_on(connection: HttpConnection) -> None:
            nonlocal served
            while time.monotonic() < end:
                started = time.monotonic()
                answer = await connection.request("GET", PATH)
                if answer.status == NOT_THERE:
                    served += 1
                    continue
                assert (answer.status, reason_of(answer), answer.headers["retry-after"]) == (503, "OVERLOADED", "1")
                refused.append(time.monotonic() - started)
                await asyncio.sleep(0.05)  # as many again as 40 callers make in the time of one call

        async def caller() -> None:
            async with connected(node.http_port) as connection:
                await call_on_and_on(connection)

        await asyncio.gather(*[caller() for _ in range(40)])
        assert store.most == 4
        # 80 calls a second are possible; the machine may be busy with other things.
        assert served > 40
        assert refused
        assert sorted(refused)[len(refused) // 2] < 0.3 * 3
        assert (node._admission.executing, node._admission.waiting) == (0, 0)
        assert (await fetch(node.http_port, "GET", PATH)).status == NOT_THERE


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [("GET", PATH, b"", NOT_THERE), ("POST", "/v1/collections/a/records?recordId=c", b'{"name": "c"}', 409)],
)
async def test_failed_calls_leave_no_garbage(verb: str, path: str, body: bytes, status: int, tmp_path: Path) -> None:
    """What failed is gone with its answer. The collector stops everything, for longer the more it finds."""
    async with (
        running_node(log_level="error", store=f"sqlite:///{tmp_path}/crud.db") as node,
        connected(node.http_port) as connection,
    ):
        await connection.request(verb, path, body or None)
        gc.collect()
        gc.disable()
        try:
            answers = [await connection.request(verb, path, body or None) for _ in range(50)]
            found = gc.collect()
        finally:
            gc.enable()
    assert {each.status for each in answers} == {status}
    assert found < 50, "less than one object for each call"


async def test_a_rate() -> None:
    """Who sends more than it may is told to wait, on both transports."""
    async with running_node(log_level="error", rate_limit=0.001, rate_limit_burst=2) as node:
        answers = [await fetch(node.http_port, "GET", PATH) for _ in range(3)]
        assert [each.status for each in answers] == [NOT_THERE, NOT_THERE, 429]
        assert reason_of(answers[2]) == "RATE_LIMITED"
        assert 900 < int(answers[2].headers["retry-after"]) <= 1000
        error = await get_by_grpc(node)
        assert (error.code(), details_of(error)[0]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert (await fetch(node.http_port, "GET", "/readyz")).status == 200
