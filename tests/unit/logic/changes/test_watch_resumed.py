"""A watch goes on where a token says, begins with the records as they are, and says a gap aloud."""

import pytest

from crud_service.model.errors import Kind, Reason
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey

NOTES = "collections/notes"


def told(changes):
    return [(each.type.value, each.path.rpartition("/")[2], each.revision) for each in changes]


class TestResume:
    async def test_goes_on_right_behind_a_token(self, service, watch):
        first = watch()
        await first.next()
        for name in "abc":
            await service.create(name)
        await first.take(2)
        token = first.token
        await first.close()
        again = watch(resume_token=token)
        assert (await again.next()).bookmark.revision == 1
        assert told(await again.take(2)) == [("CREATED", "b", 2), ("CREATED", "c", 3)]

    async def test_from_a_revision(self, service, watch):
        for name in "abc":
            await service.create(name)
        each = watch(start_revision=2)
        assert (await each.next()).bookmark.revision == 1
        assert told(await each.take(2)) == [("CREATED", "b", 2), ("CREATED", "c", 3)]
        await each.close()
        assert len(await watch(start_revision=1).take(4)) == 4

    @pytest.mark.parametrize("change", [{"filter": "name:x"}, {"parent": "collections/-"}, {"principal": "bob"}])
    async def test_a_token_belongs_to_its_reader(self, service, watch, refused, change):
        await service.create("a")
        first = watch()
        await first.next()
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_RESUME_TOKEN, "resume_token"):
            await watch(resume_token=first.token, **change).next()

    async def test_a_page_token_is_no_resume_token(self, service, watch, refused):
        await service.create("a")
        await service.create("b")
        page = await service.list(page_size=1)
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_RESUME_TOKEN, "resume_token"):
            await watch(resume_token=page.next_page_token).next()

    async def test_a_reader_ahead_of_the_log_is_told(self, watch, refused):
        with refused(Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED):
            await watch(start_revision=5).next()

    async def test_a_negative_revision_is_refused(self, watch, refused):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "start_revision"):
            await watch(start_revision=-1).next()

    async def test_a_gap_is_said_aloud(self, service, watch, refused):
        await service.create("a")
        for name in "bcd":
            await service.update(f"{NOTES}/records/a", name=name)
        rule = HistoryRule("9999-01-01T00:00:00.000000000Z", 0, "9999-01-01T00:00:00.000000000Z")
        done = await service.store.compact_log(CollectionKey("", "notes"), rule, 100)
        assert done.floor == 4
        for parent in (NOTES, "collections/-"):
            each = watch(parent=parent, start_revision=2)
            with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
                await each.rest()
            assert [event.gap.oldest_revision for event in each.seen if event.gap] == [5]
            assert not each.seen[-1].resume_token

    async def test_other_collections_have_their_own_floor(self, service, watch):
        await service.create("a")
        await service.create("x", parent="collections/other")
        rule = HistoryRule("9999-01-01T00:00:00.000000000Z", 0, "9999-01-01T00:00:00.000000000Z")
        await service.store.compact_log(CollectionKey("", "notes"), rule, 100)
        assert len(await watch(parent="collections/other", start_revision=1).take(2)) == 2


class TestBookmarks:
    """What a bookmark says is told, whatever is committed or compacted while the log is read."""

    async def test_a_commit_while_the_log_is_read_is_told(self, service, watch, monkeypatch):
        await service.create("x", parent="collections/other")
        read = service.store.read_log

        async def read_log(*arguments):
            found = await read(*arguments)
            monkeypatch.setattr(service.store, "read_log", read)
            await service.create("a")
            return found

        monkeypatch.setattr(service.store, "read_log", read_log)
        each = watch(start_revision=1)
        assert told(await each.take(2))[1] == ("CREATED", "a", 2)

    async def test_a_compaction_while_the_log_is_read_is_a_gap(self, service, watch, monkeypatch, refused):
        await service.create("a")
        await service.update(f"{NOTES}/records/a", name="two")
        read = service.store.read_log

        async def read_log(*arguments):
            rule = HistoryRule("9999-01-01T00:00:00.000000000Z", 0, "9999-01-01T00:00:00.000000000Z")
            await service.store.compact_log(CollectionKey("", "notes"), rule, 100)
            return await read(*arguments)

        monkeypatch.setattr(service.store, "read_log", read_log)
        each = watch(start_revision=1)
        with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
            await each.rest()
        assert [event.group for event in each.seen] == [None, None]


class TestInitial:
    async def test_the_records_come_first_and_then_what_changed(self, service, watch):
        for name in "abc":
            await service.create(name)
        await service.delete(f"{NOTES}/records/b")
        each = watch(send_initial=True)
        first = await each.next_group()
        assert told(first.changes) == [("INITIAL", "a", 1), ("INITIAL", "c", 3)]
        assert (await each.next()).initial_done.revision == 4
        await service.update(f"{NOTES}/records/a", name="new")
        assert told(await each.take(1)) == [("UPDATED", "a", 5)]

    async def test_an_empty_collection_is_done_at_once(self, watch):
        assert (await watch(send_initial=True).next()).initial_done.revision == 0

    async def test_shows_one_revision_whatever_is_written_meanwhile(self, service, watch, monkeypatch):
        monkeypatch.setattr("crud_service.logic.changes.watch._PAGE", 2)
        for name in "abcdef":
            await service.create(name)
        each = watch(send_initial=True)
        await each.next()
        await service.delete(f"{NOTES}/records/e")
        await service.create("d2")
        assert [change.path[-1] for change in await each.take(4)] == list("cdef")
        assert (await each.next()).initial_done.revision == 6
        assert told(await each.take(2)) == [("DELETED", "e", 7), ("CREATED", "d2", 8)]

    async def test_is_resumed_in_the_middle(self, service, watch, monkeypatch):
        monkeypatch.setattr("crud_service.logic.changes.watch._PAGE", 2)
        for name in "abcde":
            await service.create(name)
        each = watch(send_initial=True)
        await each.next()
        token = each.token
        await each.close()
        await service.delete(f"{NOTES}/records/d")
        again = watch(send_initial=True, resume_token=token)
        assert [change.path[-1] for change in await again.take(3)] == list("cde")
        assert (await again.next()).initial_done.revision == 5
        assert told(await again.take(1)) == [("DELETED", "d", 6)]

    async def test_not_together_with_a_revision(self, watch, refused):
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "start_revision"):
            await watch(send_initial=True, start_revision=1).next()
