"""The operations of CollectionService, over a store in memory."""

import pytest

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits

PATH = "collections/notes"


async def test_create_and_get(service, time_of) -> None:
    """A collection is stored as it was sent and read back the same."""
    made = await service.create_collection("notes", name="Notes", description="Two\nlines")
    assert (made.id, made.path, made.name, made.description) == ("notes", PATH, "Notes", "Two\nlines")
    assert (made.revision, made.version) == (1, 1)
    assert made.create_time == made.update_time == time_of(0)
    assert await service.get_collection() == made


@pytest.mark.parametrize("given", [("notes", ""), ("", "notes"), ("notes", "notes")])
async def test_create_with_its_id(service, given) -> None:
    """The id may come as collection_id, in the collection, or as both."""
    assert (await service.create_collection(given[0], id=given[1])).id == "notes"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("", ""), "collection_id"),
        (("a", "b"), "collection_id"),
        (("A", ""), "collection_id"),
        (("", "A"), "collection.id"),
        (("-", ""), "collection_id"),
        (("a" * 129, ""), "collection_id"),
    ],
)
async def test_create_with_a_bad_id(service, store, refused, given, field) -> None:
    """A collection needs one well-formed id."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, field):
        await service.create_collection(given[0], id=given[1])
    assert await store.last_revision() == 0


async def test_create_of_a_taken_id(service, refused) -> None:
    """A collection that exists, made explicitly or by its first record, is not made again."""
    await service.create("a")
    with refused(Kind.ALREADY_EXISTS, Reason.COLLECTION_EXISTS) as caught:
        await service.create_collection("notes", name="again")
    assert "notes" in caught.value.message
    assert (await service.get_collection()).name == ""


async def test_create_past_a_limit(service, store, refused) -> None:
    """A collection past a limit is not stored; all violations are told at once."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD) as caught:
        await service.create_collection("notes", name="x" * 513, description="x" * 4_097)
    assert [each.field for each in caught.value.violations] == ["collection.name", "collection.description"]
    assert await store.last_revision() == 0


@pytest.mark.parametrize("path", ["", "notes", "collections/", "collections/a/records/b", "collections/A"])
async def test_bad_paths(service, refused, path) -> None:
    """A path that is no collection's is refused about the field it came in."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "path"):
        await service.get_collection(path)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "path"):
        await service.delete_collection(path)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "collection.path"):
        await service.update_collection(path)


async def test_what_is_not_there(service, refused) -> None:
    """An unknown collection can be neither read nor changed nor deleted."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.get_collection()
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.update_collection(name="x")
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.delete_collection()


async def test_update(service, time_of) -> None:
    """Without a mask the present fields change; the rest, and the time of creation, stay."""
    before = await service.create_collection(name="old", description="stays")
    after = await service.update_collection(name="new", etag=before.etag)
    assert (after.name, after.description, after.version, after.revision) == ("new", "stays", 2, 2)
    assert (after.create_time, after.update_time) == (before.create_time, time_of(1))
    assert await service.get_collection() == after


@pytest.mark.parametrize(
    ("mask", "fields", "expected"),
    [
        (("name",), {"name": "new", "description": "new"}, ("new", "old")),
        (("description",), {}, ("old", "")),
        (("*",), {"name": "new"}, ("new", "")),
        (("name", "description"), {}, ("", "")),
        ((), {"description": "new"}, ("old", "new")),
        (None, {"name": ""}, ("", "old")),
        (None, {}, ("old", "old")),
    ],
)
async def test_masks(service, mask, fields, expected) -> None:
    """A mask chooses the fields; one in it but absent is cleared; `*` replaces."""
    await service.create_collection(name="old", description="old")
    after = await service.update_collection(mask=mask, **fields)
    assert (after.name, after.description) == expected


@pytest.mark.parametrize("mask", [("tags",), ("id",), ("version",), ("etag",), ("*", "name"), ("update_time",)])
async def test_bad_masks(service, refused, mask) -> None:
    """A path that is unknown or belongs to the service is refused."""
    before = await service.create_collection(name="old")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask"):
        await service.update_collection(mask=mask, name="new")
    assert await service.get_collection() == before


async def test_update_with_an_id(service, refused) -> None:
    """The own id may be sent along; another is refused."""
    await service.create_collection()
    assert (await service.update_collection(id="notes", name="x")).name == "x"
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.id"):
        await service.update_collection(id="other", name="y")


async def test_etags(service, refused) -> None:
    """A wrong etag stops an update and a delete; the answer tells the current one."""
    first = await service.create_collection()
    second = await service.update_collection(name="x")
    for attempt in (service.update_collection, service.delete_collection):
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
            await attempt(etag=first.etag)
        assert caught.value.metadata == {"etag": second.etag, "version": "2"}
    assert await service.delete_collection(etag=second.etag) == second


async def test_records_do_not_change_the_etag(service) -> None:
    """Writing a record leaves its collection's etag alone."""
    before = await service.create_collection()
    await service.create("a")
    assert (await service.get_collection()).etag == before.etag


async def test_delete(service, store, refused) -> None:
    """An empty collection is removed; its last state is the answer and stands in the log."""
    made = await service.create_collection()
    assert await service.delete_collection() == made
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.get_collection()
    entry = (await store.read_log(1, 10))[0]
    assert (entry.kind, entry.collection, entry.collection_state) == (ChangeKind.COLLECTION_DELETED, "notes", made)


async def test_delete_with_records(service, refused) -> None:
    """A collection with live records stays; once all are deleted it goes, and its deleted records with it."""
    await service.create("a")
    await service.create("b")
    await service.delete("collections/notes/records/b")
    with refused(Kind.FAILED_PRECONDITION, Reason.COLLECTION_NOT_EMPTY) as caught:
        await service.delete_collection()
    assert "notes" in caught.value.message
    assert (await service.get("collections/notes/records/a")).id == "a"
    await service.delete("collections/notes/records/a")
    await service.delete_collection()
    assert (await service.create("a")).version == 1


async def test_a_remade_collection_has_another_etag(service) -> None:
    """An etag of a collection that was deleted does not fit the one made after it."""
    first = await service.create_collection()
    await service.delete_collection()
    assert (await service.create_collection()).etag != first.etag


async def test_paging_end_to_end(service) -> None:
    """Following the tokens gives every collection once, in the order of ids."""
    ids = [f"c{number:02d}" for number in range(25)]
    for collection_id in reversed(ids):
        await service.create_collection(collection_id)
    seen, token = [], ""
    while True:
        request = requests.ListCollections(page_size=10, page_token=token)
        reply = await service.do(request)
        seen.append([collection.id for collection in reply.collections])
        token = reply.next_page_token
        if not token:
            break
    assert seen == [ids[:10], ids[10:20], ids[20:]]


async def test_the_last_full_page_has_no_token(service) -> None:
    """A page that ends exactly at the last collection does not promise another one."""
    for collection_id in ("a", "b"):
        await service.create_collection(collection_id)
    reply = await service.do(requests.ListCollections(page_size=2))
    assert (len(reply.collections), reply.next_page_token) == (2, "")


async def test_a_page_ends_at_its_bytes(service_of) -> None:
    """Long descriptions end a page early, with a token for the rest and at least one collection each."""
    service = service_of(limits=Limits(page_bytes=60_000))
    for collection_id in ("a", "b", "c", "d", "e"):
        await service.create_collection(collection_id, description="x" * 4_096)
    first = await service.do(requests.ListCollections())
    assert [collection.id for collection in first.collections] == ["a", "b"]
    rest = requests.ListCollections(page_token=first.next_page_token)
    second = await service_of(limits=Limits(page_bytes=1)).do(rest)
    assert [collection.id for collection in second.collections] == ["c"]
    assert second.next_page_token


async def test_bad_page_requests(service, refused) -> None:
    """A negative page size and a token that is none are refused."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_SIZE, "page_size"):
        await service.do(requests.ListCollections(page_size=-1))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
        await service.do(requests.ListCollections(page_token="x"))


async def test_tenants_have_their_own_collections(service, new_call, refused) -> None:
    """A collection of one tenant is not there for another, nor does its token open there."""
    ann, bob = new_call(tenant="ann"), new_call(tenant="bob")
    for collection_id in ("a", "b"):
        await service.do(requests.CreateCollection(collection_id=collection_id), ann)
    assert await service.do(requests.ListCollections(), bob) == requests.ListCollectionsReply(())
    page = await service.do(requests.ListCollections(page_size=1), ann)
    for other in (bob, new_call(tenant="ann", principal="eve")):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN):
            await service.do(requests.ListCollections(page_token=page.next_page_token), other)
