"""Tracing: a span for every call that is sampled, which the spans of what it needed are below.

Who sampled the caller's part of a trace gets ours too, and who did not, does not. Where a trace begins here, its id
decides, so that all nodes and services that sample this way keep whole traces.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from crud_service.chassis.recorded_span import LEFT_OUT, server_span
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.ports.tracer import Tracer, Value
from crud_service.model.trace_context import SAMPLED, flags_of

# The random part of a trace id, which W3C Trace Context (level 2) and OpenTelemetry sample by: its last 56 bits.
_RANDOM_PART = slice(18, 32)
_RANDOM_BITS = 56


class Outcome(msgspec.Struct, frozen=True):
    """What a span says of a call that has ended."""

    attributes: dict[str, Value]
    problem: str = ""
    """Why it counts as failed (`error.type`); empty if it does not."""


Describe = Callable[[Call, Any, BaseException | None], Outcome]
"""Tells what came of a call, given its reply or the error it ended with. Never raises."""


def tracing(tracer: Tracer, ratio: float, describe: Describe) -> Middleware:
    """Middleware that records each call that is sampled, and hands its span to `tracer` when it has ended.

    `ratio` is the part of those traces to sample that begin here, from 0 to 1.
    """
    # At least so much the random part of the id must be.
    threshold = round((1 - ratio) * (1 << _RANDOM_BITS))

    def is_sampled(call: Call) -> bool:
        if call.traceparent:
            return bool(flags_of(call.traceparent) & SAMPLED)
        return int(call.trace_id[_RANDOM_PART], 16) >= threshold

    def wrap(handler: Handler) -> Handler:
        async def traced(call: Call, request: Any) -> Any:
            if not is_sampled(call):
                return await handler(call, request)
            reply, error = None, None
            span = server_span(call, tracer.ended)
            with span:
                try:
                    reply = await handler(call, request)
                    return reply
                except BaseException as raised:
                    error = raised
                    raise
                finally:
                    outcome = describe(call, reply, error)
                    span.data.attributes |= outcome.attributes
                    span.data.problem = outcome.problem
                    if span.left_out:
                        span.set(LEFT_OUT, span.left_out)

        return traced

    return wrap
