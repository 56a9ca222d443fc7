"""A node out of settings, part by part. All wiring is here.

Adapters are imported where they are used, so a node pays only for what it needs.
"""

import asyncio
import gc
import os
import secrets
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crud_service.bootstrap.ids import new_call_id, new_id, new_trace_id
from crud_service.bootstrap.reports import (
    log_output,
    report_failure,
    report_registry,
    report_trouble,
    report_verdict,
    start_logging,
    warn_of_loopback,
)
from crud_service.bootstrap.stores import data_file, open_store
from crud_service.bootstrap.streams import LONG_CALLS, REPLY_STREAMS, extra_seconds
from crud_service.chassis.action_log import action_log
from crud_service.chassis.admission import Admission
from crud_service.chassis.call_context import call_context
from crud_service.chassis.deadline import Deadlines
from crud_service.chassis.health import Health, Status
from crud_service.chassis.loop_lag import LoopLag
from crud_service.chassis.metrics import metrics, operation_class
from crud_service.chassis.probes import commit_probe, loop_probe, store_probes
from crud_service.chassis.rate_limit import rate_limit
from crud_service.chassis.recover import recover
from crud_service.chassis.stream_pool import StreamPool
from crud_service.library.advertised import advertised, is_loopback
from crud_service.library.banner import banner
from crud_service.library.code_version import commit, version
from crud_service.library.none_registrar import NoneRegistrar
from crud_service.library.registrars import open_registrar
from crud_service.logic.changes import LogTail
from crud_service.logic.maintenance import HistoryKept, Maintenance
from crud_service.logic.page_token import PageTokens
from crud_service.logic.registration import NodeRegistration
from crud_service.logic.service import Parts, operations
from crud_service.logic.writer import Writer
from crud_service.model.call import Call, Middleware
from crud_service.model.duration import SECOND
from crud_service.model.ports.record_hooks import NoHooks
from crud_service.model.ports.registrar import Address, Registrar
from crud_service.model.ports.system_store import TIMELINE
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from crud_service.settings import Settings

if TYPE_CHECKING:
    from crud_service.library.prometheus_metrics import PrometheusMetrics

_PAGE_TOKEN_KEY = "page_token_key"
_COLLECT_AFTER = 10_000
"""New objects after which the garbage collector looks at the youngest ones; Python's default is 700."""


class Node:
    """One process of the service. Parts are added in the order of the layers and stopped in reverse."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = AsyncExitStack()
        self._output = log_output(settings)
        self._parts.callback(self._output.flush)
        self._stopping = asyncio.Event()
        self._health = Health(settings.health_interval, settings.health_timeout, now, report_verdict, self._tell_ready)
        self._registrar: Registrar = NoneRegistrar()
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
        await self._health.drain()
        await self._parts.aclose()

    def start_logging(self) -> None:
        """Send what Python's logging gets to the node's log."""
        start_logging(self._output, self._settings.log_level)

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
        maintenance = self._maintenance = Maintenance(
            self.store,
            writer,
            interval=settings.sweep_interval,
            history=HistoryKept(
                settings.history_age * SECOND, settings.history_entries, int(limits.request_seconds * SECOND)
            ),
            new_call_id=new_call_id,
            report=report_trouble,
        )
        tokens = PageTokens(await self._page_token_key(), limits.page_token_bytes)
        self._tail = LogTail(self.store, report_trouble)
        self._info = NodeInfo(new_id(), settings.service_name, version(), commit(), (), self.store.kind, now())
        self._handlers = operations(
            Parts(
                self.store,
                writer,
                hooks,
                tokens,
                self._tail,
                limits,
                self._info,
                new_id=new_id,
                collections_changed=maintenance.wake,
            )
        )
        maintenance.start()
        self._parts.push_async_callback(maintenance.close)

    def add_chassis(self) -> None:
        """What stands around every operation on both transports, outermost first."""
        limits_rates = self._settings.rate_limit > 0
        logs_calls = self._settings.log_level in ("debug", "info")
        self._metrics = self._measure() if self._settings.metrics else None
        self._middleware: list[Middleware] = [
            recover(report_failure),
            call_context(new_call_id, new_trace_id),
            *([action_log(self._output.call_line)] if logs_calls else []),
            *([metrics(self._metrics.meters)] if self._metrics else []),
            self._deadlines(),
            *([rate_limit(self._settings.rate_limit, self._settings.rate_limit_burst)] if limits_rates else []),
        ]
        # Around the logic alone: a caller that is slow to send its request must not hold a place meanwhile.
        self._admission = Admission(self._settings.admission)
        self._streams = StreamPool(self._settings.streams, (*REPLY_STREAMS, *LONG_CALLS))
        self._handlers = {name: self._placed(name, handler) for name, handler in self._handlers.items()}

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
        measured = self._metrics.text if self._metrics else None
        served = documents(self._info, limits, self._health, lambda: self._registrar.state, measured)
        application = HttpServer(self._table, self._middleware, limits, served)
        listener = HttpListener(application, limits, lambda error: (http_status(error), http_error(error)))
        self.http_port = await listener.start(self._settings.http_address)
        self._parts.push_async_callback(listener.stop, self._settings.shutdown_grace)

    async def register(self) -> None:
        """Be ready, and have clients find this node. Does not wait for the registry."""
        settings = self._settings
        listed = settings.advertise_address is not None
        self._registrar = open_registrar(
            settings.consul, lambda state: report_registry(self._info, state), is_listed=listed
        )
        self._health.add([*store_probes(self.store), commit_probe(lambda: self.store.measures), loop_probe()])
        self._parts.push_async_callback(self._health.close)
        await self._health.start()
        self._parts.push_async_callback(self._registrar.close)
        self._parts.push_async_callback(self._registrar.deregister)
        grpc, http = advertised(
            settings.advertise_address,
            _listening(settings.grpc_address, self.grpc_port),
            _listening(settings.http_address, self.http_port),
        )
        if settings.consul_address is not None and is_loopback(grpc.host):
            warn_of_loopback(grpc)
        await self._registrar.start(NodeRegistration(self.store, self._info, grpc, http).describe)

    async def run(self) -> None:
        """Say where to find it, and serve until a signal comes; then be found no more, and let what runs finish."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        print(self._banner(), flush=True)
        # What was made until now lives as long as the process: the collector need not walk it again and again, which
        # stops everything for some 20 ms each time. Calls leave no cycles behind, so it may look for them less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        await self._stopping.wait()
        await self._health.drain()
        await self._grpc.drain()
        await self._registrar.deregister()
        if self._registrar.state is not None:
            # Clients hear of it a moment later, and may call until then.
            await asyncio.sleep(self._settings.drain_wait)
        # Each watch tells where it can be resumed. It would hold the stop for its whole grace, and then tell nothing.
        self._tail.close()

    def stop(self) -> None:
        """End `run`. The second time end the process: whoever asks twice does not want to wait."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    def _deadlines(self) -> Deadlines:
        settings = self._settings
        return Deadlines(settings.deadline_default, settings.deadline_max, extra=extra_seconds(settings.limits))

    def _placed(self, name: str, handler: Callable[[Call, Any], Any]) -> Callable[[Call, Any], Any]:
        """The handler of an operation, with the bounds on how many of its calls there are at a time."""
        if name in REPLY_STREAMS:
            return self._streams.replies(handler)
        return self._streams.one_reply(handler) if name in LONG_CALLS else self._admission(handler)

    def _measure(self) -> "PrometheusMetrics":
        """What measures the calls, and asks the parts for their numbers whenever somebody wants the metrics."""
        from crud_service.library.prometheus_metrics import PrometheusMetrics
        from crud_service.library.prometheus_node import Sources

        lag = LoopLag(asyncio.get_running_loop())
        lag.start()
        self._parts.callback(lag.stop)
        sources = Sources(
            self._info,
            is_ready=lambda: self._health.is_ready,
            admission=lambda: self._admission.measures,
            streams=lambda: self._streams.measures,
            store=lambda: self.store.measures,
            maintenance=lambda: self._maintenance.measures,
            registry=lambda: self._registrar.state,
            probes=lambda: {each.name: each.status is Status.OK for each in self._health.verdicts},
            loop_lag=lag.seconds,
        )
        return PrometheusMetrics({name: operation_class(name) for name in self._handlers}, sources)

    async def _page_token_key(self) -> bytes:
        setting = self._settings.page_token_key
        # A store that was restored from a backup has another timeline: no token of the lost one is good for it.
        timeline = await self.store.load_or_create(TIMELINE, lambda: secrets.token_bytes(16))
        if setting is not None:
            return setting.get_secret_value().encode() + timeline
        return await self.store.load_or_create(_PAGE_TOKEN_KEY, lambda: secrets.token_bytes(32)) + timeline

    async def _tell_ready(self, is_ready: bool) -> None:
        await self._grpc.set_serving(is_ready)

    def _banner(self) -> str:
        settings, file = self._settings, data_file(self._settings.store)
        return banner(
            f"{settings.service_name} {version()}",
            http=_listening(settings.http_address, self.http_port),
            grpc=_listening(settings.grpc_address, self.grpc_port),
            data=file and file.resolve(),
        )


def _listening(address: str, port: int) -> Address:
    return Address(address.rpartition(":")[0].strip("[]"), port)
