"""Streams of requests over gRPC: taken one by one, and whole only if the client says that they are."""

from typing import Any

import grpc
import grpc.aio
import pytest

from crud_service.model.errors import CrudError, Reason
from crud_service.model.limits import Limits
from crud_service.v1 import bulk_pb2
from tests.unit.api.grpc_served import Served, channel, refusal, stub


@pytest.fixture
async def served() -> Served:
    return Served()


def rows(*names: str, **options: Any) -> bulk_pb2.ImportRecordsRequest:
    return bulk_pb2.ImportRecordsRequest(records=[{"name": name} for name in names], **options)


async def test_requests_are_taken_one_by_one(served: Served) -> None:
    """A message is decoded when the handler wants it; the first one names the resource."""
    async with stub(served) as records:
        call = records.ImportRecords()
        await call.write(rows("a", "b", parent="collections/c"))
        await call.write(rows("c"))
        await call.done_writing()
        reply = await call
        assert reply.row_count == 2
        assert [[each.name for each in message.records] for message in served.taken] == [["a", "b"], ["c"]]
        assert served.call.resource == "collections/c"
        assert served.call.peer.startswith("ipv4:")
        assert dict(await call.initial_metadata())["x-call-id"] == "call"
        assert dict(await call.trailing_metadata())["x-call-id"] == "call"
        assert await served.outcome.get() == "OK"


async def test_a_stream_without_a_message(served: Served) -> None:
    """It is for the handler to say what that means."""
    async with stub(served) as records:
        call = records.ImportRecords()
        await call.done_writing()
        assert (await call).row_count == 0


async def test_a_reply_may_come_before_the_last_request(served: Served) -> None:
    """An import that stops at a row does not wait for the rest."""
    served.most = 1
    async with stub(served) as records:
        call = records.ImportRecords()
        await call.write(rows("a"))
        assert (await call).row_count == 1


async def test_a_row_that_cannot_be_read(served: Served) -> None:
    """It is for the handler to say what becomes of it, and of the rows around it."""
    async with stub(served) as records:
        call = records.ImportRecords()
        bad = rows("a", "b", "c")
        bad.records[1].date.seconds = 10**15
        await call.write(bad)
        await call.done_writing()
        assert (await call).row_count == 1
        before, error, behind = served.taken[0].records
        assert (before.name, behind.name) == ("a", "c")
        assert isinstance(error, CrudError)
        assert error.violations[0].field == "date"


async def test_a_message_that_cannot_be_read(served: Served) -> None:
    """It ends the import; what was before was given to the handler."""
    async with channel(served) as opened:
        call = opened.stream_unary("/crud_service.v1.RecordService/ImportRecords")()
        await call.write(rows("a").SerializeToString())
        await call.write(b"\xff")
        assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert (await refusal(call)).reason == "MALFORMED_REQUEST"
        assert len(served.taken) == 1
        assert await served.outcome.get() is Reason.MALFORMED_REQUEST


async def test_a_client_that_sends_nothing_more(served: Served) -> None:
    """An import that is silent for too long is ended, and told what to do."""
    async with stub(served, Limits(idle_seconds=0.2)) as records:
        call = records.ImportRecords()
        await call.write(rows("a"))
        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert (await refusal(call)).reason == "DEADLINE_EXCEEDED"
        assert "same request id" in await call.details()
        assert len(served.taken) == 1


async def test_an_import_that_its_client_cancels_is_not_whole(served: Served) -> None:
    """To the handler a stream that is broken off never ends like one that is complete."""
    async with stub(served) as records:
        for _ in range(30):
            call = records.ImportRecords()
            await call.write(rows("a"))
            await served.took.acquire()
            call.cancel()
        outcomes = {await served.outcome.get() for _ in range(30)}
    assert outcomes <= {"CANCELLED", Reason.CANCELLED}
    assert served.whole == 0
