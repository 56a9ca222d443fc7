"""Durations: what they accept, and that they lose nothing."""

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.model.duration import MAX_SECONDS, SECOND, format_duration, from_parts, parse_duration

NANOS = st.integers(-MAX_SECONDS * SECOND, MAX_SECONDS * SECOND)


@given(NANOS)
@example(0)
@example(-1)
@example(-SECOND)
@example(MAX_SECONDS * SECOND)
def test_round_trip(nanos: int) -> None:
    """What Proto3 JSON prints parses to the same duration."""
    assert parse_duration(format_duration(nanos)) == nanos


@given(NANOS)
def test_printed_as_protobuf_prints_it(nanos: int) -> None:
    """The text is the one that protobuf's own library prints."""
    message = Duration()
    message.FromNanoseconds(nanos)
    assert format_duration(nanos) == message.ToJsonString()
    assert from_parts(message.seconds, message.nanos) == nanos


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0s", 0),
        ("3600s", 3_600 * SECOND),
        ("1.5s", 1_500_000_000),
        ("0.000000001s", 1),
        ("-0.5s", -500_000_000),
        ("-2.25s", -2_250_000_000),
        ("007s", 7 * SECOND),
    ],
)
def test_accepted_texts(text: str, nanos: int) -> None:
    """Seconds with up to nine decimals and an `s`."""
    assert parse_duration(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "1",
        "1.s",
        ".5s",
        "1.0000000001s",
        "+1s",
        "1 s",
        "1S",
        "1m",
        "1h",
        "PT1S",
        "1e3s",
        "1s\n",
        "--1s",
        "٣s",
        "9" * 13 + "s",
    ],
)
def test_refused_texts(text: str) -> None:
    """What is no duration is refused, with the accepted form."""
    with pytest.raises(ValueError, match=r"looks like 3600s or 1\.5s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["315576000001s", "-315576000001s", "999999999999s"])
def test_too_long(text: str) -> None:
    """What google.protobuf.Duration cannot hold is refused."""
    with pytest.raises(ValueError, match="within 10,000 years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "nanos", "why"),
    [
        (MAX_SECONDS + 1, 0, "10,000 years"),
        (-MAX_SECONDS - 1, 0, "10,000 years"),
        (0, SECOND, "10,000 years"),
        (0, -SECOND, "10,000 years"),
        (1, -1, "same sign"),
        (-1, 1, "same sign"),
    ],
)
def test_parts_that_are_no_duration(seconds: int, nanos: int, why: str) -> None:
    """Parts out of range, or of opposite signs, are refused."""
    with pytest.raises(ValueError, match=why):
        from_parts(seconds, nanos)


@given(st.text() | st.from_regex(r"-?\d{1,14}(\.\d{0,10})?s?"))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    """Parsing gives whole nanoseconds or ValueError, never anything else."""
    try:
        nanos = parse_duration(text)
    except ValueError:
        return
    assert parse_duration(format_duration(nanos)) == nanos
