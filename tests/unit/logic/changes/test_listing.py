"""A list of changes goes through the log page by page, cuts no change in two, and waits when asked to."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from crud_service.logic.changes import ChangeList
from crud_service.logic.changes.log_group import grouped
from crud_service.logic.changes.log_tail import Turn
from crud_service.model import requests
from crud_service.model.duration import SECOND
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey

NOTES = "collections/notes"
ALWAYS = HistoryRule("9999-01-01T00:00:00.000000000Z", 0, "9999-01-01T00:00:00.000000000Z")


def places(reply):
    return [(change.revision, change.ordinal) for group in reply.groups for change in group.changes]


@pytest.fixture
def changes(service):
    """Lists changes of `collections/notes`."""

    async def read(over=None, **fields):
        return await (over or service).do(requests.ListChanges(**{"parent": NOTES} | fields))

    return read


async def until_followed(service):
    async with asyncio.timeout(5):
        while not service.tail.readers:  # noqa: ASYNC110 - it passes on its own turn
            await asyncio.sleep(0)


async def batch(service, count, **fields):
    items = tuple(
        requests.CreateRecord(record=requests.RecordDraft(**fields), record_id=f"r{number}") for number in range(count)
    )
    await service.do(requests.BatchCreateRecords(NOTES, items, read_mask=("id",)))


class TestPages:
    async def test_the_log_from_its_beginning(self, service, changes):
        for name in "abc":
            await service.create(name)
        reply = await changes(start_revision=1)
        assert places(reply) == [(1, 0), (1, 1), (2, 0), (3, 0)]
        assert [group.complete for group in reply.groups] == [True] * 3
        assert not reply.more

    async def test_from_now_on_there_is_nothing_yet(self, service, changes):
        await service.create("a")
        reply = await changes()
        assert (reply.groups, reply.more) == ((), False)
        await service.create("b")
        assert places(await changes(resume_token=reply.resume_token)) == [(2, 0)]

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
    async def test_pages_of_any_size_make_up_the_log(self, service, changes, size):
        await batch(service, 5)
        await service.create("a")
        replies = [await changes(start_revision=1, page_size=size)]
        while replies[-1].more:
            replies.append(await changes(resume_token=replies[-1].resume_token, page_size=size))
        assert all(len(places(reply)) <= size for reply in replies)
        found = [place for reply in replies for place in places(reply)]
        assert found == [(1, each) for each in range(6)] + [(2, 0)]

    async def test_a_page_that_weighs_enough_ends(self, service_of, changes):
        service = service_of(limits=Limits(page_bytes=20_000))
        await batch(service, 9, content={"t": "x" * 3_000})
        reply = await changes(service, start_revision=1)
        assert 0 < len(places(reply)) < 10
        assert (reply.groups[-1].complete, reply.more) == (False, True)
        found, token = places(reply), reply.resume_token
        while reply.more:
            reply = await changes(service, resume_token=token)
            token = reply.resume_token
            found += places(reply)
        assert found == [(1, each) for each in range(10)]

    async def test_a_change_heavier_than_a_page_comes_alone(self, service_of, changes):
        service = service_of(limits=Limits(page_bytes=1_000))
        for name in "ab":
            await service.create(name, content={"t": "x" * 3_000})
        assert places(await changes(service, start_revision=2)) == [(2, 0)]

    async def test_a_negative_page_size_is_refused(self, changes, refused):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_SIZE, "page_size"):
            await changes(page_size=-1)

    async def test_a_filter_and_old_states(self, service, changes):
        await service.create("a", name="mine")
        await service.create("b", name="other")
        await service.update(f"{NOTES}/records/a", name="other")
        reply = await changes(start_revision=1, filter="name = mine", include_old=True)
        found = [change for group in reply.groups for change in group.changes]
        assert [(change.type.value, change.old_record and change.old_record.name) for change in found] == [
            ("CREATED", None),
            ("LEFT", "mine"),
        ]

    async def test_a_search_that_finds_nothing_goes_on_with_its_token(self, service_of, changes, monkeypatch):
        monkeypatch.setattr("crud_service.logic.changes.log_tail._READ_ENTRIES", 2)
        service = service_of(limits=Limits(query_seconds=0.0))
        for number in range(9):
            await service.create(f"r{number}")
        reply = await changes(service, start_revision=1, filter="name = nobody")
        assert (reply.groups, reply.more) == ((), True)
        turns = 1
        while reply.more:
            reply = await changes(service, resume_token=reply.resume_token, filter="name = nobody")
            turns += 1
        assert turns > 3
        assert reply.resume_token


class TestGone:
    async def test_what_was_compacted_is_a_gap(self, service, changes, refused):
        await service.create("a")
        before = await changes(start_revision=1)
        for name in "bcd":
            await service.update(f"{NOTES}/records/a", name=name)
        await service.store.compact_log(CollectionKey("", "notes"), ALWAYS, 100)
        for place in ({"start_revision": 1}, {"resume_token": before.resume_token}):
            with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE) as caught:
                await changes(**place)
            assert caught.value.metadata["oldestRevision"] == "5"
        assert (await changes(start_revision=5)).groups == ()

    async def test_a_token_of_the_initial_records_is_refused(self, service, watch, changes, refused):
        await service.create("a")
        each = watch(send_initial=True)
        await each.next()
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_RESUME_TOKEN, "resume_token"):
            await changes(resume_token=each.token)

    async def test_the_tokens_of_a_watch_are_good(self, service, watch, changes):
        each = watch()
        await each.next()
        await service.create("a")
        assert places(await changes(resume_token=each.token)) == [(1, 0), (1, 1)]

    async def test_a_watch_goes_on_where_a_page_ended_within_a_mutation(self, service, watch, changes):
        await batch(service, 5)
        reply = await changes(start_revision=1, page_size=3)
        assert reply.groups[-1].complete is False
        told = await watch(resume_token=reply.resume_token).take(3)
        assert [(change.revision, change.ordinal) for change in told] == [(1, 3), (1, 4), (1, 5)]


class TestWait:
    async def test_returns_as_soon_as_there_is_a_change(self, service, changes):
        waiting = asyncio.create_task(changes(wait=20 * SECOND))
        await until_followed(service)
        await service.create("x", parent="collections/other")
        await service.create("a")
        reply = await asyncio.wait_for(waiting, 5)
        assert places(reply) == [(2, 0), (2, 1)]
        assert service.tail.readers == 0

    async def test_returns_empty_when_the_time_is_over(self, service, changes):
        await service.create("a")
        reply = await changes(wait=SECOND // 100)
        assert (reply.groups, reply.more) == ((), False)

    async def test_does_not_wait_longer_than_the_caller(self, service, new_call):
        deadline = time.monotonic() + 0.25
        request = requests.ListChanges(NOTES, wait=20 * SECOND)
        reply = await asyncio.wait_for(service.do(request, new_call(deadline=deadline)), 5)
        assert reply.groups == ()
        assert time.monotonic() < deadline

    async def test_does_not_wait_for_what_is_there(self, service, changes):
        await service.create("a")
        reply = await asyncio.wait_for(changes(start_revision=1, wait=20 * SECOND), 5)
        assert len(places(reply)) == 2

    @pytest.mark.parametrize("wait", [-1, 20 * SECOND + 1])
    async def test_a_wait_out_of_bounds_is_refused(self, changes, refused, wait):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "wait"):
            await changes(wait=wait)

    async def test_ends_when_the_node_stops(self, service, changes):
        waiting = asyncio.create_task(changes(wait=20 * SECOND))
        await until_followed(service)
        await service.tail.close()
        assert (await asyncio.wait_for(waiting, 5)).resume_token

    async def test_ends_in_time_under_a_load_of_what_the_filter_does_not_find(self, service, new_call):
        """Sometimes the reader is at the end of the log, mostly it is not, and nothing is ever for it."""
        await service.create("a")
        clock = SimpleNamespace(now=0.0, turns=0)

        async def read_store(cursor, scope):
            clock.now += 0.1
            clock.turns += 1
            groups = grouped(await service.store.read_mutation(1)) if clock.turns % 19 else []
            return Turn(groups, 1)

        async def wait(after, seconds):
            pass

        parts = service.handlers["ListChanges"].__self__
        tail = SimpleNamespace(read_store=read_store, wait=wait, follow=service.tail.follow, is_closing=False)
        limits = Limits(query_seconds=2.0)
        listing = ChangeList(parts._store, tail, parts._reading, parts._tokens, limits, lambda: clock.now)
        reply = await listing.list(
            new_call(deadline=5.2), requests.ListChanges(NOTES, "name = nobody", wait=20 * SECOND)
        )
        assert reply.groups == ()
        assert clock.now <= 5.2
