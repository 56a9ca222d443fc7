"""One bad request, and the one answer that belongs to it on either transport."""

import json
from dataclasses import dataclass
from typing import Any

from tests.integration.parity import wire
from tests.integration.parity.methods import METHODS
from tests.integration.parity.transports import Json, Raw, Reason

COLLECTION = "refusals"
"""A collection that holds the live record `kept` and the deleted record `gone`."""
PARENT = f"collections/{COLLECTION}"
KEPT = f"{PARENT}/records/kept"
CONTENT: Json = {"n": 1, "t": "x", "l": [1], "o": {"k": True}}
"""Of both records."""


@dataclass(frozen=True)
class Refusal:
    """One bad request and its answer."""

    title: str
    operation: str
    request: Json
    reason: str
    field: str | None = ""
    """Of the first violation; None when the error has none."""
    kind: str = "INVALID_ARGUMENT"
    raw: Raw | None = None
    """Sent instead of the request."""
    grpc_field: str | None = None
    """Where gRPC names another field: its parser does not say where it gave up."""
    only: str = ""
    """The one transport that can send this."""
    change_reason: Reason = ""
    says: str = ""
    """What stands in the message, such as the column of the mistake."""

    @property
    def same_text(self) -> bool:
        """Whether both transports say it in the same words; a parser has its own."""
        return self.raw is None and not self.only

    def field_on(self, transport: str) -> str | None:
        """The field that the answer names on a transport."""
        return self.grpc_field if transport == "grpc" and self.grpc_field is not None else self.field


def bad_create(title: str, record: Json, reason: str, field: str, **more: Any) -> Refusal:
    """A create of this record."""
    return Refusal(title, "CreateRecord", {"parent": PARENT, "record": record}, reason, field, **more)


def raw_create(title: str, body: str | bytes, message: bytes, reason: str, field: str, **more: Any) -> Refusal:
    """A create whose record is `body` over HTTP and whose record has the fields `message` over gRPC."""
    data = body.encode() if isinstance(body, str) else body
    raw = Raw(data, wire.create_record(PARENT, message))
    return Refusal(title, "CreateRecord", {"parent": PARENT}, reason, field, raw=raw, **more)


def json_create(title: str, body: str | bytes, reason: str, field: str) -> Refusal:
    """A create over HTTP alone: no message can say this."""
    return raw_create(title, body, b"", reason, field, only="http")


def json_body(title: str, operation: str, request: Json, body: Any, reason: str, field: str) -> Refusal:
    """A request over HTTP alone, whose body is this JSON; of the request only what the URL takes is sent."""
    variable = METHODS[operation].rule_for(request).url.partition("{")[2].partition("}")[0]
    request = {name: each for name, each in request.items() if name in (variable.partition(".")[0], "transforms")}
    raw = Raw(json.dumps(body).encode(), b"")
    return Refusal(title, operation, request, reason, field, raw=raw, only="http")
