"""Rounds: in each, every system is started fresh, filled, checked and loaded, one after the other."""

import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients import check_grpc, check_http, fill, grpc_call, http_call
from environment import CACHE
from loads import GrpcLoad, HttpLoad, Measured, run_grpc, run_http
from payload import create_request, framed, get_request, record_json
from systems import SERVICE, Node, System

RECORDS = 1000
READERS, WRITERS = 32, 64
"""Open calls of the HTTP loads, the same for every system."""
GRPC_CONNECTIONS, GRPC_STREAMS = 8, 8


@dataclass(frozen=True)
class Sample:
    """One load on one system in one round."""

    round: int
    system: str
    load: str
    measured: Measured


def run_rounds(systems: Sequence[System], rounds: int, seconds: float) -> Iterator[Sample]:
    """Yield samples as they come: A B C A B C ..."""
    with temporary_folder() as replies:
        capture_replies(replies)
        for number in range(rounds):
            for system in systems:
                with temporary_folder() as folder:
                    for load, measured in _load_one(system, folder, replies, seconds):
                        yield Sample(number, system.name, load, measured)


def median_ratio(samples: Sequence[Sample], load: str, ours: str, theirs: str) -> tuple[float, float, float] | None:
    """(median, lowest, highest) of the per-round ratios of calls a second; None if a side was not measured."""
    rates = {(s.round, s.system): s.measured.rate for s in samples if s.load == load}
    ratios = [
        rate / rates[number, theirs]
        for (number, name), rate in rates.items()
        if name == ours and (number, theirs) in rates
    ]
    return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def capture_replies(folder: Path) -> None:
    """Write what crud-service answers into `folder`, for the ceilings to send."""
    with temporary_folder() as data:
        node = SERVICE.start(data, folder)
        with node.process:
            assert SERVICE.http is not None
            ids = fill(node.http, SERVICE.http, 2 * 30)
            records, page = SERVICE.http.records, SERVICE.http.page
            (folder / "create.json").write_bytes(http_call(node.http, "POST", records, record_json()))
            (folder / "get.json").write_bytes(http_call(node.http, "GET", f"{records}/{ids[0]}"))
            (folder / "list.json").write_bytes(http_call(node.http, "GET", page))
            (folder / "record.binpb").write_bytes(grpc_call(node.grpc, "RecordService/GetRecord", get_request(ids[0])))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder on the disk of the repository, not in memory: what is durable here would be durable there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
    yield folder
    shutil.rmtree(folder)  # kept, with the output of the system, when something went wrong


def _load_one(system: System, folder: Path, replies: Path, seconds: float) -> Iterator[tuple[str, Measured]]:
    node = system.start(folder, replies)
    with node.process:
        ids = ["any"]
        if system.http is not None:
            if system.http.stores:
                ids = fill(node.http, system.http, RECORDS)
            check_http(node.http, system.http, ids[0])
        # Reads before writes: every system is read with the same number of records.
        yield from _reads(system, node, ids, seconds, folder)
        yield from _writes(system, node, ids, seconds, folder)


def _reads(system: System, node: Node, ids: list[str], seconds: float, folder: Path) -> Iterator[tuple[str, Measured]]:
    if system.http is not None:
        paths = tuple(f"{system.http.records}/{record_id}" for record_id in ids)
        yield "HTTP get", _http(HttpLoad(paths, READERS), node, seconds, folder)
        yield "HTTP list", _http(HttpLoad((system.http.page,), READERS), node, seconds, folder)
    if system.grpc:
        size, _ = check_grpc(node.grpc, ids[0])
        yield "gRPC get", _grpc("RecordService/GetRecord", get_request(ids[0]), size, node, seconds, folder)


def _writes(system: System, node: Node, ids: list[str], seconds: float, folder: Path) -> Iterator[tuple[str, Measured]]:
    if system.http is not None:
        yield "HTTP create", _http(HttpLoad((system.http.records,), WRITERS, record_json()), node, seconds, folder)
    if system.grpc:
        _, size = check_grpc(node.grpc, ids[0])
        yield "gRPC create", _grpc("RecordService/CreateRecord", create_request(), size, node, seconds, folder)


def _http(load: HttpLoad, node: Node, seconds: float, folder: Path) -> Measured:
    run_http(load, node.http, node.process, 1, folder)  # warm up
    return run_http(load, node.http, node.process, seconds, folder)


def _grpc(method: str, message: bytes, size: int, node: Node, seconds: float, folder: Path) -> Measured:
    name = f"crud_service.v1.{method}"
    load = GrpcLoad(name, framed(message), size + len(framed(b"")), GRPC_CONNECTIONS, GRPC_STREAMS)
    run_grpc(load, node.grpc, node.process, 1, folder)  # warm up
    return run_grpc(load, node.grpc, node.process, seconds, folder)
