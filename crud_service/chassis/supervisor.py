"""Looks after work in the background: what ends though it has no end is started again, counted, and told once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from crud_service.model.backoff import Backoff
from crud_service.model.measures import TaskMeasures
from crud_service.model.ports.background import Work

_BACKOFF = Backoff(first=0.2, most=30.0, jitter=0.5)
_STABLE_SECONDS = 60.0
"""What has worked for so long is well again: its next failure is told, and tried again soon."""


class Supervisor:
    """Runs named work. `failed(name, error)` is called when it ends; not again for what goes on ending.

    The error is None for work that has just returned. `clock` counts seconds; `sleep` waits for so many.
    """

    def __init__(
        self,
        failed: Callable[[str, BaseException | None], None],
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._failed = failed
        self._clock = clock
        self._sleep = sleep
        self._kept: dict[str, _Kept] = {}

    @property
    def measures(self) -> tuple[TaskMeasures, ...]:
        """How each piece of work is, by name."""
        return tuple(self._kept[name].measures(self._clock()) for name in sorted(self._kept))

    def run(self, name: str, work: Work) -> "asyncio.Task[None]":
        """Begin work under a name of its own, and keep it going until the task is cancelled: the port `Run`."""
        kept = self._kept[name] = _Kept(name)
        return asyncio.create_task(self._keep(kept, work), name=name)

    async def _keep(self, kept: "_Kept", work: Work) -> None:
        failures = 0
        try:
            while True:
                kept.began, kept.is_running = self._clock(), True
                error = await _end_of(work)
                kept.is_running = False
                failures = 1 if self._clock() - kept.began >= _STABLE_SECONDS else failures + 1
                kept.restarts += 1
                kept.problem = "returned" if error is None else type(error).__name__
                if failures == 1:
                    self._failed(kept.name, error)
                await self._sleep(_BACKOFF.pause(failures))
        finally:
            self._kept.pop(kept.name, None)


async def _end_of(work: Work) -> BaseException | None:
    """Wait for the end of work, and return what it ended with. Being cancelled from outside is no end of its own."""
    try:
        await work()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return error
    except Exception as error:  # noqa: BLE001 - whatever it was, the work is to go on
        return error
    return None


class _Kept:
    """One piece of work."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = 0.0
        self.is_running = False
        self.restarts = 0
        self.problem = ""

    def measures(self, now: float) -> TaskMeasures:
        is_well = self.is_running and now - self.began >= _STABLE_SECONDS
        return TaskMeasures(self.name, self.is_running, self.restarts, "" if is_well else self.problem)
