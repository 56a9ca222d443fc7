"""Batch creates against the least that SQLite can take: `executemany` of the same rows into the same tables."""

import json
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulk import fill_store
from clients import http_call
from payload import record_json
from rounds import temporary_folder
from systems import SERVICE, start_service
from targets import MOST_BATCH, Bound

_BATCH, _BATCHES = 1_000, 10
_TABLES = ("records", "record_tags", "changes")
assert SERVICE.http is not None
_PATH = f"{SERVICE.http.records}:batchCreate"


def measure_batch(rounds: int) -> Iterator[Bound]:
    """Yield the ratio of both, measured by turns in each round."""
    body = json.dumps({"requests": [{"record": json.loads(record_json())}] * _BATCH}).encode()
    ratios, ours, theirs = [], [], []
    with temporary_folder() as folder:
        empty, full = folder / "empty.db", folder / "full.db"
        fill_store(empty, 0, 0)
        fill_store(full, _BATCH * _BATCHES, 0)
        rows = _rows(full)
        for number in range(rounds):
            ours.append(_seconds_of_service(folder / f"service-{number}", body))
            theirs.append(_seconds_of_executemany(Path(shutil.copy(empty, folder / f"plain-{number}.db")), rows))
            ratios.append(ours[-1] / theirs[-1])
    rate, plain = (_BATCH * _BATCHES / statistics.median(each) for each in (ours, theirs))
    detail = f"{rate:,.0f} records/s over HTTP, one batch after the other, against {plain:,.0f} by executemany"
    what = f"batch create of {_BATCH:,}: time / of executemany into the same tables"
    yield Bound(what, statistics.median(ratios), MOST_BATCH, "x", detail)


def _seconds_of_service(folder: Path, body: bytes) -> float:
    folder.mkdir()
    node = start_service(folder)
    with node.process:
        http_call(node.http, "POST", _PATH, body)  # warm up
        begin = time.perf_counter()
        for _ in range(_BATCHES):
            http_call(node.http, "POST", _PATH, body)
        return time.perf_counter() - begin


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in _TABLES}


def _seconds_of_executemany(path: Path, rows: dict[str, list[tuple[object, ...]]]) -> float:
    """One durable transaction for as many records as a batch has."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        begin = time.perf_counter()
        for batch in range(_BATCHES):
            connection.execute("BEGIN IMMEDIATE")
            for table, all_rows in rows.items():
                size = len(all_rows) // _BATCHES
                some = all_rows[batch * size : (batch + 1) * size]
                marks = ", ".join("?" * len(some[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", some)
            connection.execute("COMMIT")
        return time.perf_counter() - begin
