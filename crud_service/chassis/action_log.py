"""The action log: one line for each call. It never holds content, tokens or addresses of stores.

Under load the lines of calls that went well are sampled, so that the log does not cost what the calls need; how many
were left out is a line as well. What failed or took long always has its line.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec

from crud_service.model.call import Call, Handler
from crud_service.model.errors import CrudError
from crud_service.model.timestamp import now

# A path that can be right is shorter; a wrong one may be as long as a request.
_MOST_CHARS = 512
_WINDOW_SECONDS = 1.0


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


class LeftOutLine(msgspec.Struct, gc=False):
    """How many calls that went well have no line, since the line of this kind before."""

    time: str
    level: str
    event: str
    calls: int


class Sampling(msgspec.Struct, frozen=True):
    """Which calls that went well have a line."""

    first: int = 100
    """So many of each second, before any is left out."""
    share: float = 0.01
    """The share of those that come after them."""
    slow_seconds: float = 1.0
    """What takes longer always has one."""


class ActionLog:
    """Middleware that hands one line to `emit` when a call has ended. `clock` counts seconds."""

    def __init__(
        self,
        emit: Callable[[ActionLine | LeftOutLine], None],
        sampling: Sampling | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._emit = emit
        self._sampling = sampling or Sampling()
        self._every = round(1 / self._sampling.share) if self._sampling.share > 0 else 0
        self._clock = clock
        self._until = 0.0
        self._seen = 0
        self._left_out = 0
        self._timer: asyncio.TimerHandle | None = None
        self.level = "info"
        """`info` samples, `debug` has a line for every call, any other level for none."""

    def __call__(self, handler: Handler) -> Handler:
        """`handler`, the calls of which have their lines."""
        emit, clock = self._emit, self._clock

        async def logged(call: Call, request: Any) -> Any:
            if self.level not in ("info", "debug"):
                return await handler(call, request)
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
                end = clock()
                if outcome != "OK" or end - start > self._sampling.slow_seconds or self._is_taken(end):
                    emit(_line(call, outcome, reason, end - start))

        return logged

    def close(self) -> None:
        """Say what was left out and is not said yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._tell_left_out()

    def _is_taken(self, end: float) -> bool:
        """Whether a call that went well, and has just ended, has its line."""
        if end >= self._until:
            self._until, self._seen = end + _WINDOW_SECONDS, 0
        self._seen += 1
        over = self._seen - self._sampling.first
        if over <= 0 or self.level == "debug" or (self._every and over % self._every == 0):
            return True
        self._left_out += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WINDOW_SECONDS, self._tell_left_out)
        return False

    def _tell_left_out(self) -> None:
        calls, self._left_out, self._timer = self._left_out, 0, None
        self._emit(LeftOutLine(_now(), "info", "calls left out", calls))


def _line(call: Call, outcome: str, reason: str, seconds: float) -> ActionLine:
    return ActionLine(
        _now(),
        "info",
        "call",
        call.operation,
        call.transport,
        outcome,
        round(seconds * 1000, 3),
        call.principal,
        reason,
        call.resource[:_MOST_CHARS],
        call.call_id,
        call.trace_id,
    )


def _now() -> str:
    return f"{now()[:23]}Z"
