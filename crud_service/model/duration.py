"""Durations: whole nanoseconds, as Proto3 JSON writes them (`1.5s`)."""

import re

_FORM = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
SECOND = 1_000_000_000
"""In nanoseconds."""
MAX_SECONDS = 315_576_000_000
"""What google.protobuf.Duration holds at most, in either direction: about 10,000 years."""


def parse_duration(text: str) -> int:
    """The nanoseconds of a text like `3600s` or `1.5s`. Raises ValueError with the accepted form in its message."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("a duration looks like 3600s or 1.5s, with up to nine decimals")
    sign, seconds, fraction = match.groups()
    nanos = from_parts(int(seconds), int((fraction or "").ljust(9, "0")))
    return -nanos if sign else nanos


def from_parts(seconds: int, nanos: int) -> int:
    """The nanoseconds of a google.protobuf.Duration. Raises ValueError when it is not a valid one."""
    if abs(seconds) > MAX_SECONDS or abs(nanos) >= SECOND:
        raise ValueError("a duration must lie within 10,000 years")
    if seconds * nanos < 0:
        raise ValueError("seconds and nanos of a duration must have the same sign")
    return seconds * SECOND + nanos


def format_duration(nanos: int) -> str:
    """The duration as Proto3 JSON prints it: 0, 3, 6 or 9 decimals, whichever is enough."""
    seconds, rest = divmod(abs(nanos), SECOND)
    decimals = f"{rest:09d}"
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    sign = "-" if nanos < 0 else ""
    return f"{sign}{seconds}.{decimals}s" if decimals else f"{sign}{seconds}s"
