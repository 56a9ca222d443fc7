"""CreateRecord and GetRecord, over a store in memory."""

import json

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
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
    await service.do(request, ann)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.do(requests.GetRecord(PATH), bob)
    await service.do(request, bob)
    reply = await service.do(requests.ListRecords("collections/notes"), bob)
    assert len(reply.records) == 1
    await service.do(requests.DeleteRecord(PATH), bob)
    assert (await service.do(requests.GetRecord(PATH), ann)).name == "ann's"
