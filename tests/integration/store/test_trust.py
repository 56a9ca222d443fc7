"""A store is what its log says; a difference is found wherever it is planted, and mended from the log."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from crud_service.commands import trust
from crud_service.library.sqlite import SqliteStore
from crud_service.logic.maintenance.index_builder import IndexBuilder
from crud_service.model import requests
from crud_service.model.errors import CrudError, StartError
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.ports.system_store import TIMELINE
from crud_service.model.record import CollectionKey
from crud_service.model.requests import CollectionDraft, FieldIndexDraft, RecordDraft
from tests.unit.logic.conftest import Service

COLLECTIONS = ("notes", "orders", "papers")
IDS = tuple("abcdefgh")
ALWAYS = "9999-01-01T00:00:00.000000000Z"


@pytest.fixture(scope="session")
async def lived_in(empty_file, tmp_path_factory):
    path = Path(shutil.copy(empty_file, tmp_path_factory.mktemp("lived") / "crud.db"))
    await fill(path, 7)
    return path


@pytest.fixture
def filled(lived_in, tmp_path):
    """A data file with a life behind it: every kind of write, an index, records gone and made again, compaction."""
    return Path(shutil.copy(lived_in, tmp_path / "crud.db"))


async def fill(data_file, seed, steps=300):
    draw, store = Random(seed), SqliteStore(data_file)
    await store.open()
    service = Service(store)
    declared = CollectionDraft(indexes=(FieldIndexDraft("content.price"),))
    await service.do(requests.CreateCollection(declared, "notes"))
    await IndexBuilder(
        store, service.writer, monotonic=lambda: 0.0, new_call_id=lambda: "call", report=service.tail._report
    ).run()
    assert (await service.get_collection()).indexes[0].ready
    for _ in range(steps):
        try:
            await write(service, draw)
        except CrudError:
            continue
        if draw.random() < 0.02:
            rule = HistoryRule(ALWAYS, draw.choice((0, 5)), ALWAYS)
            await store.compact_log(CollectionKey("", draw.choice(COLLECTIONS)), rule, draw.randrange(1, 40))
    await store.close()


async def write(service, draw):
    parent = f"collections/{draw.choice(COLLECTIONS)}"
    path = f"{parent}/records/{draw.choice(IDS)}"
    content = {"price": draw.choice((1, 2.5, "x", None)), "deep": {"é": "\t"}}
    draft = RecordDraft(name=draw.choice("xyz"), content=content, tags=tuple(draw.sample("pqr", 2)))
    match draw.randrange(14):
        case 0 | 1 | 2 | 3:
            await service.do(requests.CreateRecord(parent, draft, path.rpartition("/")[2]))
        case 4 | 5 | 6:
            await service.update(path, name=draw.choice("xyz"), content=content)
        case 7:
            await service.delete(path)
        case 8:
            await service.undelete(path)
        case 9:
            await service.purge(path)
        case 10 | 11:
            await service.do(
                requests.BatchCreateRecords(parent, tuple(requests.CreateRecord(record=draft) for _ in "ab"))
            )
        case 12:
            await service.update_collection(parent, name=draw.choice("xyz"))
        case 13 if parent != "collections/notes":
            await service.do(requests.DeleteCollection(parent, force=True))


def differences(file):
    return list(trust.verified(file)[1])


def execute(file, *statements):
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_written_is_what_the_log_says(data_file, seed):
    await fill(data_file, seed)
    verified, found = trust.verified(data_file)
    assert list(found) == []
    assert verified.records > 5
    assert verified.entries > verified.records
    assert verified.revision > 100


async def test_a_store_in_use_is_verified(data_file):
    store = SqliteStore(data_file)
    await store.open()
    service = Service(store)
    writing = asyncio.create_task(keep_writing(service))
    for _ in range(3):
        assert await asyncio.to_thread(differences, data_file) == []
    writing.cancel()
    await asyncio.wait([writing])
    await store.close()


async def keep_writing(service):
    while True:
        await service.create(tags=("a", "b"), content={"n": 1})


PLANTED = {
    "a field": ("UPDATE records SET name = name || '!' WHERE rowid = (SELECT min(rowid) FROM records)", "differs"),
    "a content": ("UPDATE records SET content = '{}' WHERE rowid = (SELECT max(rowid) FROM records)", "in content"),
    "a revision": ("UPDATE records SET revision = revision + 1 WHERE id = 'b'", "revision"),
    "a record too few": ("DELETE FROM records WHERE id = 'c' AND collection = 'notes'", "is not stored"),
    "a record too many": (
        """INSERT INTO records SELECT tenant, collection, 'zz', name, date, content, tags, revision, version,
        create_time, update_time, '2026', purge_time, expire_time FROM records LIMIT 1""",
        "the log knows nothing of it",
    ),
    "a collection": ("UPDATE collections SET description = 'x' WHERE id = 'notes'", "description"),
    "an entry": ("DELETE FROM changes WHERE rowid = (SELECT max(rowid) FROM changes WHERE id != '')", "records/"),
    "an entry in between": (
        """DELETE FROM changes WHERE rowid = (SELECT rowid FROM changes AS c WHERE kind = 'RECORD_UPDATED' AND
        revision > (SELECT coalesce(max(revision), 0) FROM log_floors) LIMIT 1)""",
        "the log lacks the revisions",
    ),
    "one entry of a batch": (
        "DELETE FROM changes WHERE rowid = (SELECT max(rowid) FROM changes WHERE ordinal = 1)",
        "records/",
    ),
    "a state of the log": (
        "UPDATE changes SET state = '{' WHERE rowid = (SELECT max(rowid) FROM changes WHERE kind = 'RECORD_CREATED')",
        "cannot be read",
    ),
    "the counter": ("UPDATE counters SET value = 5 WHERE name = 'revision'", "counter"),
    "a tag": ("DELETE FROM record_tags WHERE tag = 'p'", "not found by a tag"),
    "a tag too many": ("UPDATE record_tags SET tag = 'other' WHERE tag = 'q'", "a tag that it does not have"),
    "an index": ("DELETE FROM record_index WHERE rank = 3", "not found by the index of content.price"),
    "an index too full": (
        "INSERT INTO record_index VALUES ('', 'notes', 'content.price', 4, 0, 'ghost', 'nobody')",
        "finds 1 records that are not there",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
async def test_a_planted_difference_is_found(filled, what):
    statement, told = PLANTED[what]
    execute(filled, statement)
    found = differences(filled)
    assert any(told in line for line in found), found


@pytest.mark.parametrize("what", [each for each in PLANTED if "entry" not in each and "log" not in each])
async def test_records_are_made_anew_from_the_log(filled, what):
    before = dump(filled)
    execute(filled, PLANTED[what][0])
    if what == "the counter":
        with pytest.raises(AssertionError):
            assert differences(filled) == []
    trust.rebuild(filled)
    after = dump(filled)
    counter = after.pop("counters"), before.pop("counters")
    assert after == before
    assert what == "the counter" or counter[0] == counter[1]


def dump(file):
    tables = ("records", "record_tags", "record_index", "collections", "changes", "counters", "log_floors", "requests")
    with closing(sqlite3.connect(file)) as connection:
        return {each: sorted(connection.execute(f"SELECT * FROM {each}").fetchall(), key=repr) for each in tables}


async def test_a_log_that_is_not_sound_rebuilds_nothing(filled):
    execute(filled, PLANTED["a state of the log"][0])
    before = dump(filled)
    with pytest.raises(StartError, match="the log is not sound"):
        trust.rebuild(filled)
    assert dump(filled) == before


async def test_a_store_in_use_is_not_rebuilt_or_replaced(data_file, tmp_path):
    store = SqliteStore(data_file)
    await store.open()
    trust.back_up(data_file, tmp_path / "copy.db")
    for attempt in (
        lambda: trust.rebuild(data_file),
        lambda: trust.restore(tmp_path / "copy.db", data_file, replaces=".old"),
    ):
        with pytest.raises(StartError, match="in use by the process"):
            attempt()
    await store.close()


class TestCopies:
    async def test_a_backup_of_a_store_in_use_is_one_state_of_it(self, data_file, tmp_path):
        store = SqliteStore(data_file)
        await store.open()
        service = Service(store)
        await service.create("first")
        writing = asyncio.create_task(keep_writing(service))
        before = await store.last_revision()
        await asyncio.to_thread(trust.back_up, data_file, tmp_path / "copy.db")
        after = await store.last_revision()
        writing.cancel()
        await asyncio.wait([writing])
        await store.close()
        verified, found = trust.verified(tmp_path / "copy.db")
        assert list(found) == []
        assert before <= verified.revision <= after

    async def test_a_backup_holds_nothing_of_what_was_purged(self, data_file, tmp_path):
        store = SqliteStore(data_file)
        await store.open()
        service = Service(store)
        await service.create("a", content={"secret": "hunter2" * 9})
        await service.delete("collections/notes/records/a")
        await service.purge("collections/notes/records/a")
        trust.back_up(data_file, tmp_path / "copy.db")
        await store.close()
        assert b"hunter2" not in (tmp_path / "copy.db").read_bytes()

    async def test_an_existing_file_is_not_written_over(self, filled, tmp_path):
        (tmp_path / "copy.db").write_text("mine")
        with pytest.raises(StartError, match="exists"):
            trust.back_up(filled, tmp_path / "copy.db")
        with pytest.raises(StartError, match="say --replace"):
            trust.restore(filled, filled)
        assert (tmp_path / "copy.db").read_text() == "mine"

    async def test_what_is_no_data_file_is_refused(self, data_file, tmp_path):
        (tmp_path / "text.db").write_text("no database" * 100)
        for attempt in (
            lambda: trust.back_up(tmp_path / "none.db", tmp_path / "copy.db"),
            lambda: trust.back_up(tmp_path / "text.db", tmp_path / "copy.db"),
            lambda: trust.rebuild(tmp_path / "none.db"),
            lambda: differences(tmp_path / "text.db"),
            lambda: trust.restore(tmp_path / "text.db", tmp_path / "new.db"),
        ):
            with pytest.raises(StartError):
                attempt()
        assert sorted(path.name for path in tmp_path.glob("*.part")) == []
        assert not (tmp_path / "copy.db").exists()

    async def test_a_restored_store_begins_another_timeline(self, filled, tmp_path):
        store = SqliteStore(filled)
        await store.open()
        timeline = await store.load_or_create(TIMELINE, lambda: b"one")
        last = await store.last_revision()
        trust.back_up(filled, tmp_path / "copy.db")
        await Service(store).create("lost")
        await store.close()
        trust.restore(tmp_path / "copy.db", filled, replaces=".old")
        assert (tmp_path / "crud.db.old").exists()
        assert differences(filled) == []
        store = SqliteStore(filled)
        await store.open()
        assert (timeline, await store.load_or_create(TIMELINE, lambda: b"two")) == (b"one", b"two")
        assert await store.last_revision() == last + 1_000_000
        with pytest.raises(CrudError, match="no record lost"):
            await Service(store).get("collections/notes/records/lost")
        await Service(store).create("found")
        await store.close()
        assert differences(filled) == []

    async def test_a_store_is_restored_again_before_anything_is_written(self, filled, tmp_path):
        for number in range(3):
            trust.back_up(filled, tmp_path / f"copy{number}.db")
            trust.restore(tmp_path / f"copy{number}.db", filled, replaces=f".old{number}")
            assert differences(filled) == []
        store = SqliteStore(filled)
        await store.open()
        await Service(store).create("found")
        await store.close()
        assert differences(filled) == []


async def test_a_counter_that_is_behind_the_log_is_mended_too(filled):
    execute(filled, "UPDATE counters SET value = 5 WHERE name = 'revision'")
    assert any("counter" in each for each in differences(filled))
    trust.rebuild(filled)
    assert differences(filled) == []
