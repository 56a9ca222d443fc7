"""Timestamps: fixed-width UTC text with nanoseconds, years 1 to 9999.

`datetime` stops at microseconds, so a timestamp here is the text
`YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ`. All have 30 characters, so text order is time
order, in Python and in every store.
"""

import re
import time
from datetime import date, timedelta
from functools import lru_cache
from typing import NewType

Timestamp = NewType("Timestamp", str)
"""A time as canonical text. Make one with a function of this module, never by hand."""

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
MIN_SECONDS = (date.min.toordinal() - _EPOCH_DAY) * _DAY
"""0001-01-01T00:00:00Z in Unix seconds."""
MAX_SECONDS = (date.max.toordinal() - _EPOCH_DAY + 1) * _DAY - 1
"""9999-12-31T23:59:59Z in Unix seconds."""


def now() -> Timestamp:
    """The wall clock, in the nanoseconds the system gives."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return Timestamp(f"{_to_the_second(seconds)}.{nanos:09d}Z")


def from_unix(seconds: int, nanos: int = 0) -> Timestamp:
    """The timestamp `seconds` and `nanos` after 1970-01-01T00:00:00Z.

    Raises ValueError outside of the years 1 to 9999 or when `nanos` is not within 0 to 999,999,999.
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError("a time must lie within the years 1 to 9999")
    if not 0 <= nanos <= 999_999_999:
        raise ValueError("nanos must lie within 0 and 999,999,999")
    return Timestamp(f"{_to_the_second(seconds)}.{nanos:09d}Z")


def to_unix(timestamp: Timestamp) -> tuple[int, int]:
    """The timestamp as (seconds, nanos) since 1970-01-01T00:00:00Z; nanos are never negative."""
    return _seconds(timestamp[:19]), int(timestamp[20:29])


def later(timestamp: Timestamp, nanos: int) -> Timestamp:
    """The timestamp `nanos` nanoseconds later. Raises ValueError outside of the years 1 to 9999."""
    seconds, rest = to_unix(timestamp)
    seconds, rest = divmod(seconds * 1_000_000_000 + rest + nanos, 1_000_000_000)
    return from_unix(seconds, rest)


def parse(text: str) -> Timestamp:
    """Read RFC 3339 with any offset and up to nine decimals; `YYYY-MM-DD` is UTC midnight.

    Raises ValueError with the accepted forms in its message.
    """
    if _DATE.fullmatch(text):
        return from_unix((_ordinal(text) - _EPOCH_DAY) * _DAY)
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("a time looks like 2026-01-31T12:00:00Z, with up to nine decimals, or like 2026-01-31")
    day, hour, minute, second, fraction, zulu, sign, offset_hour, offset_minute = match.groups()
    seconds = (_ordinal(day) - _EPOCH_DAY) * _DAY + int(hour) * 3600 + int(minute) * 60 + int(second)
    if not zulu:
        offset = int(offset_hour) * 3600 + int(offset_minute) * 60
        seconds += -offset if sign == "+" else offset
    return from_unix(seconds, int((fraction or "").ljust(9, "0")))


def format_rfc3339(timestamp: Timestamp) -> str:
    """The timestamp as Proto3 JSON prints it: 0, 3, 6 or 9 decimals, whichever is enough."""
    if timestamp.endswith("000Z"):
        if timestamp.endswith("000000Z"):
            return timestamp[:19] + "Z" if timestamp.endswith("000000000Z") else timestamp[:23] + "Z"
        return timestamp[:26] + "Z"
    return timestamp


def _ordinal(day: str) -> int:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError as cause:
        raise ValueError(f"{day} is no date of the calendar") from cause


@lru_cache(maxsize=1024)
def _seconds(second: str) -> int:
    """Unix seconds of `YYYY-MM-DDTHH:MM:SS`."""
    days = date.fromisoformat(second[:10]).toordinal() - _EPOCH_DAY
    return days * _DAY + int(second[11:13]) * 3600 + int(second[14:16]) * 60 + int(second[17:19])


@lru_cache(maxsize=1024)
def _to_the_second(seconds: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS` of Unix seconds. Cached: most calls of `now` share their second."""
    days, rest = divmod(seconds, _DAY)
    day = date(1970, 1, 1) + timedelta(days=days)
    return f"{day.isoformat()}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
