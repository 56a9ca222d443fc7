"""Copies of a SQLite data file: a backup of one that may be in use, and a data file made of a backup."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from msgspec.json import decode, encode
from sqlalchemy import delete, select

from crud_service.library.sqlite_audit_faults import SKIPPED_REVISIONS
from crud_service.library.sqlite_compile import is_value, to_text
from crud_service.library.sqlite_file import SqliteFile
from crud_service.library.sqlite_write_statements import WriteStatements
from crud_service.library.sqlmodel_tables import CounterRow, SystemValueRow, table
from crud_service.model.errors import StartError
from crud_service.model.ports.system_store import TIMELINE

_PATIENCE_SECONDS = 5.0
_COMPANIONS = ("", "-wal", "-shm")

# Revisions that are skipped when a backup becomes a data file: what was written after it was made is lost, and none of
# its revisions and etags may come again with another meaning.
_SKIPPED = 1_000_000


def back_up(source: Path, target: Path) -> None:
    """Write one consistent state of a data file to a new file, durably. The node that uses it goes on.

    The copy is compact: it holds no traces of what was purged before. Raises StartError.
    """
    if target.exists():
        raise StartError(f"{target} exists; choose another name")
    if not source.is_file():
        raise StartError(f"there is no data file {source}")
    with _new_file(target) as part, closing(_connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))


def restore(backup: Path, target: Path, *, replaces: str = "") -> None:
    """Make a data file of a backup. No node may use the file.

    An existing one is refused, or moved aside under its name with `replaces` behind. The new file starts another
    timeline: no token or etag of the lost time is good for it. Raises StartError.
    """
    file = SqliteFile(target, "FULL", _PATIENCE_SECONDS)
    file.acquire()
    try:
        if target.exists() and not replaces:
            raise StartError(f"{target} exists; move it away, or say --replace")
        with _new_file(target, over=replaces) as part:
            with closing(_connect(backup)) as connection:
                connection.execute("VACUUM INTO ?", (str(part),))
            with closing(_connect(part)) as connection:
                _start_another_timeline(connection)
    finally:
        file.release()


def _start_another_timeline(connection: sqlite3.Connection) -> None:
    values, counters = table(SystemValueRow), table(CounterRow)
    get_counter = to_text(select(counters.c.value).where(is_value(counters.c.name)))
    get_value = to_text(select(values.c.value).where(is_value(values.c.name)))
    (last,) = connection.execute(get_counter, ("revision",)).fetchone() or (0,)
    (skipped,) = connection.execute(get_value, (SKIPPED_REVISIONS,)).fetchone() or (b"[]",)
    ranges = [list(each) for each in decode(skipped)]
    if ranges and ranges[-1][1] == last:  # nothing was written since the last restore
        ranges[-1][1] = last + _SKIPPED
    else:
        ranges.append([last + 1, last + _SKIPPED])
    writes = WriteStatements()
    connection.execute("BEGIN")
    connection.execute(to_text(delete(values).where(is_value(values.c.name))), (TIMELINE,))
    connection.execute(writes.put_system_value, (SKIPPED_REVISIONS, encode(ranges)))
    for text, row in writes.put_counter.pieces([("revision", last + _SKIPPED)]):
        connection.execute(text, row)
    connection.execute("COMMIT")


@contextmanager
def _new_file(target: Path, over: str = "") -> Iterator[Path]:
    """A file that becomes `target`, on disk for good, when the block ends well; `over` is for what is there already."""
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        yield part
        _sync(part)
        for companion in _COMPANIONS if over else ():
            with suppress(FileNotFoundError):
                Path(f"{target}{companion}").rename(f"{target}{over}{companion}")
        part.rename(target)
        _sync(target.parent)
    except sqlite3.Error as error:
        raise StartError(f"{target} cannot be written ({error})") from error
    except OSError as error:
        raise StartError(f"{target} cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
