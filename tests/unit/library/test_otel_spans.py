"""Our spans as OpenTelemetry's: nothing is lost on the way."""

import pytest
from opentelemetry.trace import SpanKind as OtelKind
from opentelemetry.trace import StatusCode

from crud_service.library.otel_spans import OtelSpans
from crud_service.model.ports.tracer import SpanData, SpanKind
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now

TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "a1" * 8


@pytest.fixture
def spans() -> OtelSpans:
    """What makes the spans of a node."""
    return OtelSpans(NodeInfo("node-1", "orders", "1.2.3", "abc", (), "sqlite", now()))


def data(**fields: object) -> SpanData:
    given: dict[str, object] = {"name": "GetRecord", "kind": SpanKind.SERVER, "trace_id": TRACE, "span_id": SPAN}
    given |= {"parent_id": "", "flags": 1, "tracestate": "", "start": 1, "end": 2}
    return SpanData(**given | fields)  # type: ignore[arg-type]


def test_the_place_in_the_trace(spans: OtelSpans) -> None:
    """Ids, flags, state and times are those of the span."""
    made = spans.make(data(parent_id=PARENT, tracestate="a=1,b=2", has_remote_parent=True, start=10, end=20))
    assert made.context is not None
    assert (made.context.trace_id, made.context.span_id) == (int(TRACE, 16), int(SPAN, 16))
    assert made.context.trace_flags.sampled
    assert made.context.trace_state.to_header() == "a=1,b=2"
    assert made.parent is not None
    assert (made.parent.span_id, made.parent.is_remote) == (int(PARENT, 16), True)
    assert (made.start_time, made.end_time) == (10, 20)


def test_the_first_span_has_no_parent(spans: OtelSpans) -> None:
    """Without a parent there is none, and without a state it is empty."""
    made = spans.make(data())
    assert made.parent is None
    assert made.context is not None
    assert made.context.trace_state.to_header() == ""


@pytest.mark.parametrize("kind", SpanKind)
def test_kinds(spans: OtelSpans, kind: SpanKind) -> None:
    """Each kind is the one of the same name."""
    assert spans.make(data(kind=kind)).kind is OtelKind[kind.name]


def test_what_came_of_it(spans: OtelSpans) -> None:
    """A problem makes the status an error, without a text, and the attribute that programs group by."""
    fine, failed = spans.make(data(attributes={"a": 1})), spans.make(data(attributes={"a": 1}, problem="KeyError"))
    assert (fine.status.status_code, fine.attributes) == (StatusCode.UNSET, {"a": 1})
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, None)
    assert failed.attributes == {"a": 1, "error.type": "KeyError"}


def test_whose_span_it_is(spans: OtelSpans) -> None:
    """Every span says which node of which service, in which version, it is of."""
    told = spans.make(data()).resource.attributes
    expected = {
        "service.name": "orders",
        "service.version": "1.2.3",
        "service.instance.id": "node-1",
        "vcs.ref.head.revision": "abc",
    }
    assert expected.items() <= told.items()
