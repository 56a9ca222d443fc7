"""Spans that are recorded: they know their trace, take the time, and are handed over when they end."""

from collections.abc import Callable
from time import perf_counter_ns, time_ns
from types import TracebackType
from typing import Self

import msgspec

from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RequestRepeated,
)
from crud_service.model.ports.tracer import NO_SPAN, Span, SpanData, SpanKind, Value, current_span, set_current_span
from crud_service.model.trace_context import (
    RANDOM,
    SAMPLED,
    flags_of,
    new_span_id,
    read_tracestate,
    span_id_of,
    write_traceparent,
)

MOST_BELOW = 128
"""Spans below that of one call. A call may last for an hour, and nobody reads a thousand spans of it."""
LEFT_OUT = "crud.spans_left_out"
"""The attribute of a call that had more of them: how many more."""
FAULTS = frozenset({Kind.DEADLINE_EXCEEDED, Kind.UNIMPLEMENTED, Kind.UNAVAILABLE, Kind.INTERNAL})
"""Kinds of errors that make a span a failed one; the others are answers, and the caller's to mend."""
_STORE_ANSWERS = (ConditionFailed, CollectionMissing, CollectionNotEmpty, RequestRepeated)


class _Call(msgspec.Struct):
    """What the spans of one call have in common."""

    hand_over: Callable[[SpanData], None]
    clock: Callable[[], int]
    offset: int
    """From the clock to the time of day when the call began: no later jump of the latter shows in a span."""
    below: int = 0
    """Spans below that of the call."""


class RecordedSpan:
    """A span that goes on. `server_span` makes the first one of a call, `child` the others."""

    __slots__ = ("_before", "_call", "data")

    is_recorded = True

    def __init__(self, data: SpanData, call: _Call) -> None:
        self.data = data
        """What will be handed over."""
        self._call = call
        self._before: Span = NO_SPAN

    @property
    def traceparent(self) -> str:
        """What says to others that they work for it."""
        return write_traceparent(self.data.trace_id, self.data.span_id, self.data.flags)

    @property
    def tracestate(self) -> str:
        """What goes with it, as the caller sent it."""
        return self.data.tracestate

    @property
    def left_out(self) -> int:
        """How many spans of the same call were too many until now."""
        return max(0, self._call.below - MOST_BELOW)

    def child(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        """A part of it, which begins now; one that is not recorded if the call has too many already."""
        call, mine = self._call, self.data
        call.below += 1
        if call.below > MOST_BELOW:
            return NO_SPAN
        start = call.clock() + call.offset
        data = SpanData(name, kind, mine.trace_id, new_span_id(), mine.span_id, mine.flags, mine.tracestate, start)
        return RecordedSpan(data, call)

    def set(self, name: str, value: Value) -> None:
        """Give it an attribute."""
        self.data.attributes[name] = value

    def __enter__(self) -> Self:
        """Make it the current span."""
        self._before = current_span()
        set_current_span(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it, and make the one before the current one again."""
        set_current_span(self._before)
        if error is not None and not self.data.problem:
            self.data.problem = problem_of(error)
        self.data.end = self._call.clock() + self._call.offset
        self._call.hand_over(self.data)


def server_span(
    call: Call,
    hand_over: Callable[[SpanData], None],
    clock: Callable[[], int] = perf_counter_ns,
    time_of_day: Callable[[], int] = time_ns,
) -> RecordedSpan:
    """The span of a call, which begins now; its trace is that of the call. Both clocks count nanoseconds."""
    known, start = call.traceparent, time_of_day()
    data = SpanData(
        call.operation,
        SpanKind.SERVER,
        call.trace_id,
        new_span_id(),
        span_id_of(known) if known else "",
        flags_of(known) if known else SAMPLED | RANDOM,
        read_tracestate(call.tracestate) if call.tracestate else "",
        start,
        has_remote_parent=bool(known),
    )
    return RecordedSpan(data, _Call(hand_over, clock, start - clock()))


def problem_of(error: BaseException) -> str:
    """What went wrong, in one word; empty if nothing did: it was an answer, or nobody waited any more."""
    if isinstance(error, CrudError):
        return error.reason.value if error.kind in FAULTS else ""
    if isinstance(error, _STORE_ANSWERS) or not isinstance(error, Exception):
        return ""
    return type(error).__qualname__
