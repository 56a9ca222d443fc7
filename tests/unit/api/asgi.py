"""The HTTP application without a server: requests go in as ASGI messages, and handlers are told by the test."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from crud_service.api.http_server import HttpServer
from crud_service.api.operations import operations_table
from crud_service.model.call import Call
from crud_service.model.limits import Limits
from tests.unit.api.codec.messages import METHODS

Handle = Callable[[Call, Any], Any]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: list[bytes]
    """The body as it was sent."""
    is_whole: bool
    """Whether the reply came to its end: it was not cut, and the client did not go away."""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return str(self.json["error"]["details"][0]["reason"])


def handlers(handle: Handle) -> dict[str, Callable[[Call, Any], Any]]:
    """A handler for every operation of the contract: all of them `handle`.

    It returns the reply, or an awaitable of it; where replies are a stream, an iterator of them, maybe asynchronous.
    """

    async def handler(call: Call, request: Any) -> Any:
        reply = handle(call, request)
        return await reply if inspect.isawaitable(reply) else reply

    async def stream(call: Call, request: Any) -> AsyncIterator[Any]:
        replies = handle(call, request)
        if hasattr(replies, "__aiter__"):
            async for reply in replies:
                yield reply
        else:
            for reply in replies:
                yield reply

    return {method.name: stream if method.server_streaming else handler for method in METHODS}


class Asgi:
    """Sends requests to the application, whose handlers are `handle`; keeps the last call and request they got."""

    def __init__(self, handle: Handle, limits: Limits | None = None) -> None:
        self.call: Any = None
        self.request: Any = None
        self.gone = asyncio.Event()
        """Set it when the client goes away."""

        def keep(call: Call, request: Any) -> Any:
            self.call, self.request = call, request
            return handle(call, request)

        self._application = HttpServer(operations_table(handlers(keep)), [], limits or Limits(), {})

    async def send(
        self,
        verb: str,
        target: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        take: Callable[[bytes], Any] = lambda piece: None,
        *,
        ends: bool = True,
    ) -> Answer:
        """The answer to one request, whose body may be in pieces and never end. `take` gets what comes and may wait."""
        path, _, query = target.partition("?")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        scope = {
            "type": "http",
            "method": verb,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
            "client": ("192.0.2.1", 4711),
        }
        sent: list[Any] = []
        pieces = iter([body] if isinstance(body, bytes) else body)
        following = next(pieces, None)

        async def receive() -> dict[str, Any]:
            nonlocal following
            piece, following = following, next(pieces, None)
            if piece is None:
                await self.gone.wait()
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": following is not None or not ends}

        async def send(message: Any) -> None:
            sent.append(message)
            taken = take(message.get("body", b""))
            if inspect.isawaitable(taken):
                await taken

        await self._application(scope, receive, send)
        return _answer(sent)


def _answer(sent: list[Any]) -> Answer:
    """What the messages of the application say; they are in the order that ASGI asks for."""
    if not sent:
        return Answer(0, {}, b"", [], is_whole=False)
    start, *rest = sent
    assert start["type"] == "http.response.start"
    bodies = [each for each in rest if each["type"] == "http.response.body"]
    assert bodies == rest[: len(bodies)]
    *more, last = [each.get("more_body", False) for each in bodies]
    assert all(more)
    pieces = [each["body"] for each in bodies]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(pieces), pieces, not last)
