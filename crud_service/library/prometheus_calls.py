"""Calls as Prometheus sees them: rate, errors and duration by operation, transport and code.

The numbers are plain ones, of the event loop's thread alone, and become samples when somebody asks: counting with the
client library's own objects takes a lock for each of them, several times for each call.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from crud_service.library.prometheus_samples import add_distribution
from crud_service.model.errors import Reason
from crud_service.model.measures import SECONDS, Distribution


class _Meter:
    """The numbers of one operation over one transport. Those that several have in common are shared."""

    __slots__ = ("_reasons", "_seconds", "codes", "running")

    def __init__(self, seconds: Distribution, reasons: dict[str, int]) -> None:
        self.running = 0
        # That nothing failed yet is to be told from nothing being known; what failed comes as it happens.
        self.codes = {"OK": 0}
        self._seconds = seconds
        self._reasons = reasons

    def begin(self) -> None:
        self.running += 1

    def end(self, code: str, reason: str, seconds: float) -> None:
        self.running -= 1
        self.codes[code] = self.codes.get(code, 0) + 1
        self._seconds.add(seconds)
        if reason:
            self._reasons[reason] = self._reasons.get(reason, 0) + 1


class CallsCollector:
    """Keeps the numbers of calls, and tells them as metrics.

    `classes` has the class of each operation, by which durations are distributed. There are meters for these operations
    over `transports`, and for nothing else. Codes and reasons are those of the model.
    """

    def __init__(self, classes: Mapping[str, str], transports: Iterable[str]) -> None:
        transports = tuple(transports)
        # All reasons are there from the start: an increase from nothing is none to Prometheus.
        self._reasons: dict[str, int] = dict.fromkeys(map(str, Reason), 0)
        self._seconds = {
            (name, transport): Distribution(SECONDS)
            for name in sorted(set(classes.values()))
            for transport in transports
        }
        self.meters = {
            (operation, transport): _Meter(self._seconds[name, transport], self._reasons)
            for operation, name in classes.items()
            for transport in transports
        }
        """What takes the measures, by operation and transport."""

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        calls = CounterMetricFamily("crud_calls", "Calls that have ended.", labels=["operation", "transport", "code"])
        running = GaugeMetricFamily("crud_calls_running", "Calls that run now.", labels=["operation", "transport"])
        for labels, meter in self.meters.items():
            running.add_metric(labels, meter.running)
            for code, count in meter.codes.items():
                calls.add_metric((*labels, code), count)
        errors = CounterMetricFamily("crud_call_errors", "Calls that ended with an error.", labels=["reason"])
        for reason, count in self._reasons.items():
            errors.add_metric((reason,), count)
        seconds = HistogramMetricFamily(
            "crud_call_duration_seconds", "How long calls took, by class of operation.", labels=["class", "transport"]
        )
        for labels, distribution in self._seconds.items():
            add_distribution(seconds, labels, distribution)
        yield from (calls, errors, running, seconds)
