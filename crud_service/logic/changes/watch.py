"""Watching the log: each change of a scope as it happens, in order, once between two tokens; or a gap, said aloud."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from time import monotonic as monotonic_clock

from crud_service.logic.changes.cursor import Cursor, Cursors, check_reached, fell_behind, first_cursor
from crud_service.logic.changes.log_group import LogGroup
from crud_service.logic.changes.log_tail import LogTail
from crud_service.logic.changes.view import View, pieces
from crud_service.logic.page_token import PageTokens
from crud_service.logic.reading import Reading
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.query import Position, RecordQuery
from crud_service.model.requests import Bookmark, ChangeGroup, Gap, InitialDone, WatchEvent

_PAGE = 500
# Of the records as they are; smaller than a message may be, so that a reader soon has a place to resume from.
_PAGE_BYTES = 524_288
# A filter that finds little may have to look at all records for its first page; nobody waits for it but this watch.
_PAGE_SECONDS = 60.0


class Watching:
    """Serves WatchRecords."""

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

    async def watch(self, call: Call, request: requests.WatchRecords) -> AsyncIterator[WatchEvent]:
        """The messages of a watch. It ends after `watch_seconds`, and with UNAVAILABLE (`SHUTTING_DOWN`) when the node
        stops, each time behind a bookmark that says where to resume.
        """
        view = View(call, request, self._store, self._reading, self._limits)
        watch = _Watch(view, Cursors(self._tokens, *view.shape.bound), self._store, self._tail, self._limits)
        cursor = await self._begin(request, watch)
        with self._tail.follow():
            try:
                if cursor.initial is not None:
                    async for event in watch.initial(cursor):
                        yield event
                    cursor = Cursor(cursor.revision)
                else:
                    yield watch.bookmark(cursor)
                async for event in watch.changes(cursor, self._monotonic):
                    yield event
            except CrudError as error:
                if error.reason is Reason.HISTORY_GONE:
                    yield WatchEvent(gap=Gap(int(error.metadata["oldestRevision"])))
                raise

    async def _begin(self, request: requests.WatchRecords, watch: "_Watch") -> Cursor:
        if request.send_initial and request.start_revision:
            raise invalid("start_revision", "cannot stand beside send_initial, which starts at the last revision")
        last = await self._store.last_revision()
        if request.resume_token:
            return check_reached(watch.cursors.open(request.resume_token), last)
        if request.send_initial:
            return Cursor(last, initial=("", ""))
        return check_reached(first_cursor(request.start_revision, last), last)


class _Watch:
    """One watch under way."""

    def __init__(self, view: View, cursors: Cursors, store: RecordStore, tail: LogTail, limits: Limits) -> None:
        self.cursors = cursors
        self._view = view
        self._store = store
        self._tail = tail
        self._limits = limits

    def bookmark(self, cursor: Cursor) -> WatchEvent:
        """Tells how far the watch is."""
        return WatchEvent(bookmark=Bookmark(cursor.revision), resume_token=self.cursors.seal(cursor))

    async def initial(self, cursor: Cursor) -> AsyncIterator[WatchEvent]:
        """The records as they were at the cursor's revision, behind the ones that it says were told."""
        scope, revision, after = self._view.shape.scope, cursor.revision, cursor.initial
        more = revision > 0
        while more:
            page = await self._store.list_records(
                RecordQuery(
                    scope.tenant,
                    scope.collection,
                    self._view.where,
                    after=Position((), *after) if after and after[1] else None,
                    limit=_PAGE,
                    weight_limit=_PAGE_BYTES,
                    seconds=_PAGE_SECONDS,
                    at=revision,
                )
            )
            floor = await self._store.log_floor(scope)
            if revision < floor:
                raise fell_behind(floor)
            if page.records:
                last = page.records[-1]
                after = last.collection, last.id
                changes = self._view.initial(await self._view.records(page.records))
                token = self.cursors.seal(Cursor(revision, initial=after))
                yield WatchEvent(group=ChangeGroup(revision, True, tuple(changes)), resume_token=token)
            more = page.more
        yield WatchEvent(initial_done=InitialDone(revision), resume_token=self.cursors.seal(Cursor(revision)))

    async def changes(self, cursor: Cursor, monotonic: Callable[[], float]) -> AsyncIterator[WatchEvent]:
        """What happens behind the cursor, until the watch has lasted long enough or the node stops."""
        scope, silence = self._view.shape.scope, self._limits.bookmark_seconds
        told_at = monotonic()
        until = told_at + self._limits.watch_seconds
        while True:
            groups, upto = await self._tail.read(cursor, scope)
            self._begin(groups, cursor)
            for group in groups:
                for event in await self._events(group, cursor):
                    yield event
                    told_at = monotonic()
                cursor = Cursor(group.revision)
            cursor = max(cursor, Cursor(upto), key=_revision)
            now = monotonic()
            if self._tail.is_closing or now >= until:
                break
            if now - told_at >= silence:
                yield self.bookmark(cursor)
                told_at = now
            if groups:
                await asyncio.sleep(0)  # a reader that is far behind has much to read, and is not the only one
            else:
                await self._tail.wait(cursor.revision, min(told_at + silence, until) - now)
        yield self.bookmark(cursor)
        if self._tail.is_closing:
            raise _stopping(self.cursors.seal(cursor))

    def _begin(self, groups: Sequence[LogGroup], cursor: Cursor) -> None:
        """Begin with the messages about all groups of a turn."""
        for group in groups:
            if cursor.revision < group.revision and group.within(self._view.shape.scope):
                group.begin(self._view.shape, partial(self._tell, group, cursor))

    async def _events(self, group: LogGroup, cursor: Cursor) -> Sequence[WatchEvent]:
        """The messages about a group; watches that ask for the same, and have told none of it, share them."""
        scope = self._view.shape.scope
        if not group.within(scope):
            return ()
        if cursor.revision >= group.revision:
            return await self._tell(group, cursor)
        events: Sequence[WatchEvent] = await group.told(self._view.shape, partial(self._tell, group, cursor))
        return events

    async def _tell(self, group: LogGroup, cursor: Cursor) -> list[WatchEvent]:
        changes = await self._view.see(group, cursor)
        token = self.cursors.seal(Cursor(group.revision))
        return [
            WatchEvent(group=piece, resume_token=token if piece.complete else "")
            for piece in pieces(group.revision, changes, self._limits.page_bytes)
        ]


def _revision(cursor: Cursor) -> int:
    return cursor.revision


def _stopping(token: str) -> CrudError:
    message = "the node stops; resume the watch at another one, or here when it is back"
    return CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, message, metadata={"resumeToken": token})
