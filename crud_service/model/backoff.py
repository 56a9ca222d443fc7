"""How long to pause after a failure, so that those who failed together do not try again together."""

import random

import msgspec

_MOST_DOUBLINGS = 16


class Backoff(msgspec.Struct, frozen=True):
    """Pauses that grow with each failure. Times are in seconds."""

    first: float = 0.05
    """The bound of the first pause; each further failure doubles it."""
    most: float = 2.0
    """The bound that it does not exceed."""
    jitter: float = 1.0
    """The share of a pause that is left to chance: 1 is full jitter; less keeps who tries for ever from a busy loop."""

    def pause(self, failures: int) -> float:
        """The pause after so many failures in a row."""
        bound = min(self.most, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
        return random.uniform(1 - self.jitter, 1) * bound  # noqa: S311 - spreads load, hides nothing
