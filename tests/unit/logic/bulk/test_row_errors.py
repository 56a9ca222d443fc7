"""Rows of an import that cannot be stored."""

import pytest

from crud_service.model.errors import CrudError, Kind, Reason, invalid, located
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords, ImportRecordsReply, RowError
from tests.unit.logic.bulk.conftest import NOTES, cut, failed, row, run
from tests.unit.logic.conftest import call
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around

SMALL = Limits(import_rows=3)
UNREAD = invalid("", "the line is not JSON", Reason.MALFORMED_REQUEST)
UNLIKED = invalid("record.name", "is not to our taste")

BAD = {
    "unread": UNREAD,
    "invalid": row("x", name="\n"),
    "exists": row("there"),
    "vetoed": row("x", name="bad"),
    "no id": row("-"),
}
"""Rows that are found to be bad at different times: as they come, before the commit, by a hook, by the store."""


def veto(changes) -> None:
    """Refuse the first change whose name is bad."""
    for change in changes:
        if change.new.name == "bad":
            raise located(UNLIKED, change.place)


@pytest.fixture
async def strict(service_of):
    """A service with a hook that refuses some names, and a record that is there."""
    service = service_of(limits=SMALL, hooks=Recorder(validate=veto))
    await service.create("there")
    return service


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
async def test_stop(strict, bad, number) -> None:
    """The import ends at the bad row: chunks before are stored, nothing of its own, and nothing behind."""
    rows = [row(f"r{each}") for each in range(1, 8)]
    rows[number - 1] = BAD[bad]
    error = await failed(strict, rows)
    first = (number - 1) // 3 * 3 + 1
    assert error.message.startswith(f"row {number}: ")
    expected = {"row": str(number), "resumeRow": str(first), "importedCount": str(first - 1)}
    assert error.metadata.items() >= expected.items()
    assert "index" not in error.metadata
    kept = [record.id for record in (await strict.list()).records]
    assert kept == [*(f"r{each}" for each in range(1, first)), "there"]


@pytest.mark.parametrize("first", BAD)
@pytest.mark.parametrize("second", BAD)
async def test_the_first_bad_row_of_a_chunk_is_told(strict, first, second) -> None:
    """Whatever is wrong with rows, the import stops at the first of them."""
    second_row = BAD[second] if isinstance(BAD[second], CrudError) or second != first else row("y", name="bad\n")
    error = await failed(strict, [row("good"), BAD[first], second_row])
    alone = await failed(strict, [row("good"), BAD[first]])
    assert (error.kind, error.reason, error.message, error.metadata) == (
        alone.kind,
        alone.reason,
        alone.message,
        alone.metadata,
    )


async def test_skip(strict) -> None:
    """Bad rows are left out and listed in their order, the others of the chunk are stored."""
    rows = [row("a"), *BAD.values(), row("b"), None, row("c")]
    reply = await run(strict, rows, on_error="skip")
    assert (reply.row_count, reply.imported_count, reply.error_count) == (9, 3, 5)
    assert [(each.row, each.status, each.reason) for each in reply.errors] == [
        (2, "INVALID_ARGUMENT", Reason.MALFORMED_REQUEST),
        (3, "INVALID_ARGUMENT", Reason.INVALID_TEXT),
        (4, "ALREADY_EXISTS", Reason.RECORD_EXISTS),
        (5, "INVALID_ARGUMENT", Reason.INVALID_FIELD),
        (6, "INVALID_ARGUMENT", Reason.INVALID_ID),
    ]
    assert reply.errors[1].message == "name: holds a control character or a lone surrogate"
    assert [record.id for record in (await strict.list()).records] == ["a", "b", "c", "there"]


async def test_all_rows_are_bad(strict) -> None:
    """Nothing is stored, which is no error."""
    assert await run(strict, [UNREAD], on_error="skip") == ImportRecordsReply(
        1, errors=(RowError(1, "INVALID_ARGUMENT", "MALFORMED_REQUEST", "the line is not JSON"),), error_count=1
    )


async def test_many_bad_rows(service_of) -> None:
    """All are counted and the first 100 listed, and it does not take one attempt for each of them."""
    hooks = Recorder()
    service = service_of(limits=Limits(import_rows=150), hooks=hooks)
    reply = await run(service, [row(f"r{n}", name="\n") for n in range(250)] + [row("good")], on_error="skip")
    assert (reply.imported_count, reply.error_count, len(reply.errors)) == (1, 250, 100)
    assert [each.row for each in reply.errors] == list(range(1, 101))
    assert hooks.phases.count("before_validate") <= 5


async def test_rows_of_a_collection_that_is_missing(service_of) -> None:
    """Where collections are not made on the way, such rows are bad; all of a chunk are found at once."""
    service = service_of(create_collections=False)
    await service.create_collection()
    rows = [row(path=f"collections/{name}/records/{n}") for n, name in enumerate(["notes", "x", "notes", "x", "y"])]
    reply = await run(service, rows, parent="collections/-", on_error="skip")
    assert (reply.imported_count, [each.row for each in reply.errors]) == (2, [2, 4, 5])
    assert {each.reason for each in reply.errors} == {Reason.COLLECTION_NOT_FOUND}
    error = await failed(service, rows[3:], parent="collections/-")
    assert (error.reason, error.metadata["row"]) == (Reason.COLLECTION_NOT_FOUND, "1")


class Broken(Around):
    """A store that refuses all commits but the first ones."""

    def __init__(self, store, commits, error) -> None:
        super().__init__(store)
        self.commits = commits
        self.error = error

    async def commit(self, mutation):
        self.commits -= 1
        if self.commits < 0:
            raise self.error
        return await self.store.commit(mutation)


async def test_a_row_of_a_system_collection_is_a_bad_row(service_of) -> None:
    """Only the service writes there; such a row is told like any other that cannot be stored."""
    rows = [row(path="collections/notes/records/a"), row(path="collections/system.events/records/b")]
    error = await failed(service_of(), rows, parent="collections/-")
    assert (error.kind, error.reason) == (Kind.PERMISSION_DENIED, Reason.SYSTEM_COLLECTION)
    assert error.metadata["row"] == "2"
    reply = await run(service_of(), rows, parent="collections/-", on_error="skip")
    assert (reply.imported_count, [(each.row, each.reason) for each in reply.errors]) == (1, [(2, "SYSTEM_COLLECTION")])


async def test_no_import_goes_into_a_system_collection(service_of) -> None:
    """It is refused before a row is looked at, whatever becomes of bad rows."""
    error = await failed(service_of(), [row("a")], parent="collections/system.events", on_error="skip")
    assert (error.kind, error.reason) == (Kind.PERMISSION_DENIED, Reason.SYSTEM_COLLECTION)


@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize("commits", [0, 1, 2])
async def test_the_store_fails(store, service_of, on_error, commits) -> None:
    """Such an error ends the import in any case, and tells where to go on and when."""
    down = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is away", retry_after=2.0)
    service = service_of(Broken(store, commits, down), limits=SMALL)
    error = await failed(service, [row(f"r{each}") for each in range(1, 9)], on_error=on_error)
    assert (error.kind, error.retry_after) == (Kind.UNAVAILABLE, 2.0)
    assert error.metadata == {"resumeRow": str(3 * commits + 1), "importedCount": str(3 * commits)}
    assert error.message == f"the store is away; nothing was stored from row {3 * commits + 1} on"
    assert await store.last_revision() == commits


async def test_a_hook_refuses_the_chunk(service_of) -> None:
    """What a hook says about no row in particular ends the import, skip or not."""

    def refuse(_) -> None:
        raise UNLIKED

    service = service_of(hooks=Recorder(validate=refuse))
    error = await failed(service, [row("a")], on_error="skip")
    assert (error.reason, error.metadata["resumeRow"]) == (Reason.INVALID_FIELD, "1")


@pytest.mark.parametrize("rows", range(8))
async def test_the_stream_breaks(service_of, rows) -> None:
    """Chunks that were complete are stored; what came of the next one is not."""
    service = service_of(limits=SMALL)
    gone = CrudError(Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED, "the client is silent")
    stream = cut([row(f"r{each}") for each in range(rows)], 2, ImportRecords(NOTES), gone)
    with pytest.raises(CrudError) as caught:
        await service.handlers["ImportRecords"](call(), stream)
    stored = rows // 3 * 3
    assert caught.value.kind is Kind.DEADLINE_EXCEEDED
    assert caught.value.metadata == {"resumeRow": str(stored + 1), "importedCount": str(stored)}
    assert await service.store.last_revision() == stored // 3
