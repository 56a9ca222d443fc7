"""The gRPC transport. Methods are registered with bytes in and out, so a malformed message is ours to answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from crud_service.api.codec.masked import masked
from crud_service.api.codec.offload import LARGE, content_size
from crud_service.api.codec.plain_maps import PlainMaps
from crud_service.api.codec.text import text
from crud_service.api.codec.wire_reader import compile_reader
from crud_service.api.codec.wire_writer import compile_writer
from crud_service.api.operations import Operation, resource_of
from crud_service.api.status import grpc_code, grpc_details
from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, StartError
from crud_service.model.limits import Limits

_Context = grpc.aio.ServicerContext[bytes, bytes]
_Serve = Callable[[bytes, _Context], Awaitable[bytes]]


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
                operation.name: grpc.unary_unary_rpc_method_handler(self._method(operation))
                for operation in self._operations
                if operation.service == service
            }
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*self._services, "grpc.health.v1.Health", reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)

    def _method(self, operation: Operation) -> _Serve:
        name, handler = operation.name, chain(self._middleware, self._endpoint(operation))

        async def serve(data: bytes, context: _Context) -> bytes:
            call = Call(name, "grpc")
            _read_metadata(call, context)
            try:
                reply: bytes = await handler(call, data)
            except CrudError as error:
                context.set_trailing_metadata((*_ids(call), *_told(error, call)))
                await context.abort(grpc_code(error), error.message)
            context.set_trailing_metadata(_ids(call))
            return reply

        return serve

    def _endpoint(self, operation: Operation) -> Handler:
        """Decode, call, encode."""
        read = compile_reader(operation.request, operation.request_type, self._limits.batch_records, self._maps)
        write = self._writer(operation.reply)
        handler, resource = operation.handler, resource_of(operation)

        async def endpoint(call: Call, data: bytes) -> bytes:
            request = read(data) if len(data) < LARGE else await asyncio.to_thread(read, data)
            call.resource = resource(request)
            reply = await handler(call, request)
            shown = masked(request, reply)
            return write(shown) if content_size(reply) < LARGE else await asyncio.to_thread(write, shown)

        return endpoint


def _options(limits: Limits) -> list[tuple[str, int]]:
    return [
        # Two servers may share a port unless this is off, and a port in use would go unnoticed.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", limits.request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", limits.header_bytes),
        ("grpc.absolute_max_metadata_size", limits.header_bytes),
    ]


def _read_metadata(call: Call, context: _Context) -> None:
    for key, value in context.invocation_metadata() or ():
        if key == "traceparent":
            call.traceparent = str(value)
        elif key == "x-change-reason":
            call.reason = str(value)
        elif key == "x-change-reason-bin":
            call.reason = text(value)
    remaining = context.time_remaining()
    if remaining is not None:
        call.deadline = time.monotonic() + remaining


def _told(error: CrudError, call: Call) -> list[tuple[str, str | bytes]]:
    """The details of an error, and for clients that send again on their own, when."""
    told: list[tuple[str, str | bytes]] = [("grpc-status-details-bin", grpc_details(error, call))]
    if error.retry_after is not None:
        told.append(("grpc-retry-pushback-ms", str(round(error.retry_after * 1000))))
    return told


def _ids(call: Call) -> tuple[tuple[str, str], ...]:
    return ("x-call-id", call.call_id), ("x-trace-id", call.trace_id)
