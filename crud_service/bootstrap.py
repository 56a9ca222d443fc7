"""The composition root: builds a node out of settings, part by part, and runs it. All wiring is here.

Adapters are imported where they are used, so a node pays only for what it needs.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import uuid_utils

from crud_service.chassis.action_log import action_log
from crud_service.chassis.call_context import call_context
from crud_service.chassis.recover import recover
from crud_service.library.code_version import commit, version
from crud_service.library.log_output import LogOutput
from crud_service.logic.collections import Collections
from crud_service.logic.page_token import PageTokens
from crud_service.logic.records import Records
from crud_service.logic.service import operations
from crud_service.logic.writer import Writer
from crud_service.model.call import Call, Middleware
from crud_service.model.errors import StartError
from crud_service.model.ports.record_hooks import NoHooks
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.ports.system_store import SystemStore
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from crud_service.settings import Settings

_PAGE_TOKEN_KEY = "page_token_key"


class Store(RecordStore, SystemStore, Protocol):
    """An adapter that keeps records and what the node itself must not forget."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn a StartError into one line on stderr and exit code 2."""
    try:
        yield
    except StartError as error:
        print(f"crud-server: {error}", file=sys.stderr)
        sys.exit(2)


def run(serve: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    """Run `serve(settings)` in the event loop that the settings choose."""
    # gRPC reads this when it is imported; what it has to say comes back as errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with asyncio.Runner(loop_factory=_loop_factory(settings.event_loop)) as runner:
        runner.run(serve(settings))  # type: ignore[arg-type]


def open_store(url: str, *, auto_migrate: bool) -> Store:
    """The store adapter that a URL names; it is not opened yet."""
    if url == "memory://":
        from crud_service.library.memory import MemoryStore

        return MemoryStore()
    from crud_service.library.sqlite import SqliteStore

    return SqliteStore(Path(url.removeprefix("sqlite:///")), auto_migrate=auto_migrate)


class Node:
    """One process of the service. Parts are added in the order of the layers and stopped in reverse."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = AsyncExitStack()
        self._output = LogOutput(sys.stderr.buffer, as_text=_as_text(settings))
        self._parts.callback(self._output.flush)
        self._stopping = asyncio.Event()
        self._ready = False
        self.http_port = 0
        """Where HTTP listens, once it does."""
        self.grpc_port = 0
        """Where gRPC listens, once it does."""

    async def __aenter__(self) -> Self:
        """An empty node."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop all parts, the last one first."""
        self._ready = False
        await self._parts.aclose()

    def start_logging(self) -> None:
        """Send what Python's logging gets to the node's log."""
        logging.basicConfig(handlers=[self._output], level=logging.WARNING, force=True)
        logging.getLogger("crud_service").setLevel(self._settings.log_level.upper())
        # It warns of every request that is no HTTP, which anybody can send as often as they like.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)

    async def open_store(self) -> None:
        """Open the store: create or migrate what is missing."""
        self.store = open_store(self._settings.store, auto_migrate=self._settings.auto_migrate)
        await self.store.open()
        self._parts.push_async_callback(self.store.close)

    async def add_logic(self) -> None:
        """The rules, given their collaborators."""
        settings, limits, hooks = self._settings, self._settings.limits, NoHooks()
        writer = Writer(
            self.store,
            hooks,
            limits,
            clock=now,
            code_version="+".join(filter(None, (version(), commit()[:12]))),
            create_collections=settings.auto_create_collections,
        )
        tokens = PageTokens(await self._page_token_key(), limits.page_token_bytes)
        self._info = NodeInfo(_new_id(), settings.service_name, version(), commit(), (), self.store.kind, now())
        self._handlers = operations(
            Records(self.store, writer, hooks, tokens, limits, new_id=_new_id),
            Collections(self.store, writer, tokens, limits),
            self._info,
        )

    def add_chassis(self) -> None:
        """What stands around every operation on both transports, outermost first."""
        self._middleware: list[Middleware] = [
            recover(self._report),
            call_context(_new_call_id, _new_trace_id),
            action_log(self._output.call_line),
        ]
        if self._settings.log_level not in ("debug", "info"):
            del self._middleware[-1]

    async def serve_grpc(self) -> None:
        """Serve the operations, health and reflection over gRPC."""
        from crud_service.api.grpc_server import GrpcServer
        from crud_service.api.operations import operations_table

        self._table = operations_table(self._handlers)
        self._grpc = GrpcServer(self._table, self._middleware, self._settings.limits)
        self.grpc_port = await self._grpc.start(self._settings.grpc_address)
        self._parts.push_async_callback(self._grpc.stop, self._settings.shutdown_grace)

    async def serve_http(self) -> None:
        """Serve the operations and the documents over HTTP."""
        from crud_service.api.documents import documents
        from crud_service.api.http_server import HttpServer
        from crud_service.api.status import http_error, http_status
        from crud_service.library.uvicorn_server import HttpListener

        limits = self._settings.limits
        served = documents(self._info, limits, lambda: self._ready)
        application = HttpServer(self._table, self._middleware, limits, served)
        listener = HttpListener(application, limits, lambda error: (http_status(error), http_error(error)))
        self.http_port = await listener.start(self._settings.http_address)
        self._parts.push_async_callback(listener.stop, self._settings.shutdown_grace)

    async def run(self) -> None:
        """Say where to find it, and serve until a signal comes; then take no new work and let the rest finish."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        self._ready = True
        print(banner(self._settings, self.http_port, self.grpc_port), flush=True)
        await self._stopping.wait()
        self._ready = False
        await self._grpc.drain()

    def stop(self) -> None:
        """End `run`. The second time end the process: whoever asks twice does not want to wait."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    async def _page_token_key(self) -> bytes:
        setting = self._settings.page_token_key
        if setting is not None:
            return setting.get_secret_value().encode()
        return await self.store.load_or_create(_PAGE_TOKEN_KEY, lambda: secrets.token_bytes(32))

    def _report(self, call: Call, error: Exception) -> str:
        fields = {"report": call.call_id, "operation": call.operation, "trace_id": call.trace_id}
        logging.getLogger("crud_service").error("the service failed inside", exc_info=error, extra={"fields": fields})
        return call.call_id


def banner(settings: Settings, http_port: int, grpc_port: int) -> str:
    """What a person needs to know after the start, in at most eight lines."""
    http = f"http://{_reachable(settings.http_address, http_port)}"
    data = "memory only, gone when the server stops"
    if settings.store != "memory://":
        data = str(Path(settings.store.removeprefix("sqlite:///")).resolve())
    return "\n".join(
        (
            f"{settings.service_name} {version()} is ready",
            f"  HTTP  {http}",
            f"  gRPC  {_reachable(settings.grpc_address, grpc_port)}",
            f"  Docs  {http}/docs",
            f"  Data  {data}",
            "  Auth  none: whoever reaches these addresses may read and write everything",
            f"""  Try   curl {http}/v1/collections/notes/records -d '{{"name": "hello"}}'""",
            "  Stop  Ctrl-C (a second time to stop at once)",
        )
    )


def _reachable(address: str, port: int) -> str:
    """An address that a client on this machine can use."""
    host = address.rpartition(":")[0]
    return f"{'127.0.0.1' if host in ('0.0.0.0', '[::]', '*') else host}:{port}"


def _as_text(settings: Settings) -> bool:
    return settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())


def _loop_factory(choice: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if choice == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        if choice == "uvloop":
            raise StartError("uvloop is not installed; set CRUD_EVENT_LOOP=asyncio") from None
        return None
    return uvloop.new_event_loop


def _new_id() -> str:
    """A UUIDv7: ids made later sort later, which keeps inserts at one end of the index (RFC 9562)."""
    return str(uuid_utils.uuid7())


def _new_call_id() -> str:
    return uuid_utils.uuid7().hex


def _new_trace_id() -> str:
    return uuid_utils.uuid4().hex
