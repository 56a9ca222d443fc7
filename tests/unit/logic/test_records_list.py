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
    assert await found("tags:y OR NOT tags:x") == ["c"]
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER, "filter"):
        await found("tags:x OR")


async def test_a_list_shows_deleted_records_when_asked(service) -> None:
    """With show_deleted the deleted records stand among the live ones; a purged one does not."""
    for record_id in ("a", "b", "c"):
        await service.create(record_id)
    deleted = await service.delete("collections/notes/records/b")
    reply = await service.list(show_deleted=True)
    assert [record.id for record in reply.records] == ["a", "b", "c"]
    assert reply.records[1] == deleted
    await service.purge("collections/notes/records/b")
    assert [record.id for record in (await service.list(show_deleted=True)).records] == ["a", "c"]


async def test_a_list_of_all_collections(service) -> None:
    """The parent `collections/-` lists the records of all, by collection and id; it is empty without any."""
    assert (await service.list("collections/-")).records == ()
    for owner, record_id in (("b", "x"), ("a", "z"), ("c", "a"), ("a", "y")):
        await service.create(record_id, f"collections/{owner}")
    reply = await service.list("collections/-")
    assert [(record.collection, record.id) for record in reply.records] == [
        ("a", "y"),
        ("a", "z"),
        ("b", "x"),
        ("c", "a"),
    ]


@pytest.mark.parametrize("order", ["content.n", "content.n desc", "name", "name desc,content.n", "update_time desc"])
async def test_paging_under_an_order(service, order) -> None:
    """Whatever the order, the pages together are the one list: each record once, in the same order."""
    values = [3, 1, None, "x", 1, True, [2], 2.5, False, "w"]
    for number, value in enumerate(values):
        await service.create(f"r{number}", name="ab"[number % 2], content={} if value is None else {"n": value})
    whole = await service.list(order_by=order)
    assert len(whole.records) == len(values)
    found, token = [], ""
    for _ in range(len(values)):
        reply = await service.list(order_by=order, page_size=1, page_token=token)
        found += reply.records
        token = reply.next_page_token
    assert (tuple(found), token) == (whole.records, "")


async def test_the_order_of_mixed_values(service) -> None:
    """Missing values, nulls, arrays and objects come first, then false, true, numbers, texts; ids break ties."""
    values = {"a": "x", "b": 2, "c": True, "d": None, "e": 1.5, "f": False, "g": [1], "h": "X"}
    for record_id, value in values.items():
        await service.create(record_id, content={"v": value})
    await service.create("i")
    reply = await service.list(order_by="content.v")
    assert "".join(record.id for record in reply.records) == "dgifcebha"
    reply = await service.list(order_by="content.v desc")
    assert "".join(record.id for record in reply.records) == "ahbecfdgi"
