"""A data file of an older schema comes up with everything in it."""

import json
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from msgspec.structs import astuple
from sqlalchemy import create_engine

from crud_service.library.sqlite import SqliteStore
from crud_service.library.sqlite_schema import _alembic_config
from crud_service.model.errors import StartError
from crud_service.model.ports.change_log import Compaction, HistoryRule
from crud_service.model.query import Field, Has, OrderKey, RecordQuery
from crud_service.model.record import Collection, CollectionKey, FieldIndex, Record, RecordKey
from crud_service.testing.log_replay import assert_log_matches
from crud_service.testing.mutations import create, mutation, purge, record, update, update_collection

T1, T2, T3 = (f"2026-01-0{day}T00:00:00.000000000Z" for day in (1, 2, 3))
NOTES = CollectionKey("", "notes")
LIVE = Record("notes", "live", "a name", T2, '{"price":1.5}', ("a", "b"), 2, 1, T1, T1)
FIRST = Record("notes", "first", "", T1, "{}", ("a",), 1, 1, T1, T1)
GONE = Record("notes", "gone", "", T3, "{}", ("a",), 4, 2, T1, T2, T2)


def change(revision, ordinal, kind, record_id, state, version=1):
    return (revision, ordinal, kind, "", "notes", record_id, state, version, T1, "ada", "", "", "call", "trace", "0.1")


def state_of(of, revision, version, deleted="null"):
    """The state of a record as the older code wrote it into the log."""
    tags = json.dumps(of.tags)
    return (
        f'{{"collection":"notes","id":"{of.id}","name":"{of.name}","date":"{of.date}","content":{of.content},'
        f'"tags":{tags},"revision":{revision},"version":{version},"create_time":"{T1}",'
        f'"update_time":"{T2 if deleted != "null" else T1}","delete_time":{deleted}}}'
    )


MADE = (
    '{"id":"notes","name":"Notes","description":"","revision":1,"version":1,'
    f'"create_time":"{T1}","update_time":"{T1}"}}'
)
CHANGES = [
    change(1, 0, "COLLECTION_CREATED", "", MADE),
    change(1, 1, "RECORD_CREATED", "first", state_of(FIRST, 1, 1)),
    change(2, 0, "RECORD_CREATED", "live", state_of(LIVE, 2, 1)),
    change(3, 0, "RECORD_CREATED", "gone", state_of(GONE, 3, 1)),
    change(4, 0, "RECORD_DELETED", "gone", state_of(GONE, 4, 2, f'"{T2}"'), 2),
]


@pytest.fixture
def old_file(tmp_path):
    """A data file of the first schema with two live records, a deleted one and their log."""
    path = tmp_path / "crud.db"
    engine = create_engine(f"sqlite:///{path}")
    config = _alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as file, file:
        records = [
            ("", *astuple(of)[:5], json.dumps(of.tags), of.revision, of.version, T1, of.update_time, of.delete_time)
            for of in (LIVE, FIRST, GONE)
        ]
        file.executemany(f"INSERT INTO records VALUES ({','.join('?' * 12)})", records)
        tags = [("", "notes", tag, of.id) for of in (LIVE, FIRST) for tag in of.tags]
        file.executemany("INSERT INTO record_tags VALUES (?, ?, ?, ?)", tags)
        file.execute("INSERT INTO collections VALUES ('', 'notes', 'Notes', '', 1, 1, ?, ?)", (T1, T1))
        file.executemany(f"INSERT INTO changes VALUES ({','.join('?' * 15)})", CHANGES)
        file.execute("INSERT INTO counters VALUES ('revision', 4)")
        file.execute("INSERT INTO system_values VALUES ('key', x'00ff')")
    return path


@pytest.fixture
async def store(old_file):
    """The file, opened by this code."""
    store = SqliteStore(old_file)
    await store.open()
    yield store
    await store.close()


async def test_everything_is_there(store):
    """Records, the collection with default settings, the log and system values are what they were."""
    for each in (LIVE, FIRST, GONE):
        assert await store.get_record(RecordKey("", "notes", each.id)) == each
    assert await store.get_collection(NOTES) == Collection("notes", "Notes", "", 1, 1, T1, T1)
    assert [tuple(str(value) for value in row) for row in CHANGES] == [
        tuple(str(getattr(entry, name)) for name in entry.__struct_fields__)
        for entry in await assert_log_matches(store)
    ]
    assert await store.load_or_create("key", lambda: b"another") == b"\x00\xff"


async def test_tags_are_dated(store):
    """Live records are found by their tags, in the order of dates too."""
    with closing(sqlite3.connect(store.path)) as file:
        rows = file.execute("SELECT * FROM record_tags ORDER BY tag, id").fetchall()
    assert rows == [("", "notes", "a", "first", T1), ("", "notes", "a", "live", T2), ("", "notes", "b", "live", T2)]
    for order, found in (((), [FIRST, LIVE]), ((OrderKey(Field("date"), True),), [LIVE, FIRST])):
        query = RecordQuery("", "notes", Has(Field("tags"), "a"), order)
        assert list((await store.list_records(query)).records) == found


async def test_everything_can_be_changed(store):
    """What the older code wrote is updated, indexed and purged like anything else."""
    await store.commit(mutation(update(LIVE, date=T3), create(record("new")), purge(GONE)))
    stored = await store.get_collection(NOTES)
    price = FieldIndex("content.price")
    await store.commit(mutation(update_collection(stored, require_etag=True, retention=5, indexes=(price,))))
    assert await store.fill_index(NOTES, "content.price", "", 10) == "new"
    assert (await store.get_collection(NOTES)).indexes == (price,)
    await assert_log_matches(store)


async def test_history_begins_with_the_old_log(store):
    """What the older code logged is history: read by record, shown as it was, compacted."""
    key = RecordKey("", "notes", "gone")
    assert [entry.revision for entry in await store.read_history(key, 99, 10)] == [4, 3]
    page = await store.list_records(RecordQuery("", "notes", at=3))
    assert [each.id for each in page.records] == ["first", "gone", "live"]
    collection = await store.get_collection(NOTES)
    assert (collection.history_age, collection.history_entries) == (None, 0)
    assert await store.log_floor() == 0
    assert await store.compact_log(NOTES, HistoryRule(T3, 0, T3), 10) == Compaction(1, 4, more=False)
    await assert_log_matches(store)


async def test_without_leave_to_migrate(old_file):
    """With auto_migrate off the file is refused, with the way out, and left as it is."""
    before = old_file.read_bytes()
    with pytest.raises(StartError, match=r"schema 0001 .* switch auto_migrate on"):
        await SqliteStore(old_file, auto_migrate=False).open()
    assert old_file.read_bytes() == before


async def test_upgrade_that_fails(old_file, monkeypatch):
    """An upgrade that dies half-way leaves the file as it was, and the next one succeeds."""
    from alembic.operations import Operations

    def fail(*_, **__):
        raise RuntimeError("planted")

    before = content_of(old_file)
    with monkeypatch.context() as planted:
        planted.setattr(Operations, "drop_table", fail, raising=False)
        with pytest.raises(RuntimeError, match="planted"):
            await SqliteStore(old_file).open()
    assert content_of(old_file) == before
    store = SqliteStore(old_file)
    await store.open()
    assert await store.get_record(RecordKey("", "notes", "live")) == LIVE
    await store.close()


def content_of(path):
    with closing(sqlite3.connect(path)) as file:
        return list(file.iterdump())
