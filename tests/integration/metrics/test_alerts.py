"""The alert rules, run by Prometheus' own rule tester: a healthy node raises none, each fault raises its own."""

import json
import re
from pathlib import Path

import pytest

from tests.integration.metrics.promtool import promtool

_JOB = 'instance="a",job="crud-service"'
_MINUTES = 30
_STEADY = f"+0x{_MINUTES}"


def series(name: str, labels: str = "") -> str:
    """A series of the node."""
    return f"{name}{{{','.join(filter(None, (_JOB, labels)))}}}"


def buckets(name: str, slow: int, labels: str = "") -> dict[str, str]:
    """A histogram of 100 values a minute of which some take a second, the others a millisecond."""
    counts = {"0.001": 100 - slow, "0.05": 100 - slow, "1.0": 100, "+Inf": 100}
    return {
        series(f"{name}_bucket", ",".join(filter(None, (labels, f'le="{bound}"')))): f"0+{count}x{_MINUTES}"
        for bound, count in counts.items()
    }


READS, WRITES, LAG = "crud_call_duration_seconds", "crud_store_write_seconds", "crud_event_loop_lag_seconds"
CALL = 'operation="GetRecord",transport="http"'
HEALTHY = {
    series("up"): f"1{_STEADY}",
    series("crud_node_ready"): f"1{_STEADY}",
    series("crud_probe_ok", 'probe="event loop"'): f"1{_STEADY}",
    series("process_start_time_seconds"): f"100{_STEADY}",
    series("crud_calls_total", f'{CALL},code="OK"'): f"0+100x{_MINUTES}",
    series("crud_calls_total", f'{CALL},code="NOT_FOUND"'): f"0+100x{_MINUTES}",
    **{
        series("crud_call_errors_total", f'reason="{reason}"'): f"0{_STEADY}"
        for reason in ("INTERNAL", "STORE_FULL", "QUERY_TIMEOUT", "OVERLOADED")
    },
    **buckets(READS, 0, 'class="read",transport="http"'),
    **buckets(READS, 50, 'class="list",transport="http"'),
    **buckets(WRITES, 0),
    **buckets(LAG, 0),
    series("crud_store_waiting_mutations"): f"20{_STEADY}",
    series("crud_store_waiting_reads", 'pool="store-searcher"'): f"0{_STEADY}",
    series("crud_maintenance_failing"): f"0{_STEADY}",
    series("crud_clock_trusted"): f"1{_STEADY}",
    series("crud_registry_registered", 'registry="consul"'): f"1{_STEADY}",
    series("crud_task_restarts_total", 'task="health"'): f"0{_STEADY}",
    series("crud_dependency_breaker", 'dependency="consul",state="closed"'): f"1{_STEADY}",
    series("crud_dependency_breaker", 'dependency="consul",state="open"'): f"0{_STEADY}",
    series("crud_error_reports_total", 'class="background"'): f"0{_STEADY}",
    series("crud_error_reports_waiting"): f"0{_STEADY}",
    series("process_open_fds"): f"30{_STEADY}",
    series("process_max_fds"): f"1000{_STEADY}",
}
FAULTS = {
    "CrudNodeDown": {series("up"): f"0{_STEADY}"},
    "CrudNodeNotReady": {series("crud_node_ready"): f"0{_STEADY}"},
    "CrudProbeNotOk": {series("crud_probe_ok", 'probe="event loop"'): f"0{_STEADY}"},
    "CrudNodeRestarts": {series("process_start_time_seconds"): f"100+60x{_MINUTES}"},
    "CrudFaultsInside": {series("crud_call_errors_total", 'reason="INTERNAL"'): "0+0x27 1+0x3"},
    "CrudCallsUnavailable": {series("crud_calls_total", f'{CALL},code="UNAVAILABLE"'): f"0+10x{_MINUTES}"},
    "CrudOverloaded": {series("crud_call_errors_total", 'reason="OVERLOADED"'): f"0+60x{_MINUTES}"},
    "CrudReadsSlow": buckets(READS, 5, 'class="read",transport="http"'),
    "CrudWritesSlow": buckets(WRITES, 5),
    "CrudWritesWait": {series("crud_store_waiting_mutations"): f"300{_STEADY}"},
    "CrudStoreFull": {series("crud_call_errors_total", 'reason="STORE_FULL"'): "0+0x27 1+0x3"},
    "CrudQueriesTimeOut": {series("crud_call_errors_total", 'reason="QUERY_TIMEOUT"'): f"0+60x{_MINUTES}"},
    "CrudReadersBusy": {series("crud_store_waiting_reads", 'pool="store-searcher"'): f"1{_STEADY}"},
    "CrudEventLoopLags": buckets(LAG, 50),
    "CrudMaintenanceFails": {series("crud_maintenance_failing"): f"1{_STEADY}"},
    "CrudClockJumped": {series("crud_clock_trusted"): f"0{_STEADY}"},
    "CrudNotRegistered": {series("crud_registry_registered", 'registry="consul"'): f"0{_STEADY}"},
    "CrudDependencyAway": {
        series("crud_dependency_breaker", 'dependency="consul",state="closed"'): f"0{_STEADY}",
        series("crud_dependency_breaker", 'dependency="consul",state="open"'): f"1{_STEADY}",
    },
    "CrudTaskRestarts": {series("crud_task_restarts_total", 'task="health"'): "0+0x27 1+0x3"},
    "CrudBackgroundFaults": {series("crud_error_reports_total", 'class="background"'): "0+0x27 1+0x3"},
    "CrudErrorReportsWait": {series("crud_error_reports_waiting"): f"1{_STEADY}"},
    "CrudFileDescriptorsLow": {series("process_open_fds"): f"900{_STEADY}"},
}


def scenario(name: str, fault: dict[str, str], raised: list[str]) -> dict[str, object]:
    """A node with this fault for half an hour, and the alerts that fire then."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in (HEALTHY | fault).items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{_MINUTES}m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in raised],
            }
        ],
    }


def test_each_fault_raises_its_alert_and_no_other(root: Path, tmp_path: Path) -> None:
    """A healthy node raises no alert; with one fault planted, the alert of that fault fires alone."""
    rules = root / "deploy" / "prometheus" / "alerts.yaml"
    assert re.findall(r"- alert: (\w+)", rules.read_text()) == list(FAULTS)
    tests = [scenario("healthy", {}, []), *(scenario(name, fault, [name]) for name, fault in FAULTS.items())]
    file = tmp_path / "test.json"
    file.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
    verdict = promtool("test", "rules", str(file))
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize(("fault", "raised"), [({}, ["CrudNodeDown"]), (FAULTS["CrudNodeDown"], [])])
def test_the_tester_sees_what_is_wrong(root: Path, tmp_path: Path, fault: dict[str, str], raised: list[str]) -> None:
    """An alert that does not fire, and one that nobody expects, fail the test of the rules."""
    rules = root / "deploy" / "prometheus" / "alerts.yaml"
    file = tmp_path / "test.json"
    tests = [scenario("wrong", fault, raised)]
    file.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
    assert promtool("test", "rules", str(file)).returncode == 1
