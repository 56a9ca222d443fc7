"""Error reports: what is kept of failures that nobody expected, for who mends them. Never any value that a caller sent.

Failures with the same cause are one report, which counts them and keeps the last few in detail.
"""

import msgspec
from msgspec.structs import replace

from crud_service.model.record import etag_of
from crud_service.model.timestamp import Timestamp

OCCURRENCES = 5
"""Failures that a report keeps in detail."""


# The path and the link, and what names are longer on a transport than in a store. An upper bound.
_FIXED = 4_096


class CodeLine(msgspec.Struct, frozen=True):
    """A place in the code."""

    file: str
    """From the package on, such as `crud_service/logic/writer.py`; never a path of the machine."""
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


class Cause(msgspec.Struct, frozen=True):
    """An exception that led to the one reported."""

    type: str
    message: str
    """Redacted."""


class InputField(msgspec.Struct, frozen=True):
    """What is told of one field of a request."""

    field: str
    """Its path, in the names of the proto: `record.tags`."""
    type: str
    size: int
    """Characters, bytes, items or keys; 0 for what has no size."""


class RecentCall(msgspec.Struct, frozen=True):
    """A call that the same principal made before."""

    time: Timestamp
    """When it ended."""
    operation: str
    resource: str
    outcome: str
    """`OK`, `CANCELLED`, or the kind of the error."""
    call_id: str


class Occurrence(msgspec.Struct, frozen=True):
    """One failure: whose call it was, and on which node."""

    time: Timestamp
    operation: str
    transport: str
    """`grpc`, `http`, or `internal` for the node's own work."""
    principal: str
    resource: str
    """The path that the request names."""
    call_id: str
    trace_id: str
    node_id: str
    version: str
    commit: str
    build: str
    """What runs the code: the interpreter and the system."""
    input: tuple[InputField, ...] = ()
    recent_calls: tuple[RecentCall, ...] = ()
    """The earliest first."""


class ErrorReport(msgspec.Struct, frozen=True):
    """All failures with one cause."""

    id: str
    """The fingerprint of the cause: the same on every node, and after a restart."""
    type: str
    """Of the exception."""
    message: str
    """Redacted."""
    causes: tuple[Cause, ...]
    code_line: CodeLine
    """The innermost line of this package that was running."""
    stack: tuple[CodeLine, ...]
    """The calls that led there, the outermost first."""
    operation: str
    """Of the last failure."""
    count: int
    first_seen_time: Timestamp
    first_seen_version: str
    last_seen_time: Timestamp
    last_seen_version: str
    occurrences: tuple[Occurrence, ...]
    """The last few failures that were kept in detail, the earliest first."""

    @property
    def path(self) -> str:
        """`errorReports/{id}`."""
        return f"errorReports/{self.id}"

    @property
    def link(self) -> str:
        """Where it is found over HTTP."""
        return f"/v1/{self.path}"

    @property
    def etag(self) -> str:
        """Another one after each further failure."""
        return etag_of(self.path, self.count)

    @property
    def weight(self) -> int:
        """An upper bound of the report's size in bytes on either transport."""
        return len(encode_report(self)) + _FIXED


def joined(one: ErrorReport, other: ErrorReport) -> ErrorReport:
    """One report of the failures that two of the same cause tell of, whichever was first."""
    first, last = sorted((one, other), key=lambda report: report.last_seen_time)
    beginning = min(one, other, key=lambda report: report.first_seen_time)
    occurrences = sorted(one.occurrences + other.occurrences, key=lambda occurrence: occurrence.time)
    return replace(
        last,
        count=first.count + last.count,
        first_seen_time=beginning.first_seen_time,
        first_seen_version=beginning.first_seen_version,
        occurrences=tuple(occurrences[-OCCURRENCES:]),
    )


class ReportPlace(msgspec.Struct, frozen=True):
    """Where a report stands in a list: by when its cause was last seen, the latest first, then by id."""

    last_seen_time: Timestamp
    id: str


class ReportQuery(msgspec.Struct, frozen=True):
    """Which reports, and how many of them."""

    operation: str = ""
    """Only those of this operation; empty is any."""
    version: str = ""
    """Only those last seen in this version of the code; empty is any."""
    after: ReportPlace | None = None
    limit: int = 50


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ErrorReport).decode


def encode_report(report: ErrorReport) -> bytes:
    """A report as stores keep it."""
    return _encode(report)


def decode_report(data: bytes) -> ErrorReport:
    """The report that `encode_report` wrote, by this version of the code or an older one of the same release."""
    return _decode(data)
