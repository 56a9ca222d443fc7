"""What size does: many records against few, deep pages against the first, memory after many creates, start-up."""

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from bulk import RARE, date_of, fill_store
from clients import grpc_call, http_call
from loads import HttpLoad, run_http
from payload import record_of_500_bytes
from process import BenchError
from rounds import READERS, RECORDS, WRITERS, temporary_folder
from scans import measure_scan
from systems import SERVICE, Node, start_service
from targets import MOST_DEPTH, MOST_FILTERED, MOST_GROWTH, MOST_MEMORY, MOST_START, Bound

_DEPTH = 100
"""Records on a page when going deep."""
_SAMPLE = 20_000
_NODE_INFO = "AdminService/GetNodeInfo"
assert SERVICE.http is not None
_RECORDS, _PAGE = SERVICE.http.records, SERVICE.http.page


def measure_scale(rounds: int, seconds: float, many: int, creates: int) -> Iterator[Bound]:
    """Yield the numbers as they come: with `many` records against 1,000, and after `creates` creates."""
    yield from _start_up()
    yield from _memory(creates)
    with temporary_folder() as small, temporary_folder() as large:
        few_ids = fill_store(small / "crud.db", RECORDS, _SAMPLE)
        # One record more than the last page holds: it is then a page like the others, with one after it.
        many_ids = fill_store(large / "crud.db", many + 1, _SAMPLE)
        yield Bound(f"start to ready with {many:,} records", _seconds_to_ready(large), None, "s")
        few, lots = start_service(small), start_service(large)
        with few.process, lots.process:
            yield from _growth(few, lots, few_ids, many_ids, rounds, seconds, many)
            yield from _depth(lots, rounds, seconds, many // _DEPTH)
            yield from _filtered(lots, rounds, seconds, many)
            yield from measure_scan(lots, _RECORDS, many_ids)


def _start_up() -> Iterator[Bound]:
    times = []
    for _ in range(5):
        with temporary_folder() as folder:
            times.append(_seconds_to_ready(folder))
    yield Bound("start to ready", statistics.median(times), MOST_START, "s", "median of 5, a new store each")


def _seconds_to_ready(folder: Path) -> float:
    begin = time.monotonic()
    node = start_service(folder)
    with node.process:
        grpc_call(node.grpc, _NODE_INFO, b"")
        return time.monotonic() - begin


def _memory(creates: int) -> Iterator[Bound]:
    with temporary_folder() as folder:
        node = start_service(folder)
        with node.process:
            fresh, _ = node.process.memory()
            done = _create(node, creates, folder)
            now, peak = node.process.memory()
    detail = f"{done:,} creates of 500 bytes over HTTP; {fresh:.0f} MB when ready, {peak:.0f} MB at the peak"
    yield Bound("resident memory", now, MOST_MEMORY, "MB", detail)


def _create(node: Node, creates: int, folder: Path) -> int:
    """Create at least so many records; give up after 10 minutes."""
    done, end = 0, time.monotonic() + 600
    load = HttpLoad((_RECORDS,), WRITERS, record_of_500_bytes())
    while done < creates:
        if time.monotonic() > end:
            raise BenchError(f"only {done} creates in 10 minutes")
        done += round(2 * run_http(load, node.http, node.process, 2, folder).rate)
    return done


def _growth(
    few: Node, lots: Node, few_ids: list[str], many_ids: list[str], rounds: int, seconds: float, many: int
) -> Iterator[Bound]:
    loads = {
        "get": (_gets(few_ids), _gets(many_ids)),
        "first page of 30": (HttpLoad((_PAGE,), READERS), HttpLoad((_PAGE,), READERS)),
    }
    for what, (small, large) in loads.items():
        growth, detail = _compare((few, small), (lots, large), rounds, seconds)
        yield Bound(f"{what}: time with {many:,} records / with {RECORDS:,}", growth, MOST_GROWTH, "x", detail)


def _gets(ids: list[str]) -> HttpLoad:
    return HttpLoad(tuple(f"{_RECORDS}/{record_id}" for record_id in ids), READERS)


def _depth(node: Node, rounds: int, seconds: float, pages: int) -> Iterator[Bound]:
    first = f"{_RECORDS}?pageSize={_DEPTH}"
    last = first
    for _ in range(pages - 1):
        token = json.loads(http_call(node.http, "GET", last))["nextPageToken"]
        last = f"{first}&pageToken={token}"
    page = json.loads(http_call(node.http, "GET", last))
    if len(page["records"]) != _DEPTH or not page["nextPageToken"]:
        raise BenchError(f"page {pages} holds {len(page['records'])} records")
    deep, detail = _compare((node, HttpLoad((first,), READERS)), (node, HttpLoad((last,), READERS)), rounds, seconds)
    yield Bound(f"page of {_DEPTH}: time of page {pages:,} / of page 1", deep, MOST_DEPTH, "x", detail)


def _filtered(node: Node, rounds: int, seconds: float, many: int) -> Iterator[Bound]:
    begin, end = date_of(many // 2), date_of(many // 2 + many // 10)
    query = {"filter": f"tags:{RARE} AND date >= {begin} AND date < {end}", "orderBy": "date", "pageSize": "30"}
    path = f"{_RECORDS}?{urlencode(query)}"
    page = json.loads(http_call(node.http, "GET", path))
    if len(page["records"]) != 30 or any(RARE not in record["tags"] for record in page["records"]):
        raise BenchError(f"the filtered page holds {len(page['records'])} records")
    loads = (node, HttpLoad((_PAGE,), READERS)), (node, HttpLoad((path,), READERS))
    ratio, detail = _compare(*loads, rounds, seconds)
    what = f"page of 30 of {many:,}: time of tag (1 %) and date range (10 %) by date / of unfiltered"
    yield Bound(what, ratio, MOST_FILTERED, "x", detail)


def _compare(
    base: tuple[Node, HttpLoad], other: tuple[Node, HttpLoad], rounds: int, seconds: float
) -> tuple[float, str]:
    """How many times as long `other` takes as `base`: median of interleaved rounds, and the figures behind it."""
    ratios, figures = [], []
    with temporary_folder() as folder:
        for _ in range(rounds):
            rates = [run_http(load, node.http, node.process, seconds, folder).rate for node, load in (base, other)]
            ratios.append(rates[0] / rates[1])
            figures.append(rates)
    base_rate, other_rate = (statistics.median(column) for column in zip(*figures, strict=True))
    return statistics.median(
        ratios
    ), f"{1e6 / other_rate:.0f} us against {1e6 / base_rate:.0f} us a call, {READERS} calls open"
