"""The one error type, its kinds and its reasons.

    Exception
      CrudError            an answer to the caller: kind, reason, message, violations
      StartError           a mistake of the operator that keeps the node from starting: one line, exit code 2
      ConditionFailed, CollectionMissing, CollectionNotEmpty, RequestRepeated
                           a store's answers to logic (crud_service.model.ports.record_store)

A *kind* decides the wire status, a *reason* is the stable name a program may test for. Both lists are
append-only: clients rely on them.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum

import msgspec

# An error travels in the trailing metadata of gRPC, of which clients take 8 KiB by default.
_MOST_VIOLATIONS = 16
# Of a field's path: it holds keys of the caller's, which may be as long as a content and no text at all.
_MOST_FIELD_CHARS = 256


class Kind(Enum):
    """What class of answer an error is. `crud_service.api.status` maps each to gRPC and HTTP."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Reason(StrEnum):
    """The stable name of what went wrong, sent as `ErrorInfo.reason`."""

    # INVALID_ARGUMENT
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    NUMBER_NOT_EXACT = "NUMBER_NOT_EXACT"
    CONTENT_NOT_OBJECT = "CONTENT_NOT_OBJECT"
    CONTENT_TOO_DEEP = "CONTENT_TOO_DEEP"
    CONTENT_TOO_LARGE = "CONTENT_TOO_LARGE"
    INVALID_TEXT = "INVALID_TEXT"
    INVALID_ID = "INVALID_ID"
    INVALID_FILTER = "INVALID_FILTER"
    INVALID_UPDATE_MASK = "INVALID_UPDATE_MASK"
    INVALID_PAGE_SIZE = "INVALID_PAGE_SIZE"
    INVALID_PAGE_TOKEN = "INVALID_PAGE_TOKEN"
    INVALID_CHANGE_REASON = "INVALID_CHANGE_REASON"
    INVALID_ORDER_BY = "INVALID_ORDER_BY"
    INVALID_READ_MASK = "INVALID_READ_MASK"
    INVALID_TRANSFORM = "INVALID_TRANSFORM"
    INVALID_REQUEST_ID = "INVALID_REQUEST_ID"
    INVALID_PRECONDITION = "INVALID_PRECONDITION"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    INVALID_RESUME_TOKEN = "INVALID_RESUME_TOKEN"
    INVALID_REVISION = "INVALID_REVISION"
    # NOT_FOUND
    RECORD_NOT_FOUND = "RECORD_NOT_FOUND"
    RECORD_DELETED = "RECORD_DELETED"
    COLLECTION_NOT_FOUND = "COLLECTION_NOT_FOUND"
    ROUTE_NOT_FOUND = "ROUTE_NOT_FOUND"
    REVISION_NOT_FOUND = "REVISION_NOT_FOUND"
    ERROR_REPORT_NOT_FOUND = "ERROR_REPORT_NOT_FOUND"
    # ALREADY_EXISTS
    RECORD_EXISTS = "RECORD_EXISTS"
    COLLECTION_EXISTS = "COLLECTION_EXISTS"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    # FAILED_PRECONDITION
    COLLECTION_NOT_EMPTY = "COLLECTION_NOT_EMPTY"
    ETAG_REQUIRED = "ETAG_REQUIRED"
    RECORD_NOT_DELETED = "RECORD_NOT_DELETED"
    # ABORTED
    ETAG_MISMATCH = "ETAG_MISMATCH"
    CONCURRENT_CHANGE = "CONCURRENT_CHANGE"
    SLOW_READER = "SLOW_READER"
    # OUT_OF_RANGE
    HISTORY_GONE = "HISTORY_GONE"
    REVISION_NOT_REACHED = "REVISION_NOT_REACHED"
    # PERMISSION_DENIED
    SYSTEM_COLLECTION = "SYSTEM_COLLECTION"
    # RESOURCE_EXHAUSTED
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    URL_TOO_LONG = "URL_TOO_LONG"
    STORE_FULL = "STORE_FULL"
    REPLY_TOO_LARGE = "REPLY_TOO_LARGE"
    OVERLOADED = "OVERLOADED"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    # DEADLINE_EXCEEDED
    QUERY_TIMEOUT = "QUERY_TIMEOUT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    # UNIMPLEMENTED
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    # CANCELLED, UNAVAILABLE, INTERNAL
    CANCELLED = "CANCELLED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    INTERNAL = "INTERNAL"


class Violation(msgspec.Struct, frozen=True):
    """One field that was wrong."""

    field: str
    """The path in the request, in the names of the proto: `record.content.items[2].price`."""
    description: str
    reason: Reason = Reason.INVALID_FIELD


class CrudError(Exception):
    """An answer other than success: what was wrong, where, and what to do about it.

    The message goes to the caller as it is, so it never holds a stack, SQL or a secret. What caused it is
    kept by `raise ... from cause` and logged on the server only.
    """

    def __init__(
        self,
        kind: Kind,
        reason: Reason,
        message: str,
        *,
        violations: Iterable[Violation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        """Seconds after which it makes sense to send the same again; None if nothing is known."""


class Place(msgspec.Struct, frozen=True):
    """Where one of several items stands in a request."""

    prefix: str
    """Such as `requests[3]`."""
    index: int
    """Such as 3."""


class StartError(Exception):
    """Something the operator can mend keeps the node from starting. The message is one line: what, and the way out."""


def invalid(field: str, description: str, reason: Reason = Reason.INVALID_FIELD) -> CrudError:
    """INVALID_ARGUMENT about one field."""
    return invalid_all([Violation(field, description, reason)])


def invalid_all(violations: list[Violation], metadata: Mapping[str, str] | None = None) -> CrudError:
    """INVALID_ARGUMENT about one or more fields: the first gives the reason, the first 16 are listed."""
    listed, more = [_shown(each) for each in violations[:_MOST_VIOLATIONS]], len(violations) - _MOST_VIOLATIONS
    message = "; ".join(f"{each.field}: {each.description}" if each.field else each.description for each in listed)
    if more > 0:
        message += f"; and {more} more"
    return CrudError(Kind.INVALID_ARGUMENT, violations[0].reason, message, violations=listed, metadata=metadata)


def _shown(violation: Violation) -> Violation:
    """The violation with a path that every reply can carry."""
    field = violation.field[:_MOST_FIELD_CHARS].encode(errors="backslashreplace").decode()
    return Violation(field, violation.description, violation.reason)


def located(error: CrudError, place: Place | None) -> CrudError:
    """The same error about the item at `place`: in its message, its fields and its metadata (`index`)."""
    if place is None:
        return error
    violations = [Violation(within(place, each.field), each.description, each.reason) for each in error.violations]
    message = f"{place.prefix}: {error.message}"
    metadata = {"index": str(place.index), **error.metadata}
    return CrudError(error.kind, error.reason, message, violations=violations, metadata=metadata)


def within(place: Place | None, field: str) -> str:
    """The path of a field of the item at `place`."""
    return ".".join(filter(None, (place.prefix, field))) if place else field


def not_found(reason: Reason, message: str) -> CrudError:
    """NOT_FOUND for `reason`."""
    return CrudError(Kind.NOT_FOUND, reason, message)
