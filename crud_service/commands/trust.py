"""What `crud-admin` does to a data file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from crud_service.library.sqlite_audit import SqliteAudit, opened_audit
from crud_service.library.sqlite_copies import back_up, restore
from crud_service.library.sqlite_file import SqliteFile
from crud_service.library.sqlite_rebuild import SqliteRebuild
from crud_service.library.sqlite_schema import check_schema
from crud_service.logic.replay import replay
from crud_service.logic.verification import Verification, Verified
from crud_service.model.errors import StartError
from crud_service.model.ports.store_audit import Resource, StoreAudit

__all__ = ["back_up", "rebuild", "restore", "verified"]

_PATIENCE_SECONDS = 5.0


def verified(file: Path) -> tuple[Verified, Iterator[str]]:
    """What is looked at, which counts while the differences are taken, and the differences between log and records.

    Raises StartError when the file cannot be read.
    """
    verified = Verified()
    return verified, _differences(file, verified)


def _differences(file: Path, verified: Verified) -> Iterator[str]:
    with opened_audit(file) as audit:
        yield from Verification(audit, verified).differences()


def rebuild(file: Path) -> int:
    """Store what the log says instead of what there is, and return how many collections and records that are.

    Raises StartError, and changes nothing, when a node uses the file or the log itself is not sound.
    """
    if not file.is_file():
        raise StartError(f"there is no data file {file}")
    owned = SqliteFile(file, "FULL", _PATIENCE_SECONDS)
    owned.acquire()
    try:
        with closing(owned.connect_first()) as connection:
            check_schema(file, connection)
            connection.execute("BEGIN IMMEDIATE")
            audit = SqliteAudit(connection)
            count = SqliteRebuild(connection).replace(_said(audit), audit.last_revision())
            connection.execute("COMMIT")
        return count
    except sqlite3.Error as error:
        raise owned.start_error(error) from error
    finally:
        owned.release()


def _said(audit: StoreAudit) -> Iterator[Resource]:
    """What the log says is stored."""
    for replayed in replay(audit.entries(), audit.floor):
        if replayed.fault:
            raise StartError(f"the log is not sound, so nothing was changed: {replayed.key.path}: {replayed.fault}")
        if replayed.state is not None:
            yield Resource(replayed.key, replayed.state)
