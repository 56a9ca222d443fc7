"""Remembers the last few calls of each principal, for who wants to know what led to a failure."""

from collections import deque
from time import time_ns
from typing import Any

from crud_service.model.call import Call, Handler
from crud_service.model.errors import CrudError
from crud_service.model.reports import RecentCall
from crud_service.model.timestamp import from_unix

_MOST_PRINCIPALS = 1_000
_MOST_CALLS = 8
_MOST_CHARS = 256
_SECOND = 1_000_000_000

_Ended = tuple[int, str, str, str, str]
"""When a call ended, in nanoseconds of Unix time, and the rest of a RecentCall. What a call costs is this tuple."""


class RecentCalls:
    """Middleware that remembers how calls ended: the last eight of each of the last thousand principals."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[_Ended]] = {}

    def __call__(self, handler: Handler) -> Handler:
        """`handler`, whose calls are remembered once they have ended."""

        async def remembered(call: Call, request: Any) -> Any:
            outcome = "CANCELLED"
            try:
                reply = await handler(call, request)
                outcome = "OK"
                return reply
            except CrudError as error:
                outcome = error.kind.value
                raise
            except Exception:
                outcome = "INTERNAL"
                raise
            finally:
                ended = (time_ns(), call.operation, call.resource, outcome, call.call_id)
                calls = self._calls.get(call.principal)
                if calls is None:
                    calls = self._begin(call.principal)
                calls.append(ended)

        return remembered

    def of(self, call: Call) -> tuple[RecentCall, ...]:
        """What the principal of `call` did besides it, the earliest first."""
        calls = self._calls.get(call.principal, ())
        return tuple([_shown(each) for each in calls if each[-1] != call.call_id])

    def _begin(self, principal: str) -> deque[_Ended]:
        if len(self._calls) >= _MOST_PRINCIPALS:
            del self._calls[next(iter(self._calls))]  # who came first
        calls = self._calls[principal] = deque(maxlen=_MOST_CALLS)
        return calls


def printable(text: str) -> str:
    """A text of a caller's, cut to what a report keeps, and such that UTF-8 can say it."""
    return text[:_MOST_CHARS].encode(errors="backslashreplace").decode()


def _shown(ended: _Ended) -> RecentCall:
    nanos, operation, resource, outcome, call_id = ended
    return RecentCall(from_unix(*divmod(nanos, _SECOND)), operation, printable(resource), outcome, call_id)
