"""One call, as every layer sees it: who asks for what, under which ids, until when."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec


class Call(msgspec.Struct):
    """The facts about one call that are not its request. A transport makes it, the chassis completes it."""

    operation: str
    """The operation's name, such as `GetRecord`."""
    transport: str
    """`grpc` or `http`."""
    traceparent: str = ""
    """The W3C header as it came; see `trace_id`."""
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
