"""The port to what the node itself must not forget. Never visible as a user's collection."""

from collections.abc import Callable
from typing import Protocol

TIMELINE = "timeline"
"""The value that tells a store from what it was before it was restored from a backup, made anew then."""


class SystemStore(Protocol):
    """Keeps small values of the service itself beside the records, shared by all nodes of one store."""

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """The value kept under `name`. If there is none, keep and return `create()`.

        All callers, on every node and at any time after, get the same value: the first one kept wins.
        """
