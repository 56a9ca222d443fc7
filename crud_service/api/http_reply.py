"""A reply of the HTTP transport."""

from typing import NamedTuple

from crud_service.api.status import http_error, http_status
from crud_service.model.call import Call
from crud_service.model.errors import CrudError

JSON = b"application/json"
"""The content type of every reply of an operation."""

# The server still has the rest of a body that it refused to read; it ends the connection rather than read it.
_CLOSING = (413, 414, 431)


class HttpReply(NamedTuple):
    """Status, body, and headers as ASGI takes them: pairs of bytes, the names in lower case."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def refusal(error: CrudError, call: Call | None = None) -> HttpReply:
    """The reply for an error."""
    status = http_status(error)
    headers = [(b"content-type", JSON)]
    if status in _CLOSING:
        headers.append((b"connection", b"close"))
    return HttpReply(status, http_error(error, call), headers)
