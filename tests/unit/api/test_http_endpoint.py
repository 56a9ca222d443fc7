"""One operation over HTTP, around a handler of the test's: what it is given, and what becomes of its reply."""

import asyncio
import json
from typing import Any

import pytest

from crud_service.api.http_rules import http_rules
from crud_service.api.operations import operations_table, resource_of
from crud_service.model import requests
from crud_service.model.record import Collection, Record, RecordKey, tombstone
from crud_service.model.timestamp import parse
from tests.unit.api.asgi import Asgi, handlers
from tests.unit.api.codec.messages import METHODS

TIME = parse("2026-01-31T12:00:00Z")
RECORD = Record("c", "r", "n", TIME, '{"a":1}', (), 7, 1, TIME, TIME)
RECORDS = "/v1/collections/c/records"


def answering(reply: Any) -> Asgi:
    return Asgi(lambda call, request: reply)


def test_the_table_has_every_rule_of_every_method() -> None:
    """An operation has all its bindings, and its request and handler."""
    table = {operation.name: operation for operation in operations_table(handlers(lambda call, request: None))}
    assert table.keys() == {method.name for method in METHODS}
    for method in METHODS:
        assert table[method.name].rules == http_rules(method)
    assert [(rule.verb, rule.body) for rule in table["UpdateRecord"].rules] == [("PATCH", "record"), ("POST", "*")]
    assert [(rule.verb, rule.body) for rule in table["BatchGetRecords"].rules] == [("GET", ""), ("POST", "*")]


@pytest.mark.parametrize(
    ("request_", "resource"),
    [
        (requests.UpdateRecord(requests.RecordDraft(path="collections/c/records/r")), "collections/c/records/r"),
        (requests.UpdateCollection(requests.CollectionDraft(path="collections/c")), "collections/c"),
        (requests.BatchCreateRecords("collections/c"), "collections/c"),
        (requests.PurgeRecord("collections/c/records/r"), "collections/c/records/r"),
        (requests.TransactRecords(), ""),
    ],
)
def test_the_resource_of_a_request_is_what_its_path_names(request_: Any, resource: str) -> None:
    """The log knows the resource of every request, nested or not; a transaction has many."""
    table = {operation.name: operation for operation in operations_table(handlers(lambda call, request: None))}
    assert resource_of(table[type(request_).__name__])(request_) == resource


async def test_only_a_plain_create_is_201() -> None:
    """A new resource has a Location; other POSTs are answered by 200."""
    created = await answering(RECORD).send("POST", RECORDS, b"{}")
    assert (created.status, created.headers["location"]) == (201, f"{RECORDS}/r")
    assert created.headers["etag"] == RECORD.etag
    for target in (f"{RECORDS}/r:undelete", f"{RECORDS}/r:purge", f"{RECORDS}/r:transform"):
        answer = await answering(RECORD).send("POST", target)
        assert (answer.status, answer.headers.get("location")) == (200, None)
    batch = await answering(requests.BatchRecordsReply((RECORD,))).send("POST", f"{RECORDS}:batchCreate")
    assert (batch.status, batch.headers.get("etag"), len(batch.json["records"])) == (200, None, 1)


async def test_what_is_not_stored_has_no_etag() -> None:
    """A record of `validateOnly`, and one that never was, have no validator to send."""
    answer = await answering(tombstone(RecordKey("", "c", "r"), 0, 0)).send("DELETE", f"{RECORDS}/r")
    assert (answer.status, answer.headers.get("etag"), answer.json["etag"]) == (200, None, "")


async def test_both_bindings_of_a_batch_get() -> None:
    """The paths stand in the query or in the body; it is one request."""
    asgi = answering(requests.BatchRecordsReply(()))
    await asgi.send("GET", f"{RECORDS}:batchGet?paths=a&paths=b&readMask=name")
    by_query = asgi.request
    await asgi.send("POST", f"{RECORDS}:batchGet", b'{"paths": ["a", "b"], "readMask": "name"}')
    assert asgi.request == by_query == requests.BatchGetRecords("collections/c", ("a", "b"), ("name",))


async def test_a_masked_reply_has_the_etag_in_its_header_only() -> None:
    """A mask leaves out fields of the body; the header still tells the state."""
    answer = await answering(RECORD).send("GET", f"{RECORDS}/r?readMask=name,updateTime")
    assert answer.json == {"name": "n", "updateTime": "2026-01-31T12:00:00Z"}
    assert answer.headers["etag"] == RECORD.etag
    page = await answering(requests.ListRecordsReply((RECORD, RECORD), "t")).send("GET", f"{RECORDS}?readMask=content")
    assert page.json == {"records": [{"content": {"a": 1}}] * 2, "nextPageToken": "t"}


async def test_the_state_of_an_index_is_printed() -> None:
    """A collection says how far its indexes are."""
    collection = Collection("c", "", "", 7, 1, TIME, TIME)
    answer = await answering(collection).send("PATCH", "/v1/collections/c", b'{"indexes": [{"field": "content.a"}]}')
    assert (answer.json["indexes"], answer.json["requireEtag"]) == ([], False)


@pytest.mark.parametrize(
    ("target", "body", "fields"),
    [
        (f"{RECORDS}:batchUpdate", {"requests": [{"validateOnly": 5}]}, ["requests[0].validate_only"]),
        (
            "/v1/records:transact",
            {"compare": 5, "then": [{"get": {"readMask": 5}}]},
            ["compare", "then[0].get.read_mask"],
        ),
        (f"{RECORDS}/r:transform", {"updateMask": 5, "record": {"ttl": 5}}, ["update_mask", "record.ttl"]),
    ],
)
async def test_a_mistake_in_a_body_names_its_field(target: str, body: Any, fields: list[str]) -> None:
    """The details have the paths in the names of the proto, and logic is not asked."""
    asgi = answering(None)
    answer = await asgi.send("POST", target, json.dumps(body).encode())
    assert answer.status == 400
    assert [each["field"] for each in answer.json["error"]["details"][1]["fieldViolations"]] == fields
    assert asgi.request is None


async def test_a_large_body_is_read_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body past 64 KiB does not keep other calls waiting; a small one does not pay for a thread."""
    offloaded: list[Any] = []
    to_thread = asyncio.to_thread

    async def counted(function: Any, *args: Any, **options: Any) -> Any:
        offloaded.append(function)
        return await to_thread(function, *args, **options)

    monkeypatch.setattr(asyncio, "to_thread", counted)
    asgi = answering(requests.BatchRecordsReply(()))
    for size, count in ((100, 0), (70_000, 1)):
        body = json.dumps({"requests": [{"record": {"name": "x" * size}}]}).encode()
        assert (await asgi.send("POST", f"{RECORDS}:batchCreate", body)).status == 200
        assert (len(asgi.request.requests[0].record.name), len(offloaded)) == (size, count)
