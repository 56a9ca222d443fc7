"""A gRPC server with streams that the test looks at and ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from crud_service.api.grpc_server import GrpcServer
from crud_service.api.operations import operations_table
from crud_service.model import requests
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Record
from crud_service.model.requests import Bookmark, ChangeGroup, ChangeType, RecordChange, WatchEvent
from crud_service.model.timestamp import parse
from crud_service.v1 import change_pb2
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.unit.api.asgi import handlers

TIME = parse("2026-01-31T12:00:00Z")
WATCH = change_pb2.WatchRecordsRequest(parent="collections/c")
BOOKMARK = WatchEvent(bookmark=Bookmark(7), resume_token="t7")
GONE = CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, "gone", metadata={"oldestRevision": "9"})


def changed(content: str = "{}", token: str = "t8") -> WatchEvent:
    record = Record("c", "r", "n", TIME, content, (), 8, 1, TIME, TIME)
    change = RecordChange(type=ChangeType.CREATED, record=record, path=record.path, revision=8)
    return WatchEvent(group=ChangeGroup(8, complete=True, changes=(change,)), resume_token=token)


class Served:
    """A watch whose events the test gives one by one, and an import that the test looks at."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.call: Any = None
        self.ended = asyncio.Event()
        """The watch's iterator is closed."""
        self.outcome: asyncio.Queue[Any] = asyncio.Queue()
        """What the chain saw at the end of each call."""
        self.most: int | None = None
        """How many messages an import takes; None is all."""
        self.taken: list[Any] = []
        self.took = asyncio.Semaphore(0)
        """Released with each message of an import."""
        self.whole = 0
        """Imports that came to their end."""

    async def watch(self, call: Call, request: Any) -> AsyncIterator[Any]:
        self.call = call
        try:
            while (event := await self.events.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.ended.set()

    async def take(self, call: Call, messages: AsyncIterator[Any]) -> requests.ImportRecordsReply:
        self.call = call
        while self.most is None or len(self.taken) < self.most:
            message = await anext(messages, None)
            if message is None:
                self.whole += 1
                break
            self.taken.append(message)
            self.took.release()
        return requests.ImportRecordsReply(row_count=len(self.taken))

    def see(self, handler: Handler) -> Handler:
        """Middleware that gives the call its ids and keeps how it ended."""

        async def seeing(call: Call, request: Any) -> Any:
            call.call_id, call.trace_id = "call", "trace"
            outcome: Any = "CANCELLED"
            try:
                reply = await handler(call, request)
                outcome = "OK"
                return reply
            except CrudError as error:
                outcome = error.reason
                raise
            finally:
                self.outcome.put_nowait(outcome)

        return seeing


@asynccontextmanager
async def channel(
    served: Served, limits: Limits | None = None, options: list[tuple[str, int]] | None = None, *more: Middleware
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server in front of `served`."""
    table = handlers(lambda call, request: None) | {"WatchRecords": served.watch, "ImportRecords": served.take}
    server = GrpcServer(operations_table(table), [served.see, *more], limits or Limits())
    port = await server.start("127.0.0.1:0")
    try:
        async with (
            asyncio.timeout(30),
            grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options or []) as opened,
        ):
            yield opened
    finally:
        await server.stop(None)


@asynccontextmanager
async def stub(served: Served, *arguments: Any) -> AsyncIterator[Any]:
    """The client of a server in front of `served`."""
    async with channel(served, *arguments) as opened:
        yield RecordServiceStub(opened)


async def refusal(call: Any) -> error_details_pb2.ErrorInfo:
    """What an error tells besides its message, whose status is that of the call."""
    trailing = dict(await call.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    assert (status.code, status.message) == ((await call.code()).value[0], await call.details())
    assert (trailing["x-call-id"], trailing["x-trace-id"]) == ("call", "trace")
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info
