"""One operation over HTTP, in three moves: decode, call, encode."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.api.codec.masked import masked
from crud_service.api.codec.offload import LARGE
from crud_service.api.http_body import Receive, read_body
from crud_service.api.http_headers import (
    Headers,
    check_media_type,
    check_read,
    is_merge_patch,
    is_unchanged,
    read_preconditions,
    with_request_id,
)
from crud_service.api.http_reply import JSON, HttpReply
from crud_service.api.http_rules import HttpRule
from crud_service.api.http_sink import HttpSink
from crud_service.api.operations import Operation, resource_of
from crud_service.model.call import Call, Handler
from crud_service.model.limits import Limits


class HttpRequest(NamedTuple):
    """A request as it comes: what the path binds, the query string, the headers and the channel of the body."""

    path_value: str
    query: bytes
    headers: Headers
    receive: Receive
    sink: HttpSink | None = None
    """Where replies go that are a stream; the endpoint of any other operation returns its reply."""


def http_endpoint(operation: Operation, rule: HttpRule, limits: Limits, write: Callable[[Any], bytes]) -> Handler:
    """The handler that makes an HttpReply of an HttpRequest, as one of the operation's rules has it.

    `write` prints replies of the operation.
    """
    request_type, most_items = operation.request_type, limits.batch_records
    read = compile_http_reader(operation.request, request_type, rule.path_field, rule.body, most_items)
    handler, resource = operation.handler, resource_of(operation)
    has_request_id = "request_id" in operation.request.fields_by_name
    is_read, is_patch = rule.verb == "GET", rule.verb == "PATCH"
    status = 201 if rule.creates else 200
    route = f"{rule.verb} {rule.template}"

    async def decode(call: Call, raw: HttpRequest) -> Any:
        headers, data = raw.headers, b""
        read_preconditions(call, headers)
        if rule.body:
            check_media_type(headers)
            data = await read_body(headers, raw.receive, limits.request_bytes)
        merges = is_patch and is_merge_patch(headers)
        if len(data) < LARGE:
            request = read(raw.path_value, raw.query, data, is_merge_patch=merges)
        else:
            request = await asyncio.to_thread(read, raw.path_value, raw.query, data, is_merge_patch=merges)
        return with_request_id(request, headers) if has_request_id else request

    async def endpoint(call: Call, raw: HttpRequest) -> HttpReply:
        call.route = route
        request = await decode(call, raw)
        call.resource = resource(request)
        reply = await handler(call, request)
        etag = getattr(reply, "etag", "")
        if is_read:
            check_read(call, etag)
            if is_unchanged(call, etag):
                return HttpReply(304, b"", [(b"etag", etag.encode())])
        return HttpReply(status, write(masked(request, reply)), _headers(reply, etag, status))

    return endpoint


def _headers(reply: Any, etag: str, status: int) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", JSON)]
    if etag:
        headers.append((b"etag", etag.encode()))
    if status == 201:
        headers.append((b"location", f"/v1/{reply.path}".encode()))
    return headers
