"""Storing anew, in one transaction, what a SQLite data file holds besides its log."""

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select

from crud_service.library.index_rows import rows_of
from crud_service.library.sqlite_compile import BulkStatement, to_text
from crud_service.library.sqlite_rows import Row, collection_row, record_row
from crud_service.library.sqlite_write_statements import WriteStatements
from crud_service.library.sqlmodel_tables import (
    ChangeRow,
    CollectionRow,
    RecordIndexRow,
    RecordRow,
    RecordTagRow,
    table,
)
from crud_service.model.ports.store_audit import Resource
from crud_service.model.record import Collection, Record, RecordKey

_BATCH = 256


class SqliteRebuild:
    """Replaces all collections and records, and the rows by which they are found.

    `replace` runs within the caller's transaction, on a connection that may read the log meanwhile.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._writes = WriteStatements()
        self._indexed: dict[tuple[str, str], list[str]] = {}

    def replace(self, resources: Iterable[Resource], revision: int) -> int:
        """Store these resources, whose collections come before their records, instead of what there is.

        The counter of revisions becomes at least `revision`, and at least the last one of the log. Returns how
        many resources there were.
        """
        for row in (RecordRow, RecordTagRow, RecordIndexRow, CollectionRow):
            self._connection.execute(to_text(delete(table(row))))
        count, batch = 0, []
        for resource in resources:
            batch.append(resource)
            count += 1
            if len(batch) == _BATCH:
                self._store(batch)
                batch = []
        self._store(batch)
        self._raise_counter(revision)
        return count

    def _store(self, batch: Sequence[Resource]) -> None:
        writes = self._writes
        collections = [each for each in batch if isinstance(each.state, Collection)]
        for key, state in collections:
            self._indexed[key.tenant, key.collection] = [index.field for index in state.indexes]  # type: ignore[union-attr]
        self._run(writes.put_collections, [collection_row(key.tenant, state) for key, state in collections])  # type: ignore[arg-type]
        records = [(key, each) for key, each in batch if isinstance(each, Record)]
        self._run(writes.put_records, [record_row(key.tenant, record) for key, record in records])
        live = [(RecordKey(*key), record) for key, record in records if record.delete_time is None]
        self._run(
            writes.insert_tags, [(*key[:2], tag, key.id, record.date) for key, record in live for tag in record.tags]
        )
        values = [row for key, record in live for row in rows_of(key, record, self._indexed.get(key[:2], ()))]
        self._run(writes.insert_values, values)

    def _raise_counter(self, revision: int) -> None:
        (logged,) = self._connection.execute(to_text(select(func.max(table(ChangeRow).c.revision)))).fetchone()
        self._run(self._writes.put_counter, [("revision", max(revision, logged or 0))])

    def _run(self, statement: BulkStatement, rows: Sequence[Row]) -> None:
        for text, values in statement.pieces(rows):
            self._connection.execute(text, values)
