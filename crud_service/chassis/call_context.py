"""Gives every call its ids: one of its own, and the trace it belongs to (W3C Trace Context)."""

import re
from collections.abc import Callable
from typing import Any

from crud_service.model.call import Call, Handler, Middleware

_TRACEPARENT = re.compile(
    # Only versions after 00 may have more parts.
    r"(?:(00)|(?!00|ff)[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?(1)|(?:-.*)?)",
    re.ASCII,
)


def call_context(new_call_id: Callable[[], str], new_trace_id: Callable[[], str]) -> Middleware:
    """Middleware that sets `call_id` and `trace_id`. A traceparent that is not well-formed starts a new trace."""

    def wrap(handler: Handler) -> Handler:
        async def in_context(call: Call, request: Any) -> Any:
            call.call_id = new_call_id()
            parent = _TRACEPARENT.fullmatch(call.traceparent) if call.traceparent else None
            call.trace_id = parent["trace"] if parent else new_trace_id()
            return await handler(call, request)

        return in_context

    return wrap
