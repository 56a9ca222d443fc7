"""An operation whose replies are a stream, over HTTP: a request as of any other, and replies in one of its formats."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.api.codec.text import text
from crud_service.api.http_accept import accepted
from crud_service.api.http_body import Receive
from crud_service.api.http_endpoint import HttpRequest
from crud_service.api.http_formats import Format, formats
from crud_service.api.http_headers import Headers, read_preconditions
from crud_service.api.http_rules import HttpRule
from crud_service.api.operations import Operation, resource_of
from crud_service.api.streaming import send_all
from crud_service.model.call import Call, Handler
from crud_service.model.errors import Reason, invalid
from crud_service.model.limits import Limits

_COLLECTION = re.compile(r"collections/([a-z0-9][a-z0-9._-]{0,127})")


class ClientGone(Exception):
    """The client has closed its connection, so nobody is there to answer."""


def stream_endpoint(operation: Operation, rule: HttpRule, limits: Limits) -> Handler:
    """The handler that answers an HttpRequest by its sink, as one of the operation's rules has it."""
    request_type = operation.request_type
    read = compile_http_reader(operation.request, request_type, rule.path_field, rule.body, limits.batch_records)
    handler, resource, known = operation.handler, resource_of(operation), formats(operation)
    is_resumable = "resume_token" in operation.request.fields_by_name

    async def endpoint(call: Call, raw: HttpRequest) -> None:
        read_preconditions(call, raw.headers)
        request = read(raw.path_value, raw.query, b"")
        if is_resumable:
            request = _with_resume_token(request, raw.headers)
        call.resource = resource(request)
        format_ = known[accepted(raw.headers.get(b"accept"), list(known))](request)
        sink = raw.sink
        if sink is None:
            raise RuntimeError("a stream of replies needs a place to go")
        if sink.is_head:
            await sink.open(format_, _headers(call, format_, request))
            return

        async def send(reply: Any) -> None:
            data = await format_.encode(request, reply)
            if sink.is_open:
                await sink.write(data)
            else:
                await sink.open(format_, _headers(call, format_, request, reply), data)

        await send_all(handler(call, request), send, limits.stall_seconds)
        if not sink.is_open:
            await sink.open(format_, _headers(call, format_, request))

    return endpoint


@asynccontextmanager
async def until_client_is_gone(receive: Receive) -> AsyncIterator[None]:
    """A block that is cancelled when the client closes its connection; it is left by ClientGone then.

    Nothing else may receive meanwhile: what the client still sends is dropped.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a call runs in a task")
    is_gone = False

    async def listen() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        task.cancel()

    listening = asyncio.create_task(listen())
    try:
        yield
    except asyncio.CancelledError:
        if is_gone and task.uncancel() == 0:
            raise ClientGone from None
        raise  # somebody else wants the end of it as well
    finally:
        listening.cancel()


def _with_resume_token(request: Any, headers: Headers) -> Any:
    """The request with the token that a browser sends when it resumes. INVALID_ARGUMENT if it has another one."""
    token = text(headers.get(b"last-event-id", b""))
    if not token:
        return request
    if request.resume_token not in ("", token):
        raise invalid("resume_token", "differs from Last-Event-ID", Reason.INVALID_RESUME_TOKEN)
    return replace(request, resume_token=token)


def _headers(call: Call, format_: Format, request: Any, reply: Any = None) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-call-id", call.call_id.encode()), (b"x-trace-id", call.trace_id.encode())]
    revision = getattr(reply, "revision", None)
    if revision is not None:
        headers.append((b"x-revision", b"%d" % revision))
    if format_.suffix:
        headers.append((b"content-disposition", _file(request.parent, format_.suffix)))
    return headers


def _file(parent: str, suffix: str) -> bytes:
    """What a browser calls the file that it saves: nothing but the id of a collection gets into its name."""
    found = _COLLECTION.fullmatch(parent)
    return b'attachment; filename="%b.%b"' % ((found[1] if found else "records").encode(), suffix.encode())
