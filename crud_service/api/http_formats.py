"""How a stream of replies is written over HTTP: as Server-Sent Events, as lines of JSON, as lines of CSV."""

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.http_csv import CsvWriter
from crud_service.api.operations import Operation
from crud_service.api.status import http_error
from crud_service.api.streaming import StreamEncoder
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.requests import ExportRecords, ExportRecordsReply, WatchEvent, WatchRecords

EVENTS, CSV = b"text/event-stream", b"text/csv"
LINES = (b"application/x-ndjson", b"application/jsonl")
"""Two names of one format: a JSON object on each line."""

# How many milliseconds a browser waits before it resumes a watch that has ended.
_RETRY = b"retry: 1000\n\n"


class Format(NamedTuple):
    """One way to write the replies to one request."""

    content_type: bytes
    opening: bytes
    """What comes before the first reply."""
    encode: StreamEncoder
    write_error: Callable[[CrudError, Call], bytes] | None = None
    """Writes the error that ends a stream. None if there is no place for one, so that the connection must be cut."""
    suffix: str = ""
    """How the name of the file ends that a browser is to save what comes in; empty if it is to save nothing."""


MakeFormat = Callable[[Any], Format]
"""Makes the format for one request."""


def formats(operation: Operation) -> dict[bytes, MakeFormat]:
    """The formats of an operation whose replies are a stream, by media type; the default first."""
    if issubclass(operation.request_type, ExportRecords):
        return _export_formats(message_of(operation.reply.fields_by_name["records"]))
    return _watch_formats(operation.reply)


def _watch_formats(reply: Descriptor) -> dict[bytes, MakeFormat]:
    write = compile_json_writer(reply)
    events = StreamEncoder(lambda event: _event(event, write(event)))
    lines = StreamEncoder(lambda event: write(event) + b"\n")

    def as_events(request: WatchRecords) -> Format:
        return Format(EVENTS, _RETRY, events, _error_event)

    def as_lines(media_type: bytes) -> MakeFormat:
        return lambda request: Format(media_type, b"", lines, _error_line)

    return {EVENTS: as_events} | {media_type: as_lines(media_type) for media_type in LINES}


def _export_formats(record: Descriptor) -> dict[bytes, MakeFormat]:
    write = compile_json_writer(record)
    lines = StreamEncoder(lambda reply: b"".join([write(each) + b"\n" for each in reply.records]))

    def as_lines(media_type: bytes) -> MakeFormat:
        return lambda request: Format(media_type, b"", lines)

    def as_csv(request: ExportRecords) -> Format:
        writer = CsvWriter(request.read_mask)

        def write_lines(reply: ExportRecordsReply) -> bytes:
            return writer.lines(reply.records)

        return Format(CSV + b"; charset=utf-8; header=present", writer.header, StreamEncoder(write_lines), suffix="csv")

    return {media_type: as_lines(media_type) for media_type in LINES} | {CSV: as_csv}


def _event(event: WatchEvent, data: bytes) -> bytes:
    """A Server-Sent Event (WHATWG HTML, section 9.2). Neither a token nor compact JSON has the end of a line in it."""
    token = b"id: %b\n" % event.resume_token.encode() if event.resume_token else b""
    return b"event: %b\n%bdata: %b\n\n" % (_name(event), token, data)


def _name(event: WatchEvent) -> bytes:
    if event.group is not None:
        return b"change"
    if event.bookmark is not None:
        return b"bookmark"
    return b"initialDone" if event.initial_done is not None else b"gap"


def _error_event(error: CrudError, call: Call) -> bytes:
    return b"event: error\ndata: %b\n\n" % http_error(error, call)


def _error_line(error: CrudError, call: Call) -> bytes:
    return http_error(error, call) + b"\n"
