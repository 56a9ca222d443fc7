"""The last few calls of each principal."""

import asyncio
from typing import Any

import pytest

from crud_service.chassis.recent_calls import RecentCalls
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason


def call(number: int = 0, principal: str = "ann") -> Call:
    return Call("GetRecord", "http", call_id=f"call-{number}", principal=principal, resource=f"collections/c{number}")


async def make(recent: RecentCalls, made: Call, error: BaseException | None = None) -> None:
    async def handler(_: Call, request: Any) -> Any:
        if error:
            raise error
        return request

    assert await recent(handler)(made, "reply") == "reply"


async def test_calls_of_a_principal_in_their_order() -> None:
    """What they were, on what, how they ended; not those of others, nor the call itself."""
    recent = RecentCalls()
    await make(recent, call(1))
    await make(recent, call(2, "bob"))
    with pytest.raises(CrudError):
        await make(recent, call(3), CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, "none"))
    with pytest.raises(ZeroDivisionError):
        await make(recent, call(4), ZeroDivisionError())
    with pytest.raises(asyncio.CancelledError):
        await make(recent, call(5), asyncio.CancelledError())
    await make(recent, call(6))
    found = recent.of(call(6))
    assert [(each.call_id, each.outcome) for each in found] == [
        ("call-1", "OK"),
        ("call-3", "NOT_FOUND"),
        ("call-4", "INTERNAL"),
        ("call-5", "CANCELLED"),
    ]
    assert found[0].resource == "collections/c1"
    assert [each.time for each in found] == sorted(each.time for each in found)
    assert recent.of(call(9, "carl")) == ()


async def test_memory_is_bounded() -> None:
    """Eight calls of each of a thousand principals, and texts that are cut."""
    recent = RecentCalls()
    for number in range(20):
        await make(recent, call(number))
    assert [each.call_id for each in recent.of(call(99))] == [f"call-{number}" for number in range(12, 20)]
    for number in range(1_000):
        await make(recent, call(number, f"p{number}"))
    assert recent.of(call(99)) == ()
    assert len(recent.of(call(99_999, "p999"))) == 1
    long = Call("GetRecord", "http", resource="x" * 5_000 + "\ud800")
    await make(recent, long)
    assert len(recent.of(call(1, "anonymous"))[0].resource) == 256


async def test_texts_can_be_encoded() -> None:
    """A lone surrogate of a path does not keep a report from being stored."""
    recent = RecentCalls()
    await make(recent, Call("GetRecord", "http", resource="a\ud800"))
    assert recent.of(call(1, "anonymous"))[0].resource.encode() == b"a\\ud800"
