"""What HTTP alone has: methods, headers, paths with escapes, and JSON that says more than a message."""

import json

import pytest

from crud_service.bootstrap import Node
from tests.integration.api.http_client import HttpConnection, connected

_RECORDS = "/v1/collections/http/records"


async def test_created_resource_has_a_location(http: HttpConnection) -> None:
    """A create answers 201 with a Location, and a GET of it answers the same resource, byte by byte."""
    for target, location in ((_RECORDS, f"{_RECORDS}/located"), ("/v1/collections", "/v1/collections/located")):
        created = await http.request("POST", target, b'{"id": "located", "name": "a"}')
        assert created.status == 201
        assert created.headers["location"] == location
        got = await http.request("GET", created.headers["location"])
        assert (got.status, got.body) == (200, created.body)


async def test_etag_header(http: HttpConnection) -> None:
    """The header ETag is the field etag, on every reply that is one resource; a list has none."""
    created = await http.request("POST", _RECORDS, b"{}")
    path = created.headers["location"]
    for answer in (
        created,
        await http.request("GET", path),
        await http.request("PATCH", path, b'{"name": "b"}'),
        await http.request("DELETE", path),
    ):
        assert answer.headers["etag"] == answer.json["etag"]
        assert answer.headers["etag"][0] == answer.headers["etag"][-1] == '"'
    assert "etag" not in (await http.request("GET", _RECORDS)).headers


@pytest.mark.parametrize(
    "target", ["/v1/collections", "/v1/node", "/", "/docs", "/healthz", "/openapi.json", "/v1/collections/no"]
)
async def test_head(http: HttpConnection, target: str) -> None:
    """HEAD answers what GET answers, without the body, and the connection goes on."""
    headers = {"accept": "text/html"}
    got = await http.request("GET", target, None, headers)
    head = await http.request("HEAD", target, None, headers)
    for name in ("content-type", "content-length", "etag", "location"):
        assert head.headers.get(name) == got.headers.get(name)
    assert (head.status, head.body) == (got.status, b"")
    assert (await http.request("GET", "/healthz")).json == {"status": "live"}


@pytest.mark.parametrize(
    ("verb", "target", "allow"),
    [
        ("PUT", "/v1/collections/a/records/b", "DELETE, GET, PATCH"),
        ("POST", "/v1/collections/a/records/b", "DELETE, GET, PATCH"),
        ("DELETE", _RECORDS, "GET, POST"),
        ("PATCH", "/v1/collections", "GET, POST"),
        ("POST", "/v1/node", "GET"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("OPTIONS", "/v1/collections", "GET, POST"),
        ("TRACE", "/openapi.json", "GET, HEAD"),
    ],
)
async def test_method_not_allowed(http: HttpConnection, verb: str, target: str, allow: str) -> None:
    """A method that a path does not serve is 405 with the methods it does serve."""
    answer = await http.request(verb, target, b"{}")
    assert answer.status == 405
    assert answer.headers["allow"] == allow
    error = answer.json["error"]
    assert (error["code"], error["status"], error["details"][0]["reason"]) == (
        405,
        "UNIMPLEMENTED",
        "METHOD_NOT_ALLOWED",
    )


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/collections/",
        "/v1/collections//records",
        "/v1/collections/a/records/",
        "/v1/collections/a/notes",
        "/v1/collections/a/records/b/c",
        "/v2/collections",
        "//v1/collections",
        "/v1/collections/a%2Frecords",
        "/v1/../etc/passwd",
        "/docs/",
        "/favicon.ico",
    ],
)
async def test_unknown_path(http: HttpConnection, target: str) -> None:
    """A path that leads nowhere is 404 in the shape of every error."""
    answer = await http.request("GET", target)
    error = answer.json["error"]
    if "%2F" in target:
        assert (answer.status, error["details"][0]["reason"]) == (400, "INVALID_ID")
        return
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert set(error) == {"code", "status", "message", "details"}
    assert (error["code"], error["status"], error["details"][0]["reason"]) == (404, "NOT_FOUND", "ROUTE_NOT_FOUND")


@pytest.mark.parametrize("sent", ["a%2eb", "%61%2Eb", "a.b"])
async def test_percent_encoded_id(http: HttpConnection, sent: str) -> None:
    """An id may be percent-encoded; it is the same id."""
    await http.request("POST", _RECORDS, b'{"id": "a.b"}')
    answer = await http.request("GET", f"{_RECORDS}/{sent}")
    assert (answer.status, answer.json["id"]) == (200, "a.b")


@pytest.mark.parametrize("sent", ["a%2Fb", "a%2fb", "..%2F..%2Fetc", "%00", "%0a", "a%20b", "%C3%A9", "a%", "a%zz"])
async def test_encoded_bad_id(http: HttpConnection, sent: str) -> None:
    """Encoding does not smuggle anything into an id; a slash in it makes no new path."""
    answer = await http.request("GET", f"{_RECORDS}/{sent}")
    assert (answer.status, answer.json["error"]["details"][0]["reason"]) == (400, "INVALID_ID")


async def test_id_that_is_not_utf_8(http: HttpConnection) -> None:
    """Encoded bytes that are no UTF-8 lead nowhere."""
    assert (await http.request("GET", f"{_RECORDS}/%ff%fe")).status == 404


async def test_empty_fields_of_the_query(http: HttpConnection) -> None:
    """Parameters may be empty, except numbers; a parameter must not stand twice."""
    assert (await http.request("POST", _RECORDS, b"{}")).status == 201
    assert (await http.request("GET", f"{_RECORDS}?filter=&pageToken=")).status == 200
    twice = await http.request("GET", f"{_RECORDS}?filter=tags:a&filter=tags:b")
    assert (twice.status, twice.json["error"]["details"][1]["fieldViolations"][0]["field"]) == (400, "filter")
    bad = await http.request("GET", f"{_RECORDS}?filter=%ff")
    assert (bad.status, bad.json["error"]["details"][0]["reason"]) == (400, "INVALID_TEXT")


async def test_null_is_absent(http: HttpConnection) -> None:
    """A null in the body is the empty value of its field."""
    body = b'{"name": null, "date": null, "content": null, "tags": null, "id": null}'
    created = (await http.request("POST", _RECORDS, body)).json
    assert (created["name"], created["content"], created["tags"]) == ("", {}, [])
    assert created["date"] == created["createTime"]


async def test_null_empties_on_update(http: HttpConnection) -> None:
    """Without a mask an update changes what the body holds: a null or an empty value empties its field."""
    await http.request("POST", _RECORDS, b'{"id": "emptied", "name": "a", "tags": ["t"], "content": {"a": 1}}')
    updated = (await http.request("PATCH", f"{_RECORDS}/emptied", b'{"name": "", "content": null}')).json
    assert (updated["name"], updated["content"], updated["tags"]) == ("", {}, ["t"])


async def test_day_as_date(http: HttpConnection) -> None:
    """A date may be a day, which is its midnight in UTC."""
    assert (await http.request("POST", _RECORDS, b'{"date": "2026-01-31"}')).json["date"] == "2026-01-31T00:00:00Z"


async def test_path_in_the_body(http: HttpConnection) -> None:
    """The body of an update may repeat the path of the URL, and must not contradict it."""
    await http.request("POST", _RECORDS, b'{"id": "repeated"}')
    for path, status in (("collections/http/records/repeated", 200), ("collections/http/records/other", 400)):
        answer = await http.request("PATCH", f"{_RECORDS}/repeated", json.dumps({"path": path, "name": "b"}).encode())
        assert answer.status == status


async def test_absolute_target(http: HttpConnection) -> None:
    """The absolute form of a URL, as a proxy sends it, names the same resource."""
    assert (await http.request("GET", "http://example.org/v1/collections")).status == 200


async def test_change_reason_of_control_characters(http: HttpConnection, node: Node) -> None:
    """A reason with a control character is refused, before or after the header is read, and nothing is stored."""
    before = await node.store.last_revision()
    for reason in (b"a\xc2\x85b", b"a\x7fb", b"a\x01b"):
        async with connected(node.http_port) as connection:
            assert (await connection.request("POST", _RECORDS, b"{}", {"x-change-reason": reason})).status == 400
    assert await node.store.last_revision() == before
