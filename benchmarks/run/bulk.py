"""Fills a store file directly through the store adapter, without a server in between."""

import asyncio
import json
import random
from pathlib import Path

import uuid_utils
from payload import CONTENT, DATE, NAME, TAGS

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import ChangeKind, Mutation, Origin, RecordWrite
from crud_service.model.record import Record
from crud_service.model.timestamp import parse

_BATCH = 1000


def fill_store(path: Path, count: int, sample: int) -> list[str]:
    """Store `count` of our records in the collection `notes` of a new file. Returns `sample` of their ids at random."""
    ids = sorted(str(uuid_utils.uuid7()) for _ in range(count))
    asyncio.run(_store(path, ids))
    return random.Random(1).sample(ids, min(sample, count))


async def _store(path: Path, ids: list[str]) -> None:
    store = SqliteStore(path)
    await store.open()
    try:
        for start in range(0, len(ids), _BATCH):
            await store.commit(_mutation(ids[start : start + _BATCH]))
    finally:
        await store.close()


def _mutation(ids: list[str]) -> Mutation:
    date = parse(DATE)
    content = json.dumps(CONTENT, separators=(",", ":"))
    writes = tuple(
        RecordWrite(
            ChangeKind.RECORD_CREATED,
            Record("notes", record_id, NAME, date, content, tuple(TAGS), 0, 1, date, date),
        )
        for record_id in ids
    )
    return Mutation("", Origin("benchmark"), date, writes, create_collections=True)
