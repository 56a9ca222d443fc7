"""What a list of records promises by default: live records by id, paging, tags, the weight of a page."""

import pytest

from crud_service.model.ports.record_store import RecordPage
from crud_service.model.query import And, Expression, Field, Has, Position, RecordQuery
from crud_service.model.record import Record, RecordKey
from crud_service.testing.mutations import create, delete, mutation, record, update
from crud_service.testing.store_contract.store import Store, commit_record, commit_records


class ListContract:
    """Pages of live records."""

    async def test_order_is_by_code_point(self, store: Store) -> None:
        """Records come in the order of their ids, compared by code point."""
        ids = ["b", "a", "a-1", "a.1", "a_1", "a1", "0", "z", "10", "9"]
        await store.commit(mutation(*(create(record(each)) for each in ids)))
        assert _ids(await store.list_records(RecordQuery("", "notes"))) == sorted(ids)

    async def test_empty_and_unknown_collection(self, store: Store) -> None:
        """A collection that is unknown, or whose records are of another tenant, is an empty page."""
        await store.commit(mutation(create(record())))
        assert await store.list_records(RecordQuery("", "other")) == RecordPage((), False)
        assert await store.list_records(RecordQuery("t", "notes")) == RecordPage((), False)

    async def test_deleted_records_are_hidden(self, store: Store) -> None:
        """Deleted records are neither listed nor counted as more, with and without tags."""
        new = await _create(store, "r1", "r2", "r3", "r4")
        await store.commit(mutation(delete(new[1]), delete(new[3])))
        for tags in ((), ("a",), ("a", "b")):
            page = await store.list_records(RecordQuery("", "notes", tagged(*tags), limit=2))
            assert (_ids(page), page.more) == (["r1", "r3"], False)

    @pytest.mark.parametrize("tags", [(), ("a",), ("a", "b")])
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 150])
    async def test_pages_follow_one_another(self, store: Store, limit: int, tags: tuple[str, ...]) -> None:
        """Pages of any size together hold each record once, in order, and only the last one says there is no more."""
        ids = [f"r{number:03d}" for number in range(12)]
        await _create(store, *ids)
        seen: list[str] = []
        more = True
        while more:
            after = Position((), "notes", seen[-1]) if seen else None
            page = await store.list_records(RecordQuery("", "notes", tagged(*tags), after=after, limit=limit))
            assert 0 < len(page.records) <= limit
            seen += _ids(page)
            more = page.more
            assert more == (len(seen) < len(ids))
        assert seen == ids

    async def test_after_need_not_exist(self, store: Store) -> None:
        """A page starts after a given id, whether that one exists or not."""
        await _create(store, "a", "c")
        assert _ids(await store.list_records(RecordQuery("", "notes", after=Position((), "notes", "b")))) == ["c"]
        assert await store.list_records(RecordQuery("", "notes", after=Position((), "notes", "c"))) == RecordPage(
            (), False
        )

    async def test_weight_ends_a_page(self, store: Store) -> None:
        """A page ends before the record that would take it past the weight limit; the next one starts there."""
        new = await _create(store, "r1", "r2", "r3")
        two = new[0].weight + new[1].weight
        page = await store.list_records(RecordQuery("", "notes", weight_limit=two))
        assert (_ids(page), page.more) == (["r1", "r2"], True)
        page = await store.list_records(RecordQuery("", "notes", weight_limit=two - 1))
        assert (_ids(page), page.more) == (["r1"], True)
        page = await store.list_records(RecordQuery("", "notes", weight_limit=two + new[2].weight))
        assert (_ids(page), page.more) == (["r1", "r2", "r3"], False)

    async def test_page_is_never_empty(self, store: Store) -> None:
        """A record heavier than the limit is a page of its own."""
        await _create(store, "r1", "r2")
        page = await store.list_records(RecordQuery("", "notes", weight_limit=1))
        assert (_ids(page), page.more) == (["r1"], True)
        page = await store.list_records(RecordQuery("", "notes", after=Position((), "notes", "r1"), weight_limit=1))
        assert (_ids(page), page.more) == (["r2"], False)

    async def test_tags(self, store: Store) -> None:
        """A record must have all tags asked for, each exactly as it is written."""
        kept = {"r1": ("a",), "r2": ("a", "b"), "r3": ("a", "b", "c"), "r4": ("A", "ab"), "r5": (), "r6": ("b",)}
        await store.commit(mutation(*(create(record(each, tags=tags)) for each, tags in kept.items())))
        for asked in (("a",), ("b",), ("a", "b"), ("c", "b", "a"), ("A",), ("ab",), ("a", "ab"), ("x",), ("a", "a")):
            page = await store.list_records(RecordQuery("", "notes", tagged(*asked)))
            assert _ids(page) == [each for each, tags in kept.items() if set(asked) <= set(tags)]

    async def test_tags_follow_updates(self, store: Store) -> None:
        """The filter sees the tags of the last state: after an update, a deletion and a return."""
        first = await commit_record(store, create(record(tags=("a", "b"))))
        second = await commit_record(store, update(first, tags=("b", "c")))
        assert [await _found(store, tag) for tag in "abc"] == [[], ["r1"], ["r1"]]
        gone = await commit_record(store, delete(second))
        assert [await _found(store, tag) for tag in "abc"] == [[], [], []]
        await store.commit(mutation(update(gone, delete_time=None)))
        assert [await _found(store, tag) for tag in "abc"] == [[], ["r1"], ["r1"]]

    async def test_tags_of_a_failed_mutation(self, store: Store) -> None:
        """A mutation that failed leaves no tag behind."""
        await _create(store, "r1")
        with pytest.raises(Exception, match="revision"):
            await store.commit(mutation(create(record("r2", tags=("x",))), create(record("r1"))))
        assert await _found(store, "x") == []

    @pytest.mark.parametrize("count", [3, 300])
    async def test_get_records(self, store: Store, count: int) -> None:
        """Several records come in the order of the keys: deleted ones too, the same one twice, None for what is not."""
        ids = [f"r{number:03d}" for number in range(count)]
        new = await _create(store, *ids)
        gone = await commit_record(store, delete(new[1]))
        await commit_record(store, create(record("r000", "other")), tenant="t")
        keys = [RecordKey("", "notes", each) for each in reversed(ids)]
        strange = [
            RecordKey("", "notes", "none"),
            RecordKey("t", "notes", "r000"),
            RecordKey("", "other", "r000"),
            keys[0],
        ]
        states = await store.get_records([*keys, *strange])
        assert states == [*reversed([new[0], gone, *new[2:]]), None, None, None, new[-1]]
        assert await store.get_records([]) == []


def tagged(*tags: str) -> Expression | None:
    """The filter for records that have all these tags."""
    terms = tuple(Has(Field("tags"), tag) for tag in tags)
    return And(terms) if len(terms) > 1 else (terms[0] if terms else None)


async def _create(store: Store, *ids: str) -> list[Record]:
    return await commit_records(store, *(create(record(each)) for each in ids))


async def _found(store: Store, tag: str) -> list[str]:
    return _ids(await store.list_records(RecordQuery("", "notes", tagged(tag))))


def _ids(page: RecordPage) -> list[str]:
    return [each.id for each in page.records]
