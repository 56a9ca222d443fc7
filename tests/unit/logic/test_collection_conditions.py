"""What a caller may demand of a change of a collection: etags, upserts, rehearsals, force, and to be heard once."""

import asyncio

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import CollectionKey, unset_collection
from crud_service.model.requests import CollectionDraft, CreateCollection, DeleteCollection, UpdateCollection

PATH = "collections/notes"


async def test_validate_only(service, store, refused) -> None:
    """A rehearsal answers what would be stored, without revision and etag, and stores nothing."""
    draft = CollectionDraft(name="x", retention=5)
    made = await service.do(CreateCollection(draft, "notes", validate_only=True))
    assert (made.id, made.name, made.retention, made.revision, made.etag) == ("notes", "x", 5, 0, "")
    assert await store.last_revision() == 0
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.retention"):
        await service.do(CreateCollection(CollectionDraft(retention=-1), "notes", validate_only=True))
    before = await service.create_collection()
    after = await service.do(UpdateCollection(CollectionDraft(path=PATH, name="new"), validate_only=True))
    assert (after.name, after.version, after.revision) == ("new", 2, 0)
    assert await service.get_collection() == before
    with refused(Kind.ALREADY_EXISTS, Reason.COLLECTION_EXISTS):
        await service.do(CreateCollection(draft, "notes", validate_only=True))


async def test_allow_missing_of_an_update(service) -> None:
    """An update that allows it creates the collection with all its fields, whatever the mask; the next one updates."""
    draft = CollectionDraft(path=PATH, name="a", description="d", indexes=(requests.FieldIndexDraft("name"),))
    made = await service.do(UpdateCollection(draft, ("name",), allow_missing=True))
    assert (made.name, made.description, made.version) == ("a", "d", 1)
    assert made.indexes[0].ready
    draft = CollectionDraft(path=PATH, name="b", description="e")
    after = await service.do(UpdateCollection(draft, ("name",), allow_missing=True))
    assert (after.name, after.description, after.version) == ("b", "d", 2)


async def test_allow_missing_of_a_delete(service, store) -> None:
    """A delete that allows it answers a collection with nothing but its id, and changes nothing."""
    gone = await service.do(DeleteCollection(PATH, allow_missing=True))
    assert gone == unset_collection(CollectionKey("", "notes"))
    assert (gone.path, gone.revision, gone.etag) == (PATH, 0, "")
    assert await store.last_revision() == 0
    made = await service.create_collection()
    assert await service.do(DeleteCollection(PATH, allow_missing=True)) == made


async def test_if_match(service, new_call, refused) -> None:
    """If-Match lets a change through only from one of its states; `*` is any, as long as there is one."""
    first = await service.create_collection()
    second = await service.update_collection(name="x")
    draft = CollectionDraft(path=PATH, name="y")
    for request in (UpdateCollection(draft), DeleteCollection(PATH)):
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
            await service.do(request, new_call(if_match=(first.etag,)))
        assert caught.value.metadata == {"etag": second.etag, "version": "2"}
    third = await service.do(UpdateCollection(draft), new_call(if_match=(first.etag, second.etag)))
    assert third.version == 3
    assert await service.do(DeleteCollection(PATH), new_call(if_match=("*",))) == third


async def test_if_none_match(service, new_call, refused) -> None:
    """If-None-Match with `*` makes an upsert a create; a new collection has no state that If-Match could mean."""
    upsert = UpdateCollection(CollectionDraft(path=PATH, name="x"), allow_missing=True)
    made = await service.do(upsert, new_call(if_none_match=("*",)))
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.do(upsert, new_call(if_none_match=("*",)))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PRECONDITION, "if-match"):
        await service.do(CreateCollection(collection_id="other"), new_call(if_match=(made.etag,)))
    other = UpdateCollection(CollectionDraft(path="collections/other", etag=made.etag), allow_missing=True)
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.do(other)


async def test_not_empty_without_force(service, refused) -> None:
    """A collection with live records is not deleted, and the answer says what would do it."""
    await service.create("a")
    with refused(Kind.FAILED_PRECONDITION, Reason.COLLECTION_NOT_EMPTY) as caught:
        await service.delete_collection()
    assert "force" in caught.value.message


async def test_force(service, store, refused) -> None:
    """With force its records go with it, and no state of theirs stays in the log."""
    await service.create("a", name="secret")
    await service.create("b", name="secret")
    await service.delete("collections/notes/records/b")
    gone = await service.do(DeleteCollection(PATH, force=True))
    assert (gone.id, gone.version) == ("notes", 1)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.get("collections/notes/records/a")
    entries = await store.read_log(0, 100)
    assert [entry.state for entry in entries if entry.id] == ["", "", ""]
    assert entries[-1].kind is ChangeKind.COLLECTION_DELETED
    assert (await service.create("a")).version == 1


async def test_requests_are_carried_out_once(service, store) -> None:
    """A create, an update and a delete that are sent twice happen once and are answered alike."""
    create = CreateCollection(CollectionDraft(name="x"), "notes", request_id="r1")
    update = UpdateCollection(CollectionDraft(path=PATH, name="y"), request_id="r2")
    delete = DeleteCollection(PATH, request_id="r3")
    missing = DeleteCollection(PATH, allow_missing=True, request_id="r4")
    for revision, request in enumerate((create, update, delete), 1):
        first = await service.do(request)
        assert await service.do(request) == first
        assert await store.last_revision() == revision
    first = await service.do(missing)
    await service.create_collection()
    assert await service.do(missing) == first
    assert (await service.get_collection()).version == 1


async def test_a_request_id_of_another_request(service, refused) -> None:
    """An id that was used for another request is refused."""
    await service.do(CreateCollection(collection_id="notes", request_id="r1"))
    with refused(Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED):
        await service.do(CreateCollection(collection_id="other", request_id="r1"))


async def test_concurrent_creates(service) -> None:
    """Of many creates of one collection exactly one succeeds; the others hear that it exists."""
    attempts = [service.create_collection(name=str(number)) for number in range(20)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    refusals = [each for each in outcomes if isinstance(each, CrudError)]
    assert {each.reason for each in refusals} == {Reason.COLLECTION_EXISTS}
    assert len(refusals) == 19


async def test_concurrent_updates(service) -> None:
    """Updates of different fields at the same time are all there in the end."""
    await service.create_collection()
    names = ({"name": "n"}, {"description": "d"}, {"retention": 5}, {"require_etag": True})
    await asyncio.gather(*[service.update_collection(**fields) for fields in names])
    after = await service.get_collection()
    assert (after.name, after.description, after.retention, after.require_etag) == ("n", "d", 5, True)
    assert after.version == 5


@pytest.mark.parametrize("collection_id", ["-", "-a", ".a", "_"])
async def test_ids_that_are_none(service, refused, collection_id) -> None:
    """`-` stands for all collections, so it is nobody's id."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "collection_id"):
        await service.create_collection(collection_id)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "path"):
        await service.get_collection(f"collections/{collection_id}")
