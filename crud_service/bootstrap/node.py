"""A node out of settings, part by part. All wiring is here.

Adapters are imported where they are used, so a node pays only for what it needs.
"""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crud_service.bootstrap.announcement import announcement, listening
from crud_service.bootstrap.control import Control
from crud_service.bootstrap.ids import new_call_id, new_id, new_trace_id
from crud_service.bootstrap.life_cycle import LifeCycle
from crud_service.bootstrap.rates import rates_of_collections, rates_of_operations
from crud_service.bootstrap.reporting import Reporting
from crud_service.bootstrap.reports import (
    log_output,
    report_registry,
    report_verdict,
    start_logging,
    warn_of_loopback,
)
from crud_service.bootstrap.stores import open_store
from crud_service.bootstrap.streams import LONG_CALLS, REPLY_STREAMS, extra_seconds
from crud_service.bootstrap.token_key import token_key
from crud_service.bootstrap.traces import Traces
from crud_service.chassis.action_log import ActionLog
from crud_service.chassis.admission import Admission
from crud_service.chassis.call_context import call_context
from crud_service.chassis.chain import chain
from crud_service.chassis.deadline import Deadlines
from crud_service.chassis.health import Health, Status
from crud_service.chassis.hops import named_hop
from crud_service.chassis.loop_lag import LoopLag
from crud_service.chassis.metrics import metrics, operation_class
from crud_service.chassis.outgoing import Dependency
from crud_service.chassis.probes import commit_probe, dependency_probe, loop_probe, store_probes, task_probe
from crud_service.chassis.recover import recover
from crud_service.chassis.stream_pool import StreamPool
from crud_service.chassis.supervisor import Supervisor
from crud_service.library.advertised import advertised, is_loopback
from crud_service.library.code_version import commit, version
from crud_service.library.registrars import open_registrar
from crud_service.logic.administration import administration
from crud_service.logic.changes import LogTail
from crud_service.logic.error_reports import error_reports
from crud_service.logic.maintenance import HistoryKept, Maintenance
from crud_service.logic.page_token import PageTokens
from crud_service.logic.registration import NodeRegistration
from crud_service.logic.service import Parts, operations
from crud_service.logic.writer import Writer
from crud_service.model.call import Call, Middleware
from crud_service.model.duration import SECOND
from crud_service.model.events import EventKind
from crud_service.model.ports.outgoing import Outgoing
from crud_service.model.ports.record_hooks import NoHooks
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from crud_service.settings import Settings, load_settings

if TYPE_CHECKING:
    from crud_service.library.prometheus_metrics import PrometheusMetrics

_COLLECT_AFTER = 10_000
"""New objects after which the garbage collector looks at the youngest ones; Python's default is 700."""


class Node:
    """One process of the service. Parts are added in the order of the layers and stopped in reverse.

    `load` reads the settings again when somebody asks for it (SIGHUP).
    """

    def __init__(self, settings: Settings, load: Callable[[], Settings] = load_settings) -> None:
        self._settings = settings
        self._load = load
        self._parts = AsyncExitStack()
        self._output = log_output(settings)
        self._parts.callback(self._output.flush)
        self._health = Health(settings.health_interval, settings.health_timeout, now, report_verdict, self._tell_ready)
        self.life_cycle = LifeCycle(self._health, settings.drain_wait)
        """How it comes to its end: `stop`, and `on_drain` for what has to end before the node does."""
        # The reporting needs the store, which is not open yet.
        self._supervisor = Supervisor(lambda name, error: self._reporting.report_task(name, error))  # noqa: PLW0108
        self._dependencies: list[Dependency] = []
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
        await self.life_cycle.end()
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
        self._info = NodeInfo(new_id(), settings.service_name, version(), commit(), (), self.store.kind, now())
        self._calls = ActionLog(self._output.call_line, settings.sampling)
        self._parts.callback(self._calls.close)
        self._traces = Traces(settings, self._info)
        self._parts.push_async_callback(self._traces.close)
        self._reporting = Reporting(self.store, self._info)
        self.life_cycle.emit = emit = self._reporting.emit
        self._control = Control(self._info, settings, self.life_cycle, self._calls, self._load, emit)
        self._parts.push_async_callback(self._reporting.close)
        self._reporting.start(self._supervisor.run)
        named = named_hop(self.store, self.store.kind, self.store.version)
        store = self._traces.store(named)
        writer = Writer(
            store,
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
            report=self._reporting.report_trouble,
        )
        if settings.node_events:
            self._reporting.start_events(writer, self._supervisor.run)
        tokens = PageTokens(await token_key(self.store, settings.page_token_key), limits.page_token_bytes)
        self._tail = LogTail(self.store, self._reporting.report_trouble)
        # Each watch tells where it can be resumed. It would hold the stop for its whole grace, and then tell nothing.
        self.life_cycle.on_drain.append(self._tail.close)
        self._operator = administration(self._control) | error_reports(named, tokens, limits)
        self._handlers = operations(
            Parts(
                store,
                writer,
                hooks,
                tokens,
                self._tail,
                limits,
                new_id=new_id,
                collections_changed=maintenance.wake,
            )
        )
        maintenance.start(self._supervisor.run)
        self._parts.push_async_callback(maintenance.close)

    def add_chassis(self) -> None:
        """What stands around every operation on both transports, outermost first."""
        settings = self._settings
        self._lag = LoopLag(asyncio.get_running_loop())
        self._parts.callback(self._lag.stop)
        self._admission = Admission(settings.admission, loop_lag=lambda: self._lag.last)
        self._classes = {name: operation_class(name) for name in self._handlers}
        self._classes |= dict.fromkeys(self._operator, "admin")
        self._metrics = self._measure() if settings.metrics else None
        self._middleware: list[Middleware] = [
            recover(self._reporting.errors.report),
            call_context(new_call_id, new_trace_id),
            self._calls,
            *([metrics(self._metrics.meters)] if self._metrics else []),
            *self._traces.middleware(),
            self._reporting.recent,
            self._deadlines(),
            *rates_of_operations(settings, self._classes),
        ]
        # Around the logic alone: a caller that is slow to send its request must not hold a place meanwhile. What
        # operators ask the node itself needs none: they must be able to drain one that has too much to do.
        self._streams = StreamPool(settings.streams, (*REPLY_STREAMS, *LONG_CALLS))
        self._handlers = {name: self._placed(name, handler) for name, handler in self._handlers.items()}
        self._handlers |= self._operator

    async def serve_grpc(self) -> None:
        """Serve the operations, health and reflection over gRPC."""
        from crud_service.api.grpc_server import GrpcServer
        from crud_service.api.operations import operations_table

        self._table = operations_table(self._handlers)
        self._grpc = self.life_cycle.grpc = GrpcServer(self._table, self._middleware, self._settings.limits)
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
        served = documents(self._info, limits, self._health, lambda: self.life_cycle.registrar.state, measured)
        application = HttpServer(self._table, self._middleware, limits, served)
        listener = HttpListener(application, limits, lambda error: (http_status(error), http_error(error)))
        self.http_port = await listener.start(self._settings.http_address)
        self._parts.push_async_callback(listener.stop, self._settings.shutdown_grace)

    async def register(self) -> None:
        """Be ready, and have clients find this node. Does not wait for the registry."""
        settings = self._settings
        registrar = self.life_cycle.registrar = open_registrar(
            settings.consul,
            lambda state: report_registry(self._info, state),
            is_listed=settings.advertise_address is not None,
            outgoing=self._outgoing,
            run=self._supervisor.run,
        )
        self._health.add([*store_probes(self.store), commit_probe(lambda: self.store.measures)])
        self._health.add([loop_probe(self._lag.take_mean), task_probe(lambda: self._supervisor.measures)])
        self._parts.push_async_callback(self._health.close)
        self._lag.start()
        await self._health.start(self._supervisor.run)
        self._parts.push_async_callback(registrar.close)
        self._parts.push_async_callback(registrar.deregister)
        grpc, http = advertised(
            settings.advertise_address,
            listening(settings.grpc_address, self.grpc_port),
            listening(settings.http_address, self.http_port),
        )
        if settings.consul_address is not None and is_loopback(grpc.host):
            warn_of_loopback(grpc)
        await registrar.start(NodeRegistration(self.store, self._info, grpc, http).describe)
        self._reporting.emit(EventKind.NODE_STARTED, {})

    async def run(self) -> None:
        """Say where to find it, and serve until a signal comes; then be found no more, and let what runs finish."""
        self.life_cycle.heed_signals(self._control.reload)
        print(announcement(self._settings, self.http_port, self.grpc_port), flush=True)
        # What was made until now lives as long as the process: the collector need not walk it again and again, which
        # stops everything for some 20 ms each time. Calls leave no cycles behind, so it may look for them less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        self._lag.start()  # anew: what is done once, at the start, makes nobody wait
        await self.life_cycle.run()

    def _outgoing(self, name: str, is_unwell: Callable[[Exception], bool]) -> Outgoing:
        """What calls a dependency: the port `OpenOutgoing`."""
        dependency = Dependency(name, self._settings.outgoing, is_unwell, self._reporting.report_breaker)
        self._dependencies.append(dependency)
        self._health.add([dependency_probe(lambda: dependency.measures)])
        return dependency

    def _deadlines(self) -> Deadlines:
        settings = self._settings
        return Deadlines(settings.deadline_default, settings.deadline_max, extra=extra_seconds(settings.limits))

    def _placed(self, name: str, handler: Callable[[Call, Any], Any]) -> Callable[[Call, Any], Any]:
        """The handler of an operation, with the bounds on how many of its calls there are at a time."""
        if name in REPLY_STREAMS:
            return self._streams.replies(handler)
        place = self._streams.one_reply if name in LONG_CALLS else self._admission
        return chain([*rates_of_collections(self._settings), place, self._reporting.errors.describing], handler)

    def _measure(self) -> "PrometheusMetrics":
        """What measures the calls, and asks the parts for their numbers whenever somebody wants the metrics."""
        from crud_service.library.prometheus_metrics import PrometheusMetrics
        from crud_service.library.prometheus_node import Sources

        sources = Sources(
            self._info,
            is_ready=lambda: self._health.is_ready,
            admission=lambda: self._admission.measures,
            streams=lambda: self._streams.measures,
            log_head=lambda: self._tail.head,
            store=lambda: self.store.measures,
            maintenance=lambda: self._maintenance.measures,
            registry=lambda: self.life_cycle.registrar.state,
            probes=lambda: {each.name: each.status is Status.OK for each in self._health.verdicts},
            loop_lag=self._lag.seconds,
            tasks=lambda: self._supervisor.measures,
            reports=lambda: self._reporting.errors.measures,
            dependencies=lambda: [each.measures for each in self._dependencies],
        )
        return PrometheusMetrics(self._classes, sources)

    async def _tell_ready(self, is_ready: bool) -> None:
        await self._grpc.set_serving(is_ready)
