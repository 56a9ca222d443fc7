"""The tracing of a node: whoever takes spans, and what makes them. All of it is nothing unless there is a collector."""

from crud_service.bootstrap.reports import report_tracing
from crud_service.chassis.traced_store import traced_store
from crud_service.chassis.tracing import tracing
from crud_service.library.tracers import open_tracer
from crud_service.model.call import Middleware
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import NodeInfo
from crud_service.settings import Settings


class Traces:
    """What a node needs to be traced. Raises StartError when the settings ask for what is not installed."""

    def __init__(self, settings: Settings, node: NodeInfo) -> None:
        self._ratio = settings.trace_sample
        self._tracer = open_tracer(settings.otlp_endpoint, node, report_tracing) if settings.otlp_endpoint else None

    def store(self, store: RecordStore) -> RecordStore:
        """The store as logic gets it."""
        return traced_store(store) if self._tracer else store

    def middleware(self) -> list[Middleware]:
        """What makes the span of each call."""
        if self._tracer is None:
            return []
        from crud_service.api.span_attributes import outcome_of

        return [tracing(self._tracer, self._ratio, outcome_of)]

    async def close(self) -> None:
        """Send what has been recorded, for a bounded time."""
        if self._tracer is not None:
            await self._tracer.close()
