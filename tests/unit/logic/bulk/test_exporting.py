"""ExportRecords: all records as they were at one revision."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from crud_service.library.memory import MemoryStore
from crud_service.logic.bulk import exporting
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import Record
from crud_service.model.requests import DeleteCollection, ExportRecords, ExportRecordsReply
from tests.unit.logic.bulk.conftest import NOTES, row, run
from tests.unit.logic.conftest import Service, call
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around

ALL = "collections/-"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch) -> None:
    """Pages of two records, so that a few make several."""
    monkeypatch.setattr(exporting, "_PAGE_RECORDS", 2)


def export(service: Service, parent: str = NOTES, **fields: Any) -> AsyncIterator[ExportRecordsReply]:
    """The replies of an export."""
    return service.handlers["ExportRecords"](call(), ExportRecords(parent, **fields))


async def replies(service: Service, parent: str = NOTES, **fields: Any) -> list[ExportRecordsReply]:
    """All replies of an export."""
    return [reply async for reply in export(service, parent, **fields)]


async def records(service: Service, parent: str = NOTES, **fields: Any) -> list[Record]:
    """All records of an export."""
    return [record for reply in await replies(service, parent, **fields) for record in reply.records]


async def ids(service: Service, parent: str = NOTES, **fields: Any) -> list[str]:
    """Their ids."""
    return [record.id for record in await records(service, parent, **fields)]


@pytest.fixture
async def filled(service) -> Service:
    """Live records in two collections, and a deleted one."""
    for record_id in "ecadb":
        await service.create(record_id, name=record_id, content={"n": 1})
    await service.create("x", "collections/more")
    await service.delete((await service.create("gone")).path)
    return service


@pytest.mark.parametrize("count", range(6))
async def test_all_records_in_the_order_of_ids(service, count) -> None:
    """Each comes once, in pages, and each reply says the revision; there is one reply at least."""
    await service.create_collection()
    for record_id in "abcde"[:count]:
        await service.create(record_id)
    found = await replies(service)
    assert [record.id for reply in found for record in reply.records] == list("abcde"[:count])
    assert {reply.revision for reply in found} == {count + 1}
    assert len(found) == max(1, (count + 1) // 2)


async def test_an_empty_store(service, refused) -> None:
    """There is nothing to export, at revision 0, and no collection to name."""
    assert await replies(service, ALL) == [ExportRecordsReply((), 0)]
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await replies(service)


async def test_all_collections(filled) -> None:
    """They come one after the other."""
    found = [record.path.split("/", 1)[1] for record in await records(filled, ALL)]
    assert found == ["more/records/x", *(f"notes/records/{each}" for each in "abcde")]


async def test_what_is_asked_for(filled) -> None:
    """Filter, mask and deleted records are those of a list."""
    assert await ids(filled, filter='name > "b"') == ["c", "d", "e"]
    assert await ids(filled, show_deleted=True) == ["a", "b", "c", "d", "e", "gone"]
    assert (await records(filled, read_mask=("content.m",)))[0].content == "{}"


async def test_hooks_see_what_is_read(service_of) -> None:
    """They redact an export as they do a list."""
    service = service_of(hooks=Recorder())
    await run(service, [row("a", name="quiet")])
    assert [record.name for record in await records(service)] == ["QUIET"]


@pytest.mark.parametrize(
    ("request_fields", "kind", "reason"),
    [
        ({"parent": "notes"}, Kind.INVALID_ARGUMENT, Reason.INVALID_ID),
        ({"parent": "collections/none"}, Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND),
        ({"filter": "name"}, Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER),
        ({"read_mask": ("nothing",)}, Kind.INVALID_ARGUMENT, Reason.INVALID_READ_MASK),
        ({"read_revision": -1}, Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION),
        ({"read_revision": 99}, Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED),
    ],
)
async def test_refused(filled, refused, request_fields, kind, reason) -> None:
    """What cannot be exported is said before any record."""
    with refused(kind, reason):
        await replies(filled, **{"parent": NOTES} | request_fields)


async def test_writes_meanwhile_do_not_show(filled) -> None:
    """Records that come, change and go during an export are shown as they were when it began."""
    before = await records(filled, ALL, show_deleted=True)
    stream = export(filled, ALL, show_deleted=True)
    seen = list((await anext(stream)).records)
    await filled.update(f"{NOTES}/records/e", name="changed")
    await filled.delete(f"{NOTES}/records/d")
    await filled.create("f")
    await filled.undelete(f"{NOTES}/records/gone")
    async for reply in stream:
        seen += reply.records
    assert seen == before


@pytest.mark.parametrize("is_made_anew", [False, True])
async def test_a_collection_that_is_deleted_meanwhile(filled, refused, is_made_anew) -> None:
    """Its records go with it, and an export of the first of them must not look like one of all."""
    stream = export(filled)
    await anext(stream)
    await filled.do(DeleteCollection(NOTES, force=True))
    if is_made_anew:
        await filled.create("z")
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        [reply async for reply in stream]


async def test_an_earlier_revision(filled) -> None:
    """An export shows any revision that the log still has."""
    assert await ids(filled, read_revision=3) == ["a", "c", "e"]


class Compacted(Around):
    """A store whose log is compacted past what is being read, after so many pages."""

    def __init__(self, store: MemoryStore, pages: int) -> None:
        super().__init__(store)
        self.pages = pages

    async def list_records(self, query: Any) -> Any:
        self.pages -= 1
        return await self.store.list_records(query)

    async def log_floor(self, scope: Any = None) -> int:
        return 100 if self.pages < 0 else 0


async def test_history_is_gone_in_the_middle(filled, service_of, refused) -> None:
    """The export ends with an error and not with holes: what came before is right, and the page after never comes."""
    service = service_of(Compacted(filled.store, 1))
    seen = []
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
        async for reply in export(service):
            seen += [record.id for record in reply.records]
    assert seen == ["a", "b"]


class Counting(Around):
    """A store that counts the pages which were asked for."""

    pages = 0

    async def list_records(self, query: Any) -> Any:
        self.pages += 1
        return await self.store.list_records(query)


async def test_one_page_ahead(filled, service_of, new_tasks: Any) -> None:
    """While a reply is being sent the next page is read, and no more; who goes early leaves nothing behind."""
    store = Counting(filled.store)
    stream = export(service_of(store))
    await anext(stream)
    for _ in range(20):
        await asyncio.sleep(0)
    assert store.pages == 2
    await stream.aclose()
    assert new_tasks() == set()


async def test_an_error_of_a_page_ends_the_export(filled, service_of, new_tasks: Any) -> None:
    """It comes out of the iteration."""

    class Failing(Counting):
        async def list_records(self, query: Any) -> Any:
            page = await super().list_records(query)
            if self.pages == 2:
                raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is away")
            return page

    stream = export(service_of(Failing(filled.store)))
    assert [record.id for record in (await anext(stream)).records] == ["a", "b"]
    with pytest.raises(CrudError):
        await anext(stream)
    assert new_tasks() == set()


async def test_an_export_goes_into_another_node(filled) -> None:
    """What one node exports another one imports: equal records, but for what each node gives them itself."""
    store = MemoryStore()
    await store.open()
    there = Service(store)
    exported = await records(filled, ALL)
    rows = [row(each.id, path=each.path, name=each.name, date=each.date, etag=each.etag) for each in exported]
    assert (await run(there, rows, parent=ALL)).imported_count == len(exported)

    def own(record: Record) -> Record:
        return replace(record, revision=0, create_time="", update_time="", content="{}")

    assert [own(record) for record in await records(there, ALL)] == [own(record) for record in exported]
    await store.close()
