"""Measures every call: how many run, how they end, how long they take."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Protocol

from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Reason

_BATCHES, _READS, _LISTS = ("Batch", "Transact"), ("Get", "Diff"), ("List", "Count")
# They take as long as there is something to tell or to wait for.
_STREAMS = ("Watch", "Import", "Export", "ListChanges")


class Meter(Protocol):
    """Takes the measures of one operation over one transport. Neither method may raise or wait."""

    def begin(self) -> None:
        """A call has begun."""

    def end(self, code: str, reason: str, seconds: float) -> None:
        """One that had begun has ended, after `seconds`.

        `code` is `OK`, `CANCELLED` or the kind of the error; `reason` the reason of the error, empty without one.
        """


def metrics(meters: Mapping[tuple[str, str], Meter], clock: Callable[[], float] = perf_counter) -> Middleware:
    """Middleware that measures each call with the meter of its operation and transport; `clock` counts seconds.

    A call without a meter is not measured: only what is known beforehand is, so there is an end to what can be counted.
    """

    def wrap(handler: Handler) -> Handler:
        async def measured(call: Call, request: Any) -> Any:
            meter = meters.get((call.operation, call.transport))
            if meter is None:
                return await handler(call, request)
            code, reason, start = "CANCELLED", "", clock()
            meter.begin()
            try:
                reply = await handler(call, request)
                code = "OK"
                return reply
            except CrudError as error:
                code, reason = error.kind.value, error.reason
                raise
            except Exception:
                code, reason = "INTERNAL", Reason.INTERNAL
                raise
            finally:
                meter.end(code, reason, clock() - start)

        return measured

    return wrap


def operation_class(operation: str) -> str:
    """What an operation is to be compared with by how long it takes: `read`, `list`, `write`, `batch` or `stream`."""
    if operation.startswith(_STREAMS):
        return "stream"
    if operation.startswith(_BATCHES):
        return "batch"
    if operation.startswith(_LISTS):
        return "list"
    return "read" if operation.startswith(_READS) else "write"
