"""What stores tell of themselves: groups that were written, what waits, threads that are busy."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from crud_service.library.group_commit import GroupCommit
from crud_service.library.memory import MemoryStore
from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import Committed
from crud_service.model.errors import CrudError, Reason
from crud_service.model.measures import CommitMeasures, PoolMeasures
from crud_service.testing.mutations import create, mutation, record


def one(name: str) -> Any:
    return mutation(create(record(name)))


async def test_groups_are_measured() -> None:
    """While one group is written those that come wait; each group adds its size and its seconds, failed or not."""
    busy, leave = threading.Event(), threading.Event()

    def write(mutations: Any) -> list[Committed]:
        busy.set()
        assert leave.wait(10)
        if len(mutations) == 3:
            raise RuntimeError("planted")
        return [Committed(1, ()) for _ in mutations]

    commits = GroupCommit(write, lambda _: None)
    first = asyncio.ensure_future(commits.commit(one("first")))
    await asyncio.to_thread(busy.wait, 10)
    others = [asyncio.ensure_future(commits.commit(one(f"r{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    assert commits.measures.waiting == 3
    assert sum(commits.measures.group_sizes.counts) == 0
    leave.set()
    await asyncio.gather(first, *others)
    measures = commits.measures
    assert measures.waiting == 0
    assert measures.group_sizes.counts[:4] == (1, 0, 1, 0)
    assert measures.group_sizes.total == 4
    assert sum(measures.write_seconds.counts) == 2
    assert measures.write_seconds.total > 0
    await commits.close()


async def test_reader_threads_are_measured(tmp_path: Path) -> None:
    """A read that takes a thread makes it busy, and one more than there are threads waits, until it has gone."""
    store = SqliteStore(tmp_path / "crud.db", reader_threads=1)
    await store.open()
    busy, leave = threading.Event(), threading.Event()

    def read(_: Any) -> None:
        busy.set()
        assert leave.wait(10)

    pool = store._running.readers
    running = asyncio.ensure_future(pool.run(read))
    await asyncio.to_thread(busy.wait, 10)
    waiting = asyncio.ensure_future(pool.run(read))
    given_up = asyncio.ensure_future(pool.run(read))
    await asyncio.sleep(0)
    assert store.measures.pools[0] == PoolMeasures("store-reader", threads=1, busy=1, waiting=2)
    assert store.measures.pools[1] == PoolMeasures("store-searcher", threads=2, busy=0, waiting=0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert store.measures.pools[0].waiting == 1
    leave.set()
    await asyncio.gather(running, waiting)
    await asyncio.sleep(0)
    assert store.measures.pools[0] == PoolMeasures("store-reader", threads=1, busy=0, waiting=0)
    await store.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_the_last_revision_is_known(kind: str, tmp_path: Path) -> None:
    """It is that of the log, also of a file that was there; a store that is closed has nothing to tell."""
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "crud.db")
    await store.open()
    await store.commit(one("a"))
    await store.commit(one("b"))
    assert store.measures.last_revision == await store.last_revision() == 2
    assert isinstance(store.measures.commits, CommitMeasures) is (kind == "sqlite")
    await store.close()
    with pytest.raises(CrudError) as caught:
        _ = store.measures
    assert caught.value.reason is Reason.SHUTTING_DOWN
    if kind == "sqlite":
        await store.open()
        assert store.measures.last_revision == 2
        await store.close()
