"""What a filter that no index serves costs the others: it is cut off by its time-out, and they go on."""

import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

from process import BenchError
from systems import Node
from targets import Bound

_SCANS = 4
_GETS = 1_000
_TIMED_OUT = 504


def measure_scan(node: Node, records: str, ids: Sequence[str]) -> Iterator[Bound]:
    """Yield how long such a filter is let run, and how long gets and pages take meanwhile."""
    # Of many terms, so that a search through all records takes longer than it may.
    never = " OR ".join([f'content.text = "*never {number}*"' for number in range(30)])
    scan = f"{records}?{urlencode({'filter': never})}"
    calls = {
        "get": [f"{records}/{record_id}" for record_id in random.Random(2).choices(ids, k=_GETS)],
        "page of 30": [f"{records}?pageSize=30"] * _GETS,
    }
    quiet = {what: _latencies(node, paths) for what, paths in calls.items()}
    with ThreadPoolExecutor(_SCANS) as pool:
        for what, paths in calls.items():
            scans = [pool.submit(_scan, node, scan) for _ in range(_SCANS)]
            busy = _latencies(node, paths)
            times = [each.result() for each in scans]
            ratio = statistics.median(busy) / statistics.median(quiet[what])
            p99, quiet_p99 = (statistics.quantiles(each, n=100)[98] * 1e3 for each in (busy, quiet[what]))
            detail = f"median of {_GETS} one after the other; p99 {p99:.1f} ms against {quiet_p99:.1f} ms"
            yield Bound(f"{what}: time beside {_SCANS} filters that no index serves / alone", ratio, None, "x", detail)
    yield Bound("a filter that no index serves is cut off after", max(times), None, "s", f"the slowest of {_SCANS}")


def _latencies(node: Node, paths: Sequence[str]) -> list[float]:
    connection = HTTPConnection(node.http, timeout=30)
    times = []
    for path in paths:
        begin = time.perf_counter()
        connection.request("GET", path)
        reply = connection.getresponse()
        data = reply.read()
        times.append(time.perf_counter() - begin)
        if reply.status != 200:
            raise BenchError(f"GET {path} gave {reply.status}: {data[:300]!r}")
    return times


def _scan(node: Node, path: str) -> float:
    connection = HTTPConnection(node.http, timeout=30)
    begin = time.perf_counter()
    connection.request("GET", path)
    reply = connection.getresponse()
    body = json.loads(reply.read())
    # With few records it may come to its end.
    if reply.status != _TIMED_OUT and body.get("records") != []:
        raise BenchError(f"GET {path} gave {reply.status}: {body}")
    return time.perf_counter() - begin
