"""Streams of a whole node over gRPC: what they tell, how long they live, and what they leave to other calls."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2

from crud_service.api import grpc_server
from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from crud_service.v1 import bulk_pb2, change_pb2
from crud_service.v1.record_pb2 import Record
from crud_service.v1.record_service_pb2 import CreateRecordRequest, ListRecordsRequest
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.integration.metrics.scrape import scrape

PARENT = "collections/notes"
WATCH = change_pb2.WatchRecordsRequest(parent=PARENT)
READ = ListRecordsRequest(parent="collections/-")


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[Node, Any]]:
    """A node, and a client of it."""
    async with (
        running_node(log_level="warning", **settings) as node,
        asyncio.timeout(30),
        grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel,
    ):
        yield node, RecordServiceStub(channel)


async def create(records: Any, name: str) -> Record:
    return await records.CreateRecord(CreateRecordRequest(parent=PARENT, record=Record(name=name)))


async def next_change(watch: Any) -> change_pb2.WatchRecordsResponse:
    """The next message of a watch that tells a change."""
    while (message := await watch.read()).WhichOneof("event") != "group":
        pass
    return message


def names(message: change_pb2.WatchRecordsResponse) -> list[str]:
    return [change.record.name for change in message.group.changes]


async def reason(call: Any) -> str:
    """The reason of an error in its details."""
    status = status_pb2.Status.FromString(dict(await call.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason


async def test_a_watch_tells_what_happens_and_goes_on_where_it_was() -> None:
    """Changes come as they happen; one that resumes gets what happened meanwhile, and nothing twice."""
    async with serving() as (_, records):
        await create(records, "before")
        watch = records.WatchRecords(WATCH)
        assert (await watch.read()).bookmark.revision == 1
        await create(records, "one")
        message = await next_change(watch)
        assert names(message) == ["one"]
        assert (message.group.revision, message.group.complete) == (2, True)
        watch.cancel()
        await create(records, "two")
        resumed = change_pb2.WatchRecordsRequest(parent=PARENT, resume_token=message.resume_token)
        watch = records.WatchRecords(resumed)
        assert names(await next_change(watch)) == ["two"]
        await create(records, "three")
        assert names(await next_change(watch)) == ["three"]
        watch.cancel()


async def test_a_watch_with_a_bad_request_is_refused() -> None:
    """As any other call is: with a reason, and the fields that are wrong."""
    async with serving() as (_, records):
        watch = records.WatchRecords(change_pb2.WatchRecordsRequest(parent="nowhere", resume_token="made up"))
        assert await watch.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert await reason(watch) == "INVALID_ID"


async def test_what_is_imported_comes_out_again() -> None:
    """Rows of several messages are stored in order, and an export sends them all as the mask wants."""
    async with serving() as (_, records):
        load = records.ImportRecords()
        for start in range(0, 30, 10):
            rows = [{"id": f"r{number:02}", "name": f"name {number}"} for number in range(start, start + 10)]
            await load.write(bulk_pb2.ImportRecordsRequest(parent=PARENT, records=rows))
        await load.done_writing()
        reply = await load
        assert (reply.row_count, reply.imported_count, reply.error_count) == (30, 30, 0)
        request = bulk_pb2.ExportRecordsRequest(parent=PARENT, read_mask={"paths": ["name"]})
        found = [record async for message in records.ExportRecords(request) for record in message.records]
        assert found == [Record(name=f"name {number}") for number in range(30)]


async def test_a_row_that_cannot_be_read_is_skipped_or_ends_the_import() -> None:
    """As any other row that cannot be stored, with its number over the whole stream."""
    async with serving() as (_, records):
        bad = bulk_pb2.ImportRecordsRequest(parent=PARENT, records=[{"name": "a"}, {}, {"name": "c"}])
        bad.records[1].content.update({"n": float("inf")})
        for on_error in ("stop", "skip"):
            load = records.ImportRecords()
            bad.on_error = on_error
            await load.write(bad)
            await load.done_writing()
            if on_error == "stop":
                assert await load.code() is grpc.StatusCode.INVALID_ARGUMENT
                assert await reason(load) == "NUMBER_NOT_EXACT"
            else:
                reply = await load
                assert (reply.imported_count, reply.error_count) == (2, 1)
                assert (reply.errors[0].row, reply.errors[0].reason) == (2, "NUMBER_NOT_EXACT")


async def test_an_empty_export_has_its_ids_all_the_same() -> None:
    """A stream without a message ends like any other call."""
    async with serving() as (_, records):
        record = await create(records, "a")
        request = bulk_pb2.ExportRecordsRequest(parent=PARENT, filter=f'id != "{record.id}"')
        export = records.ExportRecords(request)
        assert [record async for message in export for record in message.records] == []
        assert len(dict(await export.trailing_metadata())["x-call-id"]) == 32


async def test_streams_outlive_the_deadlines_of_other_calls() -> None:
    """A watch that its client gave no deadline goes on; a long poll may wait on top of what every call has."""
    async with serving(deadline_default=0.2, deadline_max=0.3) as (_, records):
        await create(records, "before")
        watch = records.WatchRecords(WATCH)
        await watch.read()
        request = change_pb2.ListChangesRequest(parent=PARENT)
        request.wait.FromMilliseconds(500)
        assert list((await records.ListChanges(request)).groups) == []
        await create(records, "late")
        assert names(await next_change(watch)) == ["late"]
        watch.cancel()


async def test_a_deadline_of_the_client_ends_its_watch() -> None:
    """It is told so, be it by its own library, and its place is free again."""
    async with serving() as (node, records):
        watch = records.WatchRecords(WATCH, timeout=0.3)
        await watch.read()
        assert await watch.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await opened(node, 0)


async def opened(node: Node, count: int) -> None:
    """Wait until so many streams are open; the test's own time-out bounds it."""
    while sum(node._streams.measures.open.values()) != count:  # noqa: ASYNC110 - a node has no event for it
        await asyncio.sleep(0.01)


async def test_streams_have_places_of_their_own() -> None:
    """A connection has so many, and so has the node; other calls are served as if there were none."""
    async with serving(
        streams_max=3, streams_per_connection=2, admission_executing=1, admission_waiting=0, rate_limit=0
    ) as (node, records):
        watches = [records.WatchRecords(WATCH) for _ in range(2)]
        for watch in watches:
            await watch.read()
        refused = records.WatchRecords(WATCH)
        assert await refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await reason(refused) == "TOO_MANY_STREAMS"
        assert "the connection has 2 streams open" in await refused.details()
        assert dict(await refused.trailing_metadata())["grpc-retry-pushback-ms"] == "5000"
        poll = records.ListChanges(change_pb2.ListChangesRequest(parent=PARENT))
        assert await poll.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await records.ListRecords(READ)
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}", options=options) as other:
            third = RecordServiceStub(other).WatchRecords(WATCH)
            await third.read()
            fourth = RecordServiceStub(other).ExportRecords(bulk_pb2.ExportRecordsRequest(parent=PARENT))
            assert await fourth.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "the node has 3 streams open" in await fourth.details()
            found = await scrape(node.http_port)
            assert found.value("crud_streams_open", operation="WatchRecords") == 3
            assert found.value("crud_streams_limit") == 3
            third.cancel()
        for watch in watches:
            watch.cancel()
        await opened(node, 0)
        await records.ListChanges(change_pb2.ListChangesRequest(parent=PARENT))


async def test_a_client_that_is_gone_leaves_nothing() -> None:
    """When its connection ends, so do its watches and its import, in the middle of a message or not."""
    async with serving() as (node, _):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
            records = RecordServiceStub(channel)
            watch, load = records.WatchRecords(WATCH), records.ImportRecords()
            await watch.read()
            await load.write(bulk_pb2.ImportRecordsRequest(parent=PARENT, records=[{"name": "a"}]))
            await opened(node, 2)
        await opened(node, 0)


_STOPPED_CLIENT = """
import grpc, sys
watch = grpc.insecure_channel(sys.argv[1]).unary_stream("/crud_service.v1.RecordService/WatchRecords")(
    b"\\x0a\\x0dcollections/-")
next(watch)
print("watching", flush=True)
for _ in watch: pass
"""


@pytest.mark.proof
async def test_a_client_that_is_silent_is_found(monkeypatch: pytest.MonkeyPatch, *, proof: bool) -> None:
    """The machine of a stopped process takes all that is sent to it, so only a ping tells that nobody is there."""
    if not proof:
        monkeypatch.setattr(grpc_server, "_PING_MS", 300)
        monkeypatch.setattr(grpc_server, "_PING_TIMEOUT_MS", 300)
    # The bookmarks of a watch would find it as well, when so many have piled up that no more can be sent.
    async with serving(limit_bookmark_seconds=10) as (node, _):
        arguments = (sys.executable, "-c", _STOPPED_CLIENT, f"127.0.0.1:{node.grpc_port}")
        client = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        try:
            assert client.stdout is not None
            assert await client.stdout.readline() == b"watching\n"
            assert node._streams.measures.open["WatchRecords"] == 1
            client.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(20):
                await opened(node, 0)
        finally:
            client.kill()
            await client.wait()


async def test_a_watch_ends_with_its_place_when_the_node_stops() -> None:
    """The last message and the error both say where to resume; what runs is not cut off."""
    async with serving() as (node, records):
        watch = records.WatchRecords(WATCH)
        await watch.read()
        await create(records, "one")
        message = await next_change(watch)
        await node._tail.close()
        last = await watch.read()
        assert last.WhichOneof("event") == "bookmark"
        assert last.bookmark.revision == message.group.revision
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await watch.read()
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await reason(watch) == "SHUTTING_DOWN"
