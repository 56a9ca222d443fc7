"""What could not be changed, and is left alone for a while before it is tried again."""

from collections.abc import Callable, Collection, Hashable
from typing import NamedTuple

_FIRST_SECONDS = 60.0
_MOST_SECONDS = 3_600.0
_MOST = 1_000


class _Setback(NamedTuple):
    revision: int
    seconds: float
    until: float


class Setbacks:
    """Resources whose change was refused: each waits a minute at first, then twice as long, an hour at most.

    What changes meanwhile has another revision, and waits no more. It remembers the last thousand.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._setbacks: dict[Hashable, _Setback] = {}

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._setbacks)

    @property
    def full(self) -> bool:
        """Whether the next one makes it forget the oldest."""
        return len(self._setbacks) >= _MOST

    def holds(self, key: Hashable, revision: int) -> bool:
        """Whether this state of a resource is to be left alone for now."""
        found = self._setbacks.get(key)
        return found is not None and found.revision == revision and self._monotonic() < found.until

    def add(self, key: Hashable, revision: int) -> bool:
        """Leave this state of a resource alone for a while. Returns whether it is the first time."""
        before = self._setbacks.pop(key, None)
        first = before is None or before.revision != revision
        seconds = _FIRST_SECONDS if before is None or first else min(2 * before.seconds, _MOST_SECONDS)
        if self.full:
            del self._setbacks[next(iter(self._setbacks))]
        self._setbacks[key] = _Setback(revision, seconds, self._monotonic() + seconds)
        return first

    def keep(self, keys: Collection[Hashable]) -> None:
        """Forget all resources but these."""
        self._setbacks = {key: found for key, found in self._setbacks.items() if key in keys}
