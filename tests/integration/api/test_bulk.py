"""Imports and exports of a whole node, over both transports."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc.aio
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from crud_service.testing.node import running_node
from crud_service.v1 import bulk_pb2, record_pb2
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.integration.api.http_client import HttpConnection, connected, request_bytes
from tests.integration.api.streaming_server import receive_chunks

NDJSON = {"content-type": "application/x-ndjson"}
OWN = ("etag", "revision", "version", "createTime", "updateTime")
RECORDS = [
    {
        "id": f"r{number:04}",
        "name": f"Row {number}",
        "date": "2026-01-31T12:00:00Z",
        "content": {"n": number, "x": [None, 0.1, "ü"]},
        "tags": ["a", f"t{number % 7}"],
    }
    for number in range(2500)
]


def lines(rows: Iterable[Any]) -> bytes:
    """Rows as NDJSON."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def given(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records without what each node gives them itself."""
    return [{name: value for name, value in row.items() if name not in OWN} for row in rows]


async def import_http(http: HttpConnection, collection: str, body: bytes, query: str = "") -> Any:
    """The JSON of the answer to an import."""
    return (await http.request("POST", f"/v1/collections/{collection}/records:import?{query}", body, NDJSON)).json


async def export_http(http: HttpConnection, collection: str, query: str = "") -> bytes:
    """The body of an export."""
    await http.send(request_bytes("GET", f"/v1/collections/{collection}/records:export?{query}"))
    _, chunks = await receive_chunks(http)
    return b"".join([chunk async for chunk in chunks])


async def messages(collection: str, size: int, **options: str) -> AsyncIterator[bulk_pb2.ImportRecordsRequest]:
    """All records as an import over gRPC, so many in a message."""
    yield bulk_pb2.ImportRecordsRequest(parent=f"collections/{collection}", **options)
    for start in range(0, len(RECORDS), size):
        records = [ParseDict(record, record_pb2.Record()) for record in RECORDS[start : start + size]]
        yield bulk_pb2.ImportRecordsRequest(records=records)


async def export_grpc(channel: grpc.aio.Channel, collection: str) -> list[dict[str, Any]]:
    """All records of an export over gRPC."""
    found = []
    revisions = set()
    request = bulk_pb2.ExportRecordsRequest(parent=f"collections/{collection}")
    async for reply in RecordServiceStub(channel).ExportRecords(request):
        revisions.add(reply.revision)
        found += [MessageToDict(record) for record in reply.records]
    assert len(revisions) == 1
    return found


async def test_what_goes_in_comes_out(http, channel) -> None:
    """The same rows over either transport are the same records, and over either they come out again."""
    told = await import_http(http, "over-http", lines(RECORDS))
    reply = await RecordServiceStub(channel).ImportRecords(messages("over-grpc", 700))
    assert (told["rowCount"], told["importedCount"]) == ("2500", "2500")
    assert (reply.row_count, reply.imported_count, reply.revision - int(told["revision"])) == (2500, 2500, 3)
    for collection in ("over-http", "over-grpc"):
        paths = [{"path": f"collections/{collection}/records/{record['id']}"} for record in RECORDS]
        expected = [record | path for record, path in zip(RECORDS, paths, strict=True)]
        exported = map(json.loads, (await export_http(http, collection)).splitlines())
        assert given(exported) == expected
        assert given(await export_grpc(channel, collection)) == expected


async def test_the_same_import_over_both_transports(http, channel) -> None:
    """With one request id the second import finds what the first has stored, whatever it came over."""
    told = await import_http(http, "twice", lines(RECORDS), "requestId=both")
    reply = await RecordServiceStub(channel).ImportRecords(messages("twice", 1, request_id="both"))
    assert (reply.imported_count, reply.revision) == (2500, int(told["revision"]))


async def test_a_row_that_is_wrong(http, channel) -> None:
    """Both transports tell the row, and where to go on."""
    rows = [*RECORDS[:1500], RECORDS[7], *RECORDS[1500:]]
    error = (await import_http(http, "wrong", lines(rows)))["error"]
    info = error["details"][0]
    assert (error["code"], error["status"], info["reason"]) == (409, "ALREADY_EXISTS", "RECORD_EXISTS")
    metadata = {"row": "1501", "resumeRow": "1001", "importedCount": "1000"}
    assert info["metadata"].items() >= metadata.items()
    assert len((await export_http(http, "wrong")).splitlines()) == 1000
    rest = await import_http(http, "wrong", lines(rows), "startRow=1001&onError=skip")
    assert (rest["importedCount"], [each["row"] for each in rest["errors"]]) == ("1500", ["1501"])
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await RecordServiceStub(channel).ImportRecords(messages("wrong", 500))
    assert failed.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert failed.value.details().startswith("row 1: ")


async def test_lines_that_cannot_be_read(http) -> None:
    """They are rows like others: left out and listed by their numbers."""
    body = (
        b'{"id":"a"}\r\n\n[]\n{"id":"b","content":"text"}\n{"id":"c","content":{"n":9007199254740993}}\nno\n{"id":"d"}'
    )
    told = await import_http(http, "unread", body, "onError=skip")
    assert (told["rowCount"], told["importedCount"], told["errorCount"]) == ("7", "2", "4")
    assert [(each["row"], each["reason"]) for each in told["errors"]] == [
        ("3", "MALFORMED_REQUEST"),
        ("4", "CONTENT_NOT_OBJECT"),
        ("5", "NUMBER_NOT_EXACT"),
        ("6", "MALFORMED_REQUEST"),
    ]


async def test_an_export_while_others_write(http, node) -> None:
    """What is exported is what a list showed at that revision, whatever is written on the way."""
    await import_http(http, "busy", lines(RECORDS[:700]))
    base = "/v1/collections/busy/records"

    async def write() -> None:
        async with connected(node.http_port) as other:
            for number in range(0, 700, 25):
                await other.request("DELETE", f"{base}/r{number:04}")
                await other.request(
                    "POST", f"{base}?recordId=new-{number}", b"{}", {"content-type": "application/json"}
                )
                body = b'{"name": "changed"}'
                await other.request("PATCH", f"{base}/r{number + 1:04}", body, {"content-type": "application/json"})

    writing = asyncio.create_task(write())
    exports = []
    while not writing.done():
        await http.send(request_bytes("GET", f"{base}:export"))
        headers, chunks = await receive_chunks(http)
        exports.append((headers["x-revision"], b"".join([chunk async for chunk in chunks])))
    await writing
    assert len({revision for revision, _ in exports}) > 1
    for revision, body in exports:
        listed: list[Any] = []
        query = f"readRevision={revision}&pageSize=1000"
        token = ""
        while not listed or token:
            page = (await http.request("GET", f"{base}?{query}&pageToken={token}")).json
            listed += page["records"]
            token = page["nextPageToken"]
        assert list(map(json.loads, body.splitlines())) == listed


async def test_an_export_goes_into_another_node(http) -> None:
    """The body of one is the body of the other, all collections at once."""
    await import_http(http, "moved-a", lines(RECORDS[:10]))
    await import_http(http, "moved-b", lines(RECORDS[5:20]))
    body = await export_http(http, "-")
    async with running_node(log_level="warning") as there, connected(there.http_port) as other:
        told = await import_http(other, "-", body)
        assert int(told["importedCount"]) == len(body.splitlines())
        exported = await export_http(other, "-")
    assert given(map(json.loads, exported.splitlines())) == given(map(json.loads, body.splitlines()))
