"""Imports into a store in memory, and what they leave there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from crud_service.model.errors import CrudError
from crud_service.model.record import Record
from crud_service.model.requests import ImportRecords, ImportRecordsReply, RecordDraft
from crud_service.model.requests.bulk import ImportRow
from tests.unit.logic.conftest import Service, call

NOTES = "collections/notes"


def row(record_id: str = "", **fields: Any) -> RecordDraft:
    """A row about the record with this id."""
    return RecordDraft(id=record_id, **fields)


async def messages(rows: Sequence[ImportRow], size: int, first: ImportRecords) -> AsyncIterator[ImportRecords]:
    """`rows` as a stream with so many of them in a message."""
    yield replace(first, records=tuple(rows[:size]))
    for start in range(size, len(rows), size):
        yield ImportRecords(records=tuple(rows[start : start + size]))


async def cut(rows: Sequence[ImportRow], size: int, first: ImportRecords, error: Exception) -> AsyncIterator[Any]:
    """The same, but at its end the stream breaks."""
    async for message in messages(rows, size, first):
        yield message
    raise error


async def run(service: Service, rows: Sequence[ImportRow], size: int = 2, **options: Any) -> ImportRecordsReply:
    """Import rows, so many of them in a message."""
    stream = messages(rows, size, ImportRecords(options.pop("parent", NOTES), **options))
    return await service.handlers["ImportRecords"](call(), stream)


async def failed(service: Service, rows: Sequence[ImportRow], size: int = 2, **options: Any) -> CrudError:
    """The error that ends the import of rows."""
    with pytest.raises(CrudError) as caught:
        await run(service, rows, size, **options)
    return caught.value


async def stored(service: Service) -> dict[str, Record]:
    """All records, deleted ones too, by their paths."""
    page = await service.list("collections/-", show_deleted=True, page_size=1000)
    return {record.path: record for record in page.records}


@pytest.fixture
def paths_of() -> Callable[[Service], Any]:
    """The ids of the live records of the collection, in order."""

    async def ids(service: Service) -> list[str]:
        return [record.id for record in (await service.list()).records]

    return ids


@pytest.fixture
async def new_tasks() -> Callable[[], set[asyncio.Task[Any]]]:
    """Tells which tasks of the loop, which all tests share, were begun since, besides the one that asks."""
    before = asyncio.all_tasks()

    def begun() -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - before - {asyncio.current_task()}

    return begun
