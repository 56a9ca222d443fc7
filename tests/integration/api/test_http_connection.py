"""Connections over HTTP/1.1: many requests on one, bodies in pieces, and bytes that are no request."""

import json

import pytest

from crud_service.bootstrap import Node
from tests.integration.api.http_client import HttpConnection, connected, fetch, request_bytes

_RECORDS = "/v1/collections/http/records"


async def test_pipelined_requests(http: HttpConnection) -> None:
    """Requests sent at once on one connection are answered in their order."""
    sent = [request_bytes("POST", _RECORDS, json.dumps({"name": f"{number}"}).encode()) for number in range(20)]
    await http.send(b"".join(sent) + request_bytes("GET", "/healthz"))
    names = [(await http.receive()).json["name"] for _ in sent]
    assert names == [str(number) for number in range(20)]
    assert (await http.receive()).json == {"status": "live"}


async def test_connection_goes_on_after_errors(http: HttpConnection) -> None:
    """Errors of a request do not end its connection."""
    for verb, target, body in (
        ("GET", "/no", None),
        ("POST", _RECORDS, b"{"),
        ("PUT", "/docs", b""),
        ("GET", _RECORDS + "/a", None),
    ):
        assert (await http.request(verb, target, body)).status in {400, 404, 405}
    assert (await http.request("GET", "/readyz")).status in {200, 503}


async def test_closing_on_demand(http: HttpConnection) -> None:
    """`Connection: close` is obeyed."""
    assert (await http.request("GET", "/healthz", None, {"connection": "close"})).status == 200
    assert await http.at_end()


async def test_body_in_chunks(http: HttpConnection) -> None:
    """A body may come in chunks, however small."""
    body = b'{"name": "in chunks", "content": {"n": 19.99}}'
    await http.send(request_bytes("POST", _RECORDS, None, {"transfer-encoding": "chunked"}))
    for byte in body:
        await http.send(b"1\r\n%c\r\n" % byte)
    await http.send(b"0\r\n\r\n")
    answer = await http.receive()
    assert (answer.status, answer.json["name"], answer.json["content"]) == (201, "in chunks", {"n": 19.99})


async def test_expect_continue(http: HttpConnection) -> None:
    """A client that waits for `100 Continue` before it sends its body gets it."""
    body = b'{"name": "expected"}'
    headers = {"content-length": str(len(body)), "expect": "100-continue"}
    await http.send(request_bytes("POST", _RECORDS, None, headers))
    assert (await http.receive()).status == 100
    await http.send(body)
    answer = await http.receive()
    assert (answer.status, answer.json["name"]) == (201, "expected")


async def test_expect_continue_for_too_large_a_body(http: HttpConnection) -> None:
    """A client that asks first is refused before it sends anything."""
    headers = {"content-length": str(1 << 30), "expect": "100-continue"}
    await http.send(request_bytes("POST", _RECORDS, None, headers))
    assert (await http.receive()).status == 413


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: a\x01b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 64,
        b"\xff\xfe\r\n\r\n",
    ],
    ids=str,
)
async def test_no_http(node: Node, sent: bytes) -> None:
    """Bytes that are no HTTP get a 400 in JSON, and the connection ends."""
    async with connected(node.http_port) as connection:
        await connection.send(sent)
        answer = await connection.receive()
        assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
        error = answer.json["error"]
        assert (error["status"], error["details"][0]["reason"]) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")
        assert await connection.at_end()


async def test_no_http_after_http(http: HttpConnection) -> None:
    """A connection that goes wrong after a good request answers both, the good one first."""
    await http.send(request_bytes("GET", "/healthz"))
    assert (await http.receive()).status == 200
    await http.send(b"nonsense\r\n\r\n")
    assert (await http.receive()).status == 400
    assert await http.at_end()


async def test_bad_chunk(http: HttpConnection) -> None:
    """A body whose chunks are none is 400, and nothing is stored."""
    await http.send(request_bytes("POST", _RECORDS, None, {"transfer-encoding": "chunked"}) + b"zz\r\n")
    assert (await http.receive()).status == 400


async def test_client_that_goes_away(node: Node) -> None:
    """A client that leaves in the middle of its body leaves nothing behind, and the node goes on."""
    before = await node.store.last_revision()
    async with connected(node.http_port) as connection:
        await connection.send(request_bytes("POST", _RECORDS, None, {"content-length": "100"}) + b'{"name": "half')
    assert (await fetch(node.http_port, "GET", "/healthz")).status == 200
    assert await node.store.last_revision() == before


async def test_no_body_for_a_get(http: HttpConnection) -> None:
    """A body that nobody asked for is ignored, and the connection stays in step."""
    assert (await http.request("GET", "/v1/collections", b'{"a": 1}')).status == 200
    assert (await http.request("DELETE", f"{_RECORDS}/nobody", b'{"a": 1}')).status == 404
    assert (await http.request("GET", "/healthz")).status == 200


async def test_http_1_0(http: HttpConnection) -> None:
    """A client of HTTP/1.0 is served, and its connection ends."""
    await http.send(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (await http.receive()).status == 200
    assert await http.at_end()
