"""The bodies of streams: texts without end, of which the document describes one item.

OpenAPI has a keyword for that from version 3.2 on (`itemSchema`); here it is `x-itemSchema`. Of Server-Sent Events,
tools take the schema for that of one event; there the item is what its `data` holds.
"""

from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.http_formats import CSV, EVENTS, LINES
from crud_service.api.openapi.examples import EXAMPLE_LINES
from crud_service.api.openapi.inputs import Inputs
from crud_service.api.openapi.json_types import Schema
from crud_service.api.openapi.schemas import Schemas, reference

_NAMES = ["change", "bookmark", "initialDone", "gap", "error"]
_WATCH_LINES = "A message as JSON on each line; the last one may be an error."
_EXPORT_LINES = "A record as JSON on each line, ready to be imported. If the connection ends early, it is not whole."
_IMPORT_LINES = "A record as JSON on each line, ended by LF or CRLF. Blank lines are passed over, but counted."
_CSV = (
    "RFC 4180: a line with the names of the columns, then a line for each record. `content` and `tags` are JSON. If "
    "the connection ends early, it is not whole."
)


def streamed_reply(method: MethodDescriptor, schemas: Schemas) -> dict[str, Any]:
    """The content of a reply that is a stream, by media type."""
    if "records" not in method.output_type.fields_by_name:
        item = schemas.reply(method.output_type, masked=True)
        return {EVENTS.decode(): {"schema": _event(item), "x-itemSchema": item}} | _lines(_WATCH_LINES, item)
    item = schemas.reply(message_of(method.output_type.fields_by_name["records"]), masked=True)
    return _lines(_EXPORT_LINES, item) | {CSV.decode(): _media(_CSV)}


def streamed_request(method: MethodDescriptor, body: str, inputs: Inputs) -> dict[str, Any]:
    """The content of a request whose field `body` is a stream, by media type."""
    item = inputs.message(message_of(method.input_type.fields_by_name[body]))
    media = _lines(_IMPORT_LINES, item)
    for each in media.values():
        each["example"] = EXAMPLE_LINES
    return media


def _event(item: Schema) -> Schema:
    """The schema of one event."""
    message_or_error = {"anyOf": [item, reference("Error")]}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": message_or_error}
    return {
        "type": "object",
        "description": "Server-Sent Events, as one of them is read.",
        "properties": {
            "event": {"type": "string", "enum": _NAMES, "description": "What the event is about."},
            "id": {"type": "string", "description": "The `resumeToken` of the message, if it has one."},
            "data": data | {"description": "The message as JSON; the error, if the event is one."},
        },
        "required": ["data"],
    }


def _lines(description: str, item: Schema) -> dict[str, Any]:
    return {media_type.decode(): _media(description, item) for media_type in LINES}


def _media(description: str, item: Schema | None = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"type": "string", "description": description}}
    return media | {"x-itemSchema": item} if item else media
