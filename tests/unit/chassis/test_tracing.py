"""The middleware of tracing: which calls are recorded, and what their spans say."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.chassis.recorded_span import LEFT_OUT, MOST_BELOW
from crud_service.chassis.tracing import Outcome, tracing
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason, not_found
from crud_service.model.ports.tracer import NO_SPAN, SpanData, current_span

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


class FakeTracer:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[SpanData] = []
        self.ended = self.spans.append

    async def close(self) -> None:
        """Do nothing."""


def describe(call: Call, reply: Any, error: BaseException | None) -> Outcome:
    return Outcome({"reply": str(reply), "error": type(error).__name__}, "BROKEN" if error else "")


async def serve(call: Call, ratio: float, error: BaseException | None = None) -> list[SpanData]:
    """The spans of one call."""
    tracer = FakeTracer()

    async def handler(call: Call, request: Any) -> Any:
        if error is not None:
            raise error
        return request

    traced = tracing(tracer, ratio, describe)(handler)
    if error is None:
        assert await traced(call, "reply") == "reply"
    else:
        with pytest.raises(type(error)) as caught:
            await traced(call, "reply")
        assert caught.value is error
    return tracer.spans


@pytest.mark.parametrize(("flags", "ratio", "recorded"), [("01", 0.0, 1), ("03", 0.5, 1), ("00", 1.0, 0), ("02", 1, 0)])
async def test_the_caller_decides(flags: str, ratio: float, recorded: int) -> None:
    """A call from a trace that is sampled is recorded, and one from a trace that is not is not, whatever the ratio."""
    call = Call("GetRecord", "grpc", f"00-{TRACE}-{SPAN}-{flags}", trace_id=TRACE)
    assert len(await serve(call, ratio)) == recorded


@pytest.mark.parametrize(
    ("random_part", "ratio", "recorded"),
    [
        ("0" * 14, 1.0, 1),
        ("f" * 14, 0.0, 0),
        ("8" + "0" * 13, 0.5, 1),
        ("7" + "f" * 13, 0.5, 0),
        ("fd70a3d70a3d71", 0.01, 1),
        ("fd70a3d70a3d6f", 0.01, 0),
    ],
)
async def test_the_trace_id_decides(random_part: str, ratio: float, recorded: int) -> None:
    """Where a trace begins the random part of its id is compared with the ratio, as OpenTelemetry does it."""
    call = Call("GetRecord", "grpc", trace_id="f" * 18 + random_part)
    assert len(await serve(call, ratio)) == recorded


@given(st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
async def test_more_means_those_and_others(ids: list[bytes], one: float, other: float) -> None:
    """What a low ratio records, a higher one records as well, so traces stay whole across services."""
    low, high = sorted((one, other))
    for each in ids:
        few = await serve(Call("GetRecord", "grpc", trace_id=each.hex()), low)
        many = await serve(Call("GetRecord", "grpc", trace_id=each.hex()), high)
        assert len(few) <= len(many)


async def test_a_part_of_the_traces_is_recorded() -> None:
    """Of traces with ids as the node makes them a ratio gives its share."""
    from crud_service.bootstrap.ids import new_trace_id

    recorded = 0
    for _ in range(2_000):
        recorded += len(await serve(Call("GetRecord", "grpc", trace_id=new_trace_id()), 0.25))
    assert 380 < recorded < 620  # six standard deviations


@pytest.mark.parametrize(
    "error",
    [
        None,
        not_found(Reason.RECORD_NOT_FOUND, ""),
        CrudError(Kind.INTERNAL, Reason.INTERNAL, ""),
        ValueError("x"),
        asyncio.CancelledError(),
    ],
)
async def test_the_span_says_what_came_of_it(error: BaseException | None) -> None:
    """The span has the operation's name and what the transport tells of the reply or the error; either goes on."""
    (span,) = await serve(Call("GetRecord", "grpc", trace_id=TRACE), 1, error)
    assert span.name == "GetRecord"
    assert span.trace_id == TRACE
    expected = {"reply": "None", "error": type(error).__name__} if error else {"reply": "reply", "error": "NoneType"}
    assert span.attributes == expected
    assert span.problem == ("BROKEN" if error else "")
    assert current_span() is NO_SPAN


async def test_what_is_inside_belongs_to_it() -> None:
    """Inside of a call that is recorded its span is the current one, and keeps what it was given there."""
    tracer = FakeTracer()

    async def handler(call: Call, request: Any) -> None:
        current_span().set("prices", 3)
        for _ in range(MOST_BELOW + 2):
            with current_span().child("part"):
                pass

    await tracing(tracer, 1, describe)(handler)(Call("GetRecord", "grpc", trace_id=TRACE), None)
    *parts, span = tracer.spans
    assert len(parts) == MOST_BELOW
    assert {part.parent_id for part in parts} == {span.span_id}
    assert span.attributes["prices"] == 3
    assert span.attributes[LEFT_OUT] == 2


async def test_a_call_that_is_not_recorded_has_no_span() -> None:
    """Inside of a call that is not recorded there is no span to add to."""

    async def handler(call: Call, request: Any) -> Any:
        return current_span()

    tracer = FakeTracer()
    call = Call("GetRecord", "grpc", f"00-{TRACE}-{SPAN}-00", trace_id=TRACE)
    assert await tracing(tracer, 1, describe)(handler)(call, None) is NO_SPAN
    assert tracer.spans == []
