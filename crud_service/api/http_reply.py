"""A reply of the HTTP transport."""

import math
from typing import NamedTuple

from crud_service.api.status import http_error, http_status
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason

JSON = b"application/json"
"""The content type of every reply of an operation."""

# The server still has the rest of what it refused to read; it ends the connection rather than read it.
_UNREAD = (Reason.REQUEST_TOO_LARGE, Reason.URL_TOO_LONG, Reason.HEADERS_TOO_LARGE)


class HttpReply(NamedTuple):
    """Status, body, and headers as ASGI takes them: pairs of bytes, the names in lower case."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def refusal(error: CrudError, call: Call | None = None) -> HttpReply:
    """The reply for an error."""
    headers = [(b"content-type", JSON)]
    if error.reason in _UNREAD:
        headers.append((b"connection", b"close"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after))))
    return HttpReply(http_status(error, call), http_error(error, call), headers)
