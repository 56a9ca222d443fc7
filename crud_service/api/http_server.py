"""The HTTP transport: one plain ASGI application, with routes compiled from the annotations of the proto."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.text import text
from crud_service.api.http_body import Receive
from crud_service.api.http_endpoint import HttpRequest, http_endpoint
from crud_service.api.http_headers import Headers, join_headers
from crud_service.api.http_reply import HttpReply, refusal
from crud_service.api.http_rules import Miss, Router
from crud_service.api.operations import Operation
from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Document = Callable[[Headers, bytes], HttpReply]
"""Answers GET on one fixed path, given the request's headers and query string."""

_NOT_MODIFIED = 304


class _Route(NamedTuple):
    name: str
    handler: Handler


class HttpServer:
    """The ASGI application: operations below /v1, and documents on fixed paths."""

    def __init__(
        self,
        operations: Sequence[Operation],
        middleware: Sequence[Middleware],
        limits: Limits,
        documents: Mapping[str, Document],
    ) -> None:
        writer = cache(compile_json_writer)
        self._router: Router[_Route] = Router(
            (
                rule,
                _Route(
                    operation.name,
                    chain(middleware, http_endpoint(operation, rule, limits, writer(operation.reply))),
                ),
            )
            for operation in operations
            for rule in operation.rules
        )
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. An error is a complete answer as well, never a connection that ends in the middle."""
        if scope["type"] != "http":
            raise RuntimeError(f"this application serves HTTP, not {scope['type']}")
        headers = join_headers(scope["headers"])
        verb = scope["method"]
        match = self._router.match("GET" if verb == "HEAD" else verb, scope["raw_path"])
        if isinstance(match, Miss):
            reply = self._other(verb, scope, headers, match.allowed)
        else:
            route, path_value = match
            reply = await _serve(route, HttpRequest(path_value, scope["query_string"], headers, receive))
        # The length would be that of the body which a 304 does not have.
        if reply.status != _NOT_MODIFIED:
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


async def _serve(route: _Route, raw: HttpRequest) -> HttpReply:
    headers = raw.headers
    call = Call(route.name, "http", text(headers.get(b"traceparent", "")), text(headers.get(b"x-change-reason", "")))
    timeout_ms = headers.get(b"x-timeout-ms")
    if timeout_ms is not None:
        call.timeout_ms = text(timeout_ms) or "0"  # an empty one is no more a number than any other text
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
