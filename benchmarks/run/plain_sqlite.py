"""The least that SQLite can take: `executemany` of our rows into our tables, with the indexes they have."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bulk import fill_store

_TABLES = ("records", "record_tags", "changes")
_BATCH = 1_000
"""Records of one durable transaction."""


class PlainSqlite:
    """A number of records as rows, to be inserted into empty stores."""

    def __init__(self, folder: Path, records: int) -> None:
        self._folder = folder
        self._batches = records // _BATCH
        self._empty, full = folder / "empty.db", folder / "full.db"
        fill_store(self._empty, 0, 0)
        fill_store(full, records, 0)
        with closing(sqlite3.connect(full)) as connection:
            self._rows = {
                table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in _TABLES
            }

    def seconds(self) -> float:
        """How long it takes to insert all rows, a thousand records in each transaction."""
        path = Path(shutil.copy(self._empty, self._folder / "plain.db"))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            begin = time.perf_counter()
            for batch in range(self._batches):
                connection.execute("BEGIN IMMEDIATE")
                for table, rows in self._rows.items():
                    size = len(rows) // self._batches
                    some = rows[batch * size : (batch + 1) * size]
                    marks = ", ".join("?" * len(some[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", some)
                connection.execute("COMMIT")
            return time.perf_counter() - begin
