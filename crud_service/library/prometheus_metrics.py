"""The metrics of one node in Prometheus' formats, in a registry of their own."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.process_collector import ProcessCollector

from crud_service.library.prometheus_calls import CallsCollector
from crud_service.library.prometheus_node import NodeCollector, Sources

_TRANSPORTS = ("grpc", "http")


class PrometheusMetrics:
    """All metrics of a node: of the calls of these operations, given with their classes, and of its parts."""

    def __init__(self, classes: Mapping[str, str], sources: Sources) -> None:
        self._registry = CollectorRegistry()
        calls = CallsCollector(classes, _TRANSPORTS)
        self.meters = calls.meters
        """What measures calls, by operation and transport."""
        self._registry.register(calls)
        self._registry.register(NodeCollector(sources))
        ProcessCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[str, bytes]:
        """The media type and the text of all metrics: OpenMetrics if an Accept header names it, else plain text."""
        if "application/openmetrics-text" in accept:
            text: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]
            return openmetrics.CONTENT_TYPE_LATEST, text
        return exposition.CONTENT_TYPE_PLAIN_0_0_4, exposition.generate_latest(self._registry)
