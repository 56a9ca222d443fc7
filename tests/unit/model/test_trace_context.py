"""W3C Trace Context: read strictly, written such that everybody can read it, passed on unharmed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.call import Call
from crud_service.model.ports.tracer import NoSpan, current_span, set_current_span
from crud_service.model.trace_context import (
    RANDOM,
    SAMPLED,
    flags_of,
    is_traceparent,
    new_span_id,
    outgoing_headers,
    read_tracestate,
    span_id_of,
    trace_id_of,
    write_traceparent,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"

_HEX = "0123456789abcdef"
_KEY_CHARS = string.ascii_lowercase + string.digits + "_-*/"
_VALUE_CHARS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=")


def ids(length: int) -> st.SearchStrategy[str]:
    return st.text(_HEX, min_size=length, max_size=length).filter(lambda each: set(each) != {"0"})


def keys() -> st.SearchStrategy[str]:
    tail = st.text(_KEY_CHARS, max_size=12)
    simple = st.builds(str.__add__, st.sampled_from(string.ascii_lowercase), tail)
    tenant = st.builds(str.__add__, st.sampled_from(string.ascii_lowercase + string.digits), tail)
    return simple | st.builds(lambda who, what: f"{who}@{what}", tenant, simple)


def values() -> st.SearchStrategy[str]:
    return st.text(_VALUE_CHARS, min_size=1, max_size=20).filter(lambda each: not each.endswith(" "))


@given(ids(32), ids(16), st.integers(0, 3))
def test_what_is_written_is_read(trace_id: str, span_id: str, flags: int) -> None:
    """The parts that a traceparent is made of come out of it again."""
    written = write_traceparent(trace_id, span_id, flags)
    assert is_traceparent(written)
    assert (trace_id_of(written), span_id_of(written), flags_of(written)) == (trace_id, span_id, flags)


@given(
    st.lists(st.text(_HEX + "gA-", max_size=33) | ids(32) | ids(16) | st.sampled_from(["00", "01", "ff"]), max_size=6)
)
def test_only_what_the_recommendation_allows_is_well_formed(parts: list[str]) -> None:
    """What is accepted is what a reader that takes the header apart finds right."""
    assert is_traceparent("-".join(parts)) == is_right("-".join(parts).split("-"))


def is_right(parts: list[str]) -> bool:
    """The recommendation in other words than a pattern."""
    if len(parts) < 4 or not all(set(part) <= set(_HEX) for part in parts[:4]):
        return False
    version, trace_id, span_id = parts[:3]
    lengths = [len(part) for part in parts[:4]]
    only_known_parts = len(parts) == 4 or version != "00"
    is_zero = set(trace_id) == {"0"} or set(span_id) == {"0"}
    return lengths == [2, 32, 16, 2] and version != "ff" and not is_zero and only_known_parts


def test_unknown_flags_are_not_passed_on() -> None:
    """Of the flags those are kept that mean something: sampled, and random."""
    assert flags_of(f"00-{TRACE}-{SPAN}-ff") == SAMPLED | RANDOM
    assert flags_of(f"cc-{TRACE}-{SPAN}-fc-more") == 0


@given(st.dictionaries(keys(), values(), max_size=32), st.data())
def test_a_tracestate_keeps_its_members_in_order(members: dict[str, str], data: st.DataObject) -> None:
    """Members come through as they are, in order; spaces around them and empty ones do not."""
    pads = [data.draw(st.text(" \t", max_size=2)) for _ in members]
    sent = ",".join(f"{pad}{key}={value}{pad}" for pad, (key, value) in zip(pads, members.items(), strict=True))
    # A space before a value belongs to it, those after it do not.
    expected = ",".join(f"{key}={value}" for key, value in members.items())
    assert read_tracestate(sent) == expected
    assert read_tracestate(f" , {sent},\t,") == expected


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(",=@ \t\n"), max_size=60))
def test_what_is_read_can_be_sent(text: str) -> None:
    """Whatever a caller sends, what is passed on is empty or well-formed, and fit for a header."""
    read = read_tracestate(text)
    assert read_tracestate(read) == read
    assert read.isprintable()
    assert read.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=b",
        "a=",
        "A=b",
        "1=b",
        "a=b=c",
        "a=b,c",
        "a b=c",
        "a=b\n",
        "a=\x7f",
        "a=é",
        "a=\udcff",
        "@a=b",
        "a@=b",
        "a@1=b",
        "a@b@c=d",
        f"{'a' * 257}=b",
        f"a={'b' * 257}",
        f"{'a' * 242}@b=c",
        f"a@{'b' * 15}=c",
        ",".join(f"a{number}=b" for number in range(33)),
    ],
)
def test_a_broken_tracestate_is_left_out(text: str) -> None:
    """A header with one member that is not well-formed, or with more than 32 of them, is as good as none."""
    assert read_tracestate(text) == ""
    assert read_tracestate(f"fine=yes,{text}") == ""


@pytest.mark.parametrize(
    "text",
    [
        f"{'a' * 256}={'b' * 256}",
        f"{'1' * 241}@{'b' * 14}=c",
        "a_-*/=!~",
        "a= b",
        ",".join(f"a{number}={'x' * 256}" for number in range(32)),
    ],
)
def test_the_bounds_of_a_tracestate(text: str) -> None:
    """What is just within the bounds is passed on whole."""
    assert read_tracestate(text) == text


def test_the_latest_of_several_members_counts() -> None:
    """A key that stands twice is kept once: where it stands first."""
    assert read_tracestate("a=1,b=2,a=3") == "a=1,b=2"


def test_span_ids_differ() -> None:
    """Every span has another id, and it is one."""
    made = {new_span_id() for _ in range(100)}
    assert len(made) == 100
    assert all(is_traceparent(write_traceparent(TRACE, each, 0)) for each in made)


def test_a_trace_is_passed_on_as_it_came() -> None:
    """What is called for a call that is not recorded belongs to the caller's span, state and all."""
    call = Call("GetRecord", "http", f"cc-{TRACE}-{SPAN}-01-new", trace_id=TRACE, tracestate="a=1 ,, b=2")
    assert outgoing_headers(call) == {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1,b=2"}
    call.tracestate = "broken"
    assert outgoing_headers(call) == {"traceparent": f"00-{TRACE}-{SPAN}-01"}


def test_a_trace_that_begins_here_is_passed_on() -> None:
    """A call that came without a trace has one all the same, which says that nobody records it."""
    sent = outgoing_headers(Call("GetRecord", "http", trace_id=TRACE))
    assert list(sent) == ["traceparent"]
    assert is_traceparent(sent["traceparent"])
    assert trace_id_of(sent["traceparent"]) == TRACE
    assert flags_of(sent["traceparent"]) == RANDOM


def test_the_current_span_is_the_parent() -> None:
    """What is called while a recorded span goes on belongs to that span, not to the caller's."""

    class Recorded(NoSpan):
        is_recorded = True
        traceparent = f"00-{TRACE}-{'1' * 16}-03"
        tracestate = "a=1"

    before = current_span()
    set_current_span(Recorded())
    try:
        call = Call("GetRecord", "http", f"00-{TRACE}-{SPAN}-01", trace_id=TRACE, tracestate="b=2")
        assert outgoing_headers(call) == {"traceparent": f"00-{TRACE}-{'1' * 16}-03", "tracestate": "a=1"}
    finally:
        set_current_span(before)
