"""A process that writes until it is killed, and prints each state once it is acknowledged."""

import asyncio
import json
import os
import random
import sys

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import encode_state
from crud_service.testing.mutations import create, delete, mutation, record, update


async def main(path: str, name: str) -> None:
    """Eight writers that create, change and delete records, alone and several in one mutation."""
    store = SqliteStore(path)
    await store.open()

    async def commit(*writes):
        committed = await store.commit(mutation(*writes))
        lines = "".join(encode_state(state) + "\n" for state in committed.states)
        os.write(sys.stdout.fileno(), lines.encode())
        return committed.states

    async def write(writer: int) -> None:
        for number in range(1_000_000):
            key = f"{name}-{writer}-{number}"
            first, second = await commit(create(record(f"{key}-a")), create(record(f"{key}-b", tags=("c",))))
            await commit(update(first, name="changed", content=json.dumps({"n": random.randrange(1_000)})))
            await commit(delete(second))

    await asyncio.gather(*(write(writer) for writer in range(8)))


asyncio.run(main(*sys.argv[1:]))
