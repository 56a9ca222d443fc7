"""Streams of replies over HTTP, around a handler of the test's: formats, heads, errors before and after the first."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Record
from crud_service.model.requests import Bookmark, ChangeGroup, ChangeType, Gap, InitialDone, RecordChange, WatchEvent
from crud_service.model.timestamp import parse
from tests.unit.api.asgi import Asgi
from tests.unit.api.event_stream import parse_events

TIME = parse("2026-01-31T12:00:00.123456789Z")
RECORD = Record("c", "r", 'a "name", with\nall', TIME, '{"a":"=1+1"}', ("t", "u"), 7, 1, TIME, TIME)
CHANGE = RecordChange(type=ChangeType.CREATED, record=RECORD, path=RECORD.path, time=TIME, version=1, revision=7)
EVENTS = [
    WatchEvent(bookmark=Bookmark(5), resume_token="five"),
    WatchEvent(group=ChangeGroup(7, False, (CHANGE,))),
    WatchEvent(group=ChangeGroup(7, True, (CHANGE,)), resume_token="seven"),
    WatchEvent(initial_done=InitialDone(8), resume_token="eight"),
    WatchEvent(gap=Gap(3)),
]
GONE = CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, "the log begins at 3", metadata={"oldestRevision": "3"})
WATCH, EXPORT = "/v1/collections/c/records:watch", "/v1/collections/c/records:export"
LINES = {"accept": "application/x-ndjson"}


def failing(replies: list[Any], error: Exception) -> Asgi:
    """An application whose streams give these replies, and then fail."""

    def handle(call: Call, request: Any) -> Iterator[Any]:
        yield from replies
        raise error

    return Asgi(handle)


def giving(*replies: Any) -> Asgi:
    """An application whose streams give these replies."""
    return Asgi(lambda call, request: replies)


async def test_server_sent_events() -> None:
    """A watch is a stream of events: named, with the token to resume at, one JSON text each, and how to come back."""
    answer = await giving(*EVENTS).send("GET", WATCH)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    assert {"x-call-id", "x-trace-id"} <= answer.headers.keys()
    retry, events = parse_events(answer.body)
    assert retry == 1000
    assert [event.name for event in events] == ["bookmark", "change", "change", "initialDone", "gap"]
    assert [event.last_event_id for event in events] == ["five", "five", "seven", "eight", "eight"]
    change = events[2].data["group"]["changes"][0]
    assert (change["type"], change["record"]["name"]) == ("CREATED", RECORD.name)
    assert events[0].data == {"bookmark": {"revision": "5"}, "resumeToken": "five"}


async def test_lines_of_a_watch() -> None:
    """The same as lines of JSON, under the name that the client knows them by."""
    for media_type in ("application/x-ndjson", "application/jsonl"):
        answer = await giving(*EVENTS).send("GET", WATCH, headers={"accept": media_type})
        assert answer.headers["content-type"] == media_type
        lines = [json.loads(line) for line in answer.body.splitlines()]
        assert lines == [event.data for event in parse_events((await giving(*EVENTS).send("GET", WATCH)).body)[1]]


async def test_each_reply_goes_out_at_once() -> None:
    """No reply waits for the next one."""
    sent = await giving(*EVENTS).send("GET", WATCH)
    assert len([piece for piece in sent.pieces if piece]) == len(EVENTS)


async def test_a_read_mask() -> None:
    """Records in changes have the fields only that the mask names."""
    answer = await giving(EVENTS[1]).send("GET", WATCH + "?readMask=name", headers=LINES)
    assert json.loads(answer.body)["group"]["changes"][0]["record"] == {"name": RECORD.name}


async def test_an_error_before_the_first_reply() -> None:
    """It is a reply like that of any other operation, in JSON."""
    for target in (WATCH, EXPORT):
        answer = await failing([], GONE).send("GET", target)
        assert (answer.status, answer.reason, answer.is_whole) == (410, "HISTORY_GONE", True)
        assert answer.headers["content-type"] == "application/json"
    full = CrudError(Kind.RESOURCE_EXHAUSTED, Reason.TOO_MANY_STREAMS, "", retry_after=5)
    answer = await failing([], full).send("GET", WATCH)
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")


async def test_an_error_in_a_watch() -> None:
    """The last event, or the last line, is the error; then the stream ends as it should."""
    answer = await failing(EVENTS[:1], GONE).send("GET", WATCH)
    _, events = parse_events(answer.body)
    assert [event.name for event in events] == ["bookmark", "error"]
    assert events[1].data["error"]["details"][0]["metadata"]["oldestRevision"] == "3"
    assert (answer.status, answer.is_whole) == (200, True)
    answer = await failing(EVENTS[:1], GONE).send("GET", WATCH, headers=LINES)
    assert json.loads(answer.body.splitlines()[-1])["error"]["code"] == 410
    assert answer.is_whole


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "text/csv"])
async def test_an_error_in_an_export(media_type: str) -> None:
    """There is no place for it in a file of records, so the connection is cut: nobody takes a part for the whole."""
    replies = [requests.ExportRecordsReply((RECORD,), 7)]
    answer = await failing(replies, GONE).send("GET", EXPORT, headers={"accept": media_type})
    assert (answer.status, answer.is_whole) == (200, False)
    assert b"error" not in answer.body


async def test_lines_of_an_export() -> None:
    """Each line is a record as any other reply has it, ready to be imported."""
    replies = [requests.ExportRecordsReply((RECORD, RECORD), 7), requests.ExportRecordsReply((RECORD,), 7)]
    answer = await giving(*replies).send("GET", EXPORT)
    assert (answer.headers["content-type"], answer.headers["x-revision"]) == ("application/x-ndjson", "7")
    assert "content-disposition" not in answer.headers
    single = (await Asgi(lambda call, request: RECORD).send("GET", "/v1/collections/c/records/r")).body
    assert answer.body == 3 * (single + b"\n")


async def test_an_export_as_csv() -> None:
    """The file has a line with the names of the columns, then each record exactly, whatever its texts hold."""
    answer = await giving(requests.ExportRecordsReply((RECORD,), 7)).send("GET", EXPORT, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="c.csv"'
    header, row = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    columns = (
        "id,name,date,content,tags,path,etag,revision,version,createTime,updateTime,deleteTime,purgeTime,expireTime"
    )
    assert answer.body.startswith(columns.encode() + b"\r\n")
    time = "2026-01-31T12:00:00.123456789Z"
    told = [
        "r",
        RECORD.name,
        time,
        '{"a":"=1+1"}',
        '["t","u"]',
        RECORD.path,
        RECORD.etag,
        "7",
        "1",
        time,
        time,
        "",
        "",
        "",
    ]
    assert dict(zip(header, row, strict=True)) == dict(zip(columns.split(","), told, strict=True))
    assert answer.body.endswith(b"\r\n")


async def test_a_read_mask_of_csv() -> None:
    """Only the columns that the mask names are there, also when there are no records."""
    for records, lines in (
        ((RECORD,), [["content", "tags"], [RECORD.content, '["t","u"]']]),
        ((), [["content", "tags"]]),
    ):
        answer = await giving(requests.ExportRecordsReply(records, 7)).send(
            "GET", EXPORT + "?readMask=tags,content.a", headers={"accept": "text/csv"}
        )
        assert list(csv.reader(io.StringIO(answer.body.decode(), newline=""))) == lines


async def test_a_file_has_a_harmless_name() -> None:
    """What is no id of a collection gets into no header."""
    for collection, name in (("notes.2026", "notes.2026"), ("-", "records"), ("a%22b%0d%0ax", "records")):
        answer = await giving(requests.ExportRecordsReply((), 7)).send(
            "GET", f"/v1/collections/{collection}/records:export", headers={"accept": "text/csv"}
        )
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'


async def test_nothing_to_send() -> None:
    """A stream without a reply is a whole reply all the same."""
    answer = await giving().send("GET", EXPORT)
    assert (answer.status, answer.body, answer.is_whole) == (200, b"", True)


async def test_what_a_client_cannot_read() -> None:
    """A client that takes none of the formats gets 406 before anything begins."""
    asgi = giving(*EVENTS)
    answer = await asgi.send("GET", WATCH, headers={"accept": "application/json"})
    assert (answer.status, answer.reason, asgi.request) == (406, "NOT_ACCEPTABLE", None)


async def test_the_head_alone() -> None:
    """HEAD is answered at once, and begins no stream."""
    asgi = giving(*EVENTS)
    for target, media_type in ((WATCH, "text/event-stream"), (EXPORT, "application/x-ndjson")):
        answer = await asgi.send("HEAD", target)
        assert (answer.status, answer.headers["content-type"], asgi.request) == (200, media_type, None)
        assert "content-length" not in answer.headers


async def test_resuming_as_a_browser_does() -> None:
    """Last-Event-ID is the resume token; the query may say the same, and nothing else."""
    asgi = giving(*EVENTS)
    for target in (WATCH, f"{WATCH}?resumeToken=seven"):
        assert (await asgi.send("GET", target, headers={"last-event-id": "seven"})).status == 200
        assert asgi.request == requests.WatchRecords("collections/c", resume_token="seven")
    answer = await asgi.send("GET", f"{WATCH}?resumeToken=five", headers={"last-event-id": "seven"})
    assert (answer.status, answer.reason) == (400, "INVALID_RESUME_TOKEN")
    await asgi.send("GET", f"{WATCH}?resumeToken=five", headers={"last-event-id": ""})
    assert asgi.request.resume_token == "five"


async def test_an_export_resumes_nothing() -> None:
    """Last-Event-ID means nothing to what cannot be resumed."""
    asgi = giving(requests.ExportRecordsReply((RECORD,), 7))
    await asgi.send("GET", EXPORT, headers={"last-event-id": "seven"})
    assert asgi.request == requests.ExportRecords("collections/c")


async def test_the_client_goes_away() -> None:
    """A stream that waits for what happens next ends when its client does, and is closed."""
    closed = asyncio.Event()

    async def wait(call: Call, request: Any) -> AsyncIterator[Any]:
        try:
            yield EVENTS[0]
            asgi.gone.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    asgi = Asgi(wait)
    answer = await asyncio.wait_for(asgi.send("GET", WATCH), 5)
    assert closed.is_set()
    assert not answer.is_whole
    assert asgi.call.peer == "192.0.2.1:4711"


async def test_the_client_goes_away_at_once() -> None:
    """A client that is gone before the first reply is not answered."""
    asgi = Asgi(lambda call, request: hang())

    async def hang() -> AsyncIterator[Any]:
        asgi.gone.set()
        await asyncio.Event().wait()
        yield

    assert (await asyncio.wait_for(asgi.send("GET", WATCH), 5)).status == 0


@pytest.mark.parametrize("target", [WATCH, EXPORT])
async def test_a_reader_that_is_too_slow(target: str) -> None:
    """A client that takes nothing holds its place no longer than the limit says; then its connection is cut."""
    asgi = Asgi(lambda call, request: EVENTS, msgspec.structs.replace(Limits(), stall_seconds=0.01))
    if target == EXPORT:
        asgi = Asgi(lambda call, request: [requests.ExportRecordsReply((RECORD,), 7)] * 9, Limits(stall_seconds=0.01))

    async def stall(piece: bytes) -> None:
        if piece:
            await asyncio.Event().wait()

    answer = await asyncio.wait_for(asgi.send("GET", target, take=stall), 10)
    assert not answer.is_whole


async def test_a_node_that_stops() -> None:
    """A watch that the node cannot wait for says so at its end; an export is cut."""
    for target, is_cut in ((WATCH, False), (EXPORT, True)):
        begun = asyncio.Event()

        async def wait(call: Call, request: Any, begun: asyncio.Event = begun) -> AsyncIterator[Any]:
            yield EVENTS[0] if call.operation == "WatchRecords" else requests.ExportRecordsReply((RECORD,), 7)
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(Asgi(wait).send("GET", target))
        await begun.wait()
        task.cancel()
        answer = await task
        assert answer.is_whole is not is_cut
        assert (b"SHUTTING_DOWN" in answer.body) is not is_cut
