"""What the chassis costs: the node as it is by default against one with nothing around a call, in one run."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from clients import check_grpc, check_http, fill
from environment import BENCHMARKS
from loads import GrpcLoad, HttpLoad, Measured, run_grpc, run_http
from payload import framed, get_request, record_json
from rounds import GRPC_CONNECTIONS, GRPC_STREAMS, READERS, RECORDS, WRITERS, temporary_folder
from systems import SERVICE, Node, start_service
from targets import MOST_CHASSIS_GRPC, MOST_CHASSIS_US, Bound

_BARE = BENCHMARKS / "peers" / "bare_node.py"
assert SERVICE.http is not None
_FACE = SERVICE.http

_TURN = 1.0
"""Seconds of a load on one node, before it goes to the other."""
_Pair = tuple[Measured, Measured]
"""The same load on the default node and on the bare one."""
_Load = Callable[[Node, Sequence[str], float, Path], Measured]


def measure_chassis(rounds: int, seconds: float) -> Iterator[Bound]:
    """Yield what the default chassis adds to a call over HTTP, and how many times as long gRPC takes with it.

    In each round both nodes start afresh and run side by side. Each load goes to them by turns, a second at a time, and
    what is compared are two such seconds: so whatever else the machine does is the same for both.
    """
    pairs: dict[str, list[_Pair]] = {name: [] for name in _LOADS}
    for _ in range(rounds):
        for name, pair in _round(max(2, round(seconds))):
            pairs[name].append(pair)
    for name in ("HTTP get", "HTTP create"):
        yield _cpu(name, pairs[name], MOST_CHASSIS_US)
    yield _cpu("gRPC get", pairs["gRPC get"], None)
    yield _time("gRPC get", pairs["gRPC get"], MOST_CHASSIS_GRPC)


def _round(turns: int) -> Iterator[tuple[str, _Pair]]:
    """Each load, so many times on the default node and on the bare one; who is first changes."""
    with temporary_folder() as default_folder, temporary_folder() as bare_folder:
        default, bare = start_service(default_folder), start_service(bare_folder, program=_BARE)
        with default.process, bare.process:
            folders = {default: default_folder, bare: bare_folder}
            ids = {node: fill(node.http, _FACE, RECORDS) for node in folders}
            for node in folders:
                check_http(node.http, _FACE, ids[node][0])
            for name, load in _LOADS.items():
                for turn in range(turns + 1):
                    order = (bare, default) if turn % 2 else (default, bare)
                    measured = {node: load(node, ids[node], _TURN, folders[node]) for node in order}
                    if turn:  # the first one warms up
                        yield name, (measured[default], measured[bare])


def _http_get(node: Node, ids: Sequence[str], seconds: float, folder: Path) -> Measured:
    paths = tuple(f"{_FACE.records}/{record_id}" for record_id in ids)
    return run_http(HttpLoad(paths, READERS), node.http, node.process, seconds, folder)


def _http_create(node: Node, _ids: Sequence[str], seconds: float, folder: Path) -> Measured:
    return run_http(HttpLoad((_FACE.records,), WRITERS, record_json()), node.http, node.process, seconds, folder)


def _grpc_get(node: Node, ids: Sequence[str], seconds: float, folder: Path) -> Measured:
    size, _ = check_grpc(node.grpc, ids[0])
    message = framed(get_request(ids[0]))
    method = "crud_service.v1.RecordService/GetRecord"
    load = GrpcLoad(method, message, size + len(framed(b"")), GRPC_CONNECTIONS, GRPC_STREAMS)
    return run_grpc(load, node.grpc, node.process, seconds, folder)


_LOADS: dict[str, _Load] = {"HTTP get": _http_get, "gRPC get": _grpc_get, "HTTP create": _http_create}


def _cpu(name: str, pairs: Sequence[_Pair], most: float | None) -> Bound:
    """The CPU time that the chassis adds to a call."""
    added = [default.cpu_us - bare.cpu_us for default, bare in pairs]
    with_it, without = (statistics.median(one.cpu_us for one in column) for column in zip(*pairs, strict=True))
    detail = f"{with_it:.0f} us against {without:.0f} us CPU a call; {_half(added)}"
    return Bound(f"{name}: CPU of the default chassis a call", statistics.median(added), most, "us", detail)


def _time(name: str, pairs: Sequence[_Pair], most: float) -> Bound:
    """How many times as long calls take with the chassis."""
    ratios = [bare.rate / default.rate for default, bare in pairs]
    with_it, without = (statistics.median(one.rate for one in column) for column in zip(*pairs, strict=True))
    detail = f"{with_it:,.0f} calls/s against {without:,.0f}; {_half(ratios)}"
    what = f"{name}: time with the default chassis / with an empty chain"
    return Bound(what, statistics.median(ratios), most, "x", detail)


def _half(values: Sequence[float]) -> str:
    low, _, high = statistics.quantiles(values, n=4)
    return f"half of {len(values)} pairs within {low:.2f} and {high:.2f}"
