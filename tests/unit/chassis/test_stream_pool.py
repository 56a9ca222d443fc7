"""The pool of streams and long polls: how many are open, of whom, and who is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crud_service.chassis.stream_pool import StreamLimits, StreamPool
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

OPERATIONS = ("WatchRecords", "ListChanges")


class Pool:
    """A pool of few places around handlers that the test lets end."""

    def __init__(self, most: int = 3, most_per_connection: int = 2) -> None:
        self.pool = StreamPool(StreamLimits(most, most_per_connection), OPERATIONS)
        self.end = asyncio.Event()
        self.closed = 0

    @property
    def open(self) -> dict[str, int]:
        return dict(self.pool.measures.open)

    async def watch(self, peer: str) -> AsyncIterator[Any]:
        """A watch that is open."""
        watch = self.pool.replies(self.handle)(Call("WatchRecords", "grpc", peer=peer), None)
        assert await anext(watch) == "bookmark"
        return watch

    async def handle(self, call: Call, request: Any) -> AsyncIterator[str]:
        try:
            yield "bookmark"
            await self.end.wait()
            yield "end"
        finally:
            self.closed += 1

    async def poll(self, peer: str) -> "asyncio.Task[str]":
        """A long poll that waits."""
        poll = self.pool.one_reply(self.wait)(Call("ListChanges", "http", peer=peer), "request")
        task = asyncio.ensure_future(poll)
        await asyncio.sleep(0)
        return task

    async def wait(self, call: Call, request: Any) -> str:
        await self.end.wait()
        return f"reply to {request}"


@pytest.fixture
async def pool() -> Pool:
    return Pool()


async def refusal(pool: Pool, peer: str) -> str:
    """What a watch and a long poll of `peer` are refused with."""
    with pytest.raises(CrudError) as refused:
        await pool.watch(peer)
    error = refused.value
    assert (error.kind, error.reason) == (Kind.RESOURCE_EXHAUSTED, Reason.TOO_MANY_STREAMS)
    assert error.retry_after == 5
    with pytest.raises(CrudError) as same:
        await (await pool.poll(peer))
    assert same.value.message == error.message
    return error.message


async def test_streams_and_polls_share_the_places(pool: Pool) -> None:
    """When all places are taken the next call is refused, and takes none."""
    watch, poll = await pool.watch("a"), await pool.poll("a")
    other = await pool.watch("b")
    assert pool.open == {"WatchRecords": 2, "ListChanges": 1}
    assert pool.pool.measures.limit == 3
    assert "the node has 3 streams open" in await refusal(pool, "c")
    assert pool.open == {"WatchRecords": 2, "ListChanges": 1}
    pool.end.set()
    assert [each async for each in watch] == ["end"]
    assert await poll == "reply to request"
    assert pool.open == {"WatchRecords": 1, "ListChanges": 0}
    assert await pool.watch("c")
    assert await anext(other) == "end"


async def test_one_connection_takes_its_share_only(pool: Pool) -> None:
    """Another connection still finds a place."""
    watch = await pool.watch("a")
    await pool.poll("a")
    assert "the connection has 2 streams open" in await refusal(pool, "a")
    assert await pool.watch("b")
    await watch.aclose()  # type: ignore[attr-defined]
    await pool.watch("a")


async def test_calls_without_a_connection_count_for_the_node(pool: Pool) -> None:
    """Where nobody knows the connection, only the process has a bound."""
    watches = [await pool.watch("") for _ in range(3)]
    assert "the node has 3 streams open" in await refusal(pool, "")
    for watch in watches:
        await watch.aclose()  # type: ignore[attr-defined]
    assert pool.open == {"WatchRecords": 0, "ListChanges": 0}


async def test_who_goes_away_leaves_its_place(pool: Pool) -> None:
    """A stream that is closed closes its handler; a poll that is cancelled is no more."""
    watch, poll = await pool.watch("a"), await pool.poll("a")
    await watch.aclose()  # type: ignore[attr-defined]
    assert pool.closed == 1
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    assert pool.open == {"WatchRecords": 0, "ListChanges": 0}
    assert pool.pool._of_peer == {}


async def test_a_failure_leaves_its_place() -> None:
    """So does a call that ends with an error, whose error it is that comes out."""
    pool = StreamPool(StreamLimits(1, 1), OPERATIONS)

    async def failing(call: Call, request: Any) -> AsyncIterator[str]:
        yield "first"
        raise CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, "gone")

    for _ in range(2):
        watch = pool.replies(failing)(Call("WatchRecords", "grpc", peer="a"), None)
        assert await anext(watch) == "first"
        with pytest.raises(CrudError, match="gone"):
            await anext(watch)
    assert pool.measures.open["WatchRecords"] == 0


async def test_a_stream_that_nobody_reads_has_no_place(pool: Pool) -> None:
    """A place is taken with the first reply that is asked for."""
    pool.pool.replies(pool.handle)(Call("WatchRecords", "grpc", peer="a"), None)
    assert pool.open["WatchRecords"] == 0
