"""Batch creates and imports against the least that SQLite can take: `executemany` of as many rows into our tables."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clients import http_call
from payload import record_json
from plain_sqlite import PlainSqlite
from process import BenchError
from rounds import temporary_folder
from systems import SERVICE, Node, start_service
from targets import MOST_BATCH, MOST_IMPORT, Bound

_BATCH, _BATCHES = 1_000, 10
_IMPORTED = 50_000
assert SERVICE.http is not None
_CREATE, _IMPORT = f"{SERVICE.http.records}:batchCreate", f"{SERVICE.http.records}:import"


def measure_batch(rounds: int) -> Iterator[Bound]:
    """Yield the ratio of the time of batches to that of executemany, measured by turns in each round."""
    body = json.dumps({"requests": [{"record": json.loads(record_json())}] * _BATCH}).encode()

    def create(node: Node) -> None:
        for _ in range(_BATCHES):
            http_call(node.http, "POST", _CREATE, body)

    what = f"batch create of {_BATCH:,}: time / of executemany into the same tables"
    yield _against_plain(what, _BATCH * _BATCHES, create, MOST_BATCH, "one batch after the other", rounds)


def measure_import(rounds: int) -> Iterator[Bound]:
    """Yield the same for one import."""
    body = (record_json() + b"\n") * _IMPORTED

    def import_all(node: Node) -> None:
        reply = json.loads(http_call(node.http, "POST", _IMPORT, body, "application/x-ndjson"))
        if reply["importedCount"] != str(_IMPORTED):
            raise BenchError(f"the import of {_IMPORTED} rows gave {reply}")

    what = f"import of {_IMPORTED:,}: time / of executemany into the same tables"
    yield _against_plain(what, _IMPORTED, import_all, MOST_IMPORT, "one import", rounds)


def _against_plain(what: str, records: int, do: Callable[[Node], None], most: float, how: str, rounds: int) -> Bound:
    with temporary_folder() as folder:
        plain = PlainSqlite(folder, records)
        times = [(_seconds(folder / f"service-{number}", do), plain.seconds()) for number in range(rounds)]
    ours, theirs = (records / statistics.median(column) for column in zip(*times, strict=True))
    detail = f"{ours:,.0f} records/s over HTTP, {how}, against {theirs:,.0f} by executemany"
    return Bound(what, statistics.median([ours / theirs for ours, theirs in times]), most, "x", detail)


def _seconds(folder: Path, do: Callable[[Node], None]) -> float:
    """How long a fresh node takes for it, once it has made its first records."""
    folder.mkdir()
    node = start_service(folder)
    with node.process:
        warm_up = json.dumps({"requests": [{"record": json.loads(record_json())}] * _BATCH}).encode()
        http_call(node.http, "POST", _CREATE, warm_up)
        begin = time.perf_counter()
        do(node)
        return time.perf_counter() - begin
