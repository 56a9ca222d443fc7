"""How late the event loop is: when it is late, every call on it waits."""

import asyncio

from crud_service.model.measures import SECONDS, Distribution


class LoopLag:
    """Looks every `interval` seconds how much later than asked for the event loop calls back.

    A loop that stands still is seen once it goes on again, with all the time it stood.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, interval: float = 0.25) -> None:
        self._loop = loop
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self.seconds = Distribution(SECONDS)
        """How late it was, each time."""
        self.last = 0.0
        """How late it was the last time, in seconds."""
        self._looks, self._late = 0, 0.0

    def start(self) -> None:
        """Look from now on, whatever was looked for until now."""
        self.stop()
        self._expect()

    def stop(self) -> None:
        """Look no more. Stopping twice does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take_mean(self) -> float:
        """How late it was on average since somebody took this the last time, in seconds."""
        looks, late = self._looks, self._late
        self._looks, self._late = 0, 0.0
        return late / looks if looks else 0.0

    def _expect(self) -> None:
        due = self._loop.time() + self._interval
        self._timer = self._loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        # A loop may call a little early, by the resolution of its clock.
        self.last = max(0.0, self._loop.time() - due)
        self._looks += 1
        self._late += self.last
        self.seconds.add(self.last)
        self._expect()
