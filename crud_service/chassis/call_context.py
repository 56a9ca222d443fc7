"""Gives every call its ids: one of its own, and the trace it belongs to (W3C Trace Context)."""

from collections.abc import Callable
from typing import Any

from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.trace_context import is_traceparent, trace_id_of


def call_context(new_call_id: Callable[[], str], new_trace_id: Callable[[], str]) -> Middleware:
    """Middleware that sets `call_id` and `trace_id`. A traceparent that is not well-formed starts a new trace."""

    def wrap(handler: Handler) -> Handler:
        async def in_context(call: Call, request: Any) -> Any:
            call.call_id = new_call_id()
            if call.traceparent and is_traceparent(call.traceparent):
                call.trace_id = trace_id_of(call.traceparent)
            else:
                # Without the one the other means nothing, and must not be passed on.
                call.traceparent = call.tracestate = ""
                call.trace_id = new_trace_id()
            return await handler(call, request)

        return in_context

    return wrap
