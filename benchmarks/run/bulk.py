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
from crud_service.model.timestamp import Timestamp, later, parse

RARE = "rare"
"""A tag that one record in a hundred has."""
_BATCH = 1000
_MINUTE = 60 * 1_000_000_000


def fill_store(path: Path, count: int, sample: int) -> list[str]:
    """Store `count` of our records in the collection `notes` of a new file. Returns `sample` of their ids at random.

    Their dates are a minute apart, and one in a hundred has the tag `rare`.
    """
    ids = sorted(str(uuid_utils.uuid7()) for _ in range(count))
    asyncio.run(_store(path, ids))
    return random.Random(1).sample(ids, min(sample, count))


async def _store(path: Path, ids: list[str]) -> None:
    store = SqliteStore(path)
    await store.open()
    try:
        for start in range(0, len(ids), _BATCH):
            await store.commit(_mutation(start, ids[start : start + _BATCH]))
    finally:
        await store.close()


def date_of(index: int) -> Timestamp:
    """The date of the record that is stored as the `index`-th."""
    return later(parse(DATE), index * _MINUTE)


def _mutation(start: int, ids: list[str]) -> Mutation:
    time = parse(DATE)
    content = json.dumps(CONTENT, separators=(",", ":"))
    writes = tuple(
        RecordWrite(
            ChangeKind.RECORD_CREATED,
            Record("notes", record_id, NAME, date_of(index), content, _tags(index), 0, 1, time, time),
        )
        for index, record_id in enumerate(ids, start)
    )
    return Mutation("", Origin("benchmark"), time, writes, create_collections=True)


def _tags(index: int) -> tuple[str, ...]:
    return (TAGS[0], RARE) if index % 100 == 0 else tuple(TAGS)
