"""An import over HTTP: a body of any size, read line by line while the lines before are being stored."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from msgspec.structs import replace

from crud_service.api.codec.fields import message_of
from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.api.codec.offload import LARGE
from crud_service.api.http_body import read_pieces
from crud_service.api.http_endpoint import HttpRequest
from crud_service.api.http_headers import check_media_type, read_preconditions, with_request_id
from crud_service.api.http_lines import LineSplitter
from crud_service.api.http_reply import JSON, HttpReply
from crud_service.api.http_rows import ReadRow, compile_row_reader
from crud_service.api.http_rules import HttpRule
from crud_service.api.operations import Operation, resource_of
from crud_service.api.streaming import take_all
from crud_service.model.call import Call, Handler
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords
from crud_service.model.requests.bulk import ImportRow

# How much is handed on at once: enough that little is lost between the messages, little enough to wait for.
_MOST_ROWS, _MOST_BYTES = 200, 1_048_576

_END: Any = object()


def import_endpoint(operation: Operation, rule: HttpRule, limits: Limits, write: Callable[[Any], bytes]) -> Handler:
    """The handler that makes an HttpReply of an HttpRequest whose body is lines of JSON; `write` prints the reply."""
    read = compile_http_reader(operation.request, operation.request_type, rule.path_field, "")
    read_row = compile_row_reader(message_of(operation.request.fields_by_name[rule.body]), limits.request_bytes)
    handler, resource = operation.handler, resource_of(operation)

    async def endpoint(call: Call, raw: HttpRequest) -> HttpReply:
        read_preconditions(call, raw.headers)
        check_media_type(raw.headers, lines=True)
        first = with_request_id(read(raw.path_value, raw.query, b""), raw.headers)
        call.resource = resource(first)
        pieces = take_all(read_pieces(raw.receive), limits.idle_seconds)
        lines = _some_lines(pieces, LineSplitter(limits.request_bytes))
        async with aclosing(_ahead(_messages(first, lines, read_row))) as messages:
            reply = await handler(call, messages)
        return HttpReply(200, write(reply), [(b"content-type", JSON)])

    return endpoint


async def _messages(
    first: ImportRecords, lines: AsyncIterator[list[bytes | None]], read_row: ReadRow
) -> AsyncGenerator[ImportRecords]:
    """The messages of an import: `first` with the first lines as rows, then those with the others."""
    message = first
    async for some in lines:
        yield replace(message, records=await _rows(some, read_row))
        message = ImportRecords()


async def _some_lines(pieces: AsyncIterator[bytes], splitter: LineSplitter) -> AsyncIterator[list[bytes | None]]:
    """The lines of a body, some at a time; none at the end, or of an empty body, is the last time."""
    some: list[bytes | None] = []
    size = 0
    async for piece in pieces:
        for line in splitter.feed(piece):
            some.append(line)
            size += len(line or b"")
            if len(some) == _MOST_ROWS or size >= _MOST_BYTES:
                yield some
                some, size = [], 0
    yield some + splitter.end()


async def _rows(lines: list[bytes | None], read_row: ReadRow) -> tuple[ImportRow, ...]:
    """The lines as rows; many bytes of them are read off the event loop."""
    if sum([len(line or b"") for line in lines]) < LARGE:
        return tuple(map(read_row, lines))
    return await asyncio.to_thread(lambda: tuple(map(read_row, lines)))


async def _ahead(messages: AsyncGenerator[ImportRecords]) -> AsyncGenerator[ImportRecords]:
    """The same messages; while one is being used, the next one is got."""
    async with aclosing(messages):
        coming = asyncio.ensure_future(anext(messages, _END))
        try:
            while (message := await coming) is not _END:
                coming = asyncio.ensure_future(anext(messages, _END))
                yield message
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
