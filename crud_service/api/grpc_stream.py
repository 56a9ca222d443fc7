"""Operations over gRPC with a stream of requests or of replies: one call through the chain, until the stream ends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc.aio

from crud_service.api.codec.offload import decode
from crud_service.api.codec.wire_reader import Reader
from crud_service.api.codec.wire_writer import Writer
from crud_service.api.grpc_call import Context, fail, ids, open_call
from crud_service.api.operations import Operation, resource_of
from crud_service.api.streaming import StreamEncoder, send_all, take_all
from crud_service.model.call import Call, Handler
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits


class RequestStream(NamedTuple):
    """What the endpoint of an operation with a stream of requests is given."""

    messages: AsyncIterator[bytes]
    context: Context


class ReplyStream(NamedTuple):
    """What the endpoint of an operation with a stream of replies is given."""

    data: bytes
    context: Context


def replying(operation: Operation, read: Reader, write: Writer, limits: Limits) -> Handler:
    """The endpoint for a ReplyStream: decode the request, call, encode and send each reply."""
    handler, resource, encode = operation.handler, resource_of(operation), StreamEncoder(write)

    async def endpoint(call: Call, raw: ReplyStream) -> None:
        request = await decode(read, raw.data)
        call.resource = resource(request)
        client = _Client(call, raw.context)

        async def send(reply: Any) -> None:
            await client.send(await encode(request, reply))

        await send_all(handler(call, request), send, limits.stall_seconds)

    return endpoint


def requesting(operation: Operation, read: Reader, write: Writer, limits: Limits) -> Handler:
    """The endpoint for a RequestStream: decode each request when the handler wants it, and encode its reply."""
    handler, resource = operation.handler, resource_of(operation)

    async def endpoint(call: Call, raw: RequestStream) -> bytes:
        client = _Client(call, raw.context)

        async def requests() -> AsyncIterator[Any]:
            async for data in take_all(raw.messages, limits.idle_seconds):
                request = await decode(read, data)
                call.resource = call.resource or resource(request)
                yield request
            # To gRPC a stream that the client cancels ends like one that is complete; but nothing can be sent then.
            await client.tell_ids()

        return write(await handler(call, requests()))

    return endpoint


class _Client:
    """Who is at the other end of a call. CANCELLED when nobody is any more."""

    def __init__(self, call: Call, context: Context) -> None:
        self._call = call
        self._context = context
        self._is_told = False

    async def tell_ids(self) -> None:
        """Send the ids of the call ahead of its end, once it is sure that the call was taken: a client sends again on
        its own only what was refused before.
        """
        if not self._is_told:
            self._is_told = True
            with _present():
                await self._context.send_initial_metadata(ids(self._call))

    async def send(self, message: bytes) -> None:
        """Send a reply; returns when there is room for the next one."""
        await self.tell_ids()
        with _present():
            await self._context.write(message)


@contextmanager
def _present() -> Iterator[None]:
    """A block in which gRPC fails when the client is gone, which is no failure inside."""
    try:
        yield
    except grpc.aio.InternalError as cause:
        raise CrudError(Kind.CANCELLED, Reason.CANCELLED, "the client went away") from cause


def serve_replies(name: str, handler: Handler) -> Callable[[bytes, Context], Awaitable[None]]:
    """What gRPC calls for a stream of replies."""

    async def serve(data: bytes, context: Context) -> None:
        call = open_call(name, context)
        try:
            await handler(call, ReplyStream(data, context))
        except CrudError as error:
            await fail(context, call, error)
            return
        context.set_trailing_metadata(ids(call))

    return serve


def serve_requests(name: str, handler: Handler) -> Callable[[AsyncIterator[bytes], Context], Awaitable[bytes]]:
    """What gRPC calls for a stream of requests."""

    async def serve(messages: AsyncIterator[bytes], context: Context) -> bytes:
        call = open_call(name, context)
        try:
            reply: bytes = await handler(call, RequestStream(messages, context))
        except CrudError as error:
            await fail(context, call, error)
            return b""
        context.set_trailing_metadata(ids(call))
        return reply

    return serve
