"""The default chain: every link does its own work and no other's, so each can be taken out alone."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest

from crud_service.bootstrap import Node
from crud_service.bootstrap import node as wiring
from crud_service.chassis.action_log import ActionLog
from crud_service.chassis.admission import Admission
from crud_service.chassis.deadline import Deadlines
from crud_service.chassis.recent_calls import RecentCalls
from crud_service.library.log_output import LogOutput
from crud_service.model.call import Call, Handler
from crud_service.testing.node import running_node
from crud_service.v1 import record_pb2, record_service_pb2, record_service_pb2_grpc
from tests.integration.api.http_client import Answer, fetch

PATH = "/v1/collections/a/records/b"
LIMITED = "/v1/collections/limited/records/b"
COUNT = "/v1/collections/a/records:count"


def nothing(handler: Handler) -> Handler:
    """Middleware that is none."""
    return handler


def out_of(module: Any, name: str, none: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """How to take a link out: put `none` where a node gets it from."""
    return lambda patch: patch.setattr(module, name, none)


def _itself_nothing(self: Any, handler: Handler) -> Handler:
    return handler


LINKS = {
    "recover": out_of(wiring, "recover", lambda report: nothing),
    "call context": out_of(wiring, "call_context", lambda *given: nothing),
    "action log": out_of(ActionLog, "__call__", _itself_nothing),
    "metrics": out_of(wiring, "metrics", lambda meters: nothing),
    "recent calls": out_of(RecentCalls, "__call__", _itself_nothing),
    "deadlines": out_of(Deadlines, "__call__", _itself_nothing),
    "rates of operations": out_of(wiring, "rates_of_operations", lambda *given: []),
    "rates of collections": out_of(wiring, "rates_of_collections", lambda settings: []),
    "admission": out_of(Admission, "__call__", _itself_nothing),
}


class Watched:
    """A node, and what can be seen of each link of its chain."""

    def __init__(self, node: Node, lines: list[Any], patch: pytest.MonkeyPatch) -> None:
        self._node = node
        self._lines = lines
        self._patch = patch

    async def get(self, path: str = PATH, headers: dict[str, str] | None = None) -> Answer:
        return await fetch(self._node.http_port, "GET", path, None, headers)

    async def recovers(self) -> bool:
        """A failure inside is an answer with the id of its report."""

        async def fails(key: object) -> None:
            raise RuntimeError("planted")

        with self._patch.context() as patch:
            patch.setattr(self._node.store, "get_record", fails)
            answer = await self.get()
        return answer.status == 500 and b'"report"' in answer.body

    async def has_ids(self) -> bool:
        """A reply has the ids of its call."""
        headers = (await self.get()).headers
        return bool(headers["x-call-id"] and headers["x-trace-id"])

    async def is_logged(self) -> bool:
        """A call has its line."""
        self._lines.clear()
        await self.get()
        return [line.operation for line in self._lines] == ["GetRecord"]

    async def is_measured(self) -> bool:
        """A call is counted."""
        await self.get()
        text = (await self.get("/metrics")).body.decode()
        return 'crud_calls_total{code="NOT_FOUND",operation="GetRecord",transport="http"}' in text

    async def is_remembered(self) -> bool:
        """What a caller did last is known."""
        await self.get()
        return bool(self._node._reporting.recent.of(Call("GetRecord", "http", call_id="another")))

    async def has_a_deadline(self) -> bool:
        """A caller's time is read."""
        return (await self.get(headers={"x-timeout-ms": "soon"})).status == 400

    async def limits_an_operation(self) -> bool:
        """The second call of an operation with a rate is refused."""
        return [(await self.get(COUNT)).status for _ in range(2)][1] == 429

    async def limits_a_collection(self) -> bool:
        """The second call on a collection with a rate is refused."""
        return [(await self.get(LIMITED)).status for _ in range(2)][1] == 429

    async def admits(self) -> bool:
        """A node that lets nobody in refuses."""
        self._node._admission.limit = 0
        try:
            return (await self.get()).status == 503
        finally:
            self._node._admission.limit = 256

    @property
    def effects(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """What can be seen of each link."""
        return {
            "recover": self.recovers,
            "call context": self.has_ids,
            "action log": self.is_logged,
            "metrics": self.is_measured,
            "recent calls": self.is_remembered,
            "deadlines": self.has_a_deadline,
            "rates of operations": self.limits_an_operation,
            "rates of collections": self.limits_a_collection,
            "admission": self.admits,
        }


async def serves(node: Node) -> None:
    """Calls work, over both transports."""
    created = await fetch(node.http_port, "POST", "/v1/collections/a/records?recordId=http", b"{}")
    assert created.status == 201
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        stub = record_service_pb2_grpc.RecordServiceStub(channel)
        request = record_service_pb2.CreateRecordRequest(
            parent="collections/a", record_id="grpc", record=record_pb2.Record()
        )
        assert (await stub.CreateRecord(request)).id == "grpc"
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await stub.GetRecord(record_service_pb2.GetRecordRequest(path="collections/a/records/b"))
        assert missing.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("link", [None, *LINKS])
async def test_a_chain_without_one_link(link: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a link calls work on, over both transports, and what is missing is what that link does, alone."""
    lines: list[Any] = []
    monkeypatch.setattr(LogOutput, "call_line", lambda output, line: lines.append(line))
    if link is not None:
        LINKS[link](monkeypatch)
    rates = "CountRecords=0.001/1,collections/limited=0.001/1"
    async with running_node(admission_waiting=0, rate_limits=rates) as node:
        await serves(node)
        watched = Watched(node, lines, monkeypatch)
        seen = {name: await effect() for name, effect in watched.effects.items()}
    assert seen == {name: name != link for name in LINKS}


async def test_every_link_is_here() -> None:
    """A node is built with no other link around its calls: tracing is none unless it is set."""
    around_logic = {"rates of collections", "admission"}
    async with running_node(log_level="error", rate_limits="CountRecords=1") as node:
        assert len(node._middleware) == len(LINKS.keys() - around_logic)
