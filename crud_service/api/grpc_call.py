"""One call over gRPC, from the metadata it comes with to the status it ends with."""

import time
from contextlib import suppress

import grpc.aio

from crud_service.api.codec.text import text
from crud_service.api.status import grpc_code, grpc_details
from crud_service.model.call import Call
from crud_service.model.errors import CrudError

Context = grpc.aio.ServicerContext[bytes, bytes]


def open_call(operation: str, context: Context) -> Call:
    """The call, with what its metadata, its deadline and its connection say."""
    call = Call(operation, "grpc", peer=context.peer())
    for key, value in context.invocation_metadata() or ():
        if key == "traceparent":
            call.traceparent = str(value)
        elif key == "tracestate":
            call.tracestate += f",{value!s}"
        elif key == "x-change-reason":
            call.reason = str(value)
        elif key == "x-change-reason-bin":
            call.reason = text(value)
    remaining = context.time_remaining()
    if remaining is not None:
        call.deadline = time.monotonic() + remaining
    return call


def ids(call: Call) -> tuple[tuple[str, str], ...]:
    """The metadata by which both sides find the call again."""
    return ("x-call-id", call.call_id), ("x-trace-id", call.trace_id)


async def fail(context: Context, call: Call, error: CrudError) -> None:
    """End the call with the status of an error and its details. Returns only when the client has gone meanwhile."""
    context.set_trailing_metadata((*ids(call), *_told(error, call)))
    with suppress(grpc.aio.InternalError):
        await context.abort(grpc_code(error), error.message)


def _told(error: CrudError, call: Call) -> list[tuple[str, str | bytes]]:
    """The details of an error, and for clients that send again on their own, when."""
    told: list[tuple[str, str | bytes]] = [("grpc-status-details-bin", grpc_details(error, call))]
    if error.retry_after is not None:
        told.append(("grpc-retry-pushback-ms", str(round(error.retry_after * 1000))))
    return told
