"""What is larger than any request may be is refused early, with a code that says so, and nothing is stored."""

import json

import grpc
import grpc.aio
import pytest

from crud_service.bootstrap import Node
from tests.integration.api.http_client import connected, fetch, request_bytes
from tests.integration.parity import wire
from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import GrpcTransport, Raw

_KIB, _MIB = 1 << 10, 1 << 20
_CREATE = "/crud_service.v1.RecordService/CreateRecord"
_PARENT = "collections/sizes"


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f642"])
async def test_content_at_the_limit(parity: Parity, letter: str) -> None:
    """A content of exactly 1 MiB of JSON is taken, in any alphabet; one byte more is not."""
    count, rest = divmod(_MIB - len('{"t":""}'), len(letter.encode()))

    async def scenario(client: Client) -> None:
        content = {"t": letter * count + "a" * rest}
        assert len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) == _MIB
        assert (await client.create({"content": content}, "one")).ok
        content["t"] += "a"
        refused = await client.update("one", {"content": content})
        assert (refused.kind, refused.reason) == ("INVALID_ARGUMENT", "CONTENT_TOO_LARGE")
        assert (await client.get("one")).reply["version"] == "1"

    await parity(scenario)


async def test_request_of_more_than_16_mebibytes(node: Node, grpc_transport: GrpcTransport) -> None:
    """A request past 16 MiB is refused; the next one on the same channel, or on a new connection, is served."""
    before = await node.store.last_revision()
    message = wire.create_record(_PARENT, wire.name("a" * 16 * _MIB))
    refused = await grpc_transport.call_raw("CreateRecord", {}, Raw(b"", message))
    assert refused.kind == "RESOURCE_EXHAUSTED"
    body = b'{"name": "' + b"a" * 16 * _MIB + b'"}'
    answer = await fetch(node.http_port, "POST", f"/v1/{_PARENT}/records", body)
    assert (answer.status, answer.json["error"]["status"]) == (413, "RESOURCE_EXHAUSTED")
    assert answer.json["error"]["details"][0]["reason"] == "REQUEST_TOO_LARGE"
    assert await node.store.last_revision() == before
    assert (await grpc_transport.call("ListCollections", {})).ok
    assert (await fetch(node.http_port, "GET", "/v1/collections")).status == 200


async def test_declared_size_is_believed(node: Node) -> None:
    """A request that says it is too large is refused before its body comes."""
    async with connected(node.http_port) as connection:
        head = request_bytes("POST", f"/v1/{_PARENT}/records", None, {"content-length": str(16 * _MIB + 1)})
        await connection.send(head)
        assert (await connection.receive()).status == 413
        assert await connection.at_end()


async def test_chunks_without_end(node: Node) -> None:
    """A chunked body that never says how long it is, is cut off past 16 MiB."""
    async with connected(node.http_port) as connection:
        headers = {"transfer-encoding": "chunked"}
        await connection.send(request_bytes("POST", f"/v1/{_PARENT}/records", None, headers))
        chunk = b"%x\r\n" % _MIB + b" " * _MIB + b"\r\n"
        for _ in range(17):
            await connection.send(chunk)
        answer = await connection.receive()
        assert (answer.status, answer.json["error"]["details"][0]["reason"]) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize("size", [17 * _KIB, 160 * _KIB])
async def test_metadata_of_more_than_16_kibibytes(node: Node, size: int) -> None:
    """Metadata and headers past 16 KiB are refused as RESOURCE_EXHAUSTED and 431."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(_CREATE)(b"", metadata=(("x-large", "a" * size),))
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    answer = await fetch(node.http_port, "GET", "/v1/collections", None, {"x-large": "a" * size})
    assert (answer.status, answer.json["error"]["details"][0]["reason"]) == (431, "HEADERS_TOO_LARGE")


async def test_metadata_below_16_kibibytes(node: Node) -> None:
    """Metadata and headers of 12 KiB are taken."""
    large = "a" * 12 * _KIB
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        created = wire.create_record(_PARENT, wire.name("a"))
        assert await channel.unary_unary(_CREATE)(created, metadata=(("x-large", large),))
    assert (await fetch(node.http_port, "GET", "/v1/collections", None, {"x-large": large})).status == 200


@pytest.mark.parametrize(("size", "status"), [(16 * _KIB, 200), (16 * _KIB + 1, 414), (160 * _KIB, 414)])
async def test_long_url(node: Node, size: int, status: int) -> None:
    """A URL of 16 KiB is read, a longer one is 414."""
    target = "/v1/collections?" + "&" * size
    answer = await fetch(node.http_port, "GET", target[:size])
    assert answer.status == status
    if status == 414:
        assert answer.json["error"]["details"][0]["reason"] == "URL_TOO_LONG"


async def test_many_headers(node: Node) -> None:
    """Many small headers are as much as one large one."""
    headers = {f"x-{number}": "a" * 10 for number in range(2_000)}
    assert (await fetch(node.http_port, "GET", "/v1/collections", None, headers)).status == 431
