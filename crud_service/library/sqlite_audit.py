"""Reading a whole SQLite data file as it stands, also while a node uses it."""

import heapq
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Table, select

from crud_service.library.sqlite_audit_faults import faults
from crud_service.library.sqlite_compile import to_text
from crud_service.library.sqlite_rows import Row, change_of, collection_of, record_of
from crud_service.library.sqlite_schema import check_schema
from crud_service.library.sqlmodel_tables import (
    ChangeRow,
    CollectionRow,
    CounterRow,
    LogFloorRow,
    RecordRow,
    table,
)
from crud_service.model.change import Change
from crud_service.model.errors import StartError
from crud_service.model.ports.store_audit import Resource, ResourceKey
from crud_service.model.record import CollectionKey

_PATIENCE_SECONDS = 5.0


@contextmanager
def opened_audit(path: Path) -> Iterator["SqliteAudit"]:
    """An audit of the data file: one state of it, whatever is written meanwhile. Raises StartError."""
    if not path.is_file():
        raise StartError(f"there is no data file {path}")
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.resolve()))}?mode=rw", uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            check_schema(path, connection)
            yield SqliteAudit(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StartError(f"the data file {path} cannot be read ({error})") from error


class SqliteAudit:
    """StoreAudit over a connection in whose transaction nothing changes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last_revision(self) -> int:
        """As the port says."""
        counters = table(CounterRow)
        query = to_text(select(counters.c.value).where(counters.c.name == "revision"))
        row = self._connection.execute(query, ("revision",)).fetchone()
        return 0 if row is None else int(row[0])

    def floor(self, collection: CollectionKey) -> int:
        """As the port says."""
        return self._floors.get(collection, 0)

    def entries(self) -> Iterator[Change]:
        """As the port says."""
        return map(change_of, self._walk(table(ChangeRow), "tenant", "collection", "id", "revision"))

    def resources(self) -> Iterator[Resource]:
        """As the port says."""
        collections = (
            Resource(ResourceKey(row[0], row[1], ""), collection_of(row[1:]))
            for row in self._walk(table(CollectionRow), "tenant", "id")
        )
        records = (
            Resource(ResourceKey(row[0], row[1], row[2]), record_of(row[1:]))
            for row in self._walk(table(RecordRow), "tenant", "collection", "id")
        )
        return heapq.merge(collections, records, key=lambda each: each.key)

    def faults(self) -> Iterator[str]:
        """As the port says: the file itself, and the rows by which records are found."""
        return faults(self._connection)

    @cached_property
    def _floors(self) -> dict[CollectionKey, int]:
        return {CollectionKey(row[0], row[1]): row[2] for row in self._walk(table(LogFloorRow), "tenant", "collection")}

    def _walk(self, of: Table, *order: str) -> Iterator[Row]:
        query = select(*of.c).order_by(*[of.c[name] for name in order])
        return iter(self._connection.execute(to_text(query)))
