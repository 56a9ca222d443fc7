"""The HTTP transport: one plain ASGI application, with routes compiled from the annotations of the proto."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.text import text
from crud_service.api.http_body import Receive, TrackedReceive
from crud_service.api.http_endpoint import HttpRequest, http_endpoint
from crud_service.api.http_headers import Headers, join_headers
from crud_service.api.http_import import import_endpoint
from crud_service.api.http_reply import HttpReply, refusal
from crud_service.api.http_rules import HttpRule, Miss, Router
from crud_service.api.http_sink import HttpSink, Send
from crud_service.api.http_stream import ClientGone, stream_endpoint, until_client_is_gone
from crud_service.api.operations import Operation
from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits

Scope = MutableMapping[str, Any]
Document = Callable[[Headers, bytes], HttpReply]
"""Answers GET on one fixed path, given the request's headers and query string."""

_NOT_MODIFIED = 304


class _Route(NamedTuple):
    name: str
    handler: Handler
    serve: Callable[[Handler, Call, HttpRequest, HttpSink], Awaitable[HttpReply | None]] | None = None
    """How the handler of a stream is served."""


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
            (rule, _route(operation, rule, middleware, limits, writer(operation.reply)))
            for operation in operations
            for rule in operation.rules
        )
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. An error is a complete answer as well, never a connection that ends in the middle, unless
        the half of a stream is sent already.
        """
        if scope["type"] != "http":
            raise RuntimeError(f"this application serves HTTP, not {scope['type']}")
        headers = join_headers(scope["headers"])
        verb = scope["method"]
        match = self._router.match("GET" if verb == "HEAD" else verb, scope["raw_path"])
        reply: HttpReply | None
        if isinstance(match, Miss):
            reply = self._other(verb, scope, headers, match.allowed)
        else:
            route, path_value = match
            raw = HttpRequest(path_value, scope["query_string"], headers, receive)
            call = _call(route.name, headers)
            if route.serve is None:
                reply = await _serve(route.handler, call, raw)
            else:
                call.peer = _peer(scope)
                reply = await route.serve(route.handler, call, raw, HttpSink(send, is_head=verb == "HEAD"))
        if reply is None:
            return  # what there is to say has been sent
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


def _route(
    operation: Operation, rule: HttpRule, middleware: Sequence[Middleware], limits: Limits, write: Any
) -> _Route:
    """What serves an operation under one of its rules."""
    if operation.reply_streams:
        return _Route(operation.name, chain(middleware, stream_endpoint(operation, rule, limits)), _serve_replies)
    if operation.request_streams:
        return _Route(operation.name, chain(middleware, import_endpoint(operation, rule, limits, write)), _serve_rows)
    return _Route(operation.name, chain(middleware, http_endpoint(operation, rule, limits, write)))


def _call(operation: str, headers: Headers) -> Call:
    call = Call(operation, "http", text(headers.get(b"traceparent", "")), text(headers.get(b"x-change-reason", "")))
    call.tracestate = text(headers.get(b"tracestate", ""))
    timeout_ms = headers.get(b"x-timeout-ms")
    if timeout_ms is not None:
        call.timeout_ms = text(timeout_ms) or "0"  # an empty one is no more a number than any other text
    return call


def _peer(scope: Scope) -> str:
    """The client's end of the connection."""
    host, port = scope.get("client") or ("", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _serve(handler: Handler, call: Call, raw: HttpRequest) -> HttpReply:
    """Serve an operation with one request and one reply."""
    try:
        reply: HttpReply = await handler(call, raw)
    except CrudError as error:
        reply = refusal(error, call)
    except asyncio.CancelledError:  # by a caller that has gone, or a server that has waited long enough and says so
        reply = refusal(_stopped(), call)
    return _with_ids(reply, call)


async def _serve_rows(handler: Handler, call: Call, raw: HttpRequest, sink: HttpSink) -> HttpReply:
    """Serve an operation whose requests are a stream. What is left of the body when it is over, nobody reads."""
    receive = TrackedReceive(raw.receive)
    reply = await _serve(handler, call, raw._replace(receive=receive))
    if not receive.is_complete:
        reply.headers.append((b"connection", b"close"))
    return reply


async def _serve_replies(handler: Handler, call: Call, raw: HttpRequest, sink: HttpSink) -> HttpReply | None:
    """Serve an operation whose replies are a stream. None unless it failed before the first of them."""
    try:
        async with until_client_is_gone(raw.receive):
            await handler(call, raw._replace(sink=sink))
    except ClientGone:
        return None
    except CrudError as error:
        failure = error
    except asyncio.CancelledError:
        failure = _stopped()
    else:
        with suppress(asyncio.CancelledError):  # a client that goes now misses nothing but the end
            await sink.close()
        return None
    if not sink.is_open:
        return _with_ids(refusal(failure, call), call)
    with suppress(asyncio.CancelledError):  # the connection may be reset meanwhile; then nobody is there to be told
        await sink.fail(failure, call)
    return None


def _with_ids(reply: HttpReply, call: Call) -> HttpReply:
    reply.headers.append((b"x-call-id", call.call_id.encode()))
    reply.headers.append((b"x-trace-id", call.trace_id.encode()))
    return reply


def _stopped() -> CrudError:
    message = "the node stops and could not wait for this call; a write may have been stored, so read first"
    return CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, message)
