"""What an import does at the same time, and what it never does."""

import asyncio
from typing import Any

import pytest

from crud_service.library.memory import MemoryStore
from crud_service.logic.bulk.chunks import Chunk
from crud_service.logic.bulk.pipeline import Pipeline
from crud_service.logic.bulk.storing import Turn
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords
from tests.unit.logic.bulk.conftest import NOTES, row
from tests.unit.logic.conftest import call
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around

LIMITS = Limits(import_rows=2)


class Held(Around):
    """A store whose commits wait until they are let go."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.begun: list[list[str]] = []
        self.gate = asyncio.Semaphore(0)

    async def commit(self, mutation: Any) -> Any:
        self.begun.append([write.record.id for write in mutation.writes])
        await self.gate.acquire()
        return await self.store.commit(mutation)


class Source:
    """A stream of rows that counts how many were taken."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.taken = 0

    async def messages(self) -> Any:
        yield ImportRecords(NOTES)
        for number in range(self.rows):
            self.taken += 1
            yield ImportRecords(records=(row(f"r{number}"),))


async def settle() -> None:
    """Let everything go on that can."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def held(store) -> Held:
    return Held(store)


async def test_one_chunk_is_committed_while_the_next_one_is_prepared(service_of, held, new_tasks: Any) -> None:
    """While a commit is under way the rows behind it are taken and prepared, but not committed, and not without end."""
    hooks, source = Recorder(), Source(20)
    service = service_of(held, limits=LIMITS, hooks=hooks)
    importing = asyncio.create_task(service.handlers["ImportRecords"](call(), source.messages()))
    await settle()
    assert held.begun == [["r0", "r1"]]
    assert hooks.phases.count("before_commit") == 2
    assert source.taken == 4
    held.gate.release()
    await settle()
    assert held.begun == [["r0", "r1"], ["r2", "r3"]]
    assert source.taken == 6
    for _ in range(10):
        held.gate.release()
    assert (await importing).imported_count == 20
    assert new_tasks() == set()


async def test_nothing_is_committed_behind_a_chunk_that_failed(service_of, held, new_tasks: Any) -> None:
    """The chunk that was prepared meanwhile is given up."""
    service = service_of(held, limits=LIMITS)
    importing = asyncio.create_task(service.handlers["ImportRecords"](call(), Source(20).messages()))
    await settle()
    await held.store.close()
    held.gate.release()
    with pytest.raises(CrudError) as caught:
        await importing
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAVAILABLE, Reason.SHUTTING_DOWN)
    assert held.begun == [["r0", "r1"]]
    assert new_tasks() == set()


async def test_a_caller_that_goes_leaves_nothing_behind(service_of, held, new_tasks: Any) -> None:
    """No task goes on after the import was cancelled."""
    service = service_of(held, limits=LIMITS)
    importing = asyncio.create_task(service.handlers["ImportRecords"](call(), Source(20).messages()))
    await settle()
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert new_tasks() == set()


async def test_nothing_is_committed_behind_a_chunk_that_was_given_up() -> None:
    """The turn of a chunk never comes when the one before was cancelled."""
    stored, gate = [], asyncio.Event()

    async def store(chunk: Chunk, turn: Turn) -> None:
        await turn()
        await gate.wait()
        stored.append(chunk.begin)

    pipeline = Pipeline(store)
    await pipeline.put(Chunk(1, 1))
    second = asyncio.create_task(pipeline.put(Chunk(2, 2)))
    await settle()
    second.cancel()
    gate.set()
    await settle()
    assert stored == []
    await pipeline.cancel()


async def test_others_are_served_meanwhile(service) -> None:
    """Many rows in one message are taken some at a time."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def messages() -> Any:
        yield ImportRecords(NOTES, tuple(row(f"r{number}") for number in range(900)))

    task = asyncio.create_task(others())
    await service.handlers["ImportRecords"](call(), messages())
    task.cancel()
    assert turns > 900 // 128
