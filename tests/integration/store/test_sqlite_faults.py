"""Faults under an open store: an answer of its own for each, and no restart once the cause is gone."""

import asyncio
import resource
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

import pytest

from crud_service.library.sqlite import SqliteStore
from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_store import RecordPage
from crud_service.model.query import Field, Has, RecordQuery
from crud_service.model.record import CollectionKey, FieldIndex, RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import (
    MUCH_LATER,
    TIME,
    collection,
    create,
    create_collection,
    mutation,
    purge,
    record,
    request,
    update_collection,
)

KEY = RecordKey("", "notes", "kept")
LARGE = '{"text":"' + "x" * 300_000 + '"}'


@pytest.fixture
async def store(data_file):
    """An open store with one record."""
    store = SqliteStore(data_file, busy_seconds=0.1)
    await store.open()
    await store.commit(mutation(create(record("kept"))))
    yield store
    await store.close()


async def refused(store, kind, *, content=LARGE):
    """A commit that is refused with `kind`, while reads go on."""
    with pytest.raises(CrudError) as answer:
        await store.commit(mutation(create(record("refused", content=content))))
    assert answer.value.kind is kind
    assert answer.value.__cause__ is not None
    assert await store.get_record(KEY) is not None
    assert len((await store.list_records(RecordQuery("", "notes"))).records) == 1
    return answer.value


async def goes_on(store):
    """The store takes writes again, and nothing of the refused ones is there."""
    assert (await store.commit(mutation(create(record("after", content=LARGE))))).revision == 2
    assert await store.get_record(RecordKey("", "notes", "refused")) is None
    await assert_log_matches(store)


@contextmanager
def pages_left(store, pages):
    """The data file may grow by so many pages only, over whichever connection."""

    def connect():
        connection = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
        (used,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {min(used, first) + pages}")
        return connection

    (first,) = store._engine.writer._connection.get().execute("PRAGMA page_count").fetchone()
    held = store._engine.writer._connection
    store._engine.writer._connection = SqliteConnection(connect)
    try:
        yield
    finally:
        store._engine.writer._connection.close()
        store._engine.writer._connection = held


async def test_full(store):
    """When no page is left a write is refused as STORE_FULL, and more room is used at once."""
    with pages_left(store, 4):
        answer = await refused(store, Kind.RESOURCE_EXHAUSTED)
    assert answer.reason is Reason.STORE_FULL
    await goes_on(store)


async def test_large_mutation_fails_alone_when_full(store):
    """When only the large one of a group does not fit, the small ones are stored."""
    writes = [create(record(f"r{number}", content=LARGE if number == 1 else "{}")) for number in range(4)]
    with pages_left(store, 20):
        outcomes = await asyncio.gather(*(store.commit(mutation(each)) for each in writes), return_exceptions=True)
    assert [isinstance(outcome, CrudError) for outcome in outcomes] == [False, True, False, False]
    await assert_log_matches(store)


@contextmanager
def small_disk(folder):
    """A disk of 1 MiB mounted on `folder`; skips where mounting is not allowed."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a disk here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_disk_full(tmp_path, empty_file):
    """On a disk that is really full writes are STORE_FULL, reads go on, and room is used without a restart."""
    with small_disk(tmp_path):
        path = tmp_path / "crud.db"
        path.write_bytes(empty_file.read_bytes())
        ballast = tmp_path / "ballast"
        store = SqliteStore(path)
        await store.open()
        await store.commit(mutation(create(record("kept"))))
        with pytest.raises(OSError, match="space"):
            ballast.write_bytes(b"x" * 2_000_000)
        await refused(store, Kind.RESOURCE_EXHAUSTED)
        ballast.unlink()
        await goes_on(store)
        await store.close()


async def test_write_error(store):
    """When the system refuses to write, the call is UNAVAILABLE, and the next one after the cause is gone succeeds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        await refused(store, Kind.UNAVAILABLE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await goes_on(store)


@pytest.mark.parametrize(
    "table", ["records", "record_tags", "record_index", "collections", "requests", "changes", "counters"]
)
async def test_all_tables_or_none(store, table):
    """Records, what finds them, collections, requests, the log and the revision are stored together, or none is."""
    made = create_collection(collection("other", indexes=(FieldIndex("name"),)))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        for event in ("INSERT", "UPDATE"):
            planted = f"BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'planted'); END"
            other.execute(f"CREATE TRIGGER planted_{event} {planted}")
        with pytest.raises(CrudError) as answer:
            await store.commit(mutation(made, create(record("refused", collection="other")), request=request()))
        assert answer.value.kind is Kind.INTERNAL
        for event in ("INSERT", "UPDATE"):
            other.execute(f"DROP TRIGGER planted_{event}")
    assert await store.get_record(RecordKey("", "other", "refused")) is None
    assert await store.list_records(RecordQuery("", "other", Has(Field("tags"), "a"))) == RecordPage((), False)
    assert [each.id for each in await store.list_collections("", "", 10)] == ["notes"]
    assert await store.get_request(request().key, TIME) is None
    await goes_on(store)


async def test_purge_or_nothing(store):
    """When the states in the log cannot be erased, the record is not purged either."""
    kept = await store.get_record(KEY)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("CREATE TRIGGER planted BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'planted'); END")
        with pytest.raises(CrudError):
            await store.commit(mutation(purge(kept)))
        other.execute("DROP TRIGGER planted")
    assert await store.get_record(KEY) == kept
    await goes_on(store)


async def test_steps_that_fail(store):
    """Filling an index and forgetting requests do all of a step or nothing, and go on after a fault."""
    key = CollectionKey("", "notes")
    stored = await store.get_collection(key)
    await store.commit(mutation(update_collection(stored, indexes=(FieldIndex("name"),)), request=request()))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for step in (store.fill_index(key, "name", "", 10), store.forget_requests(MUCH_LATER, 10)):
            with pytest.raises(CrudError) as answer:
                await step
            assert answer.value.kind is Kind.UNAVAILABLE
        other.execute("ROLLBACK")
    assert await store.fill_index(key, "name", "", 10) == "kept"
    assert await store.forget_requests(MUCH_LATER, 10) == 1


async def test_locked_by_another_program(store):
    """A foreign lock is waited for within the bound, once for all who wait; afterwards writes go on."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await refused(store, Kind.UNAVAILABLE)
        started = time.monotonic()
        commits = [store.commit(mutation(create(record(f"r{number}")))) for number in range(100)]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert {each.kind for each in outcomes} == {Kind.UNAVAILABLE}
        assert time.monotonic() - started < 3
        other.execute("ROLLBACK")
    await goes_on(store)


async def test_probe_of_a_locked_file(store):
    """A probe tells of a foreign lock sooner than a commit does, and of its end without a commit's help."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(CrudError) as answer:
                await store.probe_write()
            assert (answer.value.kind, answer.value.reason) == (Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE)
        other.execute("ROLLBACK")
    await store.probe_write()
    (patience,) = store._engine.writer._connection.get().execute("PRAGMA busy_timeout").fetchone()
    assert patience == 100  # milliseconds, as the store was made with
    await goes_on(store)


async def test_probe_after_a_commit_that_failed(store):
    """After a failed commit a probe tries whether a commit can be stored; before that it writes nothing."""
    writer = store._engine.writer

    def written():
        (changes,) = writer._connection.get().execute("SELECT total_changes()").fetchone()
        return changes

    before = written()
    await store.probe_write()
    assert written() == before
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await refused(store, Kind.UNAVAILABLE)
        other.execute("ROLLBACK")
    writer._connection.get().execute("PRAGMA query_only = ON")  # every write fails from now on, no lock does
    with pytest.raises(CrudError) as answer:
        await store.probe_write()
    assert answer.value.reason is Reason.STORE_UNAVAILABLE
    before = written()
    await store.probe_write()
    assert written() == before + 1
    await store.probe_write()
    assert written() == before + 1
    await goes_on(store)


async def test_connection_that_breaks(store):
    """Reads and writes use another connection after an error."""
    engine = store._engine
    for broken in (engine.reader.connection.get(), engine.writer._connection.get()):
        broken.close()
    for use in (store.get_record(KEY), store.commit(mutation(create(record("refused"))))):
        with pytest.raises(CrudError):
            await use
    assert await store.get_record(KEY) is not None
    await goes_on(store)


async def test_file_that_vanished(store, tmp_path):
    """A file that was moved away is never made anew: UNAVAILABLE until it is back."""
    for connection in (store._engine.reader.connection, store._engine.writer._connection):
        connection.close()
    away = tmp_path / "away"
    away.mkdir()
    moved = [path.rename(away / path.name) for path in tmp_path.glob("crud.db*") if not path.name.endswith(".lock")]
    with pytest.raises(CrudError) as answer:
        await store.get_record(KEY)
    assert answer.value.kind is Kind.UNAVAILABLE
    with pytest.raises(CrudError) as answer:
        await store.commit(mutation(create(record("refused"))))
    assert answer.value.kind is Kind.UNAVAILABLE
    assert not store.path.exists()
    for path in moved:
        path.rename(tmp_path / path.name)
    assert await store.get_record(KEY) is not None
    await goes_on(store)
