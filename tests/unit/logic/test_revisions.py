"""Reads at a past revision: of one record, and of whole collections."""

import pytest

from crud_service.model import requests
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import CollectionKey
from tests.unit.logic.compaction import Compacted, compact
from tests.unit.logic.hooks import Recorder

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"


async def at(service, revision, path=PATH, **fields):
    """The record at a revision."""
    return await service.do(requests.GetRecord(path, read_revision=revision, **fields))


async def listed(service, revision, parent=NOTES, **fields):
    """The names of the records of one page at a revision."""
    return [record.name for record in (await service.list(parent, read_revision=revision, **fields)).records]


@pytest.fixture
async def states(service):
    """The states of a record by their revisions: made, renamed twice, deleted, and live again."""
    made = [await service.create("a", name="one", content={"n": 1, "m": 2})]
    made += [await service.update(PATH, name=name) for name in ("two", "three")]
    made += [await service.delete(PATH), await service.undelete(PATH)]
    return {state.revision: state for state in made}


async def test_a_record_as_it_was(service, states) -> None:
    """A read at a revision shows the state that counted then, with the etag it had."""
    last = max(states)
    await service.create("other")
    for revision in range(1, last + 2):
        state = states[min(revision, last)]
        if state.delete_time is None:
            found = await at(service, revision)
            assert (found, found.etag) == (state, state.etag)


async def test_masks_and_hooks_see_the_past(service_of, states) -> None:
    """What is shown of the past passes the hooks and the mask like anything that is read."""
    service = service_of(hooks=(recorder := Recorder()))
    found = await at(service, 2, read_mask=("name", "content.m"))
    assert (found.name, found.content) == ("TWO", '{"m":2}')
    assert recorder.phases == ["on_read"]


async def test_what_was_not_there_then(service, states, refused) -> None:
    """A record that was deleted, not yet made, purged since, or whose collection is gone is not found, each its way."""
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED) as caught:
        await at(service, 4)
    assert "at revision 4" in caught.value.message
    new = await service.create("new")
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await at(service, new.revision - 1, new.path)
    await service.delete(PATH)
    await service.purge(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await at(service, 2)
    await service.do(requests.DeleteCollection(NOTES, force=True))
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await at(service, 2)


@pytest.mark.parametrize("read", [at, listed])
async def test_revisions_that_cannot_be_read(service, store, states, refused, read) -> None:
    """A revision below 0, one that is to come, and one that was compacted are refused; the floor itself can be read."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "read_revision"):
        await read(service, -1)
    last = await store.last_revision()
    with refused(Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED) as caught:
        await read(service, last + 1)
    assert caught.value.metadata == {"lastRevision": str(last)}
    before = await read(service, last)
    assert await compact(store) == last
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE) as caught:
        await read(service, last - 1)
    assert caught.value.metadata == {"oldestRevision": str(last)}
    assert await read(service, last) == before


@pytest.mark.parametrize("read", [at, listed])
async def test_a_compaction_in_between(service_of, store, states, refused, read) -> None:
    """History that goes while it is read is told, and never shown with holes."""
    assert await store.log_floor() == 0
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
        await read(service_of(over=Compacted(store)), 3)
    assert await store.log_floor() == max(states)


async def test_other_collections_keep_theirs(service, store, states, refused) -> None:
    """The floor of a collection binds its own readers, and those of all collections."""
    other = await service.create("b", "collections/other", name="b")
    await service.update(other.path, name="c")
    await compact(store, CollectionKey("", "other"))
    assert (await at(service, 1)).name == "one"
    assert await listed(service, 1) == ["one"]
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
        await listed(service, 1, "collections/-")


async def test_a_collection_as_it_was(service, states) -> None:
    """A list at a revision shows all records as they were then: filtered, ordered and deleted ones as asked."""
    for name in ("x", "y", "z"):
        await service.create(name, name=name)
    last = max(states)
    await service.update(f"{NOTES}/records/y", name="new")
    await service.delete(f"{NOTES}/records/z")
    assert await listed(service, 2) == ["two"]
    assert await listed(service, 4) == []
    assert await listed(service, 4, show_deleted=True) == ["three"]
    assert await listed(service, last + 3) == ["three", "x", "y", "z"]
    assert await listed(service, last + 3, "collections/-", order_by="name desc") == ["z", "y", "x", "three"]
    assert await listed(service, last + 4, filter='name = "new"') == ["new"]
    assert await listed(service, last + 3, filter='name = "new"') == []
    assert await listed(service, last + 5, show_deleted=True) == ["three", "x", "new", "z"]


async def test_pages_of_the_past(service, refused) -> None:
    """All pages show the one revision, whatever is written meanwhile; a token belongs to its revision."""
    for number in range(5):
        await service.create(f"r{number}", name="old")
    found, token = [], ""
    for page in range(3):
        reply = await service.list(page_size=2, page_token=token, read_revision=5)
        found += [(record.id, record.name) for record in reply.records]
        token = reply.next_page_token
        await service.update(f"{NOTES}/records/r{page + 2}", name="new")
        await service.create(f"r{page}-")
    assert found == [(f"r{number}", "old") for number in range(5)]
    assert token == ""
    token = (await service.list(page_size=2, read_revision=5)).next_page_token
    for revision in (0, 4, 6):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN, "page_token"):
            await service.list(page_size=2, page_token=token, read_revision=revision)


async def test_no_such_collection(service, states, refused) -> None:
    """A list of a collection that is not there now is refused; one that came later was empty."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await listed(service, 1, "collections/none")
    await service.create("a", "collections/late")
    assert await listed(service, 1, "collections/late") == []


async def test_the_present_costs_no_look_at_the_past(service_of, store, states) -> None:
    """Without a revision nothing is asked of the history, so nothing of it can fail."""
    service = service_of(over=Compacted(store), limits=Limits())
    await compact(store)
    assert (await at(service, 0)).name == "three"
    assert await listed(service, 0) == ["three"]


async def test_a_transaction_reads_the_present(service, states, refused) -> None:
    """A step that reads has no revision to choose: a transaction is about what is stored now."""
    step = requests.RecordOperation(get=requests.GetRecord(PATH, read_revision=1))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "then[0].get.read_revision"):
        await service.do(requests.TransactRecords(then=(step,)))
