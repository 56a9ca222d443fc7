"""Streams of replies over gRPC: order, metadata, errors behind messages, clients that go away or do not read."""

from typing import Any

import grpc
import grpc.aio
import pytest

from crud_service.chassis.deadline import Deadlines
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.v1 import change_pb2
from tests.unit.api.grpc_served import BOOKMARK, GONE, WATCH, Served, changed, channel, refusal, stub


@pytest.fixture
async def served() -> Served:
    return Served()


async def test_replies_come_one_by_one_in_one_call(served: Served) -> None:
    """Each is there before the next one is made; the ids of the call come ahead of the first, and at the end."""
    async with stub(served) as records:
        watch = records.WatchRecords(WATCH)
        served.events.put_nowait(BOOKMARK)
        assert await watch.read() == change_pb2.WatchRecordsResponse(bookmark={"revision": 7}, resume_token="t7")
        assert dict(await watch.initial_metadata())["x-call-id"] == "call"
        served.events.put_nowait(changed())
        assert (await watch.read()).group.changes[0].record.id == "r"
        assert served.outcome.empty()
        served.events.put_nowait(None)
        assert await watch.read() is grpc.aio.EOF
        assert await watch.code() is grpc.StatusCode.OK
        assert dict(await watch.trailing_metadata()) == {"x-call-id": "call", "x-trace-id": "trace"}
        assert await served.outcome.get() == "OK"
        assert (served.call.operation, served.call.resource) == ("WatchRecords", "collections/c")
        assert served.call.peer.startswith("ipv4:127.0.0.1:")


async def test_a_mask_counts_for_each_reply(served: Served) -> None:
    """Of the records in a stream there are the fields that the request names."""
    async with stub(served) as records:
        request = change_pb2.WatchRecordsRequest(parent="collections/c", read_mask={"paths": ["name"]})
        watch = records.WatchRecords(request)
        served.events.put_nowait(changed())
        (change,) = (await watch.read()).group.changes
        assert [field.name for field, _ in change.record.ListFields()] == ["name"]
        watch.cancel()


async def test_an_error_comes_behind_the_messages(served: Served) -> None:
    """What was sent before arrives, then the status with all of its details; the chain has seen the error."""
    async with stub(served) as records:
        watch = records.WatchRecords(WATCH)
        for each in (BOOKMARK, changed(), GONE):
            served.events.put_nowait(each)
        assert [(await watch.read()).resume_token for _ in range(2)] == ["t7", "t8"]
        assert await watch.code() is grpc.StatusCode.OUT_OF_RANGE
        info = await refusal(watch)
        assert (info.reason, info.metadata["oldestRevision"]) == ("HISTORY_GONE", "9")
        assert await served.outcome.get() is Reason.HISTORY_GONE
        assert served.ended.is_set()


async def test_a_refused_stream_has_not_begun(served: Served) -> None:
    """Nothing is sent ahead of the status, so a client that sends again on its own may do so."""
    async with stub(served) as records:
        refused = CrudError(Kind.RESOURCE_EXHAUSTED, Reason.TOO_MANY_STREAMS, "too many", retry_after=5)
        served.events.put_nowait(refused)
        watch = records.WatchRecords(WATCH)
        assert await watch.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await refusal(watch)).reason == "TOO_MANY_STREAMS"
        assert "x-call-id" not in dict(await watch.initial_metadata())
        assert dict(await watch.trailing_metadata())["grpc-retry-pushback-ms"] == "5000"


async def test_bytes_that_are_no_request(served: Served) -> None:
    """They are refused as those of any other operation, and the handler is not begun."""
    async with channel(served) as opened:
        watch = opened.unary_stream("/crud_service.v1.RecordService/WatchRecords")(b"\xff")
        assert await watch.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert (await refusal(watch)).reason == "MALFORMED_REQUEST"
        assert served.call is None


async def test_a_client_that_cancels_ends_its_watch(served: Served) -> None:
    """The handler's iterator is closed, and the chain has seen the end of the call."""
    async with stub(served) as records:
        watch = records.WatchRecords(WATCH)
        served.events.put_nowait(BOOKMARK)
        await watch.read()
        watch.cancel()
        assert await served.outcome.get() == "CANCELLED"
        assert served.ended.is_set()


async def test_the_deadline_of_a_client_ends_its_watch(served: Served) -> None:
    """It is the client's, not one that every call has."""
    unlimited = Deadlines(0.01, 0.01, extra={"WatchRecords": float("inf")})
    async with stub(served, None, None, unlimited) as records:
        watch = records.WatchRecords(WATCH, timeout=0.3)
        served.events.put_nowait(BOOKMARK)
        await watch.read()
        assert await watch.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert await served.outcome.get() in {Reason.DEADLINE_EXCEEDED, "CANCELLED"}
        assert served.ended.is_set()


async def test_a_client_that_reads_nothing_is_told_to_resume(served: Served) -> None:
    """Its place is free as soon as it has stalled, and when it reads on it finds the reason behind the messages."""
    # A window that does not grow by itself, so that some messages fill it.
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536)]
    async with stub(served, Limits(stall_seconds=0.3), options) as records:
        watch = records.WatchRecords(WATCH)
        for number in range(200):
            served.events.put_nowait(changed(f'{{"text":"{"x" * 50_000}"}}', f"t{number}"))
        assert await served.outcome.get() is Reason.SLOW_READER
        assert served.ended.is_set()
        tokens: list[str] = []
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read_all(watch, tokens)
        assert raised.value.code() is grpc.StatusCode.ABORTED
        info = await refusal(watch)
        assert info.reason == "SLOW_READER"
        assert tokens == [f"t{number}" for number in range(len(tokens))]
        # The message that was not taken in time may arrive all the same: nothing is missing between.
        assert info.metadata["resumeToken"] in tokens[-2:]


async def read_all(watch: Any, tokens: list[str]) -> None:
    """Add the token of each message to `tokens`."""
    while (message := await watch.read()) is not grpc.aio.EOF:
        tokens.append(message.resume_token)


async def test_a_client_that_reads_nothing_and_goes_away(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is there to be told, which is no failure of the service: nothing is logged."""
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536)]
    async with stub(served, Limits(stall_seconds=0.3), options) as records:
        watch = records.WatchRecords(WATCH)
        for _ in range(200):
            served.events.put_nowait(changed(f'{{"text":"{"x" * 50_000}"}}'))
        assert await served.outcome.get() is Reason.SLOW_READER
        watch.cancel()
    assert caplog.records == []
