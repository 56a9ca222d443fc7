"""What HTTP adds to the contract, on a running node: preconditions, merge patches, idempotency keys, masks."""

import json
from typing import Any

import pytest

from crud_service.bootstrap import Node
from tests.integration.api.http_client import Answer, HttpConnection, connected, request_bytes

_RECORDS = "/v1/collections/conditions/records"
_MERGE = {"content-type": "application/merge-patch+json"}


def _reason(answer: Answer) -> str:
    return str(answer.json["error"]["details"][0]["reason"])


async def _create(http: HttpConnection, record_id: str, **fields: Any) -> Answer:
    answer = await http.request("POST", _RECORDS, json.dumps({"id": record_id, **fields}).encode())
    assert answer.status == 201
    return answer


async def test_304_and_back(http: HttpConnection) -> None:
    """A reader that has the state is told so until it changes, and the connection stays in step."""
    target = f"{_RECORDS}/read"
    headers = {"if-none-match": (await _create(http, "read")).headers["etag"]}
    for verb in ("GET", "HEAD", "GET"):
        unchanged = await http.request(verb, target, None, headers)
        assert (unchanged.status, unchanged.headers["etag"]) == (304, headers["if-none-match"])
        assert not {"content-length", "content-type", "transfer-encoding"} & unchanged.headers.keys()
    await http.request("PATCH", target, b'{"name": "changed"}')
    changed = await http.request("GET", target, None, headers)
    assert (changed.status, changed.json["name"]) == (200, "changed")
    assert (await http.request("GET", target, None, {"if-none-match": "*"})).status == 304
    assert (await http.request("GET", f"{_RECORDS}/none", None, {"if-none-match": "*"})).status == 404


async def test_304_of_a_collection(http: HttpConnection) -> None:
    """A collection has an etag of its own, which its records do not change."""
    await _create(http, "one")
    etag = (await http.request("GET", "/v1/collections/conditions")).headers["etag"]
    await _create(http, "two")
    answer = await http.request("GET", "/v1/collections/conditions", None, {"if-none-match": f"W/{etag}"})
    assert answer.status == 304


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
async def test_if_match(http: HttpConnection, verb: str) -> None:
    """A write happens in the state that If-Match names; else it is 412 with the current etag, and nothing is stored."""
    record_id, body = f"matched-{verb.lower()}", b'{"name": "b"}' if verb == "PATCH" else None
    target, old = f"{_RECORDS}/{record_id}", (await _create(http, record_id)).headers["etag"]
    new = (await http.request("PATCH", target, b'{"name": "a"}')).headers["etag"]
    for wrong in (old, f"W/{new}", '"x"'):
        answer = await http.request(verb, target, body, {"if-match": wrong})
        assert (answer.status, _reason(answer)) == (412, "ETAG_MISMATCH")
        error = answer.json["error"]
        assert (error["code"], error["status"], error["details"][0]["metadata"]["etag"]) == (412, "ABORTED", new)
    assert (await http.request("GET", target)).headers["etag"] == new
    assert (await http.request(verb, target, body, {"if-match": f'"x", {new}'})).status == 200


async def test_etag_of_a_body_stays_409(http: HttpConnection) -> None:
    """A precondition that stands in the request is no header's."""
    await _create(http, "in-body")
    answer = await http.request("PATCH", f"{_RECORDS}/in-body", b'{"etag": "\\"x\\"", "name": "b"}')
    assert (answer.status, _reason(answer)) == (409, "ETAG_MISMATCH")


async def test_create_if_none_match(http: HttpConnection) -> None:
    """`If-None-Match: *` says that a create must be one: an id that is taken is 412 then."""
    headers = {"if-none-match": "*"}
    assert (await http.request("POST", _RECORDS, b'{"id": "fresh"}', headers)).status == 201
    for extra, status in ((headers, 412), ({}, 409)):
        answer = await http.request("POST", _RECORDS, b'{"id": "fresh"}', extra)
        assert (answer.status, _reason(answer)) == (status, "RECORD_EXISTS")


async def test_required_etag(http: HttpConnection) -> None:
    """A collection that demands etags answers 428 without one, and takes the header for one."""
    collection = b'{"id": "careful", "requireEtag": true}'
    assert (await http.request("POST", "/v1/collections", collection)).status == 201
    created = await http.request("POST", "/v1/collections/careful/records", b'{"id": "a"}')
    target = created.headers["location"]
    refused = await http.request("PATCH", target, b'{"name": "b"}')
    assert (refused.status, _reason(refused)) == (428, "ETAG_REQUIRED")
    assert refused.json["error"]["status"] == "FAILED_PRECONDITION"
    headers = {"if-match": created.headers["etag"]}
    assert (await http.request("PATCH", target, b'{"name": "b"}', headers)).status == 200


async def test_preconditions_of_several_records(http: HttpConnection) -> None:
    """A header cannot say which of several records it means."""
    for name in ("if-match", "if-none-match"):
        answer = await http.request("POST", "/v1/records:transact", b"{}", {name: '"a"'})
        assert (answer.status, _reason(answer)) == (400, "INVALID_PRECONDITION")


async def test_merge_patch(http: HttpConnection) -> None:
    """A merge patch changes what it names, and removes what it names with null."""
    await _create(http, "patched", name="a", tags=["t"], content={"a": 1, "b": {"c": 1, "d": 2}}, ttl="3600s")
    body = {"name": None, "tags": None, "expireTime": None, "content": {"a": None, "b": {"c": [None]}}}
    patched = await http.request("PATCH", f"{_RECORDS}/patched", json.dumps(body).encode(), _MERGE)
    assert patched.status == 200
    assert (patched.json["name"], patched.json["tags"]) == ("", [])
    assert patched.json["content"] == {"b": {"c": [None], "d": 2}}
    assert "expireTime" not in patched.json
    unchanged = await http.request("PATCH", f"{_RECORDS}/patched", b'{"content": {}}', _MERGE)
    assert unchanged.json["content"] == patched.json["content"]
    emptied = await http.request("PATCH", f"{_RECORDS}/patched", b'{"content": null}', _MERGE)
    assert emptied.json["content"] == {}


async def test_merge_patch_with_a_mask(http: HttpConnection) -> None:
    """A merge patch needs no mask, and takes none."""
    await _create(http, "masked", name="a")
    answer = await http.request("PATCH", f"{_RECORDS}/masked?updateMask=name", b"{}", _MERGE)
    assert (answer.status, _reason(answer)) == (400, "INVALID_UPDATE_MASK")


async def test_idempotency_key(http: HttpConnection, node: Node) -> None:
    """The header is the request id: the same answer, one record; another request with it is refused."""
    headers = {"idempotency-key": "key-1"}
    first = await http.request("POST", _RECORDS, b'{"name": "once"}', headers)
    revision = await node.store.last_revision()
    for body, extra in ((b'{"name": "once"}', headers), (b'{"name": "once"}', {})):
        again = await http.request("POST", f"{_RECORDS}{'' if extra else '?requestId=key-1'}", body, extra)
        assert (again.status, again.body) == (first.status, first.body)
    assert await node.store.last_revision() == revision
    other = await http.request("POST", _RECORDS, b'{"name": "other"}', headers)
    assert (other.status, _reason(other)) == (409, "REQUEST_ID_REUSED")
    both = await http.request("POST", f"{_RECORDS}?requestId=key-2", b"{}", headers)
    assert (both.status, _reason(both)) == (400, "INVALID_REQUEST_ID")


@pytest.mark.parametrize("key", ["k" * 129, "", b"\xff", b"a\xc2\x85b"])
async def test_idempotency_key_that_is_none(http: HttpConnection, key: str | bytes) -> None:
    """A key is a label of at most 128 characters."""
    answer = await http.request("POST", _RECORDS, b"{}", {"idempotency-key": key})
    assert (answer.status, _reason(answer)) == (400, "INVALID_REQUEST_ID")


async def test_read_mask(http: HttpConnection) -> None:
    """A mask cuts each record to the named fields, and its content to the named values."""
    await _create(http, "shown", name="a", content={"x": 1, "y": {"z": 2, "fooBar": 3}})
    answer = await http.request("GET", f"{_RECORDS}/shown?readMask=id,content.y.fooBar")
    assert answer.json == {"id": "shown", "content": {"y": {"fooBar": 3}}}
    listed = await http.request("GET", f"{_RECORDS}?readMask=id")
    assert all(record.keys() == {"id"} for record in listed.json["records"])
    for mask in ("nothing", "create_time", "content."):
        refused = await http.request("GET", f"{_RECORDS}/shown?readMask={mask}")
        assert (refused.status, _reason(refused)) == (400, "INVALID_READ_MASK")


async def test_form_of_another_site(http: HttpConnection, node: Node) -> None:
    """A page of another site cannot write by a form; without an Origin a body is JSON whatever it is declared as."""
    before = await node.store.last_revision()
    form = {"origin": "https://evil.example", "content-type": "text/plain"}
    refused = await http.request("POST", _RECORDS, b'{"name": "="}', form)
    assert (refused.status, _reason(refused)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert await node.store.last_revision() == before
    assert (await http.request("POST", _RECORDS, b"{}", {"content-type": "text/plain"})).status == 201


async def test_header_on_two_lines(node: Node, http: HttpConnection) -> None:
    """A list may be spread over lines, as proxies do."""
    etag = (await _create(http, "lines")).headers["etag"].encode()
    lines = b'if-match: "a"\r\nif-match: ' + etag + b"\r\n\r\n"
    async with connected(node.http_port) as connection:
        await connection.send(request_bytes("DELETE", f"{_RECORDS}/lines")[:-2] + lines)
        assert (await connection.receive()).status == 200
