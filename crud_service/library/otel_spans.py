"""Our spans as OpenTelemetry's.

They are made when they have ended, and all at once: a span that its tracer keeps while it goes on costs the call
several times as much.
"""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from crud_service.model.ports.tracer import SpanData
from crud_service.model.record import NodeInfo

_FAILED = Status(StatusCode.ERROR)


class OtelSpans:
    """Makes the spans of one node."""

    def __init__(self, node: NodeInfo) -> None:
        told = {
            "service.name": node.service_name,
            "service.version": node.version,
            "service.instance.id": node.node_id,
            "vcs.ref.head.revision": node.commit,
        }
        # OTEL_RESOURCE_ATTRIBUTES adds to it.
        self._resource = Resource.create({name: value for name, value in told.items() if value})
        self._scope = InstrumentationScope("crud_service", node.version)

    def make(self, span: SpanData) -> ReadableSpan:
        """The span as the exporter takes it."""
        attributes = span.attributes | {"error.type": span.problem} if span.problem else span.attributes
        return ReadableSpan(
            span.name,
            _context(span, span.span_id),
            _context(span, span.parent_id, is_remote=span.has_remote_parent) if span.parent_id else None,
            self._resource,
            attributes,
            kind=SpanKind[span.kind.value],
            status=_FAILED if span.problem else Status(),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=self._scope,
        )


def _context(span: SpanData, span_id: str, *, is_remote: bool = False) -> SpanContext:
    state = TraceState.from_header([span.tracestate]) if span.tracestate else None
    return SpanContext(int(span.trace_id, 16), int(span_id, 16), is_remote, TraceFlags(span.flags), state)
