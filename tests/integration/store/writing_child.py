"""A process that writes until it is killed, and prints each state once it is acknowledged."""

import asyncio
import json
import os
import random
import sys

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import encode_state
from crud_service.model.record import CollectionKey, FieldIndex
from crud_service.testing.mutations import (
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


async def main(path: str, name: str) -> None:
    """Eight writers that create, change, delete and purge records, alone and several in one mutation."""
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

    await asyncio.gather(*(write(writer) for writer in range(8)))


def line_of(state):
    """A state as the log keeps it, or of a purged record just the id."""
    return encode_state(state) if state.date else state.id


asyncio.run(main(*sys.argv[1:]))
