"""Every call has an end: the caller's, or one that the node gives it. What runs longer is cancelled and answered.

A timer for each call costs more than the rest of this file, so one sweep looks after all calls that are open. It ends
a call some milliseconds late, which nobody notices who has waited for seconds.
"""

import asyncio
from collections.abc import Callable, Mapping
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import Any

import msgspec

from crud_service.model.call import Call, Handler
from crud_service.model.errors import CrudError, Kind, Reason, invalid

_SWEEP_SECONDS = 0.02
_HEADER = "x-timeout-ms"
# More digits than that are more than anybody waits.
_MOST_DIGITS = 12
_NOTHING: Mapping[str, float] = MappingProxyType({})


class Deadlines:
    """Middleware that gives every call a deadline and holds it to it.

    A call that says nothing gets `default` seconds; nobody gets more than `most`. `extra` has seconds by operation that
    are added to both: infinity leaves such a call without an end, unless its caller says one. `clock` is that of
    `Call.deadline`.
    """

    def __init__(
        self,
        default: float,
        most: float,
        clock: Callable[[], float] = monotonic,
        extra: Mapping[str, float] = _NOTHING,
    ) -> None:
        self._default = min(default, most)
        self._most = most
        self._clock = clock
        self._extra = extra
        self._open: set[_Open] = set()
        self._is_sweeping = False

    def __call__(self, handler: Handler) -> Handler:
        """`handler`, which raises CrudError (`DEADLINE_EXCEEDED`) when its call's time is over."""

        async def bounded(call: Call, request: Any) -> Any:
            now = self._clock()
            until = self._until(call, now)
            if until == inf:
                return await handler(call, request)
            call.deadline = until
            if until <= now:
                raise _exceeded()
            task = asyncio.current_task()
            if task is None:
                raise RuntimeError("a call runs in a task")
            mine = _Open(task, until)
            self._open.add(mine)
            if not self._is_sweeping:
                self._plan(task.get_loop())
            try:
                return await handler(call, request)
            except asyncio.CancelledError:
                if mine.is_over and task.cancelling() == 1:
                    raise _exceeded() from None
                raise  # somebody else wants the end of it as well
            finally:
                self._open.discard(mine)
                if mine.is_over:
                    task.uncancel()

        return bounded

    def _until(self, call: Call, now: float) -> float:
        extra = self._extra.get(call.operation, 0.0)
        if call.timeout_ms:
            return now + min(_seconds(call.timeout_ms), self._most + extra)
        return now + self._default + extra if call.deadline is None else min(call.deadline, now + self._most + extra)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_sweeping = True
        loop.call_later(_SWEEP_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the calls whose time is over; go on as long as any are open."""
        self._is_sweeping = False
        now = self._clock()
        for each in self._open:
            if each.until <= now and not each.is_over:
                each.is_over = True
                each.task.cancel()
        if self._open:
            self._plan(loop)


class _Open(msgspec.Struct, eq=False):
    """A call that runs."""

    task: "asyncio.Task[Any]"
    until: float
    is_over: bool = False


def _seconds(timeout_ms: str) -> float:
    """What the caller gives the call. INVALID_ARGUMENT (`INVALID_FIELD`) if it is no whole number above zero."""
    if not (timeout_ms.isascii() and timeout_ms.isdecimal() and len(timeout_ms) <= _MOST_DIGITS and int(timeout_ms)):
        raise invalid(_HEADER, "is not a whole number of milliseconds above zero, such as 2500")
    return int(timeout_ms) / 1000


def _exceeded() -> CrudError:
    message = (
        "the deadline of the call has passed; a write may have been stored, so read first, "
        "or send it again with the same request id"
    )
    return CrudError(Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED, message)
