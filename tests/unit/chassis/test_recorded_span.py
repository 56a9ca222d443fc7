"""Spans that are recorded: their place in the trace, their times, how they end."""

import asyncio
from collections.abc import Iterator

import pytest

from crud_service.chassis.recorded_span import MOST_BELOW, RecordedSpan, problem_of, server_span
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RequestRepeated,
)
from crud_service.model.ports.tracer import NO_SPAN, SpanData, SpanKind, current_span
from crud_service.model.trace_context import RANDOM, SAMPLED

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.fixture
def ended() -> list[SpanData]:
    """The spans that were handed over, in order."""
    return []


def call(traceparent: str = "", tracestate: str = "") -> Call:
    return Call("GetRecord", "http", traceparent, trace_id=TRACE, tracestate=tracestate)


def counting(*times: int) -> Iterator[int]:
    return iter(times)


def test_a_trace_goes_on(ended: list[SpanData]) -> None:
    """The span of a call is a part of the caller's, with its state and its flags."""
    with server_span(call(f"00-{TRACE}-{SPAN}-01", " a=1 , b=2"), ended.append) as span:
        assert span.traceparent == f"00-{TRACE}-{span.data.span_id}-01"
        assert span.tracestate == "a=1,b=2"
    (data,) = ended
    assert (data.name, data.kind, data.trace_id, data.parent_id) == ("GetRecord", SpanKind.SERVER, TRACE, SPAN)
    assert (data.flags, data.has_remote_parent, data.problem) == (SAMPLED, True, "")


def test_a_trace_begins(ended: list[SpanData]) -> None:
    """Without a caller's span the call's is the first one, and says that its trace id is random."""
    with server_span(call(), ended.append):
        pass
    assert (ended[0].parent_id, ended[0].flags, ended[0].has_remote_parent) == ("", SAMPLED | RANDOM, False)


def test_parts_know_what_they_are_parts_of(ended: list[SpanData]) -> None:
    """A child's parent is the span it was made from; the current span is the innermost one."""
    with server_span(call(), ended.append) as span:
        assert current_span() is span
        with current_span().child("store.commit", SpanKind.CLIENT) as outer:
            assert current_span() is outer
            with current_span().child("encode"):
                pass
            assert current_span() is outer
        assert current_span() is span
    assert current_span() is NO_SPAN
    encode, commit, server = ended
    assert [each.name for each in ended] == ["encode", "store.commit", "GetRecord"]
    assert (encode.parent_id, commit.parent_id) == (commit.span_id, server.span_id)
    assert (encode.kind, commit.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert {each.trace_id for each in ended} == {TRACE}
    assert len({each.span_id for each in ended}) == 3


async def test_tasks_begin_with_the_span_they_were_started_in(ended: list[SpanData]) -> None:
    """Work in tasks and threads belongs to the call that started it, and to no other one."""

    async def work(name: str) -> None:
        with current_span().child(name):
            await asyncio.sleep(0)

    async def serve(number: int) -> str:
        with server_span(call(), ended.append) as span:
            await asyncio.gather(work(f"task {number}"), asyncio.to_thread(asyncio.run, work(f"thread {number}")))
            return span.data.span_id

    first, second = await asyncio.gather(serve(1), serve(2))
    parents = {each.name: each.parent_id for each in ended if each.kind is SpanKind.INTERNAL}
    assert parents == {"task 1": first, "thread 1": first, "task 2": second, "thread 2": second}


def test_times_do_not_jump(ended: list[SpanData]) -> None:
    """A span begins at the time of day, and from then on only the steady clock counts."""
    clock = counting(100, 103, 107, 111)
    with (
        server_span(call(), ended.append, lambda: next(clock), lambda: 5_000) as span,
        span.child("part"),
    ):
        pass
    part, server = ended
    assert (server.start, part.start, part.end, server.end) == (5_000, 5_003, 5_007, 5_011)


def test_a_span_has_its_own_attributes(ended: list[SpanData]) -> None:
    """An attribute belongs to the span that it was given to."""
    with server_span(call(), ended.append) as span, span.child("part") as part:
        part.set("rows", 3)
        span.set("rows", 4)
        span.set("rows", 5)
    assert [each.attributes for each in ended] == [{"rows": 3}, {"rows": 5}]


def test_a_call_has_so_many_spans_and_no_more(ended: list[SpanData]) -> None:
    """Spans past the bound are not recorded; what is below them is not either; how many there were is known."""
    with server_span(call(), ended.append) as span:
        for _ in range(MOST_BELOW):
            with span.child("part") as part:
                assert isinstance(part, RecordedSpan)
        assert span.left_out == 0
        with span.child("part") as part:
            assert not part.is_recorded
            assert current_span() is span
        assert span.left_out == 1
    assert len(ended) == MOST_BELOW + 1


class Planted(Exception):
    """A fault."""


FAULTS = [
    (CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "secret"), "STORE_UNAVAILABLE"),
    (CrudError(Kind.DEADLINE_EXCEEDED, Reason.QUERY_TIMEOUT, "secret"), "QUERY_TIMEOUT"),
    (CrudError(Kind.INTERNAL, Reason.INTERNAL, "secret"), "INTERNAL"),
    (Planted("secret"), "Planted"),
]
ANSWERS = [
    CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, ""),
    CrudError(Kind.RESOURCE_EXHAUSTED, Reason.STORE_FULL, ""),
    ConditionFailed(0, None),
    CollectionMissing("notes"),
    CollectionNotEmpty("notes"),
    RequestRepeated.__new__(RequestRepeated),
    asyncio.CancelledError(),
]


@pytest.mark.parametrize(("error", "problem"), FAULTS)
def test_a_fault_makes_a_failed_span(ended: list[SpanData], error: Exception, problem: str) -> None:
    """A block that ends with a fault makes its span a failed one, by a word that tells nothing of the message."""
    with pytest.raises(type(error)), server_span(call(), ended.append).child("part"):
        raise error
    assert ended[0].problem == problem


@pytest.mark.parametrize("error", ANSWERS)
def test_an_answer_makes_no_failed_span(ended: list[SpanData], error: BaseException) -> None:
    """An answer of the store, an error that is the caller's to mend, and a cancelling are no faults."""
    with pytest.raises(type(error)), server_span(call(), ended.append).child("part"):
        raise error
    assert (len(ended), ended[0].problem, problem_of(error)) == (1, "", "")
