"""The chain: middleware around a handler, in a visible order."""

from typing import Any

from crud_service.chassis.chain import chain
from crud_service.model.call import Call, Handler, Middleware

CALL = Call("GetRecord", "grpc")


def noting(name: str, notes: list[str]) -> Middleware:
    def wrap(handler: Handler) -> Handler:
        async def noted(call: Call, request: Any) -> Any:
            notes.append(f"{name} in")
            reply = await handler(call, request)
            notes.append(f"{name} out")
            return reply

        return noted

    return wrap


async def test_the_first_is_the_outermost() -> None:
    """The list reads from the outside in: the first enters first and leaves last."""
    notes: list[str] = []

    async def handler(call: Call, request: Any) -> Any:
        notes.append("handler")
        return request + 1

    assert await chain([noting("a", notes), noting("b", notes)], handler)(CALL, 1) == 2
    assert notes == ["a in", "b in", "handler", "b out", "a out"]


async def test_without_middleware() -> None:
    """An empty list leaves the handler as it is."""

    async def handler(call: Call, request: Any) -> Any:
        return call, request

    assert chain([], handler) is handler
