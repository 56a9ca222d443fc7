"""The operations of RecordService, over a store in memory."""

import json

import pytest
from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.timestamp import parse

DATE = parse("2026-01-31")
PATH = "collections/notes/records/a"


async def test_create_fills_in_what_is_absent(service, time_of) -> None:
    """A record without anything gets an id, empty fields, version 1 and the time of its creation as its date."""
    record = await service.create()
    assert (record.collection, record.id, record.path) == ("notes", "id-1", "collections/notes/records/id-1")
    assert (record.name, record.content, record.tags) == ("", "{}", ())
    assert (record.revision, record.version) == (1, 1)
    assert record.date == record.create_time == record.update_time == time_of(0)
    assert record.delete_time is None


async def test_create_keeps_what_is_sent(service) -> None:
    """A record is stored as it was sent, its tags as a sorted set, and is read back the same."""
    content = {"text": "hi", "n": [1, 2.5, None, {"ü": True}]}
    record = await service.create("a", name="Hello", date=DATE, content=content, tags=(" b ", "a", "b"))
    assert (record.name, record.date, record.tags) == ("Hello", DATE, ("a", "b"))
    assert json.loads(record.content) == content
    assert await service.get(PATH) == record


async def test_create_ignores_etag_and_path(service) -> None:
    """A record that was read elsewhere can be sent as it is: its etag and path do not count on create."""
    record = await service.create("a", path="collections/other/records/x", etag='"stale"')
    assert record.path == PATH


@pytest.mark.parametrize("given", [("a", ""), ("", "a"), ("a", "a")])
async def test_create_with_a_chosen_id(service, given) -> None:
    """The id may come as record_id, in the record, or as both."""
    record = await service.create(given[0], id=given[1])
    assert record.id == "a"


async def test_create_with_two_ids(service, store, refused) -> None:
    """Two different ids are refused and nothing is stored."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "record_id"):
        await service.create("a", id="b")
    assert await store.last_revision() == 0


async def test_create_of_a_taken_id(service, refused) -> None:
    """An id that exists is not taken a second time, and the first record stays as it was."""
    first = await service.create("a", name="first")
    with refused(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS) as caught:
        await service.create("a", name="second")
    assert caught.value.metadata == {"path": PATH}
    assert "deleted" not in caught.value.message
    assert await service.get(PATH) == first


async def test_create_of_a_deleted_id(service, refused) -> None:
    """The id of a deleted record is still taken, and the answer says so."""
    await service.create("a")
    await service.delete(PATH)
    with refused(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS) as caught:
        await service.create("a")
    assert "as a deleted record" in caught.value.message


@pytest.mark.parametrize("parent", ["", "notes", "collections/", "collections/-", "collections/A", "collections/a/b"])
async def test_create_in_a_bad_parent(service, store, refused, parent) -> None:
    """A parent that is no collection's path is refused about `parent`."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "parent"):
        await service.create(parent=parent)
    assert await store.last_revision() == 0


async def test_create_past_a_limit(service, store, refused) -> None:
    """A record past a limit is not stored, nor is the collection made, and no revision is used up."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD) as caught:
        await service.create(name="x" * 513, tags=("t" * 129, "ok"))
    assert [each.field for each in caught.value.violations] == ["record.name", "record.tags"]
    assert await store.last_revision() == 0
    assert await store.list_collections("", "", 10) == ()


async def test_create_with_bad_text(service, store, refused) -> None:
    """A lone surrogate in a content, in a name or in a tag is refused by logic, whatever let it through."""
    for fields, field in (
        ({"content": {"a": "\ud800"}}, "record.content.a"),
        ({"name": "\ud800"}, "record.name"),
        ({"tags": ("\ud800",)}, "record.tags"),
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TEXT, field):
            await service.create(**fields)
    assert await store.last_revision() == 0


async def test_collections_are_made_on_first_write(service, store) -> None:
    """The first record of a collection makes the collection, in its own mutation."""
    record = await service.create("a")
    collection = await service.get_collection()
    assert collection.revision == record.revision == 1
    kinds = [each.kind for each in await store.read_log(0, 10)]
    assert kinds == [ChangeKind.COLLECTION_CREATED, ChangeKind.RECORD_CREATED]


async def test_collections_are_not_made_when_switched_off(service_of, store, refused) -> None:
    """With the setting off, a record needs a collection that exists."""
    service = service_of(create_collections=False)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND) as caught:
        await service.create("a")
    assert "notes" in caught.value.message
    assert await store.last_revision() == 0
    await service.create_collection("notes")
    assert (await service.create("a")).revision == 2


async def test_get_what_is_not_there(service, refused) -> None:
    """A missing collection, a missing record and a deleted record have reasons of their own."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.get(PATH)
    await service.create("a")
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.get("collections/notes/records/b")
    await service.delete(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service.get(PATH)


async def test_tenants_do_not_see_each_other(service, new_call, refused) -> None:
    """A record of one tenant is not there for another, who may use the same path."""
    ann, bob = new_call(tenant="ann"), new_call(tenant="bob")
    request = requests.CreateRecord("collections/notes", requests.RecordDraft(name="ann's"), "a")
    await service.records.create(ann, request)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.records.get(bob, requests.GetRecord(PATH))
    await service.records.create(bob, request)
    reply = await service.records.list(bob, requests.ListRecords("collections/notes"))
    assert len(reply.records) == 1
    await service.records.delete(bob, requests.DeleteRecord(PATH))
    assert (await service.records.get(ann, requests.GetRecord(PATH))).name == "ann's"


async def test_update_without_a_mask(service, time_of) -> None:
    """Without a mask the fields that are present change, and nothing else."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, name="new", tags=("z", "y"))
    assert (after.name, after.tags) == ("new", ("y", "z"))
    assert (after.date, after.content, after.create_time) == (before.date, before.content, before.create_time)
    assert (after.version, after.revision) == (2, 2)
    assert after.update_time == time_of(1)
    assert await service.get(PATH) == after


async def test_an_empty_mask_is_no_mask(service) -> None:
    """A mask without paths means the fields that are present, as in a message where it was never set."""
    await service.create("a", name="old", tags=("x",))
    after = await service.update(PATH, (), name="new")
    assert (after.name, after.tags) == ("new", ("x",))


async def test_update_with_a_mask(service) -> None:
    """With a mask only its fields change, whatever else is present."""
    before = await service.create("a", name="old", content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("content",), name="new", content={"b": 2}, tags=("y",))
    assert after.content == '{"b":2}'
    assert (after.name, after.tags, after.date) == (before.name, before.tags, before.date)


async def test_a_masked_field_that_is_absent_is_cleared(service) -> None:
    """A field in the mask but not in the record gets its empty value; the date that of the creation."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("name", "date", "content", "tags"))
    assert (after.name, after.content, after.tags) == ("", "{}", ())
    assert after.date == before.create_time


async def test_an_explicit_null_clears(service) -> None:
    """A field that is present and empty is cleared without a mask too."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, name="", date=None, content={}, tags=())
    assert (after.name, after.content, after.tags, after.date) == ("", "{}", (), before.create_time)


async def test_a_star_replaces(service) -> None:
    """The mask `*` replaces the whole record: what is absent becomes empty."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("*",), name="new")
    assert (after.name, after.content, after.tags, after.date) == ("new", "{}", (), before.create_time)
    assert (after.id, after.create_time, after.version) == ("a", before.create_time, 2)


@pytest.mark.parametrize(
    "mask",
    [
        ("nonsense",),
        ("name", "nonsense"),
        ("id",),
        ("path",),
        ("etag",),
        ("revision",),
        ("version",),
        ("create_time",),
        ("update_time",),
        ("delete_time",),
        ("content.text",),
        ("",),
        ("*", "name"),
        ("NAME",),
        ("\ud800",),
        ("x" * 100_000,),
    ],
)
async def test_bad_masks(service, refused, mask) -> None:
    """A path that is unknown or belongs to the service is refused, shortly, and nothing changes."""
    before = await service.create("a", name="old")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask") as caught:
        await service.update(PATH, mask, name="new")
    assert len(caught.value.message.encode()) < 300
    assert await service.get(PATH) == before


async def test_update_changes_no_server_field(service) -> None:
    """An update with nothing to change counts as a version and leaves the fields alone."""
    before = await service.create("a", name="old")
    after = await service.update(PATH)
    assert (after.name, after.version, after.create_time) == ("old", before.version + 1, before.create_time)
    assert after.etag != before.etag


async def test_update_with_the_right_etag(service) -> None:
    """The current etag lets the update through, and the next one needs the next etag."""
    first = await service.create("a")
    second = await service.update(PATH, name="b", etag=first.etag)
    assert second.etag != first.etag
    assert (await service.update(PATH, name="c", etag=second.etag)).version == 3


@pytest.mark.parametrize("etag", ['"0-00000000"', "nonsense", "*", " "])
async def test_update_with_a_wrong_etag(service, refused, etag) -> None:
    """A wrong etag changes nothing, and the answer tells the current one."""
    before = await service.create("a", name="old")
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
        await service.update(PATH, name="new", etag=etag)
    assert caught.value.metadata == {"etag": before.etag, "version": "1"}
    assert await service.get(PATH) == before


async def test_update_with_an_old_etag(service, refused) -> None:
    """An etag of an earlier state, or of another record with the same revision, is wrong."""
    first = await service.create("a")
    await service.update(PATH, name="b")
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.update(PATH, name="c", etag=first.etag)
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.delete(PATH, first.etag)
    assert (await service.get(PATH)).name == "b"


async def test_update_of_what_is_not_there(service, refused) -> None:
    """Only a live record can be updated."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.update(PATH, name="x")
    await service.create("b")
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.update(PATH, name="x")
    await service.delete("collections/notes/records/b")
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service.update("collections/notes/records/b", name="x")


async def test_update_with_an_id(service, refused) -> None:
    """The record's own id may be sent along; another one is refused, as ids never change."""
    await service.create("a")
    assert (await service.update(PATH, id="a", name="x")).name == "x"
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.id"):
        await service.update(PATH, id="b", name="y")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "record.id"):
        await service.update(PATH, id="B", name="y")
    assert (await service.get(PATH)).name == "x"


async def test_update_needs_a_path(service, refused) -> None:
    """An update names its record by record.path."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "record.path"):
        await service.update("", name="x")


async def test_update_past_a_limit(service, refused) -> None:
    """An update past a limit changes nothing."""
    before = await service.create("a")
    with refused(Kind.INVALID_ARGUMENT, Reason.CONTENT_TOO_LARGE, "record.content"):
        await service.update(PATH, content={"t": "x" * 1_048_576})
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TEXT, "record.content.t"):
        await service.update(PATH, content={"t": "\ud800"})
    assert await service.get(PATH) == before


async def test_delete_keeps_the_record_as_deleted(service, store, time_of) -> None:
    """A delete answers with the record as deleted: one more version, its fields as they were."""
    before = await service.create("a", name="old", content={"a": 1})
    after = await service.delete(PATH, before.etag)
    assert after.delete_time == after.update_time == time_of(1)
    assert (after.version, after.revision, after.name, after.content) == (2, 2, "old", '{"a":1}')
    assert after.etag != before.etag
    assert [each.kind for each in await store.read_log(1, 10)] == [ChangeKind.RECORD_DELETED]


async def test_delete_twice(service, refused) -> None:
    """A deleted record is not there to be deleted again."""
    await service.create("a")
    deleted = await service.delete(PATH)
    for etag in ("", deleted.etag):
        with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
            await service.delete(PATH, etag)


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


async def test_the_log_says_who_and_why(service, store, new_call) -> None:
    """A write's log entry carries the call's facts, the code's version and the state that was stored."""
    call = new_call(reason="because", principal="ann", call_id="c1", trace_id="t1", tenant="acme")
    request = requests.CreateRecord("collections/notes", requests.RecordDraft(name="x"), "a")
    record = await service.records.create(call, request)
    entry = (await store.read_log(0, 10))[-1]
    assert (entry.reason, entry.actor, entry.call_id, entry.trace_id) == ("because", "ann", "c1", "t1")
    assert (entry.tenant, entry.code_version, entry.time) == ("acme", "1.2.3+abc", record.create_time)
    assert entry.record == record


async def test_a_bad_reason(service, store, new_call, refused) -> None:
    """A change reason past its limit, or with a line end, refuses the write; a read does not look at it."""
    for reason in ("x" * 513, "a\nb"):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_CHANGE_REASON, "x-change-reason"):
            await service.records.create(new_call(reason=reason), requests.CreateRecord("collections/notes"))
    assert await store.last_revision() == 0
    await service.create("a")
    assert (await service.records.get(new_call(reason="x" * 513), requests.GetRecord(PATH))).id == "a"


async def test_unset_is_not_stored(service) -> None:
    """An update whose draft has every field absent leaves no UNSET behind."""
    await service.create("a", name="x")
    after = await service.update(PATH, ("name",))
    assert after.name == ""
    assert UNSET not in (after.name, after.date, after.content, after.tags)


async def test_a_closed_store_is_an_answer(service, store) -> None:
    """What the store says about itself reaches the caller as it is."""
    await store.close()
    with pytest.raises(CrudError) as caught:
        await service.create("a")
    assert caught.value.kind is Kind.UNAVAILABLE
