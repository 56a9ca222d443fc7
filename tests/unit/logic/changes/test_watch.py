"""A watch tells every change of its scope once, in order, and where it can be resumed."""

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.limits import Limits
from crud_service.model.requests import ChangeType

NOTES = "collections/notes"


def told(changes):
    return [(each.type.value, each.path.rpartition("/")[2], each.revision) for each in changes]


class TestFromNowOn:
    async def test_the_first_message_says_where_the_log_is(self, service, watch):
        await service.create("a")
        event = await watch().next()
        assert (event.bookmark.revision, event.group) == (1, None)
        assert event.resume_token

    async def test_what_was_written_before_is_not_told(self, service, watch):
        await service.create("a")
        each = watch()
        await each.next()
        await service.create("b")
        group = await each.next_group()
        assert told(group.changes) == [("CREATED", "b", 2)]
        assert (group.revision, group.complete) == (2, True)

    async def test_every_kind_of_change_has_its_type(self, service, watch):
        each = watch()
        await each.next()
        await service.create("a", name="one")
        await service.update(f"{NOTES}/records/a", name="two")
        await service.delete(f"{NOTES}/records/a")
        await service.undelete(f"{NOTES}/records/a")
        await service.delete(f"{NOTES}/records/a")
        await service.purge(f"{NOTES}/records/a")
        await service.update_collection(description="of notes")
        await service.delete_collection()
        changes = await each.take(9)
        assert [change.type.value for change in changes] == [
            "COLLECTION_CREATED",
            "CREATED",
            "UPDATED",
            "DELETED",
            "UNDELETED",
            "DELETED",
            "PURGED",
            "COLLECTION_UPDATED",
            "COLLECTION_DELETED",
        ]
        assert changes[0].collection.id == "notes"
        assert changes[0].path == NOTES
        assert changes[5].record is not None
        assert changes[8].collection.description == "of notes"

    async def test_an_entry_says_who_why_and_under_which_ids(self, service, watch, new_call):
        each = watch()
        await each.next()
        request = requests.CreateRecord(NOTES, requests.RecordDraft(), "a", "once")
        await service.do(request, new_call(reason="a test", principal="bob", call_id="c9", trace_id="t9"))
        change = (await each.take(2))[1]
        facts = (change.actor, change.reason, change.request_id, change.call_id, change.trace_id, change.code_version)
        assert facts == ("bob", "a test", "once", "c9", "t9", "1.2.3+abc")
        assert (change.ordinal, change.version, change.time) == (1, 1, change.record.create_time)

    async def test_changes_of_one_mutation_come_together(self, service, watch):
        each = watch()
        await each.next()
        items = tuple(requests.CreateRecord(record_id=f"r{number}") for number in range(5))
        await service.do(requests.BatchCreateRecords(NOTES, items))
        group = await each.next_group()
        assert [change.ordinal for change in group.changes] == list(range(6))
        assert group.complete

    async def test_other_collections_are_not_told(self, service, watch):
        each, of_all = watch(), watch(parent="collections/-")
        await each.next(), await of_all.next()
        await service.create("x", parent="collections/other")
        await service.create("a")
        assert told(await each.take(2))[1] == ("CREATED", "a", 2)
        assert [change.path for change in await of_all.take(4)] == [
            "collections/other",
            "collections/other/records/x",
            NOTES,
            f"{NOTES}/records/a",
        ]

    async def test_a_collection_may_come_into_being_later(self, service, watch):
        each = watch(parent="collections/later")
        await each.next()
        await service.create("a", parent="collections/later")
        assert [change.type for change in await each.take(2)] == [ChangeType.COLLECTION_CREATED, ChangeType.CREATED]


class TestFilter:
    async def test_records_enter_and_leave(self, service, watch):
        each = watch(filter='content.state = "open"')
        await each.next()
        await service.create("a", content={"state": "open"})
        await service.create("b", content={"state": "shut"})
        await service.update(f"{NOTES}/records/a", content={"state": "shut"})
        await service.update(f"{NOTES}/records/b", content={"state": "open"})
        await service.update(f"{NOTES}/records/b", name="still")
        await service.delete(f"{NOTES}/records/a")
        await service.delete(f"{NOTES}/records/b")
        await service.undelete(f"{NOTES}/records/b")
        changes = await each.take(6)
        assert told(changes) == [
            ("CREATED", "a", 1),
            ("LEFT", "a", 3),
            ("ENTERED", "b", 4),
            ("UPDATED", "b", 5),
            ("DELETED", "b", 7),
            ("UNDELETED", "b", 8),
        ]

    async def test_a_purge_and_a_deleted_collection_are_always_told(self, service, watch):
        await service.create("a", name="other")
        await service.delete(f"{NOTES}/records/a")
        each = watch(filter="name = mine")
        await each.next()
        await service.update_collection(name="x")
        await service.purge(f"{NOTES}/records/a")
        await service.delete_collection()
        assert [change.type.value for change in await each.take(2)] == ["PURGED", "COLLECTION_DELETED"]

    async def test_what_was_erased_is_not_told_to_a_filter(self, service, watch):
        await service.create("a", name="mine")
        await service.delete(f"{NOTES}/records/a")
        await service.purge(f"{NOTES}/records/a")
        each = watch(filter="name = mine", start_revision=1)
        assert told(await each.take(1)) == [("PURGED", "a", 3)]

    async def test_without_a_filter_what_was_erased_keeps_its_place(self, service, watch):
        await service.create("a", name="mine")
        await service.delete(f"{NOTES}/records/a")
        await service.purge(f"{NOTES}/records/a")
        changes = (await watch(start_revision=1).take(4))[1:]
        assert told(changes) == [("CREATED", "a", 1), ("DELETED", "a", 2), ("PURGED", "a", 3)]
        assert {change.record.name for change in changes} == {""}


class TestStates:
    async def test_old_states_come_on_demand(self, service, watch):
        await service.create("a", name="one")
        each, plain = watch(include_old=True), watch()
        await each.next(), await plain.next()
        await service.update(f"{NOTES}/records/a", name="two")
        change = (await each.take(1))[0]
        assert (change.old_record.name, change.record.name) == ("one", "two")
        assert (await plain.take(1))[0].old_record is None

    async def test_a_mask_prunes_contents(self, service, watch):
        each = watch(read_mask=("name", "content.a"))
        await each.next()
        await service.create("a", content={"a": 1, "b": 2})
        assert (await each.take(2))[1].record.content == '{"a":1}'

    async def test_a_large_mutation_comes_in_pieces(self, service_of, watch):
        service = service_of(limits=Limits(page_bytes=20_000))
        each = watch(service)
        await each.next()
        items = tuple(
            requests.CreateRecord(record=requests.RecordDraft(content={"t": "x" * 3_000}), record_id=f"r{number}")
            for number in range(9)
        )
        await service.do(requests.BatchCreateRecords(NOTES, items, read_mask=("id",)))
        groups = [await each.next_group()]
        while not groups[-1].complete:
            groups.append(await each.next_group())
        assert len(groups) > 2
        assert {group.revision for group in groups} == {1}
        assert [change.ordinal for group in groups for change in group.changes] == list(range(10))
        tokens = [event.resume_token for event in each.seen if event.group]
        assert [bool(token) for token in tokens] == [False] * (len(groups) - 1) + [True]


async def test_the_kinds_of_the_log_all_have_a_type():
    from crud_service.logic.changes.entries import TYPES

    assert set(TYPES) == set(ChangeKind)
