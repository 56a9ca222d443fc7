"""How a watch ends, and what watches share."""

import asyncio
from types import SimpleNamespace

import pytest

from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits

NOTES = "collections/notes"


def told(changes):
    return [(each.type.value, each.path.rpartition("/")[2], each.revision) for each in changes]


class TestEnd:
    async def test_a_node_that_stops_says_where_to_resume(self, service, watch, refused):
        each = watch()
        await each.next()
        await service.create("a")
        await each.take(2)
        await service.tail.close()
        with refused(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN) as caught:
            await each.rest()
        assert each.seen[-1].bookmark.revision == 1
        assert caught.value.metadata["resumeToken"] == each.seen[-1].resume_token

    async def test_what_was_committed_before_the_stop_is_told(self, service, watch):
        each = watch()
        await each.next()
        await service.create("a")
        await service.tail.close()
        with pytest.raises(CrudError):
            await each.rest()
        assert each.seen[-1].bookmark.revision == max(
            (event.group.revision for event in each.seen if event.group), default=0
        )

    async def test_a_watch_ends_after_its_time_with_a_bookmark(self, service_of, watch):
        each = watch(service_of(limits=Limits(watch_seconds=0.05, bookmark_seconds=10)))
        await each.next()
        assert [event.bookmark.revision for event in await each.rest()] == [0]

    async def test_silence_is_broken_by_bookmarks(self, service_of, watch):
        service = service_of(limits=Limits(bookmark_seconds=0.02))
        each = watch(service)
        await each.next()
        await service.create("x", parent="collections/other")
        while (event := await each.next()).bookmark.revision < 1:
            pass
        assert event.resume_token

    async def test_nobody_follows_when_all_have_gone(self, service, watch):
        each = watch()
        await each.next()
        assert service.tail.readers == 1
        await each.close()
        assert service.tail.readers == 0
        reads = []

        async def read_log(*arguments):
            reads.append(arguments)
            return ()

        service.store.read_log = read_log
        await service.create("a")
        await asyncio.sleep(0)
        assert reads == []


class TestSharing:
    async def test_watches_that_ask_for_the_same_get_the_same_message(self, service, watch):
        one, two, other = watch(), watch(), watch(include_old=True)
        for each in (one, two, other):
            await each.next()
        await service.create("a")
        await service.create("b")
        for each in (one, two, other):
            await each.take(3)
        assert one.seen[-1] is two.seen[-1]
        assert other.seen[-1] is not one.seen[-1]

    async def test_one_that_lags_behind_misses_nothing(self, service, watch, monkeypatch):
        monkeypatch.setattr("crud_service.logic.changes.log_tail._MOST_GROUPS", 3)
        quick, slow = watch(), watch()
        await quick.next(), await slow.next()
        for number in range(20):
            await service.create(f"r{number}")
            await quick.next_group()
        assert [change.revision for change in (await slow.take(21))[1:]] == list(range(1, 21))

    async def test_trouble_with_the_store_is_told_once_and_waited_for(self, service, watch, monkeypatch):
        monkeypatch.setattr("crud_service.logic.changes.log_tail._RETRY_SECONDS", 0.001)
        each = watch()
        await each.next()
        read, fails = service.store.read_log, SimpleNamespace(left=3)

        async def read_log(*arguments):
            if fails.left:
                fails.left -= 1
                raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the disk is gone")
            return await read(*arguments)

        monkeypatch.setattr(service.store, "read_log", read_log)
        await service.create("a")
        assert len(await each.take(2)) == 2
        assert len(service.troubles) == 1
