"""An import with a request id that was cut is sent again, and in the end it is as if it had been sent once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.library.memory import MemoryStore
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords, ImportRecordsReply, RecordDraft
from crud_service.model.requests.bulk import ImportRow
from crud_service.testing.log_replay import assert_log_matches
from tests.unit.logic.bulk.conftest import NOTES, cut, failed, messages, row, run, stored
from tests.unit.logic.conftest import Service, call
from tests.unit.logic.stores import Around, Slow

SMALL = Limits(import_rows=3, batch_bytes=40)
LOST = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the connection is lost")

DRAFTS = st.builds(
    lambda record_id, name, size: RecordDraft(id=record_id, name=name, content={"t": "x" * size} if size else {}),
    st.sampled_from(["", "a", "b", "c", "d", "e", "-"]),
    st.sampled_from(["x", "y", "\n"]),
    st.sampled_from([0, 0, 5, 50]),
)
ROWS = st.lists(st.one_of(DRAFTS, DRAFTS, DRAFTS, st.none(), st.just(invalid("", "not JSON"))), max_size=14)
OPTIONS = st.fixed_dictionaries(
    {
        "on_error": st.sampled_from(["stop", "skip"]),
        "if_exists": st.sampled_from(["fail", "replace", "skip"]),
        "start_row": st.integers(0, 5),
    }
)


class Faulty(Around):
    """A store whose commit fails once, when `commits` have gone well: before it stores anything, or after that."""

    def __init__(self, store: MemoryStore, commits: int, *, is_stored: bool) -> None:
        super().__init__(store)
        self.commits = commits
        self.is_stored = is_stored

    async def commit(self, mutation: Any) -> Any:
        await asyncio.sleep(0)
        self.commits -= 1
        if self.commits == -1:
            if self.is_stored:
                await self.store.commit(mutation)
            raise LOST
        return await self.store.commit(mutation)


class Fault:
    """What ends an attempt: the stream breaks after so many rows, or a commit fails, or the caller goes."""

    def __init__(self, kind: str, place: int, size: int) -> None:
        self.kind = kind
        self.place = place
        self.size = size

    def __repr__(self) -> str:
        return f"Fault({self.kind!r}, {self.place}, {self.size})"

    async def run(self, store: MemoryStore, rows: Sequence[ImportRow], first: ImportRecords) -> None:
        """One attempt."""
        over = Faulty(store, self.place, is_stored=self.kind == "stored") if "stor" in self.kind else Slow(store)
        service = Service(over, limits=SMALL)
        if self.kind == "stream":
            stream = cut(rows[: self.place], self.size, first, LOST)
        else:
            stream = messages(rows, self.size, first)
        attempt = asyncio.create_task(service.handlers["ImportRecords"](call(), stream))
        if self.kind == "cancel":
            for _ in range(self.place):
                await asyncio.sleep(0)
            attempt.cancel()
        await asyncio.wait([attempt])
        assert attempt.cancelled() or attempt.exception() is None or isinstance(attempt.exception(), CrudError)
        assert len(asyncio.all_tasks()) == 1


FAULTS = st.builds(
    Fault, st.sampled_from(["stream", "store", "stored", "cancel"]), st.integers(0, 16), st.integers(1, 5)
)


async def outcome(store: MemoryStore, rows: Sequence[ImportRow], first: ImportRecords, size: int) -> Any:
    """What the import comes to: its reply or its error, and what is stored then, but for the times and new ids."""
    service = Service(store, limits=SMALL)
    try:
        told: Any = await service.handlers["ImportRecords"](call(), messages(rows, size, first))
    except CrudError as error:
        told = (error.kind, error.reason, error.message, error.metadata)
    await assert_log_matches(store)
    records = (await stored(service)).values()
    return told, sorted(
        (each.id if "-" not in each.id else "", each.name, each.content, each.version, each.revision)
        for each in records
    )


async def open_store() -> MemoryStore:
    """A store with one live and one deleted record."""
    store = MemoryStore()
    await store.open()
    service = Service(store)
    await service.create("d", name="old")
    await service.delete((await service.create("e", name="old")).path)
    return store


@given(ROWS, OPTIONS, st.lists(FAULTS, min_size=1, max_size=3), st.integers(1, 5))
def test_it_ends_as_if_it_had_been_sent_once(rows, options, faults, size) -> None:
    """After any faults, the same rows sent again give the reply and the records of an import without faults."""
    first = ImportRecords(NOTES, request_id="r", **options)

    async def play() -> None:
        plain, resumed = await open_store(), await open_store()
        for fault in faults:
            await fault.run(resumed, rows, first)
        assert await outcome(resumed, rows, first, size) == await outcome(plain, rows, first, 2)

    asyncio.run(play())


@given(ROWS, OPTIONS, st.integers(0, 16))
def test_it_goes_on_from_the_row_that_it_is_told(rows, options, place) -> None:
    """Without a request id, too, an import that ended goes on from `resumeRow` to the same records."""
    first = ImportRecords(NOTES, **options)

    async def play() -> None:
        plain, resumed = await open_store(), await open_store()
        service = Service(resumed, limits=SMALL)
        try:
            await service.handlers["ImportRecords"](call(), cut(rows[:place], 2, first, LOST))
        except CrudError as error:
            start = int(error.metadata["resumeRow"])
        rest = ImportRecords(NOTES, **options | {"start_row": start})
        assert (await outcome(resumed, rows, rest, 3))[1] == (await outcome(plain, rows, first, 2))[1]

    asyncio.run(play())


async def test_the_same_id_for_other_rows(service, store) -> None:
    """Rows that differ from those that were stored under the id are refused: nothing is stored again or over."""
    await run(service, [row("a"), row("b")], request_id="r")
    for others in ([row("a"), row("c")], [row("a")], [row("a"), row("b"), row("c")]):
        error = await failed(service, others, request_id="r")
        assert (error.kind, error.reason) == (Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED)
        assert error.metadata == {"resumeRow": "1", "importedCount": "0"}
    assert await store.last_revision() == 1


@pytest.mark.parametrize("other", [{"if_exists": "replace"}, {"on_error": "skip"}, {"parent": "collections/x"}])
async def test_the_same_id_for_other_options(service, other) -> None:
    """The options belong to what is the same."""
    await run(service, [row("a")], request_id="r")
    assert (await failed(service, [row("a")], request_id="r", **other)).reason is Reason.REQUEST_ID_REUSED


async def test_it_may_grow_behind_its_last_chunk(service_of, store) -> None:
    """More rows behind whole chunks are stored as a part of the same import."""
    service = service_of(limits=SMALL)
    rows = [row(each) for each in "abcdef"]
    await run(service, rows[:3], request_id="r")
    assert await run(service, rows, request_id="r") == ImportRecordsReply(6, 6, revision=2)


async def test_a_start_within_a_chunk(service_of, store) -> None:
    """With the id of an import, it starts where a chunk of it starts: rows that are stored are never stored again."""
    service = service_of(limits=SMALL)
    rows = [row() for _ in range(6)]
    await run(service, rows, request_id="r")
    assert await run(service, rows, request_id="r", start_row=4) == ImportRecordsReply(6, 3, revision=2)
    error = await failed(service, rows, request_id="r", start_row=5)
    assert (error.reason, error.metadata["resumeRow"]) == (Reason.REQUEST_ID_REUSED, "5")
    assert await store.last_revision() == 2


async def test_an_id_is_remembered_for_a_day(service_of, store) -> None:
    """After 24 hours it is a new import."""
    service = service_of(limits=SMALL)
    await run(service, [row("a")], request_id="r")
    service.advance(24 * 3600)
    assert (await failed(service, [row("a")], request_id="r")).reason is Reason.RECORD_EXISTS


@pytest.mark.parametrize(("length", "is_allowed"), [(128, True), (129, False)])
async def test_the_length_of_an_id(service, length, is_allowed) -> None:
    """It may be as long as any request id, and is refused before any row is looked at."""
    rows = [row("a")]
    if is_allowed:
        assert (await run(service, rows, request_id="r" * length)).imported_count == 1
    else:
        error = await failed(service, rows, request_id="r" * length)
        assert (error.reason, error.metadata) == (Reason.INVALID_REQUEST_ID, {})
