"""Planning a step of compaction over a SQLite store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from crud_service.library.compaction_step import Passed, Place
from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_log_statements import LogStatements
from crud_service.library.sqlite_stream import stream
from crud_service.model.change import ChangeKind
from crud_service.model.record import CollectionKey


class StoredCollectionLog:
    """The log of one collection on a connection that sees one state of the file."""

    def __init__(self, connection: sqlite3.Connection, statements: LogStatements, collection: CollectionKey) -> None:
        self._connection, self._statements, self._collection = connection, statements, collection

    def floor(self) -> int:
        """As `CollectionLog` says."""
        row = self._connection.execute(self._statements.collection_floor, self._collection).fetchone()
        return 0 if row is None else int(row[0])

    def above(self, floor: int) -> Iterator[Passed]:
        """As `CollectionLog` says."""
        with closing(stream(self._connection, Sql(self._statements.passed, (*self._collection, floor)))) as rows:
            for revision, ordinal, kind, time, before, before_ordinal, weight in rows:
                superseded = None if before is None else Place(before, before_ordinal)
                yield Passed(Place(revision, ordinal), ChangeKind(kind), time, superseded, weight or 0)

    def surplus(self, most: int) -> Place | None:
        """As `CollectionLog` says."""
        row = self._connection.execute(self._statements.surplus, (*self._collection, most)).fetchone()
        return None if row is None else Place(*row)

    def oldest(self, last: Place, limit: int) -> list[Place]:
        """As `CollectionLog` says."""
        rows = self._connection.execute(self._statements.oldest, (*self._collection, *last, limit))
        return [Place(*row) for row in rows]
