"""What the service promises, and how a promise is judged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """crud-service answers at least `least` times as many calls a second as `peer`."""

    load: str
    peer: str
    least: float


@dataclass(frozen=True)
class Bound:
    """One measured number and the most it may be."""

    what: str
    value: float
    most: float | None
    unit: str
    detail: str = ""

    @property
    def held(self) -> bool:
        """Whether the promise is kept; a number without a bound promises nothing."""
        return self.most is None or self.value <= self.most


RATIOS = (
    Ratio("HTTP get", "PocketBase", 4),
    Ratio("HTTP get", "FastAPI", 10),
    Ratio("HTTP create", "PocketBase", 2.5),
    Ratio("HTTP create", "FastAPI", 15),
    Ratio("HTTP list", "PocketBase", 3),
    Ratio("gRPC get", "bare grpc.aio", 0.7),
    Ratio("gRPC create", "bare grpc.aio", 0.6),
)
MOST_GROWTH = 1.3
"""Time of a get and of the first page with many records, against 1,000."""
MOST_DEPTH = 1.5
"""Time of page 10,000 against page 1."""
MOST_FILTERED = 3.0
"""Time of a page of a tag on 1 % and a date range of 10 %, in the order of dates, against the unfiltered page."""
MOST_BATCH = 1 / 0.3
"""Time of a batch create against `executemany` of the same rows: at least 0.3 times as many records a second."""
MOST_IMPORT = 1 / 0.4
"""The same of an import: at least 0.4 times as many records a second."""
MOST_MEMORY = 120.0
"""MB resident after 100,000 creates."""
MOST_START = 1.5
"""Seconds from start to ready."""
MOST_CHASSIS_US = 20.0
"""Microseconds of CPU that the default chassis adds to a call over HTTP."""
MOST_CHASSIS_GRPC = 1 / 0.8
"""Time of a get over gRPC with the default chassis, against an empty chain: at least 0.8 times as many a second."""
