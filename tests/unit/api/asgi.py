"""The HTTP application without a server: requests go in as ASGI messages, and handlers are told by the test."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
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

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return str(self.json["error"]["details"][0]["reason"])


def handlers(handle: Handle) -> dict[str, Callable[[Call, Any], Awaitable[Any]]]:
    """A handler for every operation of the contract: all of them `handle`."""

    async def handler(call: Call, request: Any) -> Any:
        return handle(call, request)

    return {method.name: handler for method in METHODS}


class Asgi:
    """Sends requests to the application, whose handlers are `handle`; keeps the last call and request they got."""

    def __init__(self, handle: Handle) -> None:
        self.call: Any = None
        self.request: Any = None

        def keep(call: Call, request: Any) -> Any:
            self.call, self.request = call, request
            return handle(call, request)

        self._application = HttpServer(operations_table(handlers(keep)), [], Limits(), {})

    async def send(
        self,
        verb: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """The answer to one request."""
        path, _, query = target.partition("?")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        scope = {
            "type": "http",
            "method": verb,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        start, end = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], found, end["body"])
