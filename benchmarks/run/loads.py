"""The load generators: wrk for HTTP, h2load for gRPC. Each run is bounded in time and fails if any call failed."""

import json
import os
import re
import resource
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environment import BENCHMARKS
from process import BenchError, Process, machine_seconds


@dataclass(frozen=True)
class Measured:
    """What one run of a load gave."""

    rate: float
    """Answered calls a second."""
    cpu_us: float
    """CPU time of the system, all its processes, for one call."""
    elsewhere: float
    """Share of the machine, 0 to 1, that neither the system nor the load generator used but somebody else did."""
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True)
class HttpLoad:
    """GETs of random `paths`, or POSTs of `body` to them, over `connections` that each keep one call open."""

    paths: tuple[str, ...]
    connections: int
    body: bytes | None = None


@dataclass(frozen=True)
class GrpcLoad:
    """Calls of one method with one message, `connections` times `streams` at a time."""

    method: str
    message: bytes
    reply_size: int
    """Bytes of a good reply as framed. h2load takes an error for a success: only the volume of replies shows it."""
    connections: int
    streams: int


def run_http(load: HttpLoad, address: str, process: Process, seconds: float, folder: Path) -> Measured:
    """Raises BenchError when a reply is not 2xx or 3xx or a connection fails."""
    paths, env = folder / "paths.txt", dict(os.environ)
    paths.write_text("\n".join(load.paths) + "\n")
    env["BENCH_PATHS"] = str(paths)
    if load.body is not None:
        (folder / "body.json").write_bytes(load.body)
        env["BENCH_BODY"] = str(folder / "body.json")
    argv = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds:g}s", "--timeout", "20s"]
    argv += ["-s", str(BENCHMARKS / "wrk" / "load.lua"), f"http://{address}"]
    output, cpu, elsewhere = _watched(process, lambda: _run(argv, env, seconds))
    result = json.loads(_find(r"RESULT (.*)", output))
    if result["failed"]:
        raise BenchError(f"{result['failed']} of {result['requests']} calls failed:\n{output}\n{process.tail()}")
    calls, latencies = max(result["requests"], 1), (result["p50_us"] / 1e3, result["p99_us"] / 1e3)
    return Measured(result["requests"] / result["seconds"], cpu / calls * 1e6, elsewhere, *latencies)


def run_grpc(load: GrpcLoad, address: str, process: Process, seconds: float, folder: Path) -> Measured:
    """Raises BenchError when a call failed or the replies are not of the expected size."""
    body = folder / "message.bin"
    body.write_bytes(load.message)
    argv = ["h2load", "-t1", f"-c{load.connections}", f"-m{load.streams}", f"-D{seconds:g}"]
    argv += ["-H", "content-type: application/grpc", "-H", "te: trailers", "-d", str(body)]
    argv.append(f"http://{address}/{load.method}")
    output, cpu, elsewhere = _watched(process, lambda: _run(argv, dict(os.environ), seconds))
    calls, failed = (int(_find(pattern, output)) for pattern in (r"(\d+) succeeded", r"(\d+) failed"))
    data = int(_find(r"\((\d+)\) data", output))
    if failed or not 0.97 < data / max(calls, 1) / load.reply_size < 1.03:
        raise BenchError(f"{calls} calls, {failed} failed, {data} bytes of replies where one has {load.reply_size}")
    return Measured(float(_find(r"([\d.]+) req/s", output)), cpu / calls * 1e6, elsewhere)


def _watched(process: Process, run: Callable[[], str]) -> tuple[str, float, float]:
    """What `run` gives, the CPU seconds of the system meanwhile, and the share of the machine used by others."""
    system, (busy, total), own = process.cpu_seconds(), machine_seconds(), _children()
    output = run()
    system, own = process.cpu_seconds() - system, _children() - own
    busy, total = (now - then for now, then in zip(machine_seconds(), (busy, total), strict=True))
    return output, system, max(0.0, (busy - system - own) / total)


def _children() -> float:
    """CPU seconds of the load generators that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(argv: list[str], env: dict[str, str], seconds: float) -> str:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise BenchError(f"cannot read the load generator's output, no {pattern!r} in:\n{text}")
    return match.group(1)
