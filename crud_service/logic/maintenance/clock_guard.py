"""Tells whether the wall clock may be trusted with what it ends: the lives of records."""

from collections.abc import Callable

from crud_service.model.timestamp import Timestamp, to_unix

_MOST_SECONDS = 60.0


class ClockGuard:
    """Compares the wall clock with the monotonic one, which nobody can set.

    `report` is told once when they part, and once when they agree again.
    """

    def __init__(
        self, clock: Callable[[], Timestamp], monotonic: Callable[[], float], report: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._report = report
        self._ahead = self._measure()
        self._agreed = True

    @property
    def agreed(self) -> bool:
        """What `agrees` found the last time; true before the first."""
        return self._agreed

    def agrees(self) -> bool:
        """Whether both clocks have gone the same way, within a minute, since the last look at which they agreed."""
        ahead = self._measure()
        gap = ahead - self._ahead
        agrees = abs(gap) <= _MOST_SECONDS
        if agrees:
            # Small steps, as time servers make them, are followed.
            self._ahead = ahead
        if agrees is not self._agreed:
            self._agreed = agrees
            self._report(
                "the wall clock is right again; records expire and are purged, and history goes"
                if agrees
                else _warning(gap)
            )
        return agrees

    def _measure(self) -> float:
        """How far the wall clock is ahead of the monotonic one, in seconds."""
        seconds, nanos = to_unix(self._clock())
        return seconds + nanos / 1e9 - self._monotonic()


def _warning(gap: float) -> str:
    way = "forward" if gap > 0 else "back"
    return (
        f"the wall clock jumped {way} by {abs(gap):.0f} s, so no record expires, none is purged and no history goes; "
        "set it right, or restart the node if it is right now"
    )
