"""The HTTP transport: one plain ASGI application, with routes compiled from the annotations of the proto."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.offload import LARGE
from crud_service.api.codec.text import text
from crud_service.api.http_body import Receive, read_body
from crud_service.api.http_reply import JSON, HttpReply, refusal
from crud_service.api.http_rules import HttpRule, Miss, Router
from crud_service.api.operations import Operation, resource_of
from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]
Document = Callable[[Headers, bytes], HttpReply]
"""Answers GET on one fixed path, given the request's headers and query string."""


class _Route(NamedTuple):
    name: str
    handler: Handler


class _Raw(NamedTuple):
    """A request as it comes: what the path binds, the query string, the headers and the channel of the body."""

    path_value: str
    query: bytes
    headers: Headers
    receive: Receive


class HttpServer:
    """The ASGI application: operations below /v1, and documents on fixed paths."""

    def __init__(
        self,
        operations: Sequence[Operation],
        middleware: Sequence[Middleware],
        limits: Limits,
        documents: Mapping[str, Document],
    ) -> None:
        self._router: Router[_Route] = Router(
            (rule, _Route(operation.name, chain(middleware, _endpoint(operation, rule, limits))))
            for operation in operations
            for rule in operation.rules
        )
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. An error is a complete answer as well, never a connection that ends in the middle."""
        if scope["type"] != "http":
            raise RuntimeError(f"this application serves HTTP, not {scope['type']}")
        headers: Headers = dict(scope["headers"])
        verb = scope["method"]
        match = self._router.match("GET" if verb == "HEAD" else verb, scope["raw_path"])
        if isinstance(match, Miss):
            reply = self._other(verb, scope, headers, match.allowed)
        else:
            route, path_value = match
            reply = await _serve(route, _Raw(path_value, scope["query_string"], headers, receive))
        reply.headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _other(self, verb: str, scope: Scope, headers: Headers, allowed: Sequence[str]) -> HttpReply:
        path: str = scope["path"]
        document = self._documents.get(path)
        if document is not None:
            allowed = ("GET", "HEAD")
            if verb in allowed:
                return document(headers, scope["query_string"])
        if allowed:
            message = f"{path[:200]} answers {', '.join(allowed)}"
            reply = refusal(CrudError(Kind.UNIMPLEMENTED, Reason.METHOD_NOT_ALLOWED, message))
            reply.headers.append((b"allow", ", ".join(allowed).encode()))
            return reply
        message = f"there is nothing at {path[:200]}; /docs lists what there is"
        return refusal(CrudError(Kind.NOT_FOUND, Reason.ROUTE_NOT_FOUND, message))


async def _serve(route: _Route, raw: _Raw) -> HttpReply:
    headers = raw.headers
    call = Call(route.name, "http", text(headers.get(b"traceparent", "")), text(headers.get(b"x-change-reason", "")))
    try:
        reply: HttpReply = await route.handler(call, raw)
    except CrudError as error:
        reply = refusal(error, call)
    except asyncio.CancelledError:  # by a server that stops and has waited long enough; the caller is told
        message = "the node stops and could not wait for this call; a write may have been stored, so read first"
        reply = refusal(CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, message), call)
    reply.headers.append((b"x-call-id", call.call_id.encode()))
    reply.headers.append((b"x-trace-id", call.trace_id.encode()))
    return reply


def _endpoint(operation: Operation, rule: HttpRule, limits: Limits) -> Handler:
    """Decode, call, encode."""
    read = compile_http_reader(operation.request, operation.request_type, rule.path_field, rule.body)
    write = compile_json_writer(operation.reply)
    handler, resource, status = operation.handler, resource_of(operation), 201 if rule.creates else 200

    async def endpoint(call: Call, raw: _Raw) -> HttpReply:
        body = await read_body(raw.headers, raw.receive, limits.request_bytes) if rule.body else b""
        if len(body) < LARGE:
            request = read(raw.path_value, raw.query, body)
        else:
            request = await asyncio.to_thread(read, raw.path_value, raw.query, body)
        call.resource = resource(request)
        reply = await handler(call, request)
        return HttpReply(status, write(reply), _headers(reply, status))

    return endpoint


def _headers(reply: Any, status: int) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", JSON)]
    if etag := getattr(reply, "etag", ""):
        headers.append((b"etag", etag.encode()))
    if status == 201:
        headers.append((b"location", f"/v1/{reply.path}".encode()))
    return headers
