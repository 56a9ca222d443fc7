"""One call, as every layer sees it: who asks for what, under which ids, until when."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from crud_service.model.reports import InputField

INTERNAL = "internal"
"""The transport of calls that a node makes of itself. No client's call has it."""


class Call(msgspec.Struct):
    """The facts about one call that are not its request. A transport makes it, the chassis completes it."""

    operation: str
    """The operation's name, such as `GetRecord`."""
    transport: str
    """`grpc` or `http`; INTERNAL for what the node does of itself."""
    traceparent: str = ""
    """The W3C header as it came; empty when it is not well-formed, once the chassis has seen it."""
    reason: str = ""
    """Why the caller makes the change (`x-change-reason`); kept in the change log."""
    call_id: str = ""
    """The id of this one call, made by the node, returned to the caller and kept in the change log."""
    trace_id: str = ""
    """32 hex digits: those of `traceparent`, or new ones."""
    principal: str = "anonymous"
    """Who calls."""
    tenant: str = ""
    """Whose data; empty until tenants are switched on."""
    deadline: float | None = None
    """When the caller stops waiting, on the clock of `time.monotonic()`; None is never."""
    timeout_ms: str = ""
    """The milliseconds that the caller gives the call, as they came (HTTP: `x-timeout-ms`); see `deadline`."""
    if_match: tuple[str, ...] = ()
    """Etags of which one must be the current one (`If-Match`); `*` is any, as long as there is one."""
    if_none_match: tuple[str, ...] = ()
    """Etags none of which may be the current one (`If-None-Match`); `*` is any: there must be none."""
    resource: str = ""
    """The path the request names, once it has been decoded; for the log."""
    peer: str = ""
    """The connection it came over, for calls that hold one for long."""
    tracestate: str = ""
    """The W3C header as it came, its lines joined by commas; empty when `traceparent` is not well-formed."""
    route: str = ""
    """Which of several HTTP paths it came by, such as `GET /v1/{path=collections/*/records/*}`; for traces."""
    input: tuple[InputField, ...] = ()
    """What the request looked like, without its values, once the call has failed unexpectedly; for the report."""


Handler = Callable[[Call, Any], Awaitable[Any]]
"""What serves one operation: `await handler(call, request)` gives the reply or raises CrudError.

Of an operation whose requests are a stream, `request` is an AsyncIterator of them.
"""

StreamHandler = Callable[[Call, Any], AsyncIterator[Any]]
"""What serves an operation whose replies are a stream: `async for reply in handler(call, request)`.

Errors come out of the iteration. The first reply comes soon, so that a client knows it was heard. Whoever iterates
closes the iterator (`aclose`) when nobody wants more.
"""

Middleware = Callable[[Handler], Handler]
"""Cross-cutting work: wraps a handler in another one of the same shape."""
