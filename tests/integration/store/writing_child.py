"""A process that writes until it is killed, and prints each state once it is acknowledged."""

import asyncio
import json
import os
import random
import sys

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import encode_state
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey, FieldIndex
from crud_service.testing.mutations import (
    MUCH_LATER,
    collection,
    create,
    create_collection,
    delete,
    mutation,
    purge,
    record,
    request,
    update,
)

INDEX = FieldIndex("content.n", ready=True)
COMPACT_ALL = HistoryRule(MUCH_LATER, 0, MUCH_LATER)


async def main(path: str, name: str, compacts: str = "") -> None:
    """Eight writers that create, change, delete and purge records, alone and several in one mutation; and one who
    compacts the log behind them, if asked to.
    """
    store = SqliteStore(path)
    await store.open()
    if await store.get_collection(CollectionKey("", "notes")) is None:
        await store.commit(mutation(create_collection(collection(indexes=(INDEX,)))))

    async def commit(*writes, **also):
        committed = await store.commit(mutation(*writes, **also))
        lines = "".join(line_of(state) + "\n" for state in committed.states)
        os.write(sys.stdout.fileno(), lines.encode())
        return committed.states

    async def write(writer: int) -> None:
        for number in range(1_000_000):
            key = f"{name}-{writer}-{number}"
            creates = [create(record(f"{key}-a")), create(record(f"{key}-b", tags=("c",)))]
            first, second = await commit(*creates, request=request(key))
            await commit(update(first, name="changed", content=json.dumps({"n": random.randrange(1_000)})))
            (gone,) = await commit(delete(second))
            if number % 3 == 0:
                await commit(purge(gone))

    async def compact() -> None:
        while compacts:
            # A few entries a step, so that steps are under way most of the time.
            step = await store.compact_log(CollectionKey("", "notes"), COMPACT_ALL, 20)
            if not step.more:
                await asyncio.sleep(0.001)

    await asyncio.gather(compact(), *(write(writer) for writer in range(8)))


def line_of(state):
    """A state as the log keeps it, or of a purged record just the id."""
    return encode_state(state) if state.date else state.id


asyncio.run(main(*sys.argv[1:]))
