"""Bringing a data file to the schema of this code. Alembic is imported only when there is something to migrate."""

import sqlite3
from pathlib import Path
from typing import Any

from crud_service.library import migrations
from crud_service.library.sqlite_file import SqliteFile
from crud_service.model.errors import StartError


def prepare_schema(file: SqliteFile, connection: sqlite3.Connection, auto_migrate: bool) -> None:
    """Create or migrate the tables over `connection`, in one transaction. Raises StartError with the way out."""
    try:
        version = _version(file.path, connection)
        if version == migrations.HEAD:
            return
        if version is not None and not _knows(version):
            raise StartError(
                f"the data file {file.path} was made by a newer version of this program (schema {version}); "
                "upgrade the program or choose another path"
            )
        if not auto_migrate:
            raise StartError(
                f"the data file {file.path} has schema {version or 'none'} and this program needs {migrations.HEAD}; "
                "switch auto_migrate on"
            )
        _upgrade(connection)
    except sqlite3.Error as error:
        raise file.start_error(error) from error


def check_schema(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StartError unless the data file at `path` has just the tables of this code."""
    version = _version(path, connection)
    if version != migrations.HEAD:
        raise StartError(
            f"the data file {path} has schema {version or 'none'} and this program needs {migrations.HEAD}; "
            "start a node on it once, or take the program that made it"
        )


def _version(path: Path, connection: sqlite3.Connection) -> str | None:
    """The schema version in the file; None if the file is empty."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    row = (
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if "alembic_version" in tables
        else None
    )
    if row is None or "changes" not in tables:
        raise StartError(f"{path} is a database of another program; choose another path")
    version: str = row[0]
    return version


def _alembic_config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _knows(version: str) -> bool:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_alembic_config())
    return version in {script.revision for script in scripts.walk_revisions()}


def _upgrade(connection: sqlite3.Connection) -> None:
    from alembic import command
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    # The driver would begin no transaction for DDL: a start that dies half-way must leave nothing.
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    config = _alembic_config()
    try:
        with engine.connect() as opened:
            config.attributes["connection"] = opened
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise error.orig if isinstance(error.orig, sqlite3.Error) else error from error
