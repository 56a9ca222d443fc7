"""ListRecords, over a store in memory."""

import pytest

from crud_service.model import requests
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits

PATH = "collections/notes/records/a"


async def test_list_hides_deleted_records(service) -> None:
    """A list has the live records, in the order of their ids; an emptied collection is an empty list."""
    for record_id in ("b", "c", "a"):
        await service.create(record_id)
    await service.delete("collections/notes/records/b")
    reply = await service.list()
    assert [record.id for record in reply.records] == ["a", "c"]
    assert reply.next_page_token == ""
    await service.delete(PATH)
    await service.delete("collections/notes/records/c")
    assert (await service.list()).records == ()


async def test_list_of_an_unknown_collection(service, refused) -> None:
    """A collection that does not exist is NOT_FOUND, an empty one is an empty page."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.list()
    await service.create_collection()
    assert await service.list() == requests.ListRecordsReply(())


async def test_paging_end_to_end(service) -> None:
    """Following the tokens gives every record once, in order, in pages of the size asked for."""
    ids = [f"r{number:03d}" for number in range(25)]
    for record_id in reversed(ids):
        await service.create(record_id)
    pages, token = [], ""
    while True:
        reply = await service.list(page_size=10, page_token=token)
        pages.append([record.id for record in reply.records])
        token = reply.next_page_token
        if not token:
            break
    assert pages == [ids[:10], ids[10:20], ids[20:]]


async def test_the_last_full_page_has_no_token(service) -> None:
    """A page that ends exactly at the last record does not promise another one."""
    for record_id in ("a", "b", "c", "d"):
        await service.create(record_id)
    first = await service.list(page_size=2)
    second = await service.list(page_size=2, page_token=first.next_page_token)
    assert [record.id for record in second.records] == ["c", "d"]
    assert second.next_page_token == ""


async def test_paging_goes_on_past_changes(service) -> None:
    """Records that are created or deleted between two pages neither repeat nor hide others."""
    for record_id in ("a", "c", "e", "g"):
        await service.create(record_id)
    first = await service.list(page_size=2)
    await service.delete("collections/notes/records/c")
    await service.create("b")
    await service.create("d")
    second = await service.list(page_size=10, page_token=first.next_page_token)
    assert [record.id for record in second.records] == ["d", "e", "g"]


async def test_the_default_page(service, service_of) -> None:
    """A page that does not say has 50 records; one that asks for too many has the limit."""
    for number in range(60):
        await service.create(f"r{number:02d}")
    assert len((await service.list()).records) == 50
    assert len((await service_of(limits=Limits(page_size_max=7)).list(page_size=60)).records) == 7
    assert len((await service.list(page_size=60)).records) == 60


async def test_a_page_ends_at_its_bytes(service, service_of) -> None:
    """Large records end a page early, with a token for the rest and at least one record each."""
    for record_id in ("a", "b", "c"):
        await service.create(record_id, content={"t": "x" * 10_000})
    weight = (await service.get(PATH)).weight
    two = await service_of(limits=Limits(page_bytes=2 * weight)).list()
    assert [record.id for record in two.records] == ["a", "b"]
    assert two.next_page_token
    one = await service_of(limits=Limits(page_bytes=1)).list(page_token=two.next_page_token)
    assert [record.id for record in one.records] == ["c"]


@pytest.mark.parametrize("size", [-1, -1_000])
async def test_negative_page_size(service, refused, size) -> None:
    """A negative page size is refused."""
    await service.create()
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_SIZE, "page_size"):
        await service.list(page_size=size)


async def test_a_token_belongs_to_its_query(service, new_call, refused) -> None:
    """A token goes on with its own collection, filter and tenant only; the page size may change."""
    for record_id in ("a", "b", "c"):
        await service.create(record_id, tags=("x", "y"))
        await service.create(record_id, parent="collections/other")
    token = (await service.list(page_size=1, filter="tags:x")).next_page_token
    assert len((await service.list(page_size=2, filter="tags:x", page_token=token)).records) == 2
    assert len((await service.list(filter='tags:"x" AND tags:x', page_token=token)).records) == 2
    for fields in (
        {},
        {"filter": "tags:y"},
        {"filter": "tags:x AND tags:y"},
        {"filter": "tags:x", "parent": "collections/other"},
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
            await service.list(page_token=token, **fields)
    foreign = requests.ListRecords("collections/notes", page_token=token, filter="tags:x")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN):
        await service.records.list(new_call(tenant="acme"), foreign)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN):
        await service.collections.list(new_call(), requests.ListCollections(page_token=token))


async def test_filter_by_tags(service, refused) -> None:
    """A filter gives the live records that have all its tags."""
    await service.create("a", tags=("x",))
    await service.create("b", tags=("x", "two words"))
    await service.create("c", tags=("y", "two words"))
    await service.create("d", tags=("x", "two words"))
    await service.delete("collections/notes/records/d")

    async def found(text: str) -> list[str]:
        return [record.id for record in (await service.list(filter=text)).records]

    assert await found("tags:x") == ["a", "b"]
    assert await found('tags:"two words"') == ["b", "c"]
    assert await found('tags:"two words" AND tags:x') == ["b"]
    assert await found("tags:X") == []
    assert await found("") == ["a", "b", "c"]
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER, "filter"):
        await found("tags:x OR tags:y")
