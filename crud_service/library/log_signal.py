"""The wake-up of the change log: who waits for the next revision is told when it is committed."""

import asyncio

from crud_service.model.errors import CrudError, Kind, Reason


class LogSignal:
    """The last committed revision, and those who wait for a later one. Belongs to one event loop."""

    def __init__(self, revision: int) -> None:
        self._revision = revision
        self._closed = False
        self._next: asyncio.Future[None] | None = None

    @property
    def revision(self) -> int:
        """The last committed revision."""
        return self._revision

    def committed(self, revision: int) -> None:
        """Tell all who wait that `revision` is the last one now."""
        self._revision = revision
        self._wake()

    def close(self) -> None:
        """End every wait, now and later, with SHUTTING_DOWN."""
        self._closed = True
        self._wake()

    async def wait(self, after: int) -> int:
        """The last revision, as soon as it is greater than `after`."""
        while self._revision <= after:
            if self._closed:
                raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
            if self._next is None:
                self._next = asyncio.get_running_loop().create_future()
            # One who stops waiting must not take the future away from the others.
            await asyncio.shield(self._next)
        return self._revision

    def _wake(self) -> None:
        waiting, self._next = self._next, None
        if waiting is not None:
            waiting.set_result(None)
