"""The settings of a collection: etags required, retention, declared indexes."""

import pytest

from crud_service.model import requests
from crud_service.model.duration import MAX_SECONDS, SECOND
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import FieldIndex
from crud_service.model.requests import FieldIndexDraft

PATH = "collections/notes"


def indexes(*fields: str) -> tuple[FieldIndexDraft, ...]:
    return tuple(FieldIndexDraft(field) for field in fields)


async def test_settings_are_stored(service) -> None:
    """A collection keeps its settings; an index of a new collection is ready at once, for there is nothing to enter."""
    made = await service.create_collection(
        require_etag=True, retention=90 * SECOND, indexes=indexes("content.price", "name", "content.`two words`")
    )
    assert (made.require_etag, made.retention) == (True, 90 * SECOND)
    expected = ("content.`two words`", "content.price", "name")
    assert made.indexes == tuple(FieldIndex(field, ready=True) for field in expected)
    assert await service.get_collection() == made
    assert service.collections_changed == 0


async def test_the_defaults(service) -> None:
    """Without settings no etag is required, deleted records stay for good, nothing is indexed beside the rule, and
    history is kept as long as the node says.
    """
    made = await service.create_collection()
    assert (made.require_etag, made.retention, made.indexes) == (False, None, ())
    assert (made.history_age, made.history_entries) == (None, 0)


async def test_history_is_a_setting(service) -> None:
    """A collection says how much history it keeps; maintenance hears of a change, which may let some go."""
    made = await service.create_collection(history_age=7 * SECOND, history_entries=100)
    assert (made.history_age, made.history_entries) == (7 * SECOND, 100)
    assert service.collections_changed == 0
    after = await service.update_collection(history_age=0)
    assert (after.history_age, after.history_entries) == (0, 100)
    assert service.collections_changed == 1
    after = await service.update_collection(mask=("history_age", "history_entries"))
    assert (after.history_age, after.history_entries) == (None, 0)
    assert service.collections_changed == 2
    assert (await service.update_collection(history_entries=5)).history_entries == 5
    assert (await service.update_collection(history_age=None, mask=("*",))).history_entries == 0


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"history_age": -1}, "collection.history_age"),
        ({"history_age": MAX_SECONDS * SECOND + 1}, "collection.history_age"),
        ({"history_entries": -1}, "collection.history_entries"),
    ],
)
async def test_bad_history(service, refused, fields, place) -> None:
    """History has an age that is a duration, and a number of entries that is not negative."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, place):
        await service.create_collection(**fields)
    await service.create_collection(history_age=MAX_SECONDS * SECOND, history_entries=2**63 - 1)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, place):
        await service.update_collection(**fields)


async def test_a_new_index_is_built_first(service) -> None:
    """An index declared later is to be built, and maintenance hears of it; one that stays declared stays ready."""
    await service.create_collection(indexes=indexes("name"))
    after = await service.update_collection(indexes=indexes("name", "content.a"))
    assert after.indexes == (FieldIndex("content.a"), FieldIndex("name", ready=True))
    assert [index.state for index in after.indexes] == ["BUILDING", "READY"]
    assert service.collections_changed == 1
    again = await service.update_collection(indexes=indexes("content.a"))
    assert again.indexes == (FieldIndex("content.a"),)


async def test_an_index_declared_again_is_built_again(service) -> None:
    """An index that was dropped is not ready when it comes back."""
    await service.create_collection(indexes=indexes("name"))
    await service.update_collection(indexes=())
    assert (await service.update_collection(indexes=indexes("name"))).indexes == (FieldIndex("name"),)


async def test_other_changes_leave_settings_alone(service) -> None:
    """A change of the name keeps the settings, and wakes nobody."""
    before = await service.create_collection(require_etag=True, retention=1, indexes=indexes("name"))
    after = await service.update_collection(name="x")
    assert (after.require_etag, after.retention, after.indexes) == (True, 1, before.indexes)
    assert service.collections_changed == 0


@pytest.mark.parametrize(
    ("mask", "fields", "expected"),
    [
        (("require_etag",), {}, (False, 5, True)),
        (("retention",), {"require_etag": False}, (True, None, True)),
        (("indexes",), {}, (True, 5, False)),
        (("retention", "require_etag"), {"retention": 0}, (False, 0, True)),
        (("*",), {}, (False, None, False)),
        (None, {"retention": None}, (True, None, True)),
        (None, {"retention": 7, "require_etag": False}, (False, 7, True)),
    ],
)
async def test_masks_of_settings(service, mask, fields, expected) -> None:
    """A mask chooses settings as it does other fields; one that is absent gets its empty value."""
    await service.create_collection(require_etag=True, retention=5, indexes=indexes("name"))
    after = await service.update_collection(mask=mask, **fields)
    assert (after.require_etag, after.retention, bool(after.indexes)) == expected


@pytest.mark.parametrize("retention", [-1, -5 * SECOND, MAX_SECONDS * SECOND + 1])
async def test_bad_retention(service, refused, retention) -> None:
    """A retention is not negative and no longer than a duration can be."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.retention"):
        await service.create_collection(retention=retention)
    await service.create_collection(retention=MAX_SECONDS * SECOND)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.retention"):
        await service.update_collection(retention=retention)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (("",), "collection.indexes[0].field"),
        (("name", "nonsense"), "collection.indexes[1].field"),
        (("content",), "collection.indexes[0].field"),
        (("tags",), "collection.indexes[0].field"),
        (("id",), "collection.indexes[0].field"),
        (("etag",), "collection.indexes[0].field"),
        (("content.a", "name", "content.a"), "collection.indexes[2].field"),
        (("content.a", "content.`a`"), "collection.indexes[1].field"),
        (("\ud800",), "collection.indexes[0].field"),
        (tuple(f"content.k{number}" for number in range(17)), "collection.indexes"),
    ],
)
async def test_bad_indexes(service, store, refused, fields, place) -> None:
    """A field that cannot be indexed, one named twice and one index too many are refused by their place."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, place) as caught:
        await service.create_collection(indexes=indexes(*fields))
    assert caught.value.message.encode()
    assert await store.last_revision() == 0
    await service.create_collection()
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, place):
        await service.update_collection(indexes=indexes(*fields))


async def test_as_many_indexes_as_allowed(service_of, refused) -> None:
    """The limit of indexes is a setting."""
    service = service_of(limits=Limits(collection_indexes=2))
    assert len((await service.create_collection(indexes=indexes("name", "content.a"))).indexes) == 2
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.indexes"):
        await service.update_collection(indexes=indexes("name", "content.a", "content.b"))


async def test_unknown_mask_names_what_there_is(service, refused) -> None:
    """The answer to a bad mask lists the fields that may be changed, and stays short."""
    await service.create_collection()
    for path in ("create_time", "indexes.field", "x" * 100_000, "\ud800"):
        request = requests.UpdateCollection(requests.CollectionDraft(path=PATH), (path,))
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask") as caught:
            await service.do(request)
        assert "retention, indexes, history_age, history_entries or '*'" in caught.value.message
        assert len(caught.value.message.encode()) < 300
