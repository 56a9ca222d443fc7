"""The gRPC server around handlers of the test's: every method of the contract, masks, and errors within batches."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from google.rpc import error_details_pb2, status_pb2

from crud_service.api.grpc_server import GrpcServer
from crud_service.api.operations import operations_table
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Record
from crud_service.model.timestamp import parse
from crud_service.v1 import record_service_pb2 as pb
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.unit.api.asgi import handlers
from tests.unit.api.codec.messages import METHODS

TIME = parse("2026-01-31T12:00:00Z")
RECORD = Record("c", "r", "n", TIME, '{"a":1}', ("t",), 7, 1, TIME, TIME)


class Node:
    """A server whose handlers keep the last request, of a stream all of them, and give `reply`, or raise it."""

    def __init__(self) -> None:
        self.reply: Any = None
        self.request: Any = None

    def handle(self, call: Call, request: Any) -> Any:
        return self.take_all(request) if hasattr(request, "__aiter__") else self.answer(request)

    async def take_all(self, requests: AsyncIterator[Any]) -> Any:
        return self.answer([each async for each in requests])

    def answer(self, request: Any) -> Any:
        self.request = request
        if isinstance(self.reply, CrudError):
            raise self.reply
        return self.reply


@pytest_asyncio.fixture
async def node() -> Node:
    return Node()


@pytest_asyncio.fixture
async def channel(node: Node) -> AsyncIterator[grpc.aio.Channel]:
    server = GrpcServer(operations_table(handlers(node.handle)), [], Limits())
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@pytest.mark.parametrize("method", METHODS, ids=[method.name for method in METHODS])
async def test_every_method_reaches_its_handler(node: Node, channel: grpc.aio.Channel, method: Any) -> None:
    """An empty message of each method is the empty request of the model."""
    node.reply = CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, "seen")
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")(b"")
    assert (await call.code(), await call.details()) == (grpc.StatusCode.NOT_FOUND, "seen")
    request = getattr(requests, method.name)()
    assert node.request == ([request] if method.client_streaming else request)


async def test_a_transaction_there_and_back(node: Node, channel: grpc.aio.Channel) -> None:
    """Steps go in as the model has them, and results come out as messages, masked as each step wants."""
    node.reply = requests.TransactRecordsReply(False, 7, (requests.OperationResult(RECORD), requests.OperationResult()))
    steps = [{"get": {"path": "p", "read_mask": {"paths": ["name"]}}}, {"get": {"path": "q"}}]
    reply = await RecordServiceStub(channel).TransactRecords(pb.TransactRecordsRequest(**{"else": steps}))
    assert [step.get.path for step in node.request.else_] == ["p", "q"]
    assert (reply.succeeded, reply.revision, len(reply.results)) == (False, 7, 2)
    assert (reply.results[0].record.name, reply.results[0].record.path) == ("n", "")
    assert not reply.results[1].HasField("record")


async def test_a_mask_leaves_fields_out(node: Node, channel: grpc.aio.Channel) -> None:
    """Of each record of a page there are the named fields, in the names of the proto."""
    node.reply = requests.ListRecordsReply((RECORD, RECORD), "t")
    mask = {"paths": ["create_time", "content.a"]}
    reply = await RecordServiceStub(channel).ListRecords(pb.ListRecordsRequest(parent="p", read_mask=mask))
    assert reply.next_page_token == "t"
    for record in reply.records:
        assert {field.name for field, _ in record.ListFields()} == {"create_time", "content"}


async def test_a_mistake_within_a_batch_is_named(node: Node, channel: grpc.aio.Channel) -> None:
    """The details have the field's path and the index of the item."""
    message = pb.BatchCreateRecordsRequest(requests=[{}, {}])
    message.requests[1].record.date.seconds = 10**15
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await RecordServiceStub(channel).BatchCreateRecords(message)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = status_pb2.Status.FromString(dict(refused.value.trailing_metadata())["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert info.metadata["index"] == "1"
    assert bad.field_violations[0].field == "requests[1].record.date"
    assert node.request is None


async def test_a_time_out_of_a_query(node: Node, channel: grpc.aio.Channel) -> None:
    """A search that took too long is DEADLINE_EXCEEDED with a reason of its own."""
    node.reply = CrudError(Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, "too long")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await RecordServiceStub(channel).CountRecords(pb.CountRecordsRequest(parent="p"))
    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert b"QUERY_TIMEOUT" in dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
