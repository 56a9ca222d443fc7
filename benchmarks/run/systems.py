"""The systems under load: how each is started, and where it keeps its records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from environment import BENCHMARKS, ROOT, peer_python, service_python
from process import Process, answers, free_port, listens

PAGE = 30
"""How many records a list returns."""

_SERVER = ROOT / "cmd" / "server"
_DEFAULTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class HttpFace:
    """Where a system keeps its records over HTTP."""

    records: str
    """The path that takes a POST; with `/ID` appended, the path of one record."""
    page: str
    """The path and query of the first page of 30."""
    items: str = ""
    """The member of a page that holds the records; empty if the page is an array."""
    stores: bool = True
    """False for a ceiling: it answers always the same, whatever is asked."""


@dataclass(frozen=True)
class Node:
    """A system that runs and answers."""

    process: Process
    http: str = ""
    """host:port, empty if it does not speak HTTP."""
    grpc: str = ""
    """host:port, empty if it does not speak gRPC."""


@dataclass(frozen=True)
class System:
    """One row of the results."""

    name: str
    what: str
    start: Callable[[Path, Path], Node]
    """start(folder, replies): run it with its data in `folder`; ceilings send what lies in `replies`."""
    http: HttpFace | None = None
    grpc: bool = False


def start_service(
    folder: Path,
    _replies: Path | None = None,
    store: str = "",
    program: Path = _SERVER,
    settings: Mapping[str, str] = _DEFAULTS,
) -> Node:
    """crud-service as `make run` starts it, with its data in `folder`; or with another `program` or other settings."""
    http, grpc = free_port(), free_port()
    env = {
        **settings,
        "CRUD_HTTP_ADDRESS": f"127.0.0.1:{http}",
        "CRUD_GRPC_ADDRESS": f"127.0.0.1:{grpc}",
        "CRUD_STORE": store or f"sqlite:///{folder / 'crud.db'}",
    }
    node = Node(Process([service_python(), str(program)], env, folder), _local(http), _local(grpc))
    node.process.wait_until(lambda: answers(f"http://{node.http}/v1/node") and listens(grpc))
    return node


def _start_pocketbase(folder: Path, _replies: Path) -> Node:
    port, data = free_port(), ("--dir", str(folder / "pb_data"))
    program = str(peer_python("pocketbase") / "pocketbase")
    migrations = ("--migrationsDir", str(BENCHMARKS / "peers" / "pocketbase_migrations"))
    # Without an administrator it opens a browser to make one.
    with Process([program, "superuser", "upsert", "bench@example.com", "benchmark-only", *data], {}, folder) as first:
        first.wait_until(first.ended)
    node = Node(Process([program, "serve", "--http", _local(port), *data, *migrations], {}, folder), _local(port))
    node.process.wait_until(lambda: answers(f"http://{node.http}/api/collections/notes/records"))
    return node


def _start_fastapi(folder: Path, _replies: Path) -> Node:
    port = free_port()
    uvicorn = _uvicorn(str(peer_python("fastapi") / "python"), "fastapi_app:app", port, "--workers", "2")
    node = Node(Process(uvicorn, {"BENCH_DATABASE": str(folder / "notes.db")}, folder), _local(port))
    node.process.wait_until(lambda: answers(f"http://{node.http}/notes"))
    return node


def _start_plain_asgi(folder: Path, replies: Path) -> Node:
    port = free_port()
    argv = _uvicorn(service_python(), "asgi_reply:app", port, "--lifespan", "off")
    node = Node(Process(argv, {"BENCH_REPLIES": str(replies)}, folder), _local(port))
    node.process.wait_until(lambda: listens(port))
    return node


def _start_bare_grpc(folder: Path, replies: Path) -> Node:
    port = free_port()
    env = {"BENCH_REPLIES": str(replies), "BENCH_ADDRESS": _local(port)}
    argv = [service_python(), str(BENCHMARKS / "peers" / "grpc_echo.py")]
    node = Node(Process(argv, env, folder), grpc=_local(port))
    node.process.wait_until(lambda: listens(port))
    return node


def _uvicorn(python: str, app: str, port: int, *options: str) -> list[str]:
    where = ("--host", "127.0.0.1", "--port", str(port), "--app-dir", str(BENCHMARKS / "peers"))
    return [
        python,
        "-m",
        "uvicorn",
        app,
        *where,
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        *options,
    ]


def _local(port: int) -> str:
    return f"127.0.0.1:{port}"


_V1 = "/v1/collections/notes/records"
_API = "/api/collections/notes/records"

SERVICE = System(
    "crud-service",
    "default settings: SQLite, synchronous=FULL, one worker, one log line a call",
    start_service,
    HttpFace(_V1, f"{_V1}?pageSize={PAGE}", "records"),
    grpc=True,
)
POCKETBASE = System(
    "PocketBase",
    "as it ships (SQLite, synchronous=NORMAL); open rules; lists without the count of all records",
    _start_pocketbase,
    HttpFace(_API, f"{_API}?perPage={PAGE}&sort=id&skipTotal=1", "items"),
)
FASTAPI = System(
    "FastAPI",
    "FastAPI + SQLModel on SQLite (WAL, synchronous=FULL), uvicorn with 2 workers, no access log",
    _start_fastapi,
    HttpFace("/notes", f"/notes?limit={PAGE}"),
)
PLAIN_ASGI = System(
    "plain ASGI",
    "ceiling: uvicorn + uvloop + httptools sending the same bytes, nothing stored",
    _start_plain_asgi,
    HttpFace(_V1, f"{_V1}?pageSize={PAGE}", "records", stores=False),
)
BARE_GRPC = System(
    "bare grpc.aio",
    "ceiling: grpc.aio + uvloop sending the same bytes, nothing decoded or stored",
    _start_bare_grpc,
    grpc=True,
)
SYSTEMS = (SERVICE, POCKETBASE, FASTAPI, PLAIN_ASGI, BARE_GRPC)
