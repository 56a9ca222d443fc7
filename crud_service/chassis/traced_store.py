"""A store whose work is seen in the traces of the calls that it is done for."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from crud_service.model.ports.record_store import RecordPage, RecordStore
from crud_service.model.ports.tracer import Span, SpanKind, current_span

TRACED = (
    "commit",
    "get_record",
    "get_records",
    "list_records",
    "count_records",
    "get_collection",
    "list_collections",
    "get_request",
    "read_log",
    "read_mutation",
    "read_history",
    "states_at",
)
"""The methods that calls wait for. The others are the node's own, or wait for somebody else."""


def traced_store(store: RecordStore) -> RecordStore:
    """The same store; what is done for a call that is recorded has a span. What is not, costs nothing worth mentioning.

    Give it to logic only, and only when there is somebody to take spans.
    """
    return cast("RecordStore", _TracedStore(store))


class _TracedStore:
    """Stands before a store. Everything else than the methods above is the store's own."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        for name in TRACED:
            setattr(self, name, _traced(getattr(store, name), name, store.kind))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def _traced(method: Callable[..., Awaitable[Any]], name: str, system: str) -> Callable[..., Awaitable[Any]]:
    span_name = f"store.{name}"

    async def recorded(parent: Span, *arguments: Any, **named: Any) -> Any:
        with parent.child(span_name, SpanKind.CLIENT) as span:
            span.set("db.system.name", system)
            span.set("db.operation.name", name)
            found = await method(*arguments, **named)
            if isinstance(found, RecordPage):
                span.set("db.response.returned_rows", len(found.records))
            return found

    def traced(*arguments: Any, **named: Any) -> Awaitable[Any]:
        parent = current_span()
        return recorded(parent, *arguments, **named) if parent.is_recorded else method(*arguments, **named)

    return traced
