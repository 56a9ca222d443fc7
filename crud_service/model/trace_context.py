"""W3C Trace Context: the two headers by which the calls of many services belong to one trace.

`traceparent` says which trace and which span of it a call comes from, and whether somebody records it; `tracestate`
carries what tracing systems tell each other. Both are read strictly, as https://www.w3.org/TR/trace-context/ has it.
"""

import os
import re

from crud_service.model.call import Call
from crud_service.model.ports.tracer import current_span

SAMPLED = 0b01
"""The flag: the caller may have recorded its part of the trace."""
RANDOM = 0b10
"""The flag: the last 14 digits of the trace id are random, so that who samples may go by them (level 2)."""

_MOST_MEMBERS = 32
_TRACEPARENT = re.compile(
    # Only versions after 00 may have more parts.
    r"(?:(00)|(?!00|ff)[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?(1)|(?:-.*)?)",
    re.ASCII,
)
_TRACE_ID, _SPAN_ID, _FLAGS = slice(3, 35), slice(36, 52), slice(53, 55)
_MEMBER = re.compile(
    r"((?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[ -+\--<>-~]{0,255}[!-+\--<>-~])"
)


def is_traceparent(text: str) -> bool:
    """Whether a `traceparent` is well-formed. Only then the functions below may be asked about it."""
    return _TRACEPARENT.fullmatch(text) is not None


def trace_id_of(traceparent: str) -> str:
    """The trace that the caller's work belongs to: 32 hex digits."""
    return traceparent[_TRACE_ID]


def span_id_of(traceparent: str) -> str:
    """The caller's own span in it: 16 hex digits."""
    return traceparent[_SPAN_ID]


def flags_of(traceparent: str) -> int:
    """SAMPLED and RANDOM as the caller set them; flags that mean nothing yet are left out."""
    return int(traceparent[_FLAGS], 16) & (SAMPLED | RANDOM)


def write_traceparent(trace_id: str, span_id: str, flags: int) -> str:
    """The header, in version 00."""
    return f"00-{trace_id}-{span_id}-{flags:02x}"


def read_tracestate(text: str) -> str:
    """The members of a `tracestate`, in order and without spaces around them; empty if the header is malformed.

    Of several members with one key the first counts, which is the latest. More than 32 members are malformed.
    """
    found: dict[str, str] = {}
    members = [member for each in text.split(",") if (member := each.strip(" \t"))]
    for member in members:
        if not _MEMBER.fullmatch(member):
            return ""
        found.setdefault(member.partition("=")[0], member)
    return "" if len(members) > _MOST_MEMBERS else ",".join(found.values())


def new_span_id() -> str:
    """A span id, all of it random."""
    return os.urandom(8).hex()


def outgoing_headers(call: Call) -> dict[str, str]:
    """The headers, or metadata, that continue the call's trace in whatever is called on its behalf.

    They name the span that is current. When the call is not recorded they are the caller's own, which is what the
    recommendation asks of who only passes a trace on; a trace that began here says that nobody records it.
    """
    span = current_span()
    if span.is_recorded:
        parent, state = span.traceparent, span.tracestate
    elif call.traceparent:
        known = call.traceparent
        parent = write_traceparent(trace_id_of(known), span_id_of(known), flags_of(known))
        state = read_tracestate(call.tracestate)
    else:
        parent, state = write_traceparent(call.trace_id, new_span_id(), RANDOM), ""
    return {"traceparent": parent, "tracestate": state} if state else {"traceparent": parent}
