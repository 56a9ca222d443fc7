"""What an import does with records that exist."""

import pytest

from crud_service.model.change import ChangeKind
from crud_service.model.errors import Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecordsReply
from crud_service.testing.log_replay import assert_log_matches
from tests.unit.logic.bulk.conftest import NOTES, failed, row, run, stored
from tests.unit.logic.conftest import Service
from tests.unit.logic.stores import Interrupted

SMALL = Limits(import_rows=3)


async def fill(service: Service) -> None:
    """A live record, and a deleted one."""
    await service.create("live", name="old", content={"n": 1}, tags=("t",))
    await service.delete((await service.create("gone", name="old")).path)


@pytest.mark.parametrize("record_id", ["live", "gone"])
async def test_fail(service, store, record_id) -> None:
    """A record that exists, be it deleted, is a row that cannot be stored."""
    await fill(service)
    before = await stored(service)
    error = await failed(service, [row("new"), row(record_id)])
    assert (error.reason, error.metadata["row"], error.metadata["resumeRow"]) == (Reason.RECORD_EXISTS, "2", "1")
    assert await stored(service) == before


async def test_fail_leaves_them_out(service) -> None:
    """With skipped errors all others are stored."""
    await fill(service)
    reply = await run(service, [row("live"), row("new"), row("gone"), row("more")], on_error="skip")
    assert (reply.imported_count, reply.existing_count, reply.error_count) == (2, 0, 2)
    assert [(each.row, each.reason) for each in reply.errors] == [(1, Reason.RECORD_EXISTS), (3, Reason.RECORD_EXISTS)]


async def test_skip(service) -> None:
    """Records that exist stay as they are, and are counted."""
    await fill(service)
    before = await stored(service)
    reply = await run(service, [row("live"), row("new"), row("gone")], if_exists="skip")
    assert reply == ImportRecordsReply(3, 1, 2, revision=4)
    assert {path: record for path, record in (await stored(service)).items() if not path.endswith("new")} == before


async def test_replace(service, store) -> None:
    """A record that exists gets the row's state, nothing of its own stays, and a deleted one lives again."""
    await fill(service)
    old = await stored(service)
    reply = await run(service, [row("live", name="new"), row("gone"), row("new")], if_exists="replace")
    assert reply == ImportRecordsReply(3, 3, revision=4)
    live, gone = await service.get(f"{NOTES}/records/live"), await service.get(f"{NOTES}/records/gone")
    assert (live.name, live.content, live.tags, live.version) == ("new", "{}", (), 2)
    assert (gone.name, gone.delete_time, gone.version) == ("", None, 3)
    assert live.create_time == live.date == old[live.path].create_time
    kinds = [ChangeKind.RECORD_UPDATED, ChangeKind.RECORD_UNDELETED, ChangeKind.RECORD_CREATED]
    assert [change.kind for change in await store.read_log(3, 10)] == kinds
    await assert_log_matches(store)


async def test_replace_in_a_collection_that_demands_etags(service) -> None:
    """An import has no etag to give, so it cannot replace there; what is new it may store."""
    await service.create_collection(require_etag=True)
    await service.create("a")
    reply = await run(service, [row("a"), row("b")], if_exists="replace", on_error="skip")
    assert (reply.imported_count, [each.reason for each in reply.errors]) == (1, [Reason.ETAG_REQUIRED])


@pytest.mark.parametrize(("if_exists", "name", "existing"), [("replace", "row", 0), ("skip", "theirs", 1)])
async def test_another_writer_is_faster(store, service_of, if_exists, name, existing) -> None:
    """What others store between the look and the commit is seen: the chunk is made again."""
    others = service_of(node="other")

    async def create() -> None:
        await others.create("a", name="theirs")

    service = service_of(Interrupted(store, create))
    reply = await run(service, [row("a", name="row")], if_exists=if_exists)
    assert (reply.imported_count, reply.existing_count) == (1 - existing, existing)
    assert (await service.get(f"{NOTES}/records/a")).name == name


async def test_another_writer_is_faster_than_a_create(store, service_of) -> None:
    """A record that appears at the last moment is left out like one that was there before."""
    others = service_of(node="other")

    async def create() -> None:
        await others.create("b", name="theirs")

    service = service_of(Interrupted(store, create))
    reply = await run(service, [row("a"), row("b", name="row")], on_error="skip")
    assert (reply.imported_count, [each.row for each in reply.errors]) == (1, [2])
    assert (await service.get(f"{NOTES}/records/b")).name == "theirs"


@pytest.mark.parametrize("if_exists", ["replace", "skip"])
async def test_rows_of_the_chunk_before_are_seen(service_of, if_exists) -> None:
    """The next chunk is prepared while the one before is being stored, and finds its records nevertheless."""
    service = service_of(limits=SMALL)
    rows = [row(each, name=str(number)) for number, each in enumerate("abcabcabc")]
    reply = await run(service, rows, if_exists=if_exists)
    replaces = if_exists == "replace"
    assert (reply.imported_count, reply.existing_count) == ((9, 0) if replaces else (3, 6))
    names = [record.name for record in (await service.list()).records]
    assert names == (["6", "7", "8"] if replaces else ["0", "1", "2"])
