"""Opening a data file: what is mended silently, and what is refused in one clear line."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import crud_service
from crud_service.library.sqlite import SqliteStore
from crud_service.model.errors import StartError
from crud_service.testing.mutations import create, mutation, record

OPEN_AND_WAIT = """
import asyncio, sys
from crud_service.library.sqlite import SqliteStore

async def main():
    await SqliteStore(sys.argv[1]).open()
    print("open", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


async def refusal(path, **arguments):
    """The one line with which `path` is refused; the file can be opened by somebody else afterwards."""
    with pytest.raises(StartError) as refused:
        await SqliteStore(path, **arguments).open()
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)
    return str(refused.value)


async def test_missing_folders_are_made(tmp_path):
    """A data file may lie in folders that do not exist yet."""
    store = SqliteStore(tmp_path / "a" / "b" / "crud.db")
    await store.open()
    await store.commit(mutation(create(record())))
    await store.close()
    assert store.path.is_file()


async def test_relative_path(tmp_path, monkeypatch):
    """A relative path is bound to the folder it was given in, odd characters included."""
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("sub/한 %41 ?#'.db")
    monkeypatch.chdir("/")
    await store.open()
    await store.commit(mutation(create(record())))
    await store.close()
    assert store.path == tmp_path / "sub" / "한 %41 ?#'.db"
    assert store.path.is_file()


async def test_empty_file_is_filled(tmp_path):
    """An empty file, such as `touch` makes, becomes a data file."""
    path = tmp_path / "crud.db"
    path.touch()
    store = SqliteStore(path)
    await store.open()
    assert await store.last_revision() == 0
    await store.close()


async def test_folder_that_cannot_be_made(tmp_path):
    """A folder that cannot be made is named."""
    (tmp_path / "file").write_text("not a folder")
    assert "cannot be written" in await refusal(tmp_path / "file" / "crud.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_read_only_folder(tmp_path):
    """A folder that cannot be written is named."""
    tmp_path.chmod(0o500)
    assert "cannot be written" in await refusal(tmp_path / "crud.db")


async def test_path_is_a_folder(tmp_path):
    """A folder is no data file; the line proposes one in it."""
    assert str(tmp_path / "crud.db") in await refusal(tmp_path)


@pytest.mark.parametrize("text", ["hello", "hello " * 1_000])
async def test_file_is_no_database(tmp_path, text):
    """A file that is something else is refused and left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text(text)
    assert "no SQLite database" in await refusal(path)
    assert path.read_text() == text


@pytest.fixture
def damaged_file(data_file):
    """A data file whose table of contents is overwritten."""
    content = bytearray(data_file.read_bytes())
    content[100:4096] = b"\xff" * 3996
    data_file.write_bytes(content)
    return data_file


async def test_damaged_file(damaged_file):
    """A damaged file is refused, never made anew."""
    before = damaged_file.read_bytes()
    assert "damaged" in await refusal(damaged_file)
    assert damaged_file.read_bytes() == before


async def test_database_of_another_program(tmp_path):
    """A database with foreign tables is refused and left as it is, its journal too."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.commit()
    assert "another program" in await refusal(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)


async def test_newer_schema(data_file):
    """A file of a schema that this code does not know is refused."""
    with closing(sqlite3.connect(data_file)) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()
    assert "made by a newer version" in await refusal(data_file)


async def test_migration_switched_off(tmp_path, data_file):
    """Without leave to migrate, a file without tables is refused; one of this schema opens."""
    assert "auto_migrate" in await refusal(tmp_path / "new.db", auto_migrate=False)
    store = SqliteStore(data_file, auto_migrate=False)
    await store.open()
    await store.close()


@pytest.fixture
def owner(data_file):
    """Another process that has the data file open."""
    environment = os.environ | {"PYTHONPATH": str(Path(crud_service.__file__).parents[1])}
    command = [sys.executable, "-c", OPEN_AND_WAIT, str(data_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout.readline() == b"open\n"
            yield process
        finally:
            process.kill()


async def test_file_in_use(data_file, owner):
    """A file that is open in another process is refused with its pid; it opens once that process is killed."""
    assert f"pid {owner.pid};" in await refusal(data_file)
    owner.kill()
    await asyncio.to_thread(owner.wait)
    store = SqliteStore(data_file)
    await store.open()
    assert f"pid {os.getpid()};" in await refusal(data_file)
    await store.close()


async def test_file_in_use_by_another_name(data_file, tmp_path):
    """A link to a file that is in use is the same file."""
    link = tmp_path / "link.db"
    link.symlink_to(data_file)
    store = SqliteStore(data_file)
    await store.open()
    with pytest.raises(StartError, match=f"pid {os.getpid()};"):
        await SqliteStore(link).open()
    await store.close()


async def test_file_locked_by_another_program(data_file):
    """A file that another program holds locked is refused within the bound."""
    with closing(sqlite3.connect(data_file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert "locked by another program" in await refusal(data_file, busy_seconds=0.05)


async def test_durable_by_default(data_file):
    """Every writing connection, the one after a fault too, syncs each commit to the disk."""
    store = SqliteStore(data_file)
    await store.open()
    await store.commit(mutation(create(record())))
    for _ in range(2):
        connection = store._engine.writer._connection.get()
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        store._engine.writer._connection.close()
    await store.close()


async def test_close_leaves_one_file(data_file):
    """After a clean stop all data is in the one file: the write-ahead log is gone."""
    store = SqliteStore(data_file)
    await store.open()
    await store.commit(mutation(create(record())))
    await store.close()
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["crud.db", "crud.db.lock"]
