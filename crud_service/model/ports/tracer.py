"""The port of tracing: spans, which say what a call spent its time on, and who takes them when they have ended.

    with current_span().child("price list", SpanKind.CLIENT) as span:
        prices = await ask(headers=outgoing_headers(call))
        span.set("prices", len(prices))

That is all there is to do for an extension or an adapter: a call that is not recorded has a span that does nothing.
A span never holds content, tokens or the text of an error.
"""

from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

import msgspec

Value = str | int | float | bool
"""What an attribute of a span may be."""


class SpanKind(Enum):
    """What part a span's owner has in it (OpenTelemetry's words)."""

    SERVER = "SERVER"
    """It answers a call."""
    CLIENT = "CLIENT"
    """It waits for somebody else: a store, another service."""
    INTERNAL = "INTERNAL"
    """It works itself."""


class Span(Protocol):
    """A piece of work that goes on. As a context manager it is the current span, and ends with the block."""

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it."""

    @property
    def traceparent(self) -> str:
        """What says to others that they work for it (W3C Trace Context); empty unless it is recorded."""

    @property
    def tracestate(self) -> str:
        """What goes with it; often empty."""

    def child(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> "Span":
        """A part of it, which begins now. Names are few: what differs from call to call is an attribute."""

    def set(self, name: str, value: Value) -> None:
        """Give it an attribute, named after OpenTelemetry's semantic conventions where they have a name."""

    def __enter__(self) -> Self:
        """Make it the current span."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it; as failed if the block ended with a fault. What was an answer, or a cancelling, is none."""


class NoSpan:
    """The span of a call that is not recorded."""

    is_recorded = False
    traceparent = ""
    tracestate = ""

    def child(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> Self:
        """Itself: no part of it is recorded either."""
        return self

    def set(self, name: str, value: Value) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Leave the current span as it is."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing."""


NO_SPAN = NoSpan()

# The one thing here that belongs to a module: a store is called without the call, yet its spans belong to one.
_current: ContextVar[Span] = ContextVar("current_span", default=NO_SPAN)


def current_span() -> Span:
    """What the running task works for. Tasks and threads that it starts by asyncio's means begin with the same."""
    return _current.get()


set_current_span: Callable[[Span], object] = _current.set
"""Make another span the current one; for who makes spans."""


class SpanData(msgspec.Struct):
    """A span as it is handed over when it has ended."""

    name: str
    kind: SpanKind
    trace_id: str
    """32 hex digits."""
    span_id: str
    """16 hex digits."""
    parent_id: str
    """The span it is a part of, 16 hex digits; empty if the trace begins with it."""
    flags: int
    """Those of `traceparent`."""
    tracestate: str
    start: int
    """Nanoseconds since 1970."""
    has_remote_parent: bool = False
    """Whether the span it is a part of is another service's."""
    end: int = 0
    attributes: dict[str, Value] = {}
    problem: str = ""
    """What went wrong, in one word that programs can group by (`error.type`); empty if nothing did."""


class Tracer(Protocol):
    """Takes spans that have ended and brings them to where somebody looks at them."""

    def ended(self, span: SpanData) -> None:
        """Take one. Never waits and never raises: what cannot be kept or sent is dropped."""

    async def close(self) -> None:
        """Send what is still here, for a bounded time, and let go of everything. Closing twice does nothing."""
