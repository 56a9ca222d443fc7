"""The packaged migrations."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

import crud_service
from crud_service.library import migrations
from crud_service.library.sqlite import SqliteStore
from crud_service.library.sqlite_schema import _alembic_config
from crud_service.library.sqlmodel_tables import metadata


def test_head_is_known_without_alembic():
    """The schema version of the code is the last script's, and there is one line of history."""
    assert ScriptDirectory.from_config(_alembic_config()).get_heads() == [migrations.HEAD]


def test_migrations_make_the_declared_tables(empty_file):
    """A migrated file has exactly the tables that the code declares."""
    engine = create_engine(f"sqlite:///{empty_file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata()) == []
    engine.dispose()


def test_migrations_make_the_declared_form(empty_file):
    """What a comparison of columns does not see, WITHOUT ROWID and partial indexes, is as declared too."""
    declared = {table.name: CreateTable(table) for table in metadata().tables.values()}
    declared |= {index.name: CreateIndex(index) for table in metadata().tables.values() for index in table.indexes}
    with closing(sqlite3.connect(empty_file)) as file:
        made = dict(file.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    assert {name: _plain(sql) for name, sql in made.items() if name != "alembic_version"} == {
        name: _plain(str(statement.compile(dialect=sqlite.dialect()))) for name, statement in declared.items()
    }


async def test_migration_that_fails_leaves_nothing(tmp_path, monkeypatch):
    """A migration that dies half-way is rolled back: the next start begins afresh."""
    store = SqliteStore(tmp_path / "crud.db")
    with monkeypatch.context() as planted:
        planted.setattr(Operations, "create_index", _fail, raising=False)
        with pytest.raises(RuntimeError, match="planted"):
            await store.open()
    with closing(sqlite3.connect(store.path)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == []
    await store.open()
    assert await store.last_revision() == 0
    await store.close()


async def test_current_file_needs_no_alembic(data_file, monkeypatch):
    """A file of the current schema opens without a migration."""
    monkeypatch.setattr(command, "upgrade", _fail)
    store = SqliteStore(data_file)
    await store.open()
    await store.close()


def test_current_file_imports_no_alembic(data_file):
    """Alembic is imported only when there is something to migrate: it costs start-up time and memory."""
    program = f"""
import asyncio, sys
from crud_service.library.sqlite import SqliteStore
async def main():
    store = SqliteStore({str(data_file)!r})
    await store.open()
    await store.close()
asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""
    root = Path(crud_service.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, timeout=30)


def _plain(sql):
    return " ".join(sql.replace("\t", " ").split())


def _fail(*_, **__):
    raise RuntimeError("planted")
