"""The last line of defence: a failure inside becomes a generic answer with an id, and is reported once."""

from collections.abc import Callable
from typing import Any

from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason

Report = Callable[[Call, Exception], str]
"""Keeps what happened where an operator finds it, and returns the id to find it by."""


def recover(report: Report) -> Middleware:
    """Middleware that lets answers (CrudError) pass and turns any other exception into INTERNAL.

    The caller learns the id of the report, never the cause. An INTERNAL answer that an inner layer chose itself is
    reported as well.
    """

    def wrap(handler: Handler) -> Handler:
        async def recovering(call: Call, request: Any) -> Any:
            try:
                return await handler(call, request)
            except CrudError as error:
                if error.kind is Kind.INTERNAL:
                    raise _generic(report(call, error)) from error
                raise
            except Exception as error:
                raise _generic(report(call, error)) from error

        return recovering

    return wrap


def _generic(report_id: str) -> CrudError:
    message = f"the service failed inside; report {report_id} has the details"
    return CrudError(Kind.INTERNAL, Reason.INTERNAL, message, metadata={"report": report_id})
