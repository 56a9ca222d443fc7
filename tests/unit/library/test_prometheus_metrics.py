"""The metrics of a node in Prometheus' formats, and that there is an end to their series."""

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from crud_service.chassis.metrics import operation_class
from crud_service.library.prometheus_metrics import PrometheusMetrics
from crud_service.library.prometheus_node import Sources
from crud_service.model import requests
from crud_service.model.errors import Kind, Reason
from crud_service.model.measures import (
    SECONDS,
    AdmissionMeasures,
    CommitMeasures,
    DependencyMeasures,
    Distribution,
    MaintenanceMeasures,
    PoolMeasures,
    StoreMeasures,
    StreamMeasures,
    TaskMeasures,
)
from crud_service.model.ports.registrar import RegistryState
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from tests.integration.metrics.scrape import Scrape, read

MOST_SERIES = 5_000
OPERATIONS = [name for name in vars(requests) if name[0].isupper() and name.endswith(("Record", "Records"))]


def sources(store: StoreMeasures | None = None, registry: RegistryState | None = None) -> Sources:
    return Sources(
        NodeInfo("id", "crud", '1.2"3', "c0ffee", (), "sqlite", now()),
        is_ready=lambda: True,
        probes=lambda: {"store read": True, "event loop": False},
        admission=lambda: AdmissionMeasures(executing=3, waiting=2, limit=64),
        log_head=lambda: 5,
        streams=lambda: StreamMeasures({"WatchRecords": 5, "ListChanges": 0}, limit=2_000),
        store=lambda: store or StoreMeasures(7),
        maintenance=lambda: MaintenanceMeasures(1, 2, 4, 3, clock_trusted=False),
        registry=lambda: registry,
        loop_lag=Distribution(SECONDS),
        tasks=lambda: (TaskMeasures("health", running=False, restarts=5, problem="KeyError"),),
        dependencies=lambda: (DependencyMeasures("consul", "half_open", {"ok": 3, "failed": 4}, 2, 0.5),),
    )


def metrics(**given: object) -> PrometheusMetrics:
    return PrometheusMetrics({name: operation_class(name) for name in OPERATIONS}, sources(**given))  # type: ignore[arg-type]


def told(found: PrometheusMetrics) -> Scrape:
    return read(found.text("")[1].decode())


def test_series_have_an_end() -> None:
    """With every operation ended in every way, and everything there to tell, there are at most 5,000 series."""
    commits = CommitMeasures(1, Distribution((1, 2)), Distribution(SECONDS))
    pools = tuple(PoolMeasures(name, 2, 1, 0) for name in ("store-reader", "store-searcher"))
    found = metrics(store=StoreMeasures(9, commits, pools), registry=RegistryState("consul", registered=True))
    for meter in found.meters.values():
        for code in ("OK", "CANCELLED", *(kind.value for kind in Kind)):
            for reason in Reason:
                meter.begin()
                meter.end(code, reason, 0.01)
    assert len(OPERATIONS) > 10
    assert len(found.meters) == 2 * len(OPERATIONS)
    assert 500 < len(told(found).samples) < MOST_SERIES


def test_durations_are_by_class() -> None:
    """Operations of one class share a histogram; its bounds add up, and the last one is the count."""
    found = metrics()
    for operation, seconds in (("CreateRecord", 0.003), ("DeleteRecord", 0.003), ("UpdateRecord", 20.0)):
        found.meters[operation, "grpc"].begin()
        found.meters[operation, "grpc"].end("OK", "", seconds)
    scrape, labels = told(found), {"class": "write", "transport": "grpc"}
    name = "crud_call_duration_seconds"
    assert scrape.value(f"{name}_bucket", **labels, le="0.0025") == 0
    assert scrape.value(f"{name}_bucket", **labels, le="0.005") == 2
    assert scrape.value(f"{name}_bucket", **labels, le="10.0") == 2
    assert scrape.value(f"{name}_bucket", **labels, le="+Inf") == scrape.value(f"{name}_count", **labels) == 3
    assert scrape.value(f"{name}_sum", **labels) == pytest.approx(20.006)


def test_the_parts_are_told_as_they_are() -> None:
    """Each number of each part stands under its name; what a part does not have is left out."""
    groups, seconds = Distribution((1, 2)), Distribution(SECONDS)
    groups.add(2)
    seconds.add(0.5)
    store = StoreMeasures(9, CommitMeasures(4, groups, seconds), (PoolMeasures("store-reader", 2, 1, 5),))
    scrape = told(metrics(store=store, registry=RegistryState("consul", registered=False)))
    assert scrape.value("crud_build_info", version='1.2"3', commit="c0ffee", store="sqlite") == 1
    assert scrape.value("crud_probe_ok", probe="store read") == 1
    assert scrape.value("crud_probe_ok", probe="event loop") == 0
    assert [scrape.value(f"crud_admission_{name}") for name in ("executing", "waiting", "limit")] == [3, 2, 64]
    assert scrape.value("crud_streams_open", operation="WatchRecords") == 5
    assert scrape.value("crud_streams_open", operation="ListChanges") == 0
    assert scrape.value("crud_streams_limit") == 2_000
    assert scrape.value("crud_log_lag_revisions") == 4
    assert scrape.value("crud_log_last_revision") == 9
    assert scrape.value("crud_store_waiting_mutations") == 4
    assert scrape.value("crud_store_group_mutations_sum") == 2
    assert scrape.value("crud_store_write_seconds_sum") == 0.5
    assert scrape.value("crud_store_reader_threads", pool="store-reader") == 2
    assert scrape.value("crud_store_reader_threads_busy", pool="store-reader") == 1
    assert scrape.value("crud_store_waiting_reads", pool="store-reader") == 5
    assert scrape.value("crud_records_expired_total") == 1
    assert scrape.value("crud_records_purged_total") == 2
    assert scrape.value("crud_log_compacted_entries_total") == 4
    assert scrape.value("crud_maintenance_failing") == 3
    assert scrape.value("crud_clock_trusted") == 0
    assert scrape.value("crud_registry_registered", registry="consul") == 0
    assert scrape.value("crud_task_running", task="health") == 0
    assert scrape.value("crud_task_restarts_total", task="health") == 5
    assert scrape.value("crud_dependency_attempts_total", dependency="consul", outcome="failed") == 4
    assert scrape.value("crud_dependency_retries_total", dependency="consul") == 2
    assert scrape.value("crud_dependency_retry_budget", dependency="consul") == 0.5
    states = {"closed": 0, "open": 0, "half_open": 1}
    found = {state: scrape.value("crud_dependency_breaker", dependency="consul", state=state) for state in states}
    assert found == states
    plain = told(metrics())
    assert plain.value("crud_log_last_revision") == 7
    missing = scrape.types.keys() - plain.types.keys()
    assert {name.split("_")[1] for name in missing} == {"store", "registry"}


def test_both_formats_say_the_same() -> None:
    """OpenMetrics passes the strict parser of its own, with the numbers of the other format."""
    found = metrics(registry=RegistryState("consul", registered=True))
    media_type, text = found.text("application/openmetrics-text")
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    values = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    plain = told(found).samples
    assert values.keys() == plain.keys()
    assert {key: each for key, each in values.items() if key[0].startswith("crud_")}.items() <= plain.items()


def test_the_process_is_told() -> None:
    """Memory, CPU, file descriptors and start time are those of this process."""
    scrape = told(metrics())
    assert (scrape.value("process_resident_memory_bytes") or 0) > 1_000_000
    assert (scrape.value("process_cpu_seconds_total") or 0) > 0
    assert 3 < (scrape.value("process_open_fds") or 0) <= (scrape.value("process_max_fds") or 0)
    assert (scrape.value("process_start_time_seconds") or 0) > 1_700_000_000


def test_nodes_are_apart() -> None:
    """Two nodes of one process do not see each other's numbers, and nothing of theirs is in the global registry."""
    one, other = metrics(), metrics()
    one.meters["GetRecord", "http"].begin()
    labels = {"operation": "GetRecord", "transport": "http"}
    assert [told(each).value("crud_calls_running", **labels) for each in (one, other)] == [1, 0]
    assert not any(family.name.startswith("crud") for family in REGISTRY.collect())
