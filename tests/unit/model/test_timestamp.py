"""Timestamps: what they accept, that they lose nothing, and that their text order is time order."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.timestamp import (
    MAX_SECONDS,
    MIN_SECONDS,
    Timestamp,
    format_rfc3339,
    from_unix,
    later,
    now,
    parse,
    to_unix,
)

SECONDS = st.integers(MIN_SECONDS, MAX_SECONDS)
NANOS = st.integers(0, 999_999_999)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(SECONDS, NANOS)
def test_unix_round_trip(seconds: int, nanos: int) -> None:
    """Seconds and nanoseconds of the years 1 to 9999 come back as they went in."""
    assert to_unix(from_unix(seconds, nanos)) == (seconds, nanos)


@given(SECONDS, NANOS)
def test_text_has_a_fixed_width(seconds: int, nanos: int) -> None:
    """Every timestamp has 30 characters and names the same second as the standard library does."""
    text = from_unix(seconds, nanos)
    assert len(text) == 30
    assert text == f"{(EPOCH + timedelta(seconds=seconds)).isoformat()[:19]}.{nanos:09d}Z"


@given(st.tuples(SECONDS, NANOS), st.tuples(SECONDS, NANOS))
def test_text_order_is_time_order(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Comparing two timestamps as text compares their times."""
    assert (from_unix(*one) < from_unix(*other)) == (one < other)
    assert (from_unix(*one) == from_unix(*other)) == (one == other)


@given(SECONDS, NANOS)
def test_format_round_trip(seconds: int, nanos: int) -> None:
    """What Proto3 JSON prints parses to the same timestamp, and has 0, 3, 6 or 9 decimals."""
    timestamp = from_unix(seconds, nanos)
    printed = format_rfc3339(timestamp)
    assert parse(printed) == timestamp
    assert len(printed) in {20, 24, 27, 30}


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-23 * 60 - 59, 23 * 60 + 59), NANOS)  # noqa: DTZ001
def test_offsets(local: datetime, minutes: int, nanos: int) -> None:
    """A time with any offset is the same moment as the standard library finds, its decimals untouched."""
    moment = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat()[:19]}.{nanos:09d}{sign}{hours:02d}:{rest:02d}"
    assert parse(text) == f"{moment.astimezone(UTC).isoformat()[:19]}.{nanos:09d}Z"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000000Z"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00.000000000Z"),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000000Z"),
        ("2026-01-31T12:00:00.000000001Z", "2026-01-31T12:00:00.000000001Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000000000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000000000Z"),
        ("2026-01-31T00:30:00+01:00", "2026-01-30T23:30:00.000000000Z"),
        ("2026-12-31T23:30:00-00:45", "2027-01-01T00:15:00.000000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_accepted_texts(text: str, canonical: str) -> None:
    """RFC 3339 and plain dates become canonical text."""
    assert parse(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026",
        "2026-1-31",
        "2026-02-29",
        "2026-13-01T00:00:00Z",
        "0000-01-01",
        "10000-01-01T00:00:00Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T23:59:60Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00.1234567890Z",
        "2026-01-31T12:00:00+1:00",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+0100",
        "2026-01-31T12:00:00Z\n",
        "2026-01-31\n",
        " 2026-01-31",
        "٢٠٢٦-01-31",
        "2026-W05-6",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_refused_texts(text: str) -> None:
    """What is no time, or lies outside of the years 1 to 9999, is refused."""
    with pytest.raises(ValueError, match=r"a time|calendar"):
        parse(text)


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{0,10})?([Zz]|[+-]\d\d:\d\d))?"))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    """Parsing gives canonical text or ValueError, never anything else."""
    try:
        timestamp = parse(text)
    except ValueError:
        return
    assert from_unix(*to_unix(timestamp)) == timestamp


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(MIN_SECONDS - 1, 0), (MAX_SECONDS + 1, 0), (0, -1), (0, 1_000_000_000), (10**30, 0)],
)
def test_out_of_range(seconds: int, nanos: int) -> None:
    """Seconds outside of the years 1 to 9999 and nanoseconds outside of a second are refused."""
    with pytest.raises(ValueError, match="must lie within"):
        from_unix(seconds, nanos)


def test_range_ends_at_the_calendars_ends() -> None:
    """The first and the last second are those of the years 1 and 9999."""
    assert from_unix(MIN_SECONDS) == "0001-01-01T00:00:00.000000000Z"
    assert from_unix(MAX_SECONDS, 999_999_999) == "9999-12-31T23:59:59.999999999Z"


@pytest.mark.parametrize(
    ("nanos", "printed"),
    [
        (0, "1970-01-01T00:00:01Z"),
        (500_000_000, "1970-01-01T00:00:01.500Z"),
        (500_000, "1970-01-01T00:00:01.000500Z"),
        (500, "1970-01-01T00:00:01.000000500Z"),
        (123_456_789, "1970-01-01T00:00:01.123456789Z"),
        (100_000_001, "1970-01-01T00:00:01.100000001Z"),
        (1_000_000, "1970-01-01T00:00:01.001Z"),
    ],
)
def test_as_many_decimals_as_needed(nanos: int, printed: str) -> None:
    """0, 3, 6 or 9 decimals are printed, whichever is enough."""
    assert format_rfc3339(from_unix(1, nanos)) == printed


@given(SECONDS, NANOS, st.integers(-(10**20), 10**20))
def test_later(seconds: int, nanos: int, difference: int) -> None:
    """A timestamp so many nanoseconds later, or earlier, or ValueError outside of the years 1 to 9999."""
    wanted = seconds * 10**9 + nanos + difference
    if MIN_SECONDS * 10**9 <= wanted < (MAX_SECONDS + 1) * 10**9:
        moved = to_unix(later(from_unix(seconds, nanos), difference))
        assert moved[0] * 10**9 + moved[1] == wanted
    else:
        with pytest.raises(ValueError, match="years 1 to 9999"):
            later(from_unix(seconds, nanos), difference)


def test_now_is_the_wall_clock() -> None:
    """`now` lies between two readings of the system's clock and is canonical."""
    before = datetime.now(UTC)
    timestamp: Timestamp = now()
    after = datetime.now(UTC)
    assert before <= EPOCH + timedelta(microseconds=to_unix(timestamp)[0] * 10**6 + to_unix(timestamp)[1] // 1000)
    assert timestamp <= parse(f"{(after + timedelta(microseconds=1)).isoformat()}")
    assert parse(timestamp) == timestamp
