"""The difference of two states of a record."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from crud_service.logic.content_path import get_value
from crud_service.logic.fields import parse_path
from crud_service.logic.record_diff import differences
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import DiffRecord, FieldChange
from crud_service.model.timestamp import from_unix
from crud_service.testing.mutations import record
from tests.unit.logic.compaction import Compacted, compact
from tests.unit.logic.hooks import Recorder

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"


def with_content(content):
    return record(content=json.dumps(content))


def diff(one, other):
    """The differences of two contents, as (field, old, new)."""
    found = differences(with_content(one), with_content(other))
    return [(change.field, change.old_value, change.new_value) for change in found]


def deep(levels, value):
    """A value below so many keys."""
    for _ in range(levels):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1.0, {"c": 2}]}}, []),
        ({"a": 1}, {"a": 2}, [("content.a", 1, 2)]),
        ({"a": 1}, {"a": True}, [("content.a", 1, True)]),
        ({"a": [1]}, {"a": [True]}, [("content.a", [1], [True])]),
        ({"a": 0}, {"a": "0"}, [("content.a", 0, "0")]),
        ({}, {"a": None}, [("content.a", UNSET, None)]),
        ({"a": None}, {"a": None}, []),
        ({"a": None}, {"a": 1}, [("content.a", None, 1)]),
        ({"a": None}, {}, [("content.a", None, UNSET)]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("content.a", 1, 2), ("content.b", 1, 2)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [("content.a.c", 2, 3)]),
        ({"a": {"b": 1}}, {"a": {}}, [("content.a.b", 1, UNSET)]),
        ({"a": {"b": 1}}, {}, [("content.a", {"b": 1}, UNSET)]),
        ({"a": {}}, {}, [("content.a", {}, UNSET)]),
        ({"a": {"b": 1}}, {"a": [1]}, [("content.a", {"b": 1}, [1])]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("content.a", [1, 2], [1, 3])]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("content.a", [{"b": 1}], [{"b": 2}])]),
        ({"two words": 1}, {"two words": 2}, [("content.`two words`", 1, 2)]),
        ({"a.b": 1}, {"a.b": 2}, [("content.`a.b`", 1, 2)]),
        ({"ü": {"-": 1}}, {"ü": {"-": 2}}, [("content.ü.-", 1, 2)]),
        ({"a": {"`": 1, "b": 1}}, {"a": {"`": 2, "b": 2}}, [("content.a", {"`": 1, "b": 1}, {"`": 2, "b": 2})]),
        ({"a": {"`": 1, "b": 1}}, {"a": {"`": 1, "b": 2}}, [("content.a.b", 1, 2)]),
        ({"": 1}, {}, [("content", {"": 1}, {})]),
        ({"x" * 129: 1}, {}, [("content", {"x" * 129: 1}, {})]),
        (deep(8, 1), deep(8, 2), [("content.k.k.k.k.k.k.k.k", 1, 2)]),
        (deep(9, 1), deep(9, 2), [("content.k.k.k.k.k.k.k.k", {"k": 1}, {"k": 2})]),
    ],
)
def test_contents(one, other, expected) -> None:
    """Objects differ key by key, all else as a whole; missing is not null, 1 is 1.0 and no boolean."""
    assert diff(one, other) == expected
    assert diff(other, one) == [(field, new, old) for field, old, new in expected]


def objects(values):
    """Objects with keys of any kind."""
    return st.dictionaries(st.sampled_from(["a", "b", "two words", "`", "", "ü", "k" * 129]), values, max_size=3)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", 0.5]),
    lambda inner: st.lists(inner, max_size=3) | objects(inner),
    max_leaves=8,
)


@given(one=objects(VALUES), other=objects(VALUES))
def test_a_difference_is_a_patch(one, other) -> None:
    """Each field is a path that a mask may have; with the new values put there, the one content is the other."""
    found = diff(one, other)
    assert [field for field, _, _ in found] == sorted({field for field, _, _ in found})
    patched = {"content": copy.deepcopy(one)}
    for field, old, new in found:
        path = parse_path(field)
        assert str(path) == field
        *way, last = ("content", *path.keys)
        place = get_value(patched, tuple(way))
        assert place.get(last, UNSET) == old
        if new is UNSET:
            del place[last]
        else:
            place[last] = new
    assert diff(patched["content"], other) == []


def test_other_fields() -> None:
    """Name, tags and times differ as a whole; a time that is not set is missing, one that is reads as in JSON."""
    one = record(name="one", tags=("x",), date=from_unix(0), expire_time=from_unix(1, 500_000_000))
    other = record(name="", tags=(), date=from_unix(60), delete_time=from_unix(2), revision=9, version=9)
    assert differences(one, other) == (
        FieldChange("date", "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"),
        FieldChange("delete_time", UNSET, "1970-01-01T00:00:02Z"),
        FieldChange("expire_time", "1970-01-01T00:00:01.500Z", UNSET),
        FieldChange("name", "one", ""),
        FieldChange("tags", ["x"], []),
    )


@pytest.fixture
async def states(service):
    """The states of a record: made, changed and deleted."""
    made = [await service.create("a", name="one", content={"n": 1, "m": 2})]
    made.append(await service.update(PATH, ("content.n",), content={"n": 2}))
    return [*made, await service.delete(PATH)]


async def test_two_revisions(service, states) -> None:
    """Two revisions are compared, in either order; the reply names the revisions that wrote the states."""
    await service.create("other")
    found = await service.do(DiffRecord(PATH, 1, 2))
    assert (found.path, found.from_revision, found.to_revision) == (PATH, 1, 2)
    assert found.changes == (FieldChange("content.n", 1, 2),)
    back = await service.do(DiffRecord(PATH, 4, 1))
    assert (back.from_revision, back.to_revision) == (3, 1)
    assert [change.field for change in back.changes] == ["content.n", "delete_time"]
    assert (await service.do(DiffRecord(PATH, 1, 1))).changes == ()


async def test_with_the_current_state(service, states) -> None:
    """Without a second revision the current state is compared with, be it deleted."""
    await service.create("other")
    found = await service.do(DiffRecord(PATH, 2))
    assert (found.from_revision, found.to_revision) == (2, 3)
    (change,) = found.changes
    assert (change.field, change.old_value) == ("delete_time", UNSET)


async def test_hooks_see_what_is_compared(service_of, states) -> None:
    """What the hooks hide from a reader, the difference hides too."""
    service = service_of(hooks=(recorder := Recorder()))
    await service.undelete(PATH)
    await service.update(PATH, name="ONE")
    assert [change.field for change in (await service.do(DiffRecord(PATH, 2))).changes] == []
    assert recorder.phases[-1] == "on_read"


@pytest.mark.parametrize(
    ("revisions", "kind", "reason", "field"),
    [
        ((0, 1), Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "from_revision"),
        ((-1, 1), Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "from_revision"),
        ((1, -1), Kind.INVALID_ARGUMENT, Reason.INVALID_REVISION, "to_revision"),
        ((4, 1), Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED, None),
        ((1, 4), Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED, None),
    ],
)
async def test_bad_revisions(service, states, refused, revisions, kind, reason, field) -> None:
    """What is no revision, or none yet, is refused by its field."""
    with refused(kind, reason, field) as caught:
        await service.do(DiffRecord(PATH, *revisions))
    assert "_revision" in caught.value.message


async def test_nothing_to_compare(service, states, refused) -> None:
    """A record that was not there at a revision, is gone, or never was cannot be compared, each for its reason."""
    new = await service.create("new")
    for revisions in ((1, 4), (4, 1), (1, 0)):
        with refused(Kind.NOT_FOUND, Reason.REVISION_NOT_FOUND):
            await service.do(DiffRecord(new.path, *revisions))
    await service.purge(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.do(DiffRecord(PATH, 1))
    with refused(Kind.NOT_FOUND, Reason.REVISION_NOT_FOUND):
        await service.do(DiffRecord(PATH, 1, 2))
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.do(DiffRecord("collections/none/records/a", 1))


async def test_history_that_is_gone(service, service_of, store, states, refused) -> None:
    """Either revision may be below the floor, from the start or since it was checked."""
    with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE):
        await service_of(over=Compacted(store)).do(DiffRecord(PATH, 1, 3))
    await compact(store)
    for revisions in ((1, 3), (3, 2), (2, 0)):
        with refused(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE) as caught:
            await service.do(DiffRecord(PATH, *revisions))
        assert caught.value.metadata == {"oldestRevision": "3"}
    assert (await service.do(DiffRecord(PATH, 3, 3))).changes == ()


async def test_more_than_a_client_takes(service_of, service, refused) -> None:
    """A difference that is too large says what to do instead; one that is not, of the same record, is told."""
    await service.create("a", content={"big": "x" * 3_000, "n": 1})
    await service.update(PATH, ("content.n",), content={"n": 2})
    await service.update(PATH, ("content.big",), content={"big": "y"})
    tight = service_of(limits=Limits(page_bytes=3_000))
    assert len((await tight.do(DiffRecord(PATH, 1, 2))).changes) == 1
    with refused(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE) as caught:
        await tight.do(DiffRecord(PATH, 2, 3))
    assert "get the record at both revisions" in caught.value.message
