"""A process that writes to a store for two lives, and says what was acknowledged, and when by the recorder's clock."""

import asyncio
import json
import random
import sys
import time

from crud_service.bootstrap.stores import open_store
from crud_service.library.sqlite import SqliteStore
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

WRITERS = 8
_INDEX = FieldIndex("content.n", ready=True)


async def main(path: str, synchronous: str, mutations: str) -> None:
    """Open, write, close, twice: making the file, moving the log into it and starting anew are recorded, too."""
    for life in range(2):
        if synchronous == "DEFAULT":
            store = open_store(f"sqlite:///{path}", auto_migrate=True)
        else:
            store = SqliteStore(path, synchronous=synchronous)
        await store.open()
        if await store.get_collection(CollectionKey("", "notes")) is None:
            await store.commit(mutation(create_collection(collection(indexes=(_INDEX,)))))
        share = int(mutations) // 2 // WRITERS
        await asyncio.gather(*(write(store, f"{life}-{writer}", share) for writer in range(WRITERS)))
        await store.close()


async def write(store, name, mutations):
    """Create records of very different sizes, change, delete and purge them, alone and several in one mutation."""
    chosen = random.Random(name)

    async def commit(*writes, **also):
        committed = await store.commit(mutation(*writes, **also))
        told = [[state.revision, state.id, state.version, state.name] for state in committed.states]
        sys.stdout.write(json.dumps([time.monotonic_ns(), told]) + "\n")
        return committed.states

    for number in range(mutations // 4):
        key = f"{name}-{number}"
        content = json.dumps({"n": number, "text": chosen.randbytes(chosen.choice([10, 100, 12_000])).hex()})
        creates = [create(record(f"{key}-a", content=content)), create(record(f"{key}-b", tags=("c",)))]
        first, second = await commit(*creates, request=request(key))
        (first,) = await commit(update(first, name="changed", content=json.dumps({"n": chosen.randrange(1_000)})))
        (gone,) = await commit(delete(second))
        await commit(purge(gone) if number % 3 == 0 else update(first, name="again"))


asyncio.run(main(*sys.argv[1:]))
