"""Listing the log, page by page, and waiting for what comes next: a watch for those who cannot keep a stream open."""

from collections.abc import Callable
from contextlib import nullcontext
from time import monotonic as monotonic_clock

from crud_service.logic.changes.cursor import Cursor, Cursors, check_reached, first_cursor
from crud_service.logic.changes.log_tail import LogTail
from crud_service.logic.changes.view import View, fitting, weight_of
from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import page_size
from crud_service.logic.reading import Reading
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.duration import SECOND
from crud_service.model.errors import Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.requests import ChangeGroup, RecordChange

# What is left of a deadline to send a reply in.
_REPLY_SECONDS = 0.2


class ChangeList:
    """Serves ListChanges."""

    def __init__(
        self,
        store: RecordStore,
        tail: LogTail,
        reading: Reading,
        tokens: PageTokens,
        limits: Limits,
        monotonic: Callable[[], float] = monotonic_clock,
    ) -> None:
        self._store = store
        self._tail = tail
        self._reading = reading
        self._tokens = tokens
        self._limits = limits
        self._monotonic = monotonic

    async def list(self, call: Call, request: requests.ListChanges) -> requests.ListChangesReply:
        """The next changes. With a `wait` it returns as soon as there is one, or without any when the time is over.

        OUT_OF_RANGE (`HISTORY_GONE`) when the log does not go back as far.
        """
        view = View(call, request, self._store, self._reading, self._limits)
        cursors = Cursors(self._tokens, *view.shape.bound)
        page = _Page(page_size(request.page_size, self._limits), self._limits.page_bytes)
        wait = self._wait(call, request)
        cursor = await self._begin(request, cursors)
        with self._tail.follow() if wait else nullcontext():
            cursor, more = await self._gather(view, cursor, page, wait)
        return requests.ListChangesReply(tuple(page.groups), cursors.seal(cursor), more)

    async def _begin(self, request: requests.ListChanges, cursors: Cursors) -> Cursor:
        last = await self._store.last_revision()
        if not request.resume_token:
            return check_reached(first_cursor(request.start_revision, last), last)
        cursor = cursors.open(request.resume_token)
        if cursor.initial is not None:
            what = "belongs to a watch that is still telling the records as they were; go on with that watch"
            raise invalid("resume_token", what, Reason.INVALID_RESUME_TOKEN)
        return check_reached(cursor, last)

    async def _gather(self, view: View, cursor: Cursor, page: "_Page", wait: float) -> tuple[Cursor, bool]:
        """Fill the page; returns where the reader is then, and whether there is more already.

        A filter that finds little is followed no longer than a search, and the caller goes on with the token.
        """
        start = self._monotonic()
        search_until = start + self._limits.query_seconds
        while True:
            groups, upto = await self._tail.read_store(cursor, view.shape.scope)
            for group in groups:
                cursor = page.add(group.revision, await view.see(group, cursor), cursor)
                if page.is_full:
                    return cursor, True
            if not groups:
                cursor = max(cursor, Cursor(upto), key=lambda each: each.revision)
                left = start + wait - self._monotonic()
                if page.groups or left <= 0 or self._tail.is_closing:
                    return cursor, False
                await self._tail.wait(cursor.revision, left)
                # What comes while it waits is searched as long as it would have waited, so that it ends in time.
                search_until = max(search_until, min(self._monotonic() + self._limits.query_seconds, start + wait))
            elif self._monotonic() >= search_until:
                return cursor, True

    def _wait(self, call: Call, request: requests.ListChanges) -> float:
        """How long to wait for a change: as long as the caller asks, and has time for."""
        nanos = request.wait or 0
        if not 0 <= nanos <= self._limits.wait_seconds * SECOND:
            raise invalid("wait", f"is not between 0s and {self._limits.wait_seconds:g}s")
        wait = nanos / SECOND
        if call.deadline is None:
            return wait
        return max(0.0, min(wait, call.deadline - self._monotonic() - _REPLY_SECONDS))


class _Page:
    """The changes of one reply, by mutation."""

    def __init__(self, most_changes: int, most_bytes: int) -> None:
        self._changes = most_changes
        self._bytes = most_bytes
        self.groups: list[ChangeGroup] = []
        self.is_full = False

    def add(self, revision: int, changes: list[RecordChange], cursor: Cursor) -> Cursor:
        """Add as many changes of a mutation as there is room for, and return the cursor behind them."""
        if not changes:
            return Cursor(revision)
        count = min(self._changes, fitting(changes, self._bytes) if self._fits(changes[0]) else 0)
        complete = count == len(changes)
        if count:
            self.groups.append(ChangeGroup(revision, complete, tuple(changes[:count])))
            self._changes -= count
            self._bytes -= sum(map(weight_of, changes[:count]))
        self.is_full = not complete or not self._changes or self._bytes <= 0
        if complete:
            return Cursor(revision)
        return Cursor(revision, changes[count - 1].ordinal) if count else cursor

    def _fits(self, change: RecordChange) -> bool:
        """Whether there is room for the change; the first one of a page always has it."""
        return not self.groups or weight_of(change) <= self._bytes
