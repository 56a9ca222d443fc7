"""The gRPC transport. Methods are registered with bytes in and out, so a malformed message is ours to answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from crud_service.api.codec.masked import masked
from crud_service.api.codec.offload import LARGE, content_size, decode
from crud_service.api.codec.plain_maps import PlainMaps
from crud_service.api.codec.wire_reader import Reader, compile_reader
from crud_service.api.codec.wire_writer import Writer, compile_writer
from crud_service.api.grpc_call import Context, fail, ids, open_call
from crud_service.api.grpc_stream import replying, requesting, serve_replies, serve_requests
from crud_service.api.operations import Operation, resource_of
from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, StartError
from crud_service.model.limits import Limits

# A client that does not answer a ping for so long is gone: its streams end within 15 seconds.
_PING_MS, _PING_TIMEOUT_MS = 10_000, 5_000
# Calls and streams of one connection at a time.
_MOST_STREAMS = 100
# How often clients may ping: every 10 seconds.
_CLIENT_PING_MS = 9_000


class GrpcServer:
    """Serves the operations table, health and reflection on one address."""

    def __init__(self, operations: Sequence[Operation], middleware: Sequence[Middleware], limits: Limits) -> None:
        self._operations = operations
        self._middleware = middleware
        self._limits = limits
        self._services = sorted({operation.service for operation in operations})
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._maps = PlainMaps()
        self._writer = cache(compile_writer)

    async def start(self, address: str) -> int:
        """Listen on `address` (`host:port`) and return the port. Raises StartError if it cannot be had."""
        self._server = grpc.aio.server(options=_options(self._limits))
        self._register(self._server)
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as cause:
            message = f"gRPC address {address} is in use or not of this machine; set CRUD_GRPC_ADDRESS"
            raise StartError(message) from cause
        await self.set_serving(False)
        await self._server.start()
        return port

    async def set_serving(self, is_serving: bool) -> None:
        """Have the health service say whether calls are wanted, for the node and for each service."""
        states = health_pb2.HealthCheckResponse
        for service in ("", *self._services):
            await self._health.set(service, states.SERVING if is_serving else states.NOT_SERVING)

    async def drain(self) -> None:
        """Tell health watchers that no new calls are wanted, and never will be."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: float | None) -> None:
        """Take no new calls, give running ones `grace` seconds, then cut them off."""
        if self._server is not None:
            await self._server.stop(grace)

    def _register(self, server: grpc.aio.Server) -> None:
        for service in self._services:
            methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
                operation.name: self._method(operation)
                for operation in self._operations
                if operation.service == service
            }
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*self._services, "grpc.health.v1.Health", reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)

    def _method(self, operation: Operation) -> "grpc.RpcMethodHandler[bytes, bytes]":
        read = compile_reader(operation.request, operation.request_type, self._limits.batch_records, self._maps)
        write, name = self._writer(operation.reply), operation.name
        if operation.reply_streams:
            handler = chain(self._middleware, replying(operation, read, write, self._limits))
            return grpc.unary_stream_rpc_method_handler(serve_replies(name, handler))
        if operation.request_streams:
            handler = chain(self._middleware, requesting(operation, read, write, self._limits))
            return grpc.stream_unary_rpc_method_handler(serve_requests(name, handler))
        return grpc.unary_unary_rpc_method_handler(
            _serve(name, chain(self._middleware, _endpoint(operation, read, write)))
        )


def _endpoint(operation: Operation, read: Reader, write: Writer) -> Handler:
    """Decode, call, encode."""
    handler, resource = operation.handler, resource_of(operation)

    async def endpoint(call: Call, data: bytes) -> bytes:
        request = await decode(read, data)
        call.resource = resource(request)
        reply = await handler(call, request)
        shown = masked(request, reply)
        return write(shown) if content_size(reply) < LARGE else await asyncio.to_thread(write, shown)

    return endpoint


def _serve(name: str, handler: Handler) -> Callable[[bytes, Context], Awaitable[bytes]]:
    """What gRPC calls for one request."""

    async def serve(data: bytes, context: Context) -> bytes:
        call = open_call(name, context)
        try:
            reply: bytes = await handler(call, data)
        except CrudError as error:
            await fail(context, call, error)
            return b""
        context.set_trailing_metadata(ids(call))
        return reply

    return serve


def _options(limits: Limits) -> list[tuple[str, int]]:
    return [
        # Two servers may share a port unless this is off, and a port in use would go unnoticed.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", limits.request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", limits.header_bytes),
        ("grpc.absolute_max_metadata_size", limits.header_bytes),
        # One connection must not take all there is; what comes above waits for its turn.
        ("grpc.max_concurrent_streams", _MOST_STREAMS),
        # A client that is gone without a word is found while nothing is said. What bounds a ping has had two names.
        ("grpc.keepalive_time_ms", _PING_MS),
        ("grpc.keepalive_timeout_ms", _PING_TIMEOUT_MS),
        ("grpc.http2.ping_timeout_ms", _PING_TIMEOUT_MS),
        ("grpc.http2.max_pings_without_data", 0),
        # Clients may look whether this node is still there, with calls or without. Who pings too often is cut off.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _CLIENT_PING_MS),
    ]
