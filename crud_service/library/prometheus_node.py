"""The node as Prometheus sees it: its store, its log, its own work, its registry, its event loop."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from crud_service.library.prometheus_dependencies import prometheus_dependencies
from crud_service.library.prometheus_samples import add_distribution
from crud_service.model.measures import (
    AdmissionMeasures,
    CommitMeasures,
    DependencyMeasures,
    Distribution,
    MaintenanceMeasures,
    PoolMeasures,
    ReportMeasures,
    StoreMeasures,
    StreamMeasures,
    TaskMeasures,
)
from crud_service.model.ports.registrar import RegistryState
from crud_service.model.record import NodeInfo


@dataclass(frozen=True)
class Sources:
    """Where the numbers are. All are asked whenever somebody wants the metrics, and none waits."""

    node: NodeInfo
    is_ready: Callable[[], bool]
    probes: Callable[[], Mapping[str, bool]]
    """Whether each probe found all well the last time."""
    admission: Callable[[], AdmissionMeasures]
    streams: Callable[[], StreamMeasures]
    log_head: Callable[[], int]
    """The last revision that was read for those who follow the log; 0 while nobody does."""
    store: Callable[[], StoreMeasures]
    maintenance: Callable[[], MaintenanceMeasures]
    registry: Callable[[], RegistryState | None]
    loop_lag: Distribution
    tasks: Callable[[], Iterable[TaskMeasures]] = tuple
    """The node's work in the background."""
    dependencies: Callable[[], Iterable[DependencyMeasures]] = tuple
    """What the node calls."""
    reports: Callable[[], ReportMeasures] = lambda: ReportMeasures({}, 0, 0)
    """Failures that nobody expected."""


_REPORT_CLASSES = ("read", "list", "write", "batch", "admin", "background")


class NodeCollector:
    """Tells what the sources say as metrics."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        sources = self._sources
        yield _build(sources.node)
        yield _gauge("crud_node_ready", "Whether the node takes calls: 1 or 0.", sources.is_ready())
        yield _probes(sources.probes())
        yield _histogram("crud_event_loop_lag_seconds", "How late the event loop was.", sources.loop_lag)
        yield from _admission(sources.admission())
        yield from _streams(sources.streams())
        store = sources.store()
        yield _gauge("crud_log_last_revision", "The last revision of the change log.", store.last_revision)
        yield _log_lag(store.last_revision, sources.log_head())
        if store.commits is not None:
            yield from _commits(store.commits)
        if store.pools:
            yield from _pools(store.pools)
        yield from _maintenance(sources.maintenance())
        registry = sources.registry()
        if registry is not None:
            yield _registry(registry)
        yield from _reports(sources.reports())
        yield from _tasks(sources.tasks())
        yield from prometheus_dependencies(sources.dependencies())


def _build(node: NodeInfo) -> Metric:
    labels = {"version": node.version, "commit": node.commit, "store": node.store}
    return InfoMetricFamily("crud_build", "Which code runs, on which kind of store.", labels)


def _probes(found: Mapping[str, bool]) -> Metric:
    about = "Whether a probe of the node's health found all well: 1 or 0."
    family = GaugeMetricFamily("crud_probe_ok", about, labels=["probe"])
    for name, is_ok in found.items():
        family.add_metric((name,), is_ok)
    return family


def _admission(calls: AdmissionMeasures) -> Iterator[Metric]:
    yield _gauge("crud_admission_executing", "Calls that were let in and run now.", calls.executing)
    yield _gauge("crud_admission_waiting", "Calls that wait to be let in.", calls.waiting)
    yield _gauge("crud_admission_limit", "Calls that may run at a time, as it is now.", calls.limit)


def _streams(streams: StreamMeasures) -> Iterator[Metric]:
    about = "Streams and long polls that are open now."
    family = GaugeMetricFamily("crud_streams_open", about, labels=["operation"])
    for operation, count in streams.open.items():
        family.add_metric((operation,), count)
    yield family
    yield _gauge("crud_streams_limit", "Streams and long polls that may be open at a time.", streams.limit)


def _log_lag(last: int, head: int) -> Metric:
    about = "Revisions that are committed and not yet read for those who follow the log."
    return _gauge("crud_log_lag_revisions", about, max(0, last - head) if head else 0)


def _commits(commits: CommitMeasures) -> Iterator[Metric]:
    yield _gauge("crud_store_waiting_mutations", "Mutations that wait to be written.", commits.waiting)
    about = "Mutations that were written in one transaction."
    yield _histogram("crud_store_group_mutations", about, commits.group_sizes)
    about = "How long one transaction took, until it was durable."
    yield _histogram("crud_store_write_seconds", about, commits.write_seconds)


def _pools(pools: tuple[PoolMeasures, ...]) -> Iterator[Metric]:
    threads = GaugeMetricFamily("crud_store_reader_threads", "Threads that may read.", labels=["pool"])
    busy = GaugeMetricFamily("crud_store_reader_threads_busy", "Threads that read now.", labels=["pool"])
    waiting = GaugeMetricFamily("crud_store_waiting_reads", "Reads that wait for a thread.", labels=["pool"])
    for pool in pools:
        threads.add_metric((pool.name,), pool.threads)
        busy.add_metric((pool.name,), pool.busy)
        waiting.add_metric((pool.name,), pool.waiting)
    yield from (threads, busy, waiting)


def _maintenance(done: MaintenanceMeasures) -> Iterator[Metric]:
    about = "Records that were deleted because their expire_time had come."
    yield CounterMetricFamily("crud_records_expired", about, value=done.expired_records)
    about = "Records that were erased because their purge_time had come."
    yield CounterMetricFamily("crud_records_purged", about, value=done.purged_records)
    about = "Entries of the change log that went with history that need not be kept."
    yield CounterMetricFamily("crud_log_compacted_entries", about, value=done.compacted_entries)
    about = "Kinds of the node's own work that did not succeed the last time."
    yield _gauge("crud_maintenance_failing", about, done.failing)
    about = "Whether the wall clock may end lives, because it has not jumped: 1 or 0."
    yield _gauge("crud_clock_trusted", about, done.clock_trusted)


def _reports(reports: ReportMeasures) -> Iterator[Metric]:
    about = "Failures that nobody expected, of which there are error reports."
    failures = CounterMetricFamily("crud_error_reports", about, labels=["class"])
    for name in dict.fromkeys((*_REPORT_CLASSES, *reports.failures)):
        failures.add_metric((name,), reports.failures.get(name, 0))
    yield failures
    yield _gauge("crud_error_reports_waiting", "Error reports that wait for the store.", reports.waiting)
    about = "Error reports that were not stored, because too many waited."
    yield CounterMetricFamily("crud_error_reports_dropped", about, value=reports.dropped)


def _registry(state: RegistryState) -> Metric:
    about = "Whether the registry has confirmed the node: 1 or 0."
    family = GaugeMetricFamily("crud_registry_registered", about, labels=["registry"])
    family.add_metric((state.registry,), state.registered)
    return family


def _tasks(tasks: Iterable[TaskMeasures]) -> Iterator[Metric]:
    running = GaugeMetricFamily("crud_task_running", "Whether work in the background runs: 1 or 0.", labels=["task"])
    about = "Work in the background that was started again, because it had ended."
    restarts = CounterMetricFamily("crud_task_restarts", about, labels=["task"])
    for task in tasks:
        running.add_metric((task.name,), task.running)
        restarts.add_metric((task.name,), task.restarts)
    yield from (running, restarts)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _histogram(name: str, about: str, distribution: Distribution) -> Metric:
    family = HistogramMetricFamily(name, about, labels=())
    add_distribution(family, (), distribution)
    return family
