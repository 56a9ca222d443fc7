"""The action log: one line for each call. It never holds content, tokens or addresses of stores."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec

from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError
from crud_service.model.timestamp import now

# A path that can be right is shorter; a wrong one may be as long as a request.
_MOST_CHARS = 512


class ActionLine(msgspec.Struct, gc=False, omit_defaults=True):
    """What happened in one call. Empty fields are not printed."""

    time: str
    """When it ended, to the millisecond."""
    level: str
    event: str
    operation: str
    transport: str
    outcome: str
    """`OK`, `CANCELLED`, or the kind of the error."""
    ms: float
    principal: str
    reason: str = ""
    """The reason of the error."""
    resource: str = ""
    call_id: str = ""
    trace_id: str = ""


def action_log(emit: Callable[[ActionLine], None], clock: Callable[[], float] = perf_counter) -> Middleware:
    """Middleware that hands one line to `emit` when a call has ended, however it ended. `clock` counts seconds."""

    def wrap(handler: Handler) -> Handler:
        async def logged(call: Call, request: Any) -> Any:
            outcome, reason, start = "CANCELLED", "", clock()
            try:
                reply = await handler(call, request)
                outcome = "OK"
                return reply
            except CrudError as error:
                outcome, reason = error.kind.value, error.reason
                raise
            except Exception:
                outcome = "INTERNAL"
                raise
            finally:
                emit(
                    ActionLine(
                        f"{now()[:23]}Z",
                        "info",
                        "call",
                        call.operation,
                        call.transport,
                        outcome,
                        round((clock() - start) * 1000, 3),
                        call.principal,
                        reason,
                        call.resource[:_MOST_CHARS],
                        call.call_id,
                        call.trace_id,
                    )
                )

        return logged

    return wrap
