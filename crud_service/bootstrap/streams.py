"""Which operations are held for long, and so have places and deadlines unlike all others."""

from collections.abc import Mapping
from math import inf

from crud_service.model.limits import Limits

REPLY_STREAMS = ("WatchRecords", "ExportRecords")
"""Operations with a stream of replies."""
REQUEST_STREAMS = ("ImportRecords",)
"""Operations with a stream of requests and one reply."""
LONG_POLLS = ("ListChanges",)
"""Operations that wait for something to happen, and then have one reply."""
LONG_CALLS = (*REQUEST_STREAMS, *LONG_POLLS)
"""Operations that are held for long and have one reply."""


def extra_seconds(limits: Limits) -> Mapping[str, float]:
    """By operation, the seconds that a call of it has beyond those of every call."""
    streams = dict.fromkeys((*REPLY_STREAMS, *REQUEST_STREAMS), inf)
    return streams | dict.fromkeys(LONG_POLLS, limits.wait_seconds)
