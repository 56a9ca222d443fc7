"""What gRPC alone has: health, reflection, trailing metadata, deadlines, unknown methods and fields."""

import asyncio
import re
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from crud_service.v1 import record_pb2, record_service_pb2, record_service_pb2_grpc

_SERVICES = ["crud_service.v1.AdminService", "crud_service.v1.CollectionService", "crud_service.v1.RecordService"]
_ALL = [*_SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"]


@pytest.mark.parametrize("service", ["", *_SERVICES])
async def test_health(channel: grpc.aio.Channel, service: str) -> None:
    """The node as a whole and each of its services are serving."""
    reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


async def test_health_of_an_unknown_service(channel: grpc.aio.Channel) -> None:
    """A service that is not here has no health."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_health_watch() -> None:
    """A watcher of the health is told when the node drains."""
    async with (
        running_node(log_level="warning") as node,
        grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel,
    ):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=_SERVICES[-1]))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        await node._grpc.drain()
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()


async def _reflect(channel: grpc.aio.Channel, **question: str) -> reflection_pb2.ServerReflectionResponse:
    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(**question)

    async for answer in reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(ask()):
        return answer
    raise AssertionError("no answer")


async def test_reflection_lists_the_services(channel: grpc.aio.Channel) -> None:
    """Reflection names every service, and no other."""
    answer = await _reflect(channel, list_services="*")
    assert sorted(service.name for service in answer.list_services_response.service) == _ALL


@pytest.mark.parametrize("service", _ALL)
async def test_reflection_describes_each_service(channel: grpc.aio.Channel, service: str) -> None:
    """A client can fetch the file of each service with all that it imports."""
    answer = await _reflect(channel, file_containing_symbol=service)
    assert answer.WhichOneof("message_response") == "file_descriptor_response"
    waiting = [
        descriptor_pb2.FileDescriptorProto.FromString(each)
        for each in answer.file_descriptor_response.file_descriptor_proto
    ]
    names = {file.name for file in waiting}
    while waiting:
        for imported in waiting.pop().dependency:
            if imported not in names:
                answer = await _reflect(channel, file_by_filename=imported)
                waiting += [
                    descriptor_pb2.FileDescriptorProto.FromString(each)
                    for each in answer.file_descriptor_response.file_descriptor_proto
                ]
                names.add(imported)
    assert waiting == []


@pytest.mark.parametrize("method", ["/crud_service.v1.RecordService/Nothing", "/nobody/Nothing", "/"])
async def test_unknown_method(channel: grpc.aio.Channel, method: str) -> None:
    """A method that is not here is UNIMPLEMENTED."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channel.unary_unary(method)(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_generated_stubs(channel: grpc.aio.Channel) -> None:
    """The generated stub works as in any other service: message in, message out, errors with details."""
    stub = record_service_pb2_grpc.RecordServiceStub(channel)
    record = record_pb2.Record(name="a", tags=["b"])
    record.content.update({"n": 1})
    created = await stub.CreateRecord(record_service_pb2.CreateRecordRequest(parent="collections/stubs", record=record))
    got = await stub.GetRecord(record_service_pb2.GetRecordRequest(path=created.path))
    assert got == created
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetRecord(record_service_pb2.GetRecordRequest(path="collections/stubs/records/none"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_error_details(channel: grpc.aio.Channel) -> None:
    """An error carries a google.rpc.Status that says code, message, reason and the field."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await channel.unary_unary("/crud_service.v1.RecordService/GetRecord")(b"")
    trailing = dict(refused.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    assert (status.code, status.message) == (refused.value.code().value[0], refused.value.details())
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.domain) == ("INVALID_ID", "crud-service")
    assert info.metadata["callId"] == trailing["x-call-id"]
    assert bad.field_violations[0].field == "path"


async def test_many_violations_fit_every_client(channel: grpc.aio.Channel) -> None:
    """An error with more mistakes than anybody reads stays within the metadata that clients take by default."""
    stub = record_service_pb2_grpc.RecordServiceStub(channel)
    record = record_pb2.Record(name="\n" * 600, tags=[f"{number}\n" + "a" * 500 for number in range(64)])
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.CreateRecord(record_service_pb2.CreateRecordRequest(parent="collections/a", record=record))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "grpc-status-details-bin" in dict(refused.value.trailing_metadata())


async def test_trailing_metadata(channel: grpc.aio.Channel) -> None:
    """Every reply says its call id and its trace id."""
    call = channel.unary_unary("/crud_service.v1.AdminService/GetNodeInfo")(b"")
    await call
    trailing = dict(await call.trailing_metadata())
    assert len(trailing["x-call-id"]) == len(trailing["x-trace-id"]) == 32


async def test_unknown_fields_are_ignored(channel: grpc.aio.Channel) -> None:
    """A field of a newer contract is skipped, as proto3 has it; HTTP refuses it."""
    unknown = b"\xfa\x07\x05hello" + b"\xb8\x08\x01"
    data = b"\x0a\x0fcollections/new" + b"\x12\x0d" + b"\x12\x01a" + unknown[:8] + b"\x12\x00" + unknown
    reply = await channel.unary_unary("/crud_service.v1.RecordService/CreateRecord")(data)
    assert record_pb2.Record.FromString(reply).path.startswith("collections/new/")


async def test_deadline_that_has_passed(channel: grpc.aio.Channel, node: Node) -> None:
    """A call whose time is over is DEADLINE_EXCEEDED, and the node goes on."""
    release = asyncio.Event()
    commit = node.store.commit

    async def slow(mutation: object) -> object:
        await release.wait()
        return await commit(mutation)  # type: ignore[arg-type]

    node.store.commit = slow  # type: ignore[method-assign, assignment]
    try:
        data = b"\x0a\x0dcollections/a"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary("/crud_service.v1.RecordService/CreateRecord")(data, timeout=0.2)
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    finally:
        release.set()
        del node.store.commit
    assert await channel.unary_unary("/crud_service.v1.AdminService/GetNodeInfo")(b"", timeout=10)


async def test_failure_inside(channel: grpc.aio.Channel, node: Node) -> None:
    """A failure of the service is INTERNAL with a report's id, and tells nothing of its cause."""

    async def broken(key: object) -> object:
        raise RuntimeError("secret of the house")

    node.store.get_record = broken  # type: ignore[method-assign, assignment]
    try:
        path = b"collections/a/records/b"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary("/crud_service.v1.RecordService/GetRecord")(b"\x0a%c" % len(path) + path)
    finally:
        del node.store.get_record
    assert refused.value.code() is grpc.StatusCode.INTERNAL
    trailing = dict(refused.value.trailing_metadata())
    assert re.search(r"report [0-9a-f]{32} has the details", refused.value.details())
    assert b"secret" not in trailing["grpc-status-details-bin"] + refused.value.details().encode()
